"""Measure a signal."""

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from measurements.delineation import delineate
from measurements.interval import measured
from measurements.measurement import Measurement, Measurements
from measurements.rhythm import rr_regularity
from measurements.second_rate import second_rate

KEPT = 4096
"""Signals whose measurements are kept: a benchmark measures a record for its truth, and a reader for its answer."""

_Key = tuple[bytes, tuple[int, ...], float]
_KEPT: dict[_Key, Measurements] = {}


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
        Each with a value or a reason; no valid signal raises.

    Raises
    ------
    ValueError
        When the array has another shape, is shorter than two seconds, or ``fs`` is below 100 Hz.
    """
    signal = np.asarray(signal, dtype=np.float32)
    if signal.ndim != 2 or signal.shape[0] != 12:
        raise ValueError(f"a signal must be (12, n_samples), not {signal.shape}")
    if not fs >= 100:
        raise ValueError(f"the sampling rate must be at least 100 Hz, not {fs}")
    if signal.shape[1] < 2 * fs:
        raise ValueError(f"a signal must last two seconds, not {signal.shape[1] / fs:.2f} s")
    key = _key(signal, fs)
    numbers = _KEPT.get(key)
    if numbers is None:
        numbers = _measured(signal, fs)
        _keep(key, numbers)
    return numbers


def keep(signal: NDArray[np.float32], fs: float, numbers: Measurements) -> None:
    """Keep what :func:`measure` returned for a signal in another process."""
    _keep(_key(np.asarray(signal, dtype=np.float32), fs), numbers)


def is_kept(signal: NDArray[np.float32], fs: float) -> bool:
    """Tell whether the measurements of a signal are kept, so that :func:`measure` only looks them up."""
    return _key(np.asarray(signal, dtype=np.float32), fs) in _KEPT


def _key(signal: NDArray[np.float32], fs: float) -> _Key:
    return hashlib.sha256(np.ascontiguousarray(signal).data).digest(), signal.shape, fs


def _keep(key: _Key, numbers: Measurements) -> None:
    if len(_KEPT) >= KEPT:
        _KEPT.clear()
    _KEPT[key] = numbers


def _measured(signal: NDArray[np.float32], fs: float) -> Measurements:
    second = second_rate(signal, fs)
    seconded = Measurement(reason="the second detector finds no rate") if second is None else Measurement(second)
    waves = delineate(signal, fs)
    spread, change, early = rr_regularity(waves.beats)
    return replace(measured(waves), second_rate=seconded, rr_spread=spread, rr_change=change, early_beats=early)
