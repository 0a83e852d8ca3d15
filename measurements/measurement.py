"""The nine measurements of a record, each with a value or a reason why it is not measurable."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

VERSION = "2.0.0"
"""Changes whenever a number below would change."""

TABLE = {
    "heart_rate": ("Vent. rate", "BPM"),
    "pr": ("PR interval", "ms"),
    "qrs": ("QRS duration", "ms"),
    "qt": ("QT", "ms"),
    "qtc_bazett": ("QTc", "ms"),
    "qtc_fridericia": ("QTcF", "ms"),
    "p_axis": ("P", "degrees"),
    "qrs_axis": ("R", "degrees"),
    "t_axis": ("T", "degrees"),
}
"""Label, as electrocardiographs print it, and unit of each measurement, by name."""


@dataclass(frozen=True)
class Measurement:
    """One number, or the reason why there is none.

    Attributes
    ----------
    value : float or None
        In the unit that :data:`TABLE` gives.
    reason : str or None
        Reason why it is not measurable; set exactly when ``value`` is None.

    Raises
    ------
    ValueError
        When both or neither are given, or the value is not finite.
    """

    value: float | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("a measurement has either a value or a reason why there is none")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"a measurement must be finite, not {self.value}")

    @property
    def printed(self) -> int | None:
        """The whole number that a prompt prints, halves away from zero; None where there is no value."""
        if self.value is None:
            return None
        return int(math.copysign(math.floor(abs(self.value) + 0.5), self.value))


UNPRINTED = ("second_rate", "rr_spread", "rr_change", "early_beats")
"""Measurements that no prompt prints, by name."""

NO_SECOND_RATE = Measurement(reason="no second detector was run")
NO_BEATS = Measurement(reason="no beats were looked for")


@dataclass(frozen=True)
class Measurements:
    """All measurements of one record.

    Attributes
    ----------
    heart_rate : Measurement
        Mean ventricular rate over the record, 1/min.
    pr, qrs, qt : Measurement
        Intervals in ms, onsets and offsets global to all leads.
    qtc_bazett, qtc_fridericia : Measurement
        QT corrected for rate, in ms.
    p_axis, qrs_axis, t_axis : Measurement
        Frontal axes in degrees, -180 to 180.
    second_rate : Measurement
        The rate by a second, independent detector; never printed.
    rr_spread, rr_change, early_beats : Measurement
        How regular the rhythm is (:func:`measurements.rhythm.rr_regularity`); never printed.
    """

    heart_rate: Measurement
    pr: Measurement
    qrs: Measurement
    qt: Measurement
    qtc_bazett: Measurement
    qtc_fridericia: Measurement
    p_axis: Measurement
    qrs_axis: Measurement
    t_axis: Measurement
    second_rate: Measurement = NO_SECOND_RATE
    rr_spread: Measurement = NO_BEATS
    rr_change: Measurement = NO_BEATS
    early_beats: Measurement = NO_BEATS

    def to_json(self) -> dict[str, Any]:
        """Return plain data: name to number, or to ``{"reason": ...}``."""
        data: dict[str, Any] = {}
        for item in fields(self):
            measured: Measurement = getattr(self, item.name)
            data[item.name] = {"reason": measured.reason} if measured.value is None else measured.value
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Measurements":
        """Return what :meth:`to_json` wrote; raises ValueError when a measurement is missing or invalid."""
        try:
            return cls(**{name: _from_plain(data[name]) for name in (*TABLE, *UNPRINTED)})
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a set of measurements ({error}): {str(data)[:200]}") from error

    @classmethod
    def none(cls, reason: str) -> "Measurements":
        """Return measurements without values, all for one reason."""
        return cls(**dict.fromkeys(TABLE, Measurement(reason=reason)))


def _from_plain(value: object) -> Measurement:
    if isinstance(value, Mapping):
        return Measurement(reason=str(value["reason"]))
    return Measurement(value=float(value))  # type: ignore[arg-type]  # another type raises TypeError, as meant
