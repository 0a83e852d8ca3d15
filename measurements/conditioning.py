"""Bring every record to one sampling rate, without baseline wander and noise."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from measurements.median import median
from measurements.spike import without_spikes

Samples = TypeVar("Samples", np.float32, np.float64)

FS = 500.0
"""Sampling rate of all measurements in Hz; slower records are interpolated by their Fourier series."""

LOWEST, HIGHEST = 0.5, 40.0
"""Pass band in Hz: below lies baseline wander, above lies muscle noise (AHA/ACC/HRS 2007 part I, section on
filtering)."""


@dataclass(frozen=True, eq=False)
class Conditioned:
    """A record ready to be delineated.

    Attributes
    ----------
    signal : float32 array (12, n)
        Band-passed, at :data:`FS` Hz; unusable leads are zero.
    steep : float32 array (12, n)
        The same in the band of the QRS complex, 8 to 25 Hz, scaled by lead.
    used : bool array (12,)
        Leads with a signal.
    """

    signal: NDArray[np.float32]
    steep: NDArray[np.float32]
    used: NDArray[np.bool_]


def condition(signal: NDArray[np.float32], fs: float) -> Conditioned:
    """Fill gaps, cut pacing spikes, resample to 500 Hz, and remove baseline wander and noise with zero phase.

    One Fourier transform serves both filters and the resampling.

    Parameters
    ----------
    signal : float32 array (12, n_samples)
        NaN samples are bridged by straight lines.
    fs : float
        Sampling rate in Hz.
    """
    from scipy import fft

    filled = without_spikes(without_gaps(signal), fs)
    used = np.ptp(filled, axis=1) > 1e-6
    samples = filled.shape[1]
    padded = np.empty((len(filled), 2 * samples), dtype=np.float32)
    np.subtract(filled, median(filled)[:, None], out=padded[:, :samples])
    padded[:, samples:] = padded[:, samples - 1 :: -1]
    spectrum = fft.rfft(padded, axis=1)
    target = round(samples * FS / fs)
    band, qrs = _gains(samples, target, fs)
    smooth = fft.irfft(spectrum * band, 2 * target, axis=1)[:, :target]
    steep = fft.irfft(spectrum * qrs, 2 * target, axis=1)[:, :target]
    if not used.all():
        smooth[~used] = 0
    return Conditioned(signal=smooth, steep=steep, used=used)


@lru_cache(maxsize=8)
def _gains(samples: int, target: int, fs: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the gain of both filters at each frequency of the padded record, with the factor of its resampling."""
    frequency = np.asarray(np.fft.rfftfreq(2 * samples, 1 / fs), dtype=np.float64)
    scale = target / samples
    band = (_rise(frequency, LOWEST, 0.25) * _fall(frequency, HIGHEST, 10) * scale).astype(np.float32)
    qrs = (_rise(frequency, 8, 4) * _fall(frequency, 25, 8) * scale).astype(np.float32)
    return band, qrs


def without_gaps(signal: NDArray[Samples]) -> NDArray[Samples]:
    """Return the leads with straight lines over what is not finite; a lead of gaps is 0."""
    if np.isfinite(signal).all():
        return signal
    filled = np.zeros_like(signal)
    position = np.arange(signal.shape[1])
    for lead, samples in enumerate(signal):
        valid = np.isfinite(samples)
        if valid.any():
            filled[lead] = np.interp(position, position[valid], samples[valid])
    return filled


def _rise(frequency: NDArray[np.float64], corner: float, width: float) -> NDArray[np.float64]:
    """Return a half-cosine step from 0 to 1, centred on ``corner`` Hz and ``2 * width`` Hz wide."""
    x = np.clip((frequency - corner + width) / (2 * width), 0, 1)
    return 0.5 - 0.5 * np.cos(np.pi * x)


def _fall(frequency: NDArray[np.float64], corner: float, width: float) -> NDArray[np.float64]:
    return 1 - _rise(frequency, corner, width)
