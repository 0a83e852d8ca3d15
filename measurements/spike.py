"""Take a pacemaker's spikes out of a record, since a low-pass filter would spread them over the QRS onset."""

import numpy as np
from numpy.typing import NDArray

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
    """Return the samples at which all leads together are much more curved than around."""
    step = max(1, round(0.004 * fs))
    curvature = np.zeros(signal.shape[1], dtype=np.float32)
    bent = signal[:, step:-step] - 0.5 * (signal[:, : -2 * step] + signal[:, 2 * step :])
    curvature[step:-step] = np.abs(bent).sum(axis=0)
    candidates = np.flatnonzero(curvature > max(OVER_NOISE * float(np.median(curvature)), 1e-6))
    near, around = round(NEAR_S * fs), round(AROUND_S * fs)
    found = [
        place
        for place in candidates.tolist()
        if curvature[place] >= curvature[max(0, place - near) : place + near + 1].max()
        and curvature[place] > CONTRAST * _beside(curvature, place, near, around)
    ]
    return np.array(found, dtype=np.int64)


def _beside(curvature: NDArray[np.float32], place: int, near: int, around: int) -> float:
    before = curvature[max(0, place - around) : max(0, place - near)]
    after = curvature[place + near + 1 : place + around]
    return float(max(before.max(initial=0.0), after.max(initial=0.0)))
