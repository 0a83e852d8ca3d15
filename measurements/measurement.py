"""The nine measurements of a record, each a value or the reason why it cannot be measured."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = "1.0.0"
"""Changes whenever a number below would change."""

TABLE = {
    "heart_rate": ("heart rate", "/min"),
    "pr": ("PR interval", "ms"),
    "qrs": ("QRS duration", "ms"),
    "qt": ("QT interval", "ms"),
    "qtc_bazett": ("QTc (Bazett)", "ms"),
    "qtc_fridericia": ("QTc (Fridericia)", "ms"),
    "p_axis": ("P axis", "degrees"),
    "qrs_axis": ("QRS axis", "degrees"),
    "t_axis": ("T axis", "degrees"),
}
"""Name of each measurement: readable label and unit."""


@dataclass(frozen=True)
class Measurement:
    """One number, or why there is none.

    Attributes
    ----------
    value : float or None
        In the unit that :data:`TABLE` gives.
    reason : str or None
        Why it is not measurable; set exactly when ``value`` is None.

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

    def to_json(self) -> dict[str, Any]:
        """Return plain data: name to number, or to ``{"reason": ...}``."""
        data: dict[str, Any] = {}
        for item in fields(self):
            measured: Measurement = getattr(self, item.name)
            data[item.name] = {"reason": measured.reason} if measured.value is None else measured.value
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Measurements":
        """Return what :meth:`to_json` wrote.

        Raises
        ------
        ValueError
            When a measurement is missing or of another form.
        """
        try:
            return cls(**{name: _from_plain(data[name]) for name in TABLE})
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a set of measurements ({error}): {str(data)[:200]}") from error

    @classmethod
    def none(cls, reason: str) -> "Measurements":
        """Return measurements of which none has a value, all for one reason."""
        return cls(**dict.fromkeys(TABLE, Measurement(reason=reason)))


def measure(signal: NDArray[np.float32], fs: float) -> Measurements:
    """Measure a record as interpretation programs do, on a median beat with global onsets and offsets.

    Parameters
    ----------
    signal : float32 array (12, n_samples) in mV
        Lead order I II III aVR aVL aVF V1..V6. NaN samples are gaps; flat leads are left out. Rate and intervals are
        measured on any amplitude scale, the axes need true millivolts.
    fs : float
        Sampling rate in Hz, at least 100.

    Returns
    -------
    Measurements
        Each a value or 'not measurable' with its reason; no record raises.

    Raises
    ------
    ValueError
        When the array has another shape, is shorter than two seconds, or ``fs`` is below 100 Hz.
    """
    from measurements.delineation import delineate
    from measurements.interval import measured

    signal = np.asarray(signal, dtype=np.float32)
    if signal.ndim != 2 or signal.shape[0] != 12:
        raise ValueError(f"a signal must be (12, n_samples), not {signal.shape}")
    if not fs >= 100:
        raise ValueError(f"the sampling rate must be at least 100 Hz, not {fs}")
    if signal.shape[1] < 2 * fs:
        raise ValueError(f"a signal must last two seconds, not {signal.shape[1] / fs:.2f} s")
    return measured(delineate(signal, fs))


def _from_plain(value: object) -> Measurement:
    if isinstance(value, Mapping):
        return Measurement(reason=str(value["reason"]))
    return Measurement(value=float(value))  # type: ignore[arg-type]  # another type raises TypeError, as meant
