"""Remove the paper and grid from a picture of an ECG, drawn here or scanned."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from renderers.image import EcgImage
from taxonomy.error import RenderError

DARK = 140
"""Brightest grey (mean of R, G, B) that counts as ink."""

CHROMA = 40
"""Largest difference between colour channels of ink; grid lines are coloured, ink is not."""

BLACK_ON_WHITE = np.array([[255, 255, 255], [0, 0, 0]], dtype=np.uint8)


def is_ink(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell ink from paper by the chroma rule, dark and colourless; bool (...,) for uint8 (..., 3)."""
    wide = rgb.astype(np.int16)
    chroma = wide.max(axis=-1) - wide.min(axis=-1)
    dark: NDArray[np.bool_] = (wide.mean(axis=-1) <= DARK) & (chroma <= CHROMA)
    return dark


def dilated(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Widen ink by one pixel up and down, which closes gaps without a shift in time."""
    wide = ink.copy()
    wide[1:] |= ink[:-1]
    wide[:-1] |= ink[1:]
    return wide


def remove_grid(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the ink of a picture of a printed ECG by the chroma rule, binarised and slightly dilated.

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
    """Return a drawn page without its grid, applying the rule once to each colour of its palette."""
    marks = np.concatenate([[False], is_ink(image.palette), [False]])
    ink = np.zeros(image.indices.shape, dtype=bool)
    # The colours of ink are few runs of the palette, and comparing bytes is ten times faster than looking each up.
    for first, end in np.flatnonzero(marks[1:] != marks[:-1]).reshape(-1, 2).tolist():
        run = image.indices >= first
        ink |= run if end == len(image.palette) else run & (image.indices < end)
    ink = dilated(ink)
    original = image.original and replace(image.original, is_clean=True)
    return replace(image, indices=ink.view(np.uint8), palette=BLACK_ON_WHITE, original=original)
