"""Rate and QRS axis from their numbers: the two axes that the taxonomy defines by thresholds."""

import math
from collections.abc import Mapping

from measurements import Measurements
from taxonomy.threshold import axis_of, rate_of

RATE_SPREAD, AXIS_SPREAD = 2.0, 8.0
"""Scale of the logistic function around a threshold, in 1/min and in degrees."""

AXIS_SIDES = {
    "normal": (30.0, 60.5),
    "left": (-60.5, 30.0),
    "right": (135.25, 44.75),
    "indeterminate": (-135.25, 44.75),
}
"""Middle and half width of each value of the axis in degrees."""


def measured_values(numbers: Measurements) -> dict[str, str | None]:
    """Return the values of ``rate`` and ``axis``, None where the number is not measurable.

    The number counts as printed: 60 printed is 60.
    """
    rate, axis = numbers.heart_rate.printed, numbers.qrs_axis.printed
    return {"rate": None if rate is None else rate_of(rate), "axis": None if axis is None else axis_of(axis)}


def measured_probabilities(numbers: Measurements) -> dict[str, Mapping[str, float]]:
    """Return probabilities of ``rate`` and ``axis``, where measurable: logistic around each threshold.

    A threshold lies where the printed number changes its value, at 59.5 for 60: the likeliest value is the one printed.
    """
    chances: dict[str, Mapping[str, float]] = {}
    rate, axis = numbers.heart_rate.value, numbers.qrs_axis.value
    if rate is not None:
        slow, fast = _logistic((59.5 - rate) / RATE_SPREAD), _logistic((rate - 100.5) / RATE_SPREAD)
        chances["rate"] = _shares({"bradycardia": slow, "normal": (1 - slow) * (1 - fast), "tachycardia": fast})
    if axis is not None:
        inside = {name: (half - _turn(axis, middle)) / AXIS_SPREAD for name, (middle, half) in AXIS_SIDES.items()}
        chances["axis"] = _shares({name: _logistic(depth) for name, depth in inside.items()})
    return chances


def _turn(angle: float, middle: float) -> float:
    """Return the angle between two directions, 0 to 180 degrees."""
    return abs((angle - middle + 180) % 360 - 180)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, x))))


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
