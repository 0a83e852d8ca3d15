"""The geometry of a page, found from its calibration pulses: where each row's 0 mV is, and how large a millimetre."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers.printed import COLUMN_S, RHYTHM_LEAD, ROWS
from renderers.style import LEADS

PULSE_LEFT_MM, STRIP_LEFT_MM, PULSE_HEIGHT_MM = 2.5, 10.0, 10.0
MM_PER_S, MM_PER_MV, RECORD_S = 25.0, 10.0, 10.0
"""Standard speed and gain; a page that says otherwise by its pulse's shape is not read."""

LEAST_TRACE_MM = 8.0
"""Pieces of ink that are narrower than this are letters, marks and specks, not traces."""

AGREEMENT = 0.06
"""By how much the scales of the pulse and of the traces' length may differ."""

TILT_SHARE = 0.03
"""Share of its height by which a pulse's sides may lean or its bar fall, as on a page that is turned by 1.5 degrees."""

GRID_MM, SNAP_PX = 5.0, 0.6
"""Baselines lie on lines of this grid; a stroke may stand so many pixels beside its line."""


class DigitizeError(Exception):
    """Raised when a picture cannot be read as an ECG page; one sentence that says why."""


@dataclass(frozen=True)
class Pulse:
    """One calibration pulse, all in pixels from the upper left corner.

    Attributes
    ----------
    left, baseline : float
        Middle of its left side, and of its foot: 0 mV.
    px_per_mm : float
        By its height.
    pen_px : float
        Width of its upright strokes.
    """

    left: float
    baseline: float
    px_per_mm: float
    pen_px: float


@dataclass(frozen=True)
class Stretch:
    """One stretch of one lead on the page: what of it is shown, and between which columns of pixels."""

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
        0 mV of each row, in pixels from the top.
    left : float
        Where the traces begin, in pixels.
    px_per_mm : float
    pen_px : float
    stretches : tuple of Stretch
    tilt : float
        By how many degrees the page is turned anticlockwise; 0 where one pulse alone cannot tell.
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
        Which lead it is, for a picture of one.

    Raises
    ------
    DigitizeError
        When there is no calibration pulse, its scale is not that of ten seconds, or the layout is none that is known.
    """
    pulses, reach = _pulses_and_reach(ink)
    if not pulses:
        raise DigitizeError("no calibration pulse of 5 mm by 10 mm was found: scale and baselines are unknown")
    rough = float(np.median([pulse.px_per_mm for pulse in pulses]))
    pulses = [pulse for pulse in pulses if abs(pulse.px_per_mm / rough - 1) < 0.08]
    left, pen = (float(np.median([getattr(pulse, name) for pulse in pulses])) for name in ("left", "pen_px"))
    scale = _scale(rough, (reach - pen / 2 - left) / (RECORD_S * MM_PER_S + STRIP_LEFT_MM - PULSE_LEFT_MM))
    # A page that was drawn for a screen has whole pixels a millimetre, and its strokes snap to them by up to half one.
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
    """Return pixels a millimetre: by the length of the traces, which is 50 times the pulse's, if the pulse agrees."""
    if abs(by_length / by_pulse - 1) > AGREEMENT:
        raise DigitizeError(
            f"the traces are no ten seconds at 25 mm/s long: {by_length:.2f} px/mm by them, {by_pulse:.2f} by pulse"
        )
    whole = round(by_length)
    return float(whole) if abs(by_length / whole - 1) < 0.003 else by_length


def _tilt(pulses: list[Pulse]) -> float:
    """Return the turn of the page in degrees, by how far the pulses stand beside one another."""
    if len(pulses) < 4:
        return 0.0
    slope = np.polyfit([pulse.baseline for pulse in pulses], [pulse.left for pulse in pulses], 1)[0]
    return float(np.degrees(np.arctan(slope)))


def _snapped(value: float, step: float) -> float:
    """Return the line of a grid that a stroke was snapped away from; the value itself where none is that near."""
    if not step:
        return value
    line = round(value / step) * step
    return float(line) if abs(value - line) <= SNAP_PX else value


def _pulses_and_reach(ink: NDArray[np.bool_]) -> tuple[list[Pulse], float]:
    """Return the calibration pulses from the top down, and where the traces end on the right."""
    from scipy.ndimage import find_objects, label

    names, _ = label(ink, structure=np.ones((3, 3)))
    boxes = [(number, box) for number, box in enumerate(find_objects(names), start=1) if box]
    pulses = [_pulse(names[box] == number, box) for number, box in boxes]
    found = sorted((pulse for pulse in pulses if pulse), key=lambda pulse: pulse.baseline)
    least = LEAST_TRACE_MM * found[0].px_per_mm if found else np.inf
    reach = max((box[1].stop for _, box in boxes if box[1].stop - box[1].start >= least), default=0)
    return found, float(reach)


def _pulse(shape: NDArray[np.bool_], box: tuple[slice, ...]) -> Pulse | None:
    """Return the pulse that a piece of ink is, None where it is none."""
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
    raise DigitizeError(f"{rows} calibration pulses are of no layout that can be read: 1, 4 or 12 are")
