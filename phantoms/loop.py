"""Loops of the heart's dipole: sums of Gaussians in three dimensions, with exact ends.

After McSharry et al. 2003 (IEEE Transactions on Biomedical Engineering 50:289) and Sameni et al. 2007 (EURASIP Journal
on Advances in Signal Processing 2007:43407).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]

EDGE = 0.020
"""Seconds over which a loop rises from exactly 0 at its onset, and falls to exactly 0 at its offset."""


@dataclass(frozen=True)
class Loop:
    """One loop of the dipole.

    Attributes
    ----------
    duration : float
        Seconds, at least twice ``EDGE``; the loop is 0 before its onset and after its offset.
    centres, before, after : tuple of float
        Of each Gaussian: its centre, and its widths (standard deviations) on both sides, as shares of the duration.
    vectors : tuple of (x, y, z)
        Of each Gaussian, in mV.
    """

    duration: float
    centres: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    vectors: tuple[Vector, ...]

    def at(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the dipole at times after the onset, float64 (..., 3) in mV from float64 (...)."""
        centres, before, after, vectors = self._arrays
        share = seconds[..., None] / self.duration - centres
        strength = np.exp(-0.5 * (share / np.where(share < 0, before, after)) ** 2)
        inside = smooth_step(np.minimum(seconds, self.duration - seconds) / EDGE)
        return np.asarray((strength @ vectors) * inside[..., None], dtype=np.float64)

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float64], ...]:
        return np.array(self.centres), np.array(self.before), np.array(self.after), np.array(self.vectors)


def symmetric(duration: float, *waves: tuple[float, float, Vector]) -> Loop:
    """Return a loop of Gaussians given as (centre, width, vector)."""
    centres, widths, vectors = zip(*waves, strict=True)
    return Loop(duration, centres, widths, widths, vectors)


def as_vector(array: NDArray[np.float64]) -> Vector:
    """Return float64 (3,) as a vector."""
    x, y, z = array.tolist()
    return x, y, z


def smooth_step(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 0 below 0, 1 above 1, and a curve with continuous slope between."""
    clipped = np.minimum(np.maximum(x, 0.0), 1.0)
    return np.asarray(clipped * clipped * (3 - 2 * clipped), dtype=np.float64)
