"""Take a pacemaker's spikes out of a record, since a low-pass filter would spread them over the QRS onset."""

import numpy as np
from numpy.typing import NDArray

from measurements.median import median

LEAST_FS = 400.0
"""Sampling rate in Hz below which a spike of 2 ms is no longer told from a QRS complex."""

NEAR_S, AROUND_S = 0.006, 0.036
"""A spike is compared with what lies further from it than the first, and nearer than the second."""

CONTRAST, OVER_NOISE = 4.0, 12.0
"""Least ratio of a spike's curvature to the greatest around it, and to the middle one of the record: that of QRS
complexes reaches 3 times the greatest around."""


def without_spikes(signal: NDArray[np.float32], fs: float) -> NDArray[np.float32]:
    """Return the record with straight lines of 12 ms in the place of spikes; the same array where there are none.

    Parameters
    ----------
    signal : float32 array (12, n_samples)
        Without NaN.
    fs : float
        Sampling rate in Hz.
    """
    if fs < LEAST_FS:
        return signal
    places = _places(signal, fs)
    if len(places) == 0:
        return signal
    mended = signal.copy()
    reach = round(NEAR_S * fs)
    for place in places:
        first, last = max(0, place - reach), min(signal.shape[1] - 1, place + reach)
        share = np.linspace(0, 1, last - first + 1, dtype=np.float32)
        mended[:, first : last + 1] = signal[:, [first]] * (1 - share) + signal[:, [last]] * share
    return mended


def _places(signal: NDArray[np.float32], fs: float) -> NDArray[np.int64]:
    """Return the samples at which the leads together (every second one, for speed) are much more curved than around."""
    step = max(1, round(0.004 * fs))
    curvature = np.zeros(signal.shape[1], dtype=np.float32)
    leads = signal[::2]
    bent = leads[:, : -2 * step] + leads[:, 2 * step :]
    bent *= -0.5
    bent += leads[:, step:-step]
    curvature[step:-step] = np.abs(bent, out=bent).sum(axis=0)
    middle = curvature[1:-1]
    least = max(OVER_NOISE * float(median(curvature[::4])), 1e-6)
    peaks = 1 + np.flatnonzero((middle > least) & (middle >= curvature[:-2]) & (middle > curvature[2:]))
    near, around = round(NEAR_S * fs), round(AROUND_S * fs)
    apart = np.arange(-around, around + 1)
    beside = np.clip(peaks[:, None] + apart[np.abs(apart) > near], 0, len(curvature) - 1)
    within = np.clip(peaks[:, None] + apart[np.abs(apart) <= near], 0, len(curvature) - 1)
    height = curvature[peaks]
    alone = height > CONTRAST * curvature[beside].max(axis=1)
    return np.asarray(peaks[alone & (height >= curvature[within].max(axis=1))], dtype=np.int64)
