"""A second, independent detector of QRS complexes, so that a rate can be told from a detector's slip.

It works lead by lead with the two moving averages of Elgendi, Jonkman and De Boer 2010, where the first detector
(:mod:`measurements.beat`) looks at all leads at once and at heights of peaks: they share neither band, envelope nor
threshold. Each lead has a rate; that on which most independent leads agree is returned, so that tall T waves in some
leads are outvoted.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from measurements.conditioning import without_gaps
from measurements.lead import INDEPENDENT

BAND = (8.0, 20.0)
"""Pass band in Hz of Elgendi 2010."""

COMPLEX_S, BEAT_S, OFFSET = 0.097, 0.611, 0.08
"""Windows of the two moving averages in seconds, and the offset as a share of the mean square (Elgendi 2010)."""

REFRACTORY_S = 0.22
"""Two complexes stand at least this far apart: those of 250 per minute do."""

SAME = 1.5
"""Rates so near to each other, in 1/min, are the same."""

LEAST_LEADS = 3
"""Leads that must have a rate."""


def second_rate(signal: NDArray[np.float32], fs: float) -> float | None:
    """Return the mean ventricular rate in 1/min by the second detector, None where fewer than three leads have one.

    Parameters
    ----------
    signal : float32 array (12, n_samples)
        In mV; NaN samples are gaps.
    fs : float
        Sampling rate in Hz.
    """
    from scipy.ndimage import uniform_filter1d

    coarse, fs = _coarse(without_gaps(signal[INDEPENDENT]), fs)
    squared = _banded(coarse, fs) ** 2
    narrow, wide = (uniform_filter1d(squared, round(window * fs), axis=1) for window in (COMPLEX_S, BEAT_S))
    inside = narrow > wide + OFFSET * squared.mean(axis=1, keepdims=True)
    leads = zip(squared, _blocks(inside, fs), strict=True)
    rates = np.array([rate for lead, blocks in leads if (rate := _rate(lead, blocks, fs))])
    return _agreed(rates) if len(rates) >= LEAST_LEADS else None


def _agreed(rates: NDArray[np.float64]) -> float:
    """Return the median of the largest group of rates that are the same; of two as large, that nearer to the median."""
    near = np.abs(rates[:, None] - rates) <= SAME
    size = near.sum(axis=1)
    largest = np.flatnonzero(size == size.max())
    centre = largest[np.argmin(np.abs(rates[largest] - np.median(rates)))]
    return float(np.median(rates[near[centre]]))


def _coarse(signal: NDArray[np.float32], fs: float) -> tuple[NDArray[np.float64], float]:
    """Return means over neighbouring samples at 100 Hz or a little more: the band ends at 20 Hz."""
    step = max(1, int(fs // 100))
    whole = signal.shape[1] // step * step
    total = signal[:, :whole:step].astype(np.float64)
    for shift in range(1, step):  # much faster than a mean over an axis of five
        total += signal[:, shift:whole:step]
    return total / step, fs / step


def _banded(coarse: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """Return the leads in the band, filtered forwards and backwards, which one Fourier transform does at once."""
    from scipy import fft

    samples = coarse.shape[1]
    edge = min(round(fs), samples - 1)
    before = 2 * coarse[:, :1] - coarse[:, edge:0:-1]
    after = 2 * coarse[:, -1:] - coarse[:, -2 : -2 - edge : -1]
    padded = np.concatenate([before, coarse, after], axis=1)
    total = fft.next_fast_len(padded.shape[1], real=True)
    spectrum = fft.rfft(padded, total, axis=1) * _gain(total, fs)
    banded: NDArray[np.float64] = fft.irfft(spectrum, total, axis=1)[:, edge : edge + samples]
    return banded


@lru_cache(maxsize=8)
def _gain(samples: int, fs: float) -> NDArray[np.float64]:
    """Return the gain of a Butterworth filter of third order and of the same backwards, at each frequency."""
    from scipy.signal import butter, sosfreqz

    sections = butter(3, BAND, "bandpass", fs=fs, output="sos")
    _, response = sosfreqz(sections, worN=np.fft.rfftfreq(samples, 1 / fs), fs=fs)
    return np.asarray(np.abs(response) ** 2, dtype=np.float64)


def _blocks(inside: NDArray[np.bool_], fs: float) -> list[list[tuple[int, int]]]:
    """Return the beginning and end of each lead's stretches of True that are as long as a QRS complex."""
    edged = np.zeros((len(inside), inside.shape[1] + 2), dtype=np.bool_)
    edged[:, 1:-1] = inside
    lead, place = np.nonzero(edged[:, 1:] != edged[:, :-1])
    begin, end = place[::2], place[1::2]
    long = end - begin >= round(COMPLEX_S * fs)
    blocks: list[list[tuple[int, int]]] = [[] for _ in inside]
    for number, first, last in zip(lead[::2][long].tolist(), begin[long].tolist(), end[long].tolist(), strict=True):
        blocks[number].append((first, last))
    return blocks


def _rate(squared: NDArray[np.float64], blocks: list[tuple[int, int]], fs: float) -> float | None:
    peaks: list[int] = []
    for begin, end in blocks:
        peak = begin + int(squared[begin:end].argmax())
        if not (peaks and peak - peaks[-1] < REFRACTORY_S * fs):
            peaks.append(peak)
    return 60 * (len(peaks) - 1) * fs / (peaks[-1] - peaks[0]) if len(peaks) > 1 else None
