"""Take the paper off an ECG: what is ink stays, whatever drew it, our renderer or a scanner."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from renderers.image import EcgImage
from taxonomy.error import RenderError

DARK = 140
"""Brightest grey (mean of R, G, B) that is ink."""

CHROMA = 40
"""Largest difference between colour channels of ink; grid lines are coloured, ink is not."""

BLACK_ON_WHITE = np.array([[255, 255, 255], [0, 0, 0]], dtype=np.uint8)


def is_ink(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell ink from paper by the chroma rule: dark, and of no colour; bool (...,) for uint8 (..., 3)."""
    wide = rgb.astype(np.int16)
    chroma = wide.max(axis=-1) - wide.min(axis=-1)
    dark: NDArray[np.bool_] = (wide.mean(axis=-1) <= DARK) & (chroma <= CHROMA)
    return dark


def dilated(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Widen ink by one pixel up and down, which closes gaps without moving anything in time."""
    wide = ink.copy()
    wide[1:] |= ink[:-1]
    wide[:-1] |= ink[1:]
    return wide


def remove_grid(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the ink of any picture of a printed ECG: chroma rule, binarised, slightly dilated.

    Parameters
    ----------
    rgb : uint8 array (height, width, 3)
        A page of ours or a scan.

    Returns
    -------
    bool array (height, width)

    Raises
    ------
    RenderError
        When the array has another shape or type.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise RenderError(f"a picture must be uint8 (height, width, 3), not {rgb.dtype} {rgb.shape}")
    return dilated(is_ink(rgb))


def cleaned(image: EcgImage) -> EcgImage:
    """Return a page of ours without its grid: the rule is asked once for each colour of its palette."""
    ink = dilated(is_ink(image.palette)[image.indices])
    return replace(image, indices=ink.view(np.uint8), palette=BLACK_ON_WHITE)
