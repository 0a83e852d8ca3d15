"""Find the geometry of a page from its calibration pulses: the baseline of each row, and the scale."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers.printed import COLUMN_S, RHYTHM_LEAD, ROWS
from renderers.style import LEADS

PULSE_LEFT_MM, STRIP_LEFT_MM, PULSE_HEIGHT_MM = 2.5, 10.0, 10.0
MM_PER_S, MM_PER_MV, RECORD_S = 25.0, 10.0, 10.0
"""Standard speed and gain; a page whose pulses have another shape is not read."""

LEAST_TRACE_MM = 8.0
"""Narrower pieces of ink are letters, marks and specks, not traces."""

AGREEMENT = 0.06
"""Largest relative difference between the scales by the pulses and by the length of the traces."""

TILT_SHARE = 0.03
"""Share of its height by which a pulse's sides or bar may lean, as on a page that is tilted by 1.5 degrees."""

GRID_MM, SNAP_PX = 5.0, 0.6
"""Spacing of the grid lines that hold the baselines, and the largest distance of a stroke from its line."""


class DigitizeError(Exception):
    """Raised when a picture cannot be read as an ECG page; the message is one sentence."""


MOST_PIECES, MOST_COVERED = 50_000, 20
"""Pieces of ink at most, and how often their boxes may cover the picture: noise and mazes take for ever."""

Box = tuple[slice, slice]
"""Rows and columns of a piece of ink."""


@dataclass(frozen=True)
class Pulse:
    """One calibration pulse, in pixels from the upper left corner.

    ``left`` and ``baseline`` are the middle of its left side and of its foot, which is 0 mV; ``px_per_mm`` is the scale
    by its height, ``pen_px`` the width of its upright strokes.
    """

    left: float
    baseline: float
    px_per_mm: float
    pen_px: float


@dataclass(frozen=True)
class Stretch:
    """The part of a lead that a page shows: its row, and its start and end in seconds."""

    lead: str
    row: int
    start_s: float
    end_s: float


@dataclass(frozen=True)
class PageGeometry:
    """A page's rows and scale.

    Attributes
    ----------
    baselines : tuple of float
        0 mV line of each row, in pixels from the top.
    left : float
        Left end of the traces, in pixels.
    px_per_mm : float
    pen_px : float
    stretches : tuple of Stretch
    tilt : float
        Anticlockwise tilt in degrees; 0 where there are too few pulses to measure it.
    """

    baselines: tuple[float, ...]
    left: float
    px_per_mm: float
    pen_px: float
    stretches: tuple[Stretch, ...]
    tilt: float = 0.0


def page_geometry(ink: NDArray[np.bool_], lead: str = "") -> PageGeometry:
    """Find the rows of a page.

    Parameters
    ----------
    ink : bool array (height, width)
    lead : str
        Name of the lead, for a picture of a single lead.

    Raises
    ------
    DigitizeError
        When there is no calibration pulse, the traces do not last ten seconds, or the layout is unknown.
    """
    pulses, reach = _pulses_and_reach(ink)
    if not pulses:
        raise DigitizeError("no calibration pulse of 5 mm by 10 mm was found: scale and baselines are unknown")
    rough = float(np.median([pulse.px_per_mm for pulse in pulses]))
    pulses = [pulse for pulse in pulses if abs(pulse.px_per_mm / rough - 1) < 0.08]
    if not pulses:
        raise DigitizeError("the calibration pulses are of different sizes: none of them tells the scale")
    left, pen = (float(np.median([getattr(pulse, name) for pulse in pulses])) for name in ("left", "pen_px"))
    scale = _scale(rough, (reach - pen / 2 - left) / (RECORD_S * MM_PER_S + STRIP_LEFT_MM - PULSE_LEFT_MM))
    # A page drawn for a screen has a whole number of pixels per mm, to which its strokes snap by up to half a pixel.
    step = scale * (GRID_MM if scale == round(scale) else 0)
    return PageGeometry(
        baselines=tuple(_snapped(pulse.baseline, step) for pulse in pulses),
        left=_snapped(left, step / 2) + (STRIP_LEFT_MM - PULSE_LEFT_MM) * scale,
        px_per_mm=scale,
        pen_px=pen,
        stretches=_stretches(len(pulses), lead),
        tilt=_tilt(pulses),
    )


def _scale(by_pulse: float, by_length: float) -> float:
    """Return pixels per mm by the length of the traces, 50 times that of a pulse, if the pulses agree."""
    if abs(by_length / by_pulse - 1) > AGREEMENT:
        raise DigitizeError(
            f"the traces do not last ten seconds at 25 mm/s: {by_length:.2f} px/mm by length, {by_pulse:.2f} by pulse"
        )
    whole = round(by_length)
    return float(whole) if abs(by_length / whole - 1) < 0.003 else by_length


def _tilt(pulses: list[Pulse]) -> float:
    """Return the tilt of the page in degrees, by the left ends of its pulses."""
    if len(pulses) < 4:
        return 0.0
    slope = np.polyfit([pulse.baseline for pulse in pulses], [pulse.left for pulse in pulses], 1)[0]
    return float(np.degrees(np.arctan(slope)))


def _snapped(value: float, step: float) -> float:
    """Return the nearest grid line within the snapping distance, else the value itself."""
    if not step:
        return value
    line = round(value / step) * step
    return float(line) if abs(value - line) <= SNAP_PX else value


def pieces(ink: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[tuple[int, Box]]]:
    """Return the number of the piece of ink on each pixel, 0 for none, and the box of each piece.

    Raises DigitizeError when there are too many to be a page's letters and traces.
    """
    from scipy.ndimage import find_objects, label

    names, count = label(ink, structure=np.ones((3, 3)))
    if count > MOST_PIECES:
        raise DigitizeError(f"the picture has {count:,} pieces of ink, more than any ECG page ({MOST_PIECES:,})")
    boxes: list[tuple[int, Box]] = list(enumerate(find_objects(names), start=1))
    covered = sum((rows.stop - rows.start) * (columns.stop - columns.start) for _, (rows, columns) in boxes)
    if covered > MOST_COVERED * ink.size:
        raise DigitizeError("the picture's pieces of ink lie within one another, unlike those of any ECG page")
    return names, boxes


def _pulses_and_reach(ink: NDArray[np.bool_]) -> tuple[list[Pulse], float]:
    """Return the calibration pulses from top to bottom, and the right end of the traces."""
    names, boxes = pieces(ink)
    pulses = [_pulse(names[box] == number, box) for number, box in boxes]
    ordered = sorted((pulse for pulse in pulses if pulse), key=lambda pulse: pulse.baseline)
    least = LEAST_TRACE_MM * ordered[0].px_per_mm if ordered else np.inf
    reach = max((box[1].stop for _, box in boxes if box[1].stop - box[1].start >= least), default=0)
    return ordered, float(reach)


def _pulse(shape: NDArray[np.bool_], box: Box) -> Pulse | None:
    """Return a piece of ink as a pulse, None where it has another shape."""
    height, width = shape.shape
    if height < 12 or not 1.5 < height / width < 2.4:
        return None
    middle = shape[height // 2]
    sides = np.flatnonzero(np.diff(np.concatenate([[0], middle.view(np.int8), [0]])))
    if len(sides) != 4:
        return None
    bar = shape[:, width // 2]
    first = int(np.argmax(bar))
    top = int(np.argmin(bar[first:]))
    upright = (sides[1] - sides[0], sides[3] - sides[2])
    slack = max(1, round(TILT_SHARE * height))
    beside = sides[0] > slack or sides[3] < width - slack or first > slack
    if not top or beside or bar[int(0.8 * height) :].any() or max(upright) > width / 4 or top > height / 4:
        return None
    span = height - top  # between the middles of the bar's and the feet's strokes, which are equally thick
    return Pulse(
        left=box[1].start + (sides[0] + sides[1]) / 2,
        baseline=box[0].start + height - top / 2,
        px_per_mm=span / PULSE_HEIGHT_MM,
        pen_px=float(np.mean(upright)),
    )


def _stretches(rows: int, lead: str) -> tuple[Stretch, ...]:
    if rows == 1 and lead:
        return (Stretch(lead, 0, 0.0, RECORD_S),)
    if rows == len(LEADS):
        return tuple(Stretch(name, row, 0.0, RECORD_S) for row, name in enumerate(LEADS))
    if rows == len(ROWS) + 1:
        shown = [
            Stretch(name, row, column * COLUMN_S, (column + 1) * COLUMN_S)
            for row, names in enumerate(ROWS)
            for column, name in enumerate(names)
        ]
        return (*shown, Stretch(RHYTHM_LEAD, len(ROWS), 0.0, RECORD_S))
    raise DigitizeError(f"a page must have 1, 4 or 12 calibration pulses, not {rows}")
