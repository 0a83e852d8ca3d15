"""A page in millimetres: its layout, its static parts, and the palette of ink and paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.image import EcgImage, Strip
from renderers.ink import Canvas, stamp, text_coverage
from renderers.style import PageStyle

PAPER = (255, 250, 248)
LIGHT_LINE = (250, 208, 208)
DARK_LINE = (238, 150, 150)
INK_COLOUR = (15, 15, 25)
LEVELS = 16
"""Ink levels of each paper colour; with three paper colours, the palette has 48."""

SEPARATOR_LEVEL = 6 * 16
"""Coverage of the lines between columns: too pale for a trace, and gone from a binarised page."""

LEFT_MM, RIGHT_MM = 10.0, 5.0
"""Margins beside the traces."""

LABEL_MM = 3.4
PULSE_MM = 5.0
"""Width of the calibration pulse; its height is 1 mV."""


@dataclass(frozen=True)
class Layout:
    """The parts of a page that do not depend on the trace.

    Attributes
    ----------
    width_mm, height_mm : float
        Size of the page.
    strips : tuple of Strip
        Position of each trace.
    pulses : tuple of float
        Baselines, in mm from the top, that begin with a calibration pulse.
    separators : tuple of (float, float)
        x and baseline of each line between two columns.
    grid : bool
        Whether the millimetre grid is drawn.
    """

    width_mm: float
    height_mm: float
    strips: tuple[Strip, ...]
    pulses: tuple[float, ...]
    separators: tuple[tuple[float, float], ...]
    grid: bool


@dataclass(frozen=True, eq=False)
class Sheet:
    """The static part of a page: paper colour of each pixel (uint8, times LEVELS) and ink coverage (uint8)."""

    paper: NDArray[np.uint8]
    ink: NDArray[np.uint8]


def palette() -> NDArray[np.uint8]:
    """Return the 48 colours, uint8 (48, 3): each paper colour from bare to fully inked."""
    share = np.linspace(0, 1, LEVELS)[None, :, None]
    papers = np.array([PAPER, LIGHT_LINE, DARK_LINE], dtype=np.float64)[:, None, :]
    mixed = papers * (1 - share) + np.array(INK_COLOUR, dtype=np.float64) * share
    return np.rint(mixed).astype(np.uint8).reshape(-1, 3)


def draw(layout: Layout, signal: NDArray[np.float32], fs: float, style: PageStyle, leads: Sequence[str]) -> EcgImage:
    """Draw a record on a page.

    Parameters
    ----------
    layout : Layout
        Positions on the page.
    signal : float32 array (n_leads, n_samples) in mV
        One row for each of ``leads``.
    fs : float
        Sampling rate in Hz.
    style : PageStyle
        Scale and pen.
    leads : sequence of str
        Names of the rows.
    """
    sheet = static_sheet(layout, style)
    lines = [polyline(strip, signal[leads.index(strip.lead)], fs, style) for strip in layout.strips]
    canvas = Canvas((sheet.ink.shape[1], sheet.ink.shape[0]), style.px_per_mm)
    canvas.draw([line for line in lines if len(line)], style.pen_mm)
    ink = np.maximum(sheet.ink, canvas.coverage())
    for strip, line in zip(layout.strips, lines, strict=True):
        _label(ink, strip, line, style)
    return EcgImage(
        indices=sheet.paper + (ink >> 4),
        palette=palette(),
        leads=tuple(dict.fromkeys(strip.lead for strip in layout.strips)),
        px_per_mm=style.px_per_mm,
        mm_per_s=style.mm_per_s,
        mm_per_mv=style.mm_per_mv,
        strips=layout.strips,
        overlap_mm=overlap(layout.strips, lines),
    )


def polyline(strip: Strip, samples: NDArray[np.float32], fs: float, style: PageStyle) -> NDArray[np.float64]:
    """Return the trace of a strip, float64 (points, 2) in mm; empty where the record has no sample there."""
    first = int(np.ceil(strip.start_s * fs - 1e-6))
    last = min(int(np.floor(strip.end_s * fs + 1e-6)), len(samples) - 1)
    if last < first:
        return np.empty((0, 2))
    time = np.arange(first, last + 1) / fs - strip.start_s
    line = np.empty((len(time), 2))
    line[:, 0] = strip.x_mm + time * style.mm_per_s
    line[:, 1] = strip.baseline_mm - samples[first : last + 1] * style.mm_per_mv
    return line


def overlap(strips: Sequence[Strip], lines: Sequence[NDArray[np.float64]]) -> float:
    """Return the largest overlap in mm of neighbouring rows in the same column, 0 when all are apart."""
    worst = 0.0
    for upper, upper_line in zip(strips, lines, strict=True):
        below = [
            (lower.baseline_mm, line)
            for lower, line in zip(strips, lines, strict=True)
            if lower.baseline_mm > upper.baseline_mm and lower.x_mm <= upper.x_mm and _spans(lower, upper)
        ]
        if below and len(upper_line):
            _, line = min(below, key=lambda pair: pair[0])
            worst = max(worst, _reach(upper_line, line))
    return worst


def _spans(lower: Strip, upper: Strip) -> bool:
    return lower.start_s <= upper.start_s and lower.end_s >= upper.end_s


def _reach(upper: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """Return how far ``upper`` reaches below ``lower`` at the same x, in mm; x must be ascending."""
    if not len(lower):
        return 0.0
    beside = np.interp(upper[:, 0], lower[:, 0], lower[:, 1])
    depth = upper[:, 1] - beside
    return float(max(0.0, np.nanmax(depth))) if np.isfinite(depth).any() else 0.0


@lru_cache(maxsize=16)
def static_sheet(layout: Layout, style: PageStyle) -> Sheet:
    """Return the grid, pulses, separators and scale of a page, drawn once per layout and style."""
    px = style.px_per_mm
    width, height = round(layout.width_mm * px), round(layout.height_mm * px)
    paper = np.zeros((height, width), dtype=np.uint8)
    if layout.grid:
        for spacing, colour in ((px, 1), (5 * px, 2)):
            paper[::spacing, :] = colour * LEVELS
            paper[:, ::spacing] = np.maximum(paper[:, ::spacing], colour * LEVELS)
    canvas = Canvas((width, height), px)
    canvas.draw([pulse(baseline, style) for baseline in layout.pulses], style.pen_mm)
    ink = canvas.coverage().copy()
    for x, baseline in layout.separators:
        column, row = round(x * px), round(baseline * px)
        stretch = ink[max(0, row - 6 * px) : row + 6 * px, column]
        np.maximum(stretch, SEPARATOR_LEVEL, out=stretch)
    stamp(ink, text_coverage(style.scale_text, 3.0, px), 5 * px, height - 2 * px)
    return Sheet(paper, ink)


def pulse(baseline_mm: float, style: PageStyle) -> NDArray[np.float64]:
    """Return the calibration pulse of 1 mV on a baseline, float64 (4, 2) in mm."""
    left, top = 2.5, baseline_mm - style.mm_per_mv
    return np.array([(left, baseline_mm), (left, top), (left + PULSE_MM, top), (left + PULSE_MM, baseline_mm)])


def _label(ink: NDArray[np.uint8], strip: Strip, line: NDArray[np.float64], style: PageStyle) -> None:
    """Write the lead's name above its trace."""
    text = text_coverage(strip.lead, LABEL_MM, style.px_per_mm)
    left = strip.x_mm + 1.0
    right = left + text.shape[1] / style.px_per_mm + 1.0
    beside = line[(line[:, 0] >= strip.x_mm) & (line[:, 0] <= right), 1] if len(line) else np.empty(0)
    top = float(np.nanmin(beside)) if np.isfinite(beside).any() else strip.baseline_mm
    bottom = max(min(strip.baseline_mm - 5.0, top - 1.5), LABEL_MM + 0.5)
    stamp(ink, text, round(left * style.px_per_mm), round(bottom * style.px_per_mm))
