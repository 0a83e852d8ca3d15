"""What the network is told beside the z-scored leads: amplitudes, pacing spikes, rhythm and intervals.

Z-scoring hides how large a lead is, 100 Hz hide a pacing spike, and a network that pools over time hardly sees how
regular the beats come. What a recording cannot tell is NaN: the amplitude of one that was z-scored elsewhere, spikes of
one that was sampled slowly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurements import Measurement, Measurements, measure
from measurements.conditioning import without_gaps
from readers.resnet1d.preprocessing import prepared_with_spread
from renderers.style import LEADS

VERSION = "1"
"""Changes whenever a side input of a recording would change but for its measurements."""

VOLTAGE = tuple(f"log SD of {lead} in mV" for lead in LEADS)

SIDES: dict[str, tuple[str, ...]] = {
    "voltage": VOLTAGE,
    "spikes": ("log spike in mV", "log spike over the 90% quantile"),
    "rhythm": ("log rate", "log RR spread", "log RR change", "early beats", "has P"),
    "intervals": ("PR", "QRS", "QTc"),
}
"""The side inputs by group, in the order of the network's input."""

NAMES = tuple(name for names in SIDES.values() for name in names)

SPIKE_FS = 400
"""Slowest sampling in Hz at which a pacing spike, half a millisecond to two long, leaves a trace."""

SPIKES_QUANTILE, USUAL_QUANTILE = 0.999, 0.9
"""Of the jerkiness: a pacing spike at each of ten beats is one sample in 500."""

LEAST_MV, LEAST_SPIKE_MV, LEAST_SPREAD = 5e-3, 1e-4, 1e-3
"""Added or floored before a logarithm is taken."""


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """What the network sees of records.

    Attributes
    ----------
    leads : float32 array (..., 12, 1000)
        Filtered and z-scored, at 100 Hz.
    side : float32 array (..., number of side inputs)
        In the order of :data:`NAMES`; NaN where unknown.
    """

    leads: NDArray[np.float32]
    side: NDArray[np.float32]


def network_input(
    signal: NDArray[np.float32], fs: float, shows_spikes: bool = True
) -> tuple[NetworkInput, Measurements]:
    """Return what the network sees of a record in mV, and its measurements.

    Parameters
    ----------
    signal : float32 array (12, n_samples)
        In mV; NaN samples are gaps.
    fs : float
        In Hz.
    shows_spikes : bool
        Whether the signal could show a pacing spike; one that was read from a picture could not.

    Raises
    ------
    ValueError
        When the record is too short or sampled too slowly.
    """
    numbers = measure(signal, fs)
    leads, spread = prepared_with_spread(signal, fs)
    side = side_inputs(numbers, spread, signal, fs)
    if not shows_spikes:
        side[list(places(("spikes",)))] = np.nan
    return NetworkInput(leads, side), numbers


def stacked(records: Sequence[NetworkInput]) -> NetworkInput:
    """Return what the network sees of some records, one row for each."""
    return NetworkInput(np.stack([one.leads for one in records]), np.stack([one.side for one in records]))


def nothing_known() -> NDArray[np.float32]:
    """Return side inputs none of which is known, float32 (number of side inputs,)."""
    return np.full(len(NAMES), np.nan, dtype=np.float32)


def side_inputs(
    numbers: Measurements, spread: NDArray[np.float64] | None, signal: NDArray[np.float32], fs: float
) -> NDArray[np.float32]:
    """Return the side inputs of one record, float32 (number of side inputs,), NaN where unknown.

    Parameters
    ----------
    numbers : Measurements
        Of the record.
    spread : float64 array (12,) or None
        Standard deviation of each filtered lead in mV; None where the signal is not in mV.
    signal : float32 array (12, n_samples)
        NaN samples are gaps.
    fs : float
        In Hz.
    """
    voltage = np.full(len(VOLTAGE), np.nan) if spread is None else np.log(np.maximum(spread, LEAST_MV))
    spikes = (np.nan, np.nan) if spread is None or fs < SPIKE_FS else _spikes(signal)
    early = numbers.early_beats.value
    rhythm = (
        _log(numbers.heart_rate),
        _log(numbers.rr_spread, LEAST_SPREAD),
        _log(numbers.rr_change, LEAST_SPREAD),
        np.nan if early is None else early,
        np.nan if numbers.qrs.value is None else float(numbers.pr.value is not None),
    )
    intervals = (_of(numbers.pr, 100), _of(numbers.qrs, 100), _of(numbers.qtc_bazett, 400))
    return np.concatenate([voltage, spikes, rhythm, intervals]).astype(np.float32)


HIDDEN_TOGETHER = (("voltage", "spikes"), ("rhythm", "intervals"))
"""Groups that are unknown together: in a recording that was z-scored or sampled slowly, and where no beat is found."""


def places(groups: Sequence[str]) -> tuple[int, ...]:
    """Return where the side inputs of some groups stand."""
    return tuple(NAMES.index(name) for group in groups for name in SIDES[group])


def _spikes(signal: NDArray[np.float32]) -> tuple[float, float]:
    """Return how large the sharpest jerks are in all leads together, in mV and against the usual ones, both as logs."""
    jerk = np.sqrt((np.diff(without_gaps(signal.astype(np.float64)), n=2, axis=1) ** 2).mean(axis=0))
    ranks = [int(share * len(jerk)) for share in (SPIKES_QUANTILE, USUAL_QUANTILE)]
    sharp, usual = np.partition(jerk, ranks)[ranks] + LEAST_SPIKE_MV
    return float(np.log(sharp)), float(np.log(sharp / usual))


def _log(measurement: Measurement, floor: float = 0.0) -> float:
    return np.nan if measurement.value is None else float(np.log(measurement.value + floor))


def _of(measurement: Measurement, unit: float) -> float:
    return np.nan if measurement.value is None else measurement.value / unit
