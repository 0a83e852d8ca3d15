"""What a page was drawn from, kept beside its pixels, and any part of it drawn once more, larger."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from renderers.ink import draw_lines, stamp, text_coverage
from renderers.layout import Layout
from renderers.style import PageStyle

LABEL_MM, SCALE_MM = 3.4, 3.0
"""Size of the letters of a lead's name, and of the scale at the foot of a page."""

SCALE_LEFT_MM, SCALE_FOOT_MM = 5, 2
"""Where the scale stands: its distance from the left and from the lower edge."""

LEVELS = 16
"""Ink levels of each paper colour; with three paper colours, the palette has 48."""

SEPARATOR_LEVEL = 6 * 16
"""Coverage of the lines between columns: too pale for a trace, and gone from a binarised page."""

SEPARATOR_MM = 6
"""How far a separator reaches above and below its baseline."""

PULSE_MM = 5.0
"""Width of the calibration pulse; its height is 1 mV."""

DARKER_EVERY_MM = 5
"""Spacing of the darker lines of the grid; the others are 1 mm apart."""


@dataclass(frozen=True)
class Window:
    """A part of a page in pixels at one resolution: where it begins on the page, and its size.

    ``line_px`` is the width of the lines of the grid and between columns.
    """

    left: int
    top: int
    width: int
    height: int
    px_per_mm: int
    line_px: int = 1


@dataclass(frozen=True, eq=False)
class Sheet:
    """The static part of a page: paper colour of each pixel (uint8, times LEVELS) and ink coverage (uint8)."""

    paper: NDArray[np.uint8]
    ink: NDArray[np.uint8]


@dataclass(frozen=True)
class Name:
    """The name of a lead, and where its lower left corner stands, in mm from the upper left corner of the page."""

    text: str
    left_mm: float
    bottom_mm: float


@dataclass(frozen=True, eq=False)
class Original:
    """All that one picture shows, and nothing that it does not: lines and letters in mm, before they became pixels.

    A masked lead has no line here and a blank page has none at all, since they were drawn without; of a lead of which
    the page shows 2.5 s, these are here.

    Attributes
    ----------
    layout : Layout
        With the pulses where they are drawn, and without strips.
    lines : tuple of float64 array (points, 2) in mm
        The traces; NaN points are gaps.
    names : tuple of Name
    style : PageStyle
    is_clean : bool
        Whether the grid was removed from the picture after it was drawn.
    """

    layout: Layout
    lines: tuple[NDArray[np.float64], ...]
    names: tuple[Name, ...]
    style: PageStyle
    is_clean: bool = False

    def inked(self, window: Window) -> Sheet:
        """Return a part of the page with its traces and names, at another resolution; its grid is as thick on paper."""
        style = replace(self.style, px_per_mm=window.px_per_mm)
        sheet = empty_sheet(self.layout, style, window)
        draw_lines(sheet.ink, [_seen_from(line, window) for line in self.lines], style)
        for name in self.names:
            text = text_coverage(name.text, LABEL_MM, window.px_per_mm)
            left, bottom = (round(place * window.px_per_mm) for place in (name.left_mm, name.bottom_mm))
            stamp(sheet.ink, text, left - window.left, bottom - window.top)
        return sheet


def empty_sheet(layout: Layout, style: PageStyle, window: Window) -> Sheet:
    """Return the grid, pulses, separators and scale of a part of a page."""
    px = window.px_per_mm
    ink = np.zeros((window.height, window.width), dtype=np.uint8)
    draw_lines(ink, [_seen_from(pulse(baseline, style), window) for baseline in layout.pulses], style)
    for x, baseline in layout.separators:
        column, row = round(x * px) - window.left, round(baseline * px) - window.top
        rows = slice(max(0, row - SEPARATOR_MM * px), max(0, row + SEPARATOR_MM * px))
        stretch = ink[rows, max(0, column) : max(0, column + window.line_px)]
        np.maximum(stretch, SEPARATOR_LEVEL, out=stretch)
    text, foot = text_coverage(style.scale_text, SCALE_MM, px), round(layout.height_mm * px) - SCALE_FOOT_MM * px
    stamp(ink, text, SCALE_LEFT_MM * px - window.left, foot - window.top)
    return Sheet(_paper(window) if layout.grid else np.zeros_like(ink), ink)


def pulse(baseline_mm: float, style: PageStyle) -> NDArray[np.float64]:
    """Return the calibration pulse of 1 mV on a baseline, float64 (4, 2) in mm."""
    left, top = 2.5, baseline_mm - style.mm_per_mv
    return np.array([(left, baseline_mm), (left, top), (left + PULSE_MM, top), (left + PULSE_MM, baseline_mm)])


def _paper(window: Window) -> NDArray[np.uint8]:
    """Return the grid: 0 bare paper, 1 the lighter and 2 the darker lines, times LEVELS."""
    rows = _lines(window.top, window.height, window) * np.uint8(LEVELS)
    columns = _lines(window.left, window.width, window) * np.uint8(LEVELS)
    paper: NDArray[np.uint8] = np.maximum(rows[:, None], columns[None, :])
    return paper


def _lines(first: int, count: int, window: Window) -> NDArray[np.uint8]:
    at, px, thick = np.arange(first, first + count), window.px_per_mm, window.line_px
    return ((at % px < thick).astype(np.uint8) + (at % (DARKER_EVERY_MM * px) < thick)).astype(np.uint8)


def _seen_from(line: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    return line - np.array([window.left, window.top]) / window.px_per_mm
