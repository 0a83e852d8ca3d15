"""Preprocess a raw record for the network; part of the model, and named in its weights file."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurements.conditioning import without_gaps

NETWORK_FS = 100
NETWORK_SAMPLES = 1000
"""Ten seconds at 100 Hz."""

PREPROCESSING: Mapping[str, Any] = {
    "band_hz": [0.5, 40.0],
    "filter": "Butterworth, order 4, forward and backward",
    "scale": "z-score of each lead",
    "fs": NETWORK_FS,
    "samples": NETWORK_SAMPLES,
}
"""Stored with the weights; weights with other preprocessing are refused."""


def prepare(signal: NDArray[np.float32], fs: float) -> NDArray[np.float32]:
    """Band-pass, z-score each lead and resample to 100 Hz; a longer record is cut, a shorter one padded with zeros.

    Parameters
    ----------
    signal : float32 array (12, n_samples)
        In any unit, since leads are z-scored; NaN samples are bridged by straight lines.
    fs : float
        Sampling rate in Hz, above 80.

    Returns
    -------
    float32 array (12, 1000)
        A flat lead is zero.

    Raises
    ------
    ValueError
        When ``fs`` is too low for the pass band, or the record is shorter than half a second.
    """
    return prepared_with_spread(signal, fs)[0]


def prepared_with_spread(signal: NDArray[np.float32], fs: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return what :func:`prepare` returns, and what the z-score divided each lead by, float64 (12,)."""
    from scipy.signal import resample_poly, sosfiltfilt

    if not fs > 80 or signal.shape[1] < fs / 2:
        raise ValueError(
            f"the network needs more than 80 Hz and half a second, not {fs} Hz and {signal.shape[1]} samples"
        )
    filtered = sosfiltfilt(_band_pass(fs), without_gaps(signal.astype(np.float64)), axis=1)
    spread = filtered.std(axis=1, keepdims=True)
    scaled = (filtered - filtered.mean(axis=1, keepdims=True)) / np.where(spread > 1e-7, spread, np.inf)
    if fs != NETWORK_FS:
        scaled = resample_poly(scaled, NETWORK_FS, round(fs), axis=1)
    prepared = np.zeros((signal.shape[0], NETWORK_SAMPLES), dtype=np.float32)
    prepared[:, : scaled.shape[1]] = scaled[:, :NETWORK_SAMPLES]
    return prepared, spread[:, 0]


@lru_cache(maxsize=8)
def _band_pass(fs: float) -> NDArray[np.float64]:
    from scipy.signal import butter

    sections: NDArray[np.float64] = butter(4, PREPROCESSING["band_hz"], "bandpass", fs=fs, output="sos")
    return sections
