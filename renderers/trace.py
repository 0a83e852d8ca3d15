"""The traces of a page in millimetres: as polylines, kept on the page, and how far rows overlap."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from renderers.image import Strip
from renderers.layout import GRID_MM, Layout
from renderers.style import PageStyle

BESIDE_MM = 0.5
"""Distance in time within which the ink of two rows meets."""


@dataclass(frozen=True, eq=False)
class Placed:
    """The traces of a record where they are drawn.

    Attributes
    ----------
    layout : Layout
        With the strips that had to move, and their pulses.
    lines : list of float64 array (points, 2) in mm
        One for each strip.
    held_mm : float
        Most by which a trace is larger than the page; its tips are held at the edge.
    """

    layout: Layout
    lines: list[NDArray[np.float64]]
    held_mm: float


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


def on_page(layout: Layout, samples: Sequence[NDArray[np.float32]], fs: float, style: PageStyle) -> Placed:
    """Place traces so that none leaves the page.

    A trace that would is moved as a whole, by steps of 5 mm, and takes its pulse along where it is its own; no other
    trace moves, so a masked lead changes nothing else. A trace taller than the page stays, and its tips are held at the
    edge, as an amplifier at the end of its range would.

    Parameters
    ----------
    layout : Layout
    samples : sequence of float32 array (n_samples,) in mV
        Of each strip's lead.
    fs : float
        Sampling rate in Hz.
    style : PageStyle
    """
    first, last = layout.room_mm
    lines, strips, held = [], [], 0.0
    for strip, values in zip(layout.strips, samples, strict=True):
        line = polyline(strip, values, fs, style)
        known = line[np.isfinite(line[:, 1]), 1]
        top, bottom = (known.min(), known.max()) if len(known) else (first, first)
        shift = shift_onto((top, bottom), (first, last))
        line[:, 1] += shift
        over = float(max(first - top - shift, bottom + shift - last))
        if over > 0:
            held = max(held, over)
            np.clip(line[:, 1], first, last, out=line[:, 1])
        lines.append(line)
        strips.append(replace(strip, baseline_mm=strip.baseline_mm + shift) if shift else strip)
    moved = tuple(strips)
    return Placed(replace(layout, strips=moved, pulses=_pulses(layout, moved, style)), lines, held)


def in_place(layout: Layout, samples: Sequence[NDArray[np.float32]], fs: float, style: PageStyle) -> Placed:
    """Place traces exactly where a layout has them; tips are held at the edge of the page. As :func:`on_page`."""
    first, last = layout.room_mm
    lines, held = [], 0.0
    for strip, values in zip(layout.strips, samples, strict=True):
        line = polyline(strip, values, fs, style)
        known = line[np.isfinite(line[:, 1]), 1]
        if len(known):
            held = max(held, float(first - known.min()), float(known.max() - last))
        np.clip(line[:, 1], first, last, out=line[:, 1])
        lines.append(line)
    return Placed(layout, lines, held)


def shift_onto(extent: tuple[float, float], space: tuple[float, float]) -> float:
    """Return how far to move a trace down, in mm, for its extent to lie within a space; 0 where it is too tall."""
    least, most = space[0] - extent[0], space[1] - extent[1]
    if least > most or least <= 0 <= most:
        return 0.0
    nearest = least if least > 0 else most
    step = float(GRID_MM * (np.ceil if least > 0 else np.floor)(nearest / GRID_MM))
    return step if least <= step <= most else float(nearest)


def _pulses(layout: Layout, moved: tuple[Strip, ...], style: PageStyle) -> tuple[float, ...]:
    """Return the baselines of the pulses: a pulse of one strip follows it unless it would touch another pulse."""
    sharing = Counter(strip.baseline_mm for strip in layout.strips)
    follows = {
        strip.baseline_mm: new.baseline_mm
        for strip, new in zip(layout.strips, moved, strict=True)
        if sharing[strip.baseline_mm] == 1
    }
    clear = style.mm_per_mv + 1.0
    return tuple(
        new if all(abs(new - other) > clear for other in layout.pulses if other != own) else own
        for own, new in ((pulse, follows.get(pulse, pulse)) for pulse in layout.pulses)
    )


def overlap(strips: Sequence[Strip], lines: Sequence[NDArray[np.float64]], pen_mm: float) -> float:
    """Return the largest overlap in mm of the ink of neighbouring rows in the same column, 0 when all are apart.

    An S wave overlaps the R wave below it, which comes 20 ms earlier: what counts is ink within ``BESIDE_MM``.
    """
    worst = 0.0
    for upper, upper_line in zip(strips, lines, strict=True):
        below = [
            (lower.baseline_mm, line)
            for lower, line in zip(strips, lines, strict=True)
            if lower.baseline_mm > upper.baseline_mm and lower.x_mm <= upper.x_mm and _spans(lower, upper)
        ]
        if below and len(upper_line):
            _, line = min(below, key=lambda pair: pair[0])
            worst = max(worst, _reach(upper_line, line, pen_mm))
    return worst


def _spans(lower: Strip, upper: Strip) -> bool:
    return lower.start_s <= upper.start_s and lower.end_s >= upper.end_s


def _reach(upper: NDArray[np.float64], lower: NDArray[np.float64], pen_mm: float) -> float:
    """Return how far the ink of ``upper`` reaches below that of ``lower`` beside it, in mm; x must be ascending."""
    if len(lower) < 2:
        return 0.0
    beside = max(1, round(BESIDE_MM * (len(lower) - 1) / (lower[-1, 0] - lower[0, 0])))
    tops = np.interp(upper[:, 0], lower[:, 0], np.nan_to_num(lower[:, 1], nan=np.inf))
    padded = np.pad(tops, beside, constant_values=np.inf)
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * beside + 1).min(axis=1)
    depth = upper[:, 1] - highest + pen_mm
    return float(np.fmax.reduce(depth, initial=0.0))
