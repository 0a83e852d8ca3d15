"""The geometry of a page, found from its calibration pulses: where each row's 0 mV is, and how large a millimetre."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers.page import PULSE_MM
from renderers.printed import COLUMN_S, RHYTHM_LEAD, ROWS
from renderers.style import LEADS

PULSE_LEFT_MM, STRIP_LEFT_MM, PULSE_HEIGHT_MM = 2.5, 10.0, 10.0
MM_PER_S, MM_PER_MV, RECORD_S = 25.0, 10.0, 10.0
"""Standard speed and gain; a page that says otherwise by its pulse's shape is not read."""

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
    width_px : float
        Between the middles of its sides.
    pen_px : float
        Width of its upright strokes.
    """

    left: float
    baseline: float
    px_per_mm: float
    width_px: float
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
    """

    baselines: tuple[float, ...]
    left: float
    px_per_mm: float
    pen_px: float
    stretches: tuple[Stretch, ...]


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
        When there is no calibration pulse, pulses differ, or their number is of no known layout.
    """
    pulses = find_pulses(ink)
    if not pulses:
        raise DigitizeError("no calibration pulse of 5 mm by 10 mm was found: scale and baselines are unknown")
    scale = float(np.median([pulse.px_per_mm for pulse in pulses]))
    pulses = [pulse for pulse in pulses if abs(pulse.px_per_mm / scale - 1) < 0.08]
    left = float(np.median([pulse.left for pulse in pulses]))
    stretches = _stretches(len(pulses), lead)
    width = float(np.median([pulse.width_px for pulse in pulses]))
    # A page that was drawn for a screen has whole pixels a millimetre, and its strokes snap to them by up to half one.
    whole = round(scale)
    drawn = abs(scale - whole) < 0.035 * scale and abs(width / PULSE_MM - whole) < 0.05 * whole
    scale = float(whole) if drawn else scale
    step = scale * (GRID_MM if drawn else 0)
    return PageGeometry(
        baselines=tuple(_snapped(pulse.baseline, step) for pulse in pulses),
        left=_snapped(left, step / 2) + (STRIP_LEFT_MM - PULSE_LEFT_MM) * scale,
        px_per_mm=scale,
        pen_px=float(np.median([pulse.pen_px for pulse in pulses])),
        stretches=stretches,
    )


def _snapped(value: float, step: float) -> float:
    """Return the line of a grid that a stroke was snapped away from; the value itself where none is that near."""
    if not step:
        return value
    line = round(value / step) * step
    return float(line) if abs(value - line) <= SNAP_PX else value


def find_pulses(ink: NDArray[np.bool_]) -> list[Pulse]:
    """Return the calibration pulses of a page from the top down: three sides of a box, twice as high as wide."""
    from scipy.ndimage import find_objects, label

    names, _ = label(ink, structure=np.ones((3, 3)))
    pulses = [_pulse(names[box] == number, box) for number, box in enumerate(find_objects(names), start=1) if box]
    return sorted((pulse for pulse in pulses if pulse), key=lambda pulse: pulse.baseline)


def _pulse(shape: NDArray[np.bool_], box: tuple[slice, ...]) -> Pulse | None:
    """Return the pulse that a piece of ink is, None where it is none."""
    height, width = shape.shape
    if height < 12 or not 1.5 < height / width < 2.4:
        return None
    middle = shape[height // 2]
    sides = np.flatnonzero(np.diff(np.concatenate([[0], middle.view(np.int8), [0]])))
    if len(sides) != 4:
        return None
    top = int(np.argmin(shape[:, width // 2])) if shape[0, width // 2] else 0
    upright = (sides[1] - sides[0], sides[3] - sides[2])
    closed_below = shape[int(0.8 * height) :, width // 2].any()
    if not top or closed_below or sides[0] > 1 or sides[3] < width - 1 or max(upright) > width / 4 or top > height / 4:
        return None
    left, right = (sides[0] + sides[1]) / 2, (sides[2] + sides[3]) / 2
    span = height - top  # between the middles of the bar's and the feet's strokes, which are equally thick
    return Pulse(
        left=box[1].start + left,
        baseline=box[0].start + height - top / 2,
        px_per_mm=span / PULSE_HEIGHT_MM,
        width_px=float(right - left),
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
