"""P waves, fibrillation and flutter waves."""

import numpy as np
from numpy.typing import NDArray

from phantoms.loop import Loop, Vector, symmetric
from phantoms.physiology import Physiology

P_MS, LONG_P_MS = 118.0, 142.0
"""Duration of a P wave, and of that of an enlarged left atrium."""

GRID_HZ = 250.0
"""Sampling rate at which f waves are made, whatever that of the recording."""

Wave = tuple[float, float, Vector]


def p_loop(heart: Physiology, ectopic: bool = False) -> Loop:
    """Return the P loop: first the right atrium, forwards, then the left one, leftwards and backwards.

    An ``ectopic`` one begins low in the atria and runs upwards.
    """
    right: Wave = (0.36, 0.15, (0.065, 0.105, -0.075))
    left: Wave = (0.64, 0.16, (0.125, 0.050, 0.020))
    duration = P_MS
    if heart.right_atrium:
        right, left = (0.40, 0.16, (0.090, 0.300, -0.110)), (0.66, 0.15, (0.060, 0.060, 0.040))
    if heart.left_atrium:
        duration = LONG_P_MS
        right, left = (0.30, 0.13, right[2]), (0.68, 0.14, (0.190, 0.100, 0.110))
    if heart.pr is not None:
        duration = min(duration, heart.pr - 6.0)
    if ectopic or heart.rhythm == "supraventricular":
        right, left = (right[0], right[1], (0.04, -0.09, -0.03)), (left[0], left[1], (0.05, -0.07, 0.03))
    return symmetric(duration / 1000, *((centre, width, _times(heart.p_gain, v)) for centre, width, v in (right, left)))


def _times(factor: float, vector: Vector) -> Vector:
    return factor * vector[0], factor * vector[1], factor * vector[2]


def fibrillation(seconds: NDArray[np.float64], chance: np.random.Generator) -> NDArray[np.float64]:
    """Return f waves, float64 (n, 3) in mV: a wandering frequency of 4.5 to 8.5 Hz, largest towards V1."""
    middle, size = chance.uniform(5.0, 7.5), chance.uniform(0.035, 0.075)
    grid = np.arange(0, np.ceil(seconds[-1]) + 1, 1 / GRID_HZ)
    waves = np.zeros((len(grid), 3))
    for strength, offset in ((1.0, 0.0), (0.6, 1.1), (0.5, -0.9)):
        drift = _slow(grid, chance, 0.6)
        phase = 2 * np.pi * np.cumsum(middle + offset + 0.8 * drift) / GRID_HZ
        swell = 0.6 + 0.4 * np.tanh(_slow(grid, chance, 0.8))
        direction = np.array([0.20, 0.65, -0.75]) + 0.25 * chance.standard_normal(3)
        waves += (strength * size * swell * np.sin(phase + chance.uniform(0, 2 * np.pi)))[:, None] * direction
    return np.stack([np.interp(seconds, grid, wave) for wave in waves.T], axis=1)


def flutter(seconds: NDArray[np.float64], per_minute: float, origin: float) -> NDArray[np.float64]:
    """Return flutter waves, float64 (n, 3) in mV: a rounded sawtooth, negative in II, III and aVF, positive in V1.

    ``origin`` is the time of one wave in seconds; ``per_minute`` their rate.
    """
    phase = ((seconds - origin) * per_minute / 60) % 1.0
    sawtooth = np.sum([np.sin(2 * np.pi * k * phase + 0.35) / k**1.25 for k in range(1, 6)], axis=0)
    sawtooth -= sawtooth.mean()
    return np.asarray(sawtooth[:, None] * np.array([0.01, -0.125, -0.055]), dtype=np.float64)


def _slow(seconds: NDArray[np.float64], chance: np.random.Generator, hertz: float) -> NDArray[np.float64]:
    """Return a smooth random curve of unit size that changes about ``hertz`` times a second."""
    knots = np.arange(seconds[0] - 2, seconds[-1] + 3, 1 / hertz)
    values = chance.standard_normal(len(knots))
    curve: NDArray[np.float64] = np.interp(seconds, knots, values)
    width = max(3, round(0.5 / hertz / (seconds[1] - seconds[0])))
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(curve, (width, width), mode="edge")
    return np.asarray(np.convolve(padded, kernel / kernel.sum(), mode="same")[width:-width], dtype=np.float64)
