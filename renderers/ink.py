"""Ink on a page: anti-aliased polylines and text by matplotlib's Agg, as 8-bit coverage."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72.0


class Canvas:
    """An empty sheet for polylines.

    Uses ``RendererAgg``, a backend class of the pinned matplotlib, without a figure, which would take most of the time;
    the fidelity tests check it.
    """

    def __init__(self, size_px: tuple[int, int], px_per_mm: int) -> None:
        from matplotlib.backends.backend_agg import RendererAgg
        from matplotlib.transforms import Affine2D

        self._width, self._height = size_px
        self._dpi = px_per_mm * MM_PER_INCH
        self._agg = RendererAgg(self._width, self._height, self._dpi)
        self._transform = Affine2D().scale(px_per_mm, -px_per_mm).translate(0, self._height)

    def draw(self, lines: Iterable[NDArray[np.float64]], pen_mm: float) -> None:
        """Draw polylines, each float64 (points, 2) in mm from the upper left corner; NaN points are gaps."""
        from matplotlib.path import Path

        context = self._agg.new_gc()
        context.set_linewidth(pen_mm / MM_PER_INCH * POINTS_PER_INCH)
        context.set_joinstyle("round")
        context.set_capstyle("round")
        context.set_foreground("black")
        for line in lines:
            path = Path(line)
            path.simplify_threshold = 0.05
            self._agg.draw_path(context, path, self._transform)

    def coverage(self) -> NDArray[np.uint8]:
        """Return the ink so far, uint8 (height, width): 0 none, 255 full."""
        return np.asarray(self._agg.buffer_rgba())[:, :, 3]


@lru_cache(maxsize=64)
def text_coverage(text: str, height_mm: float, px_per_mm: int) -> NDArray[np.uint8]:
    """Return ``text`` as ink, uint8 (rows, columns), cropped to what is inked; ``height_mm`` is the font's size."""
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

    width, height = int((len(text) + 2) * height_mm * px_per_mm), int(3 * height_mm * px_per_mm)
    agg = RendererAgg(width, height, px_per_mm * MM_PER_INCH)
    font = FontProperties(family="DejaVu Sans", size=height_mm / MM_PER_INCH * POINTS_PER_INCH)
    agg.draw_text(agg.new_gc(), height_mm * px_per_mm, 2 * height_mm * px_per_mm, text, font, 0)
    ink = np.asarray(agg.buffer_rgba())[:, :, 3]
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()


def stamp(sheet: NDArray[np.uint8], ink: NDArray[np.uint8], left_px: int, bottom_px: int) -> None:
    """Put ``ink`` on ``sheet`` with its lower left corner at a pixel, cropped to the sheet."""
    top, left = max(0, bottom_px - len(ink)), max(0, left_px)
    target = sheet[top:bottom_px, left : left + ink.shape[1]]
    np.maximum(target, ink[-target.shape[0] or len(ink) :, : target.shape[1]], out=target)
