"""Disturbances of a recording: respiration, baseline wander, muscle and mains noise."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from phantoms.physiology import Noise

WANDER_HZ = 0.45
"""Upper end of baseline wander."""

CUT_OFF_HZ = 150.0
"""Where devices end their pass band (AHA/ACC/HRS 2007, part I)."""

LOUDER_MUSCLES = np.array([1.3, 1.3, 1.0, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8])
"""Arms tremble more than the chest; order of the electrodes as in ``phantoms.lead``."""


def respiration(times: NDArray[np.float64], chance: np.random.Generator) -> NDArray[np.float64]:
    """Return a breathing curve between -1 and 1, 10 to 18 breaths per minute."""
    hertz = chance.uniform(10, 18) / 60
    return np.asarray(np.sin(2 * np.pi * hertz * times + chance.uniform(0, 2 * np.pi)), dtype=np.float64)


def disturbance(noise: Noise, samples: int, fs: float, chance: np.random.Generator) -> NDArray[np.float64]:
    """Return what is added at each electrode, float64 (9, n) in mV."""
    white = chance.standard_normal((9, samples), dtype=np.float32)
    spectrum = np.fft.rfft(white, axis=1).astype(np.complex128)
    muscle, slow = _bands(samples, fs)
    gain = noise.muscle * muscle * LOUDER_MUSCLES[:, None]
    gain[:, slow] += noise.wander * np.sqrt(len(muscle) / max(1, slow.stop - slow.start))
    spectrum *= gain
    added = np.fft.irfft(spectrum, samples, axis=1)
    if noise.mains:
        phase = chance.uniform(0, 2 * np.pi)
        hum = np.sin(2 * np.pi * noise.mains_hz * np.arange(samples) / fs + phase)
        added += noise.mains * chance.uniform(0.3, 1.7, 9)[:, None] * hum
    return np.asarray(added, dtype=np.float64)


@lru_cache(maxsize=8)
def _bands(samples: int, fs: float) -> tuple[NDArray[np.float64], slice]:
    """Return the gain of muscle noise at each frequency of a spectrum, and where baseline wander lies in it."""
    hertz = np.fft.rfftfreq(samples, 1 / fs)
    muscle = np.where(hertz > WANDER_HZ, 1 / np.sqrt(1 + (hertz / CUT_OFF_HZ) ** 4), 0.0)
    return muscle, slice(1, int(np.searchsorted(hertz, WANDER_HZ, side="right")))
