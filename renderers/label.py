"""Where the name of a lead stands on a page: beside its trace, on bare paper."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from renderers.image import Box, Strip
from renderers.ink import stamp, text_coverage
from renderers.layout import LEFT_MM
from renderers.original import LABEL_MM
from renderers.style import PageStyle

PAD_MM = 0.5
"""Bare paper around a name."""

ABOVE_MM, CLEAR_MM, HIGHEST_MM = 5.0, 1.5, 20.0
"""Least distance of a name above its baseline and above its trace, and the largest above the baseline."""

SLIDES_MM = tuple(np.arange(0, 30, 1.5).tolist())
RISES_MM = (0.0, 2.0, 4.0, 8.0)
"""How far a name may slide along its trace and rise above it."""

BELOW_COST, MARGIN_COST = 20.0, 100.0
"""What a place below the trace, and one in the margin, count for in mm of distance: they are taken last."""


def write_label(ink: NDArray[np.uint8], strip: Strip, line: NDArray[np.float64], style: PageStyle) -> Box:
    """Write the lead's name near the beginning of its trace where the page is bare, and return where.

    Parameters
    ----------
    ink : uint8 array (height, width)
        Coverage of the page with all its traces; the name is added.
    strip : Strip
    line : float64 array (points, 2) in mm
        Its trace.
    style : PageStyle

    Returns
    -------
    Box
        The nearest place without ink, else the one with the least.
    """
    text = text_coverage(strip.lead, LABEL_MM, style.px_per_mm)
    box = _place(ink, text.shape, strip, line, style.px_per_mm)
    stamp(ink, text, box[0], box[3])
    return box


def write_label_at(ink: NDArray[np.uint8], lead: str, box: Box, px_per_mm: int) -> Box:
    """Write a lead's name where it stands on another page of the same record, and return where."""
    stamp(ink, text_coverage(lead, LABEL_MM, px_per_mm), box[0], box[3])
    return box


def _place(ink: NDArray[np.uint8], shape: tuple[int, ...], strip: Strip, line: NDArray[np.float64], px: int) -> Box:
    least, best = None, None
    for left_mm, bottom_mm in _candidates(strip, line, (shape[0] / px, shape[1] / px)):
        left, bottom = round(left_mm * px), round(bottom_mm * px)
        box = (left, left + shape[1], bottom - shape[0], bottom)
        if box[0] < 0 or box[1] > ink.shape[1] or box[2] < 0 or box[3] > ink.shape[0]:
            continue
        there = inked(ink, box, px)
        if not there:
            return box
        if least is None or there < least:
            least, best = there, box
    assert best is not None
    return best


def inked(ink: NDArray[np.uint8], box: Box, px_per_mm: int) -> int:
    """Return the pixels with ink in a box and the bare paper that belongs around it."""
    pad = max(2, round(PAD_MM * px_per_mm))
    left, right, top, bottom = box
    around = ink[max(0, top - pad) : bottom + pad, max(0, left - pad) : right + pad]
    return int(np.count_nonzero(around))


def _candidates(strip: Strip, line: NDArray[np.float64], size_mm: tuple[float, float]) -> Iterator[tuple[float, float]]:
    """Yield the left and bottom of possible places in mm, the nearest first."""
    begin = strip.x_mm + 1.0
    yield begin, _above(strip, line, begin, size_mm[1])
    places = []
    for slide in SLIDES_MM:
        left = begin + slide
        above, below = _above(strip, line, left, size_mm[1]), _below(strip, line, left, size_mm)
        far = slide + strip.baseline_mm - ABOVE_MM - above
        places += [(far + rise, left, above - rise) for rise in RISES_MM]
        places.append((far + BELOW_COST, left, below))
    if strip.x_mm == LEFT_MM:
        # Nothing but the pulses stands in the margin.
        places.append((MARGIN_COST, 1.0, strip.baseline_mm - 12.0))
    yield from ((left, bottom) for _, left, bottom in sorted(places))


def _above(strip: Strip, line: NDArray[np.float64], left: float, width: float) -> float:
    """Return the lowest bottom of a name that stands above its trace, at most ``HIGHEST_MM`` above the baseline."""
    beside = _beside(line, left, width)
    top = float(beside.min()) if len(beside) else strip.baseline_mm
    return max(min(strip.baseline_mm - ABOVE_MM, top - CLEAR_MM), strip.baseline_mm - HIGHEST_MM)


def _below(strip: Strip, line: NDArray[np.float64], left: float, size_mm: tuple[float, float]) -> float:
    beside = _beside(line, left, size_mm[1])
    foot = float(beside.max()) if len(beside) else strip.baseline_mm
    return min(max(foot, strip.baseline_mm) + CLEAR_MM, strip.baseline_mm + HIGHEST_MM) + size_mm[0]


def _beside(line: NDArray[np.float64], left: float, width: float) -> NDArray[np.float64]:
    begin, end = np.searchsorted(line[:, 0], (left - 1.0, left + width + 1.0))
    part = line[begin:end, 1]
    return part[np.isfinite(part)]
