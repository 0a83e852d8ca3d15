"""Ink on a page: anti-aliased polylines and text by matplotlib's Agg, as 8-bit coverage."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.style import PageStyle

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72.0


def draw_lines(ink: NDArray[np.uint8], lines: Sequence[NDArray[np.float64]], style: PageStyle) -> None:
    """Draw polylines over the ink of a page.

    Uses ``RendererAgg``, a backend class of the pinned matplotlib, without a figure, which would take most of the time;
    the fidelity tests check it. Its sheet, of four bytes per pixel, holds only the rows that the lines reach.

    Parameters
    ----------
    ink : uint8 array (height, width)
        Coverage, 0 none and 255 full; the lines are added.
    lines : sequence of float64 array (points, 2)
        In mm from the upper left corner; NaN points are gaps.
    style : PageStyle
        Scale and pen.
    """
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    first, last = _rows(lines, style, len(ink))
    if last <= first:
        return
    px = style.px_per_mm
    agg = RendererAgg(ink.shape[1], last - first, px * MM_PER_INCH)
    onto = Affine2D().scale(px, -px).translate(0, last)
    context = agg.new_gc()
    context.set_linewidth(style.pen_mm / MM_PER_INCH * POINTS_PER_INCH)
    context.set_joinstyle("round")
    context.set_capstyle("round")
    context.set_foreground("black")
    for line in lines:
        path = Path(line)
        path.simplify_threshold = 0.05
        agg.draw_path(context, path, onto)
    part = ink[first:last]
    np.maximum(part, np.asarray(agg.buffer_rgba())[:, :, 3], out=part)


def _rows(lines: Sequence[NDArray[np.float64]], style: PageStyle, height: int) -> tuple[int, int]:
    """Return the first row of pixels that lines reach and the one after the last, within a page."""
    heights = np.concatenate([line[:, 1] for line in lines]) if len(lines) else np.empty(0)
    heights = heights[np.isfinite(heights)]
    if not len(heights):
        return 0, 0
    pen = style.pen_mm + 1 / style.px_per_mm
    top, bottom = (heights.min() - pen) * style.px_per_mm, (heights.max() + pen) * style.px_per_mm
    return max(0, int(np.floor(top))), min(height, int(np.ceil(bottom)) + 1)


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
    top = bottom_px - len(ink)
    rows, columns = (
        (max(0, first), min(first + length, room))
        for first, length, room in zip((top, left_px), ink.shape, sheet.shape, strict=True)
    )
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        return
    target = sheet[rows[0] : rows[1], columns[0] : columns[1]]
    np.maximum(target, ink[rows[0] - top : rows[1] - top, columns[0] - left_px : columns[1] - left_px], out=target)
