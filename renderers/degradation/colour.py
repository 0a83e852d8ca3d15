"""Colours of a page: its paper, and marks and shadows laid over it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from renderers.ink import draw_lines
from renderers.style import PageStyle

Pixels = NDArray[np.uint8]
Lines = Sequence[NDArray[np.float64]]

GAMMA = 2.2
"""Of sRGB, nearly: a share of the light is a share of a pixel's value to the power of 1 / 2.2."""

EVERY = 4
"""Every fourth pixel across and down is looked at for the paper's colour."""


def paper_colour(rgb: Pixels) -> tuple[int, int, int]:
    """Return the commonest colour of a picture, uint8 (height, width, 3): that of its bare paper."""
    few = rgb[::EVERY, ::EVERY].reshape(-1, 3).astype(np.uint32)
    names, counts = np.unique((few[:, 0] << 16) | (few[:, 1] << 8) | few[:, 2], return_counts=True)
    found = int(names[np.argmax(counts)])
    return found >> 16, found >> 8 & 255, found & 255


def darkened(rgb: Pixels, light: NDArray[np.float64]) -> Pixels:
    """Return a picture under less light, which changes slowly from place to place.

    Parameters
    ----------
    rgb : uint8 array (height, width, 3)
    light : float64 array (rows, columns) or (rows, columns, 3)
        Share of the light that is left, 0 to 1, at places spread evenly over the picture; of each colour, or of all.
    """
    bands = np.atleast_3d(light ** (1 / GAMMA))
    share = np.stack([_enlarged(bands[:, :, k], rgb.shape[:2]) for k in range(bands.shape[2])], axis=2)
    return np.asarray(rgb * share + np.float32(0.5), dtype=np.uint8)


def _enlarged(field: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a field at every pixel of a picture, float32 (height, width); ``size`` is (height, width)."""
    from PIL import Image

    coarse = Image.fromarray(field.astype(np.float32))
    return np.asarray(coarse.resize((size[1], size[0]), Image.Resampling.BILINEAR), dtype=np.float32)


def inked(rgb: Pixels, lines_mm: Lines, colour: tuple[int, int, int], px_per_mm: float, pen_mm: float = 0.4) -> Pixels:
    """Return a picture with lines drawn over it, float64 (points, 2) in mm from its upper left corner."""
    style = PageStyle(px_per_mm=int(np.clip(round(px_per_mm), 2, 24)), pen_mm=pen_mm)
    ink = np.zeros(rgb.shape[:2], dtype=np.uint8)
    draw_lines(ink, [line * (px_per_mm / style.px_per_mm) for line in lines_mm], style)
    marked = rgb.copy()
    rows, columns = np.nonzero(ink)
    share = ink[rows, columns, None].astype(np.float32) / 255
    under = rgb[rows, columns]
    marked[rows, columns] = np.rint(under + (np.array(colour, dtype=np.float32) - under) * share).astype(np.uint8)
    return marked
