"""Exact and score intervals of shares and of their paired differences, and the exact test of a paired difference."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from bench.score.agreement import LEVEL
from bench.score.rounding import rounded

Z = 1.959963984540054
"""Of a two-sided interval of 95%."""

FEW_DISCORDANT = 20
"""Discordant pairs below which a bootstrap of their difference is too narrow."""


def clopper_pearson(count: int, n: int) -> tuple[float, float]:
    """Return the exact 95% interval of the share ``count / n`` (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    low = float(betaincinv(count, n - count + 1, 0.025)) if count else 0.0
    high = float(betaincinv(count + 1, n - count, 0.975)) if count < n else 1.0
    return rounded(low), rounded(high)


def share_interval(count: float, n: int, resampled: tuple[float, float] | None) -> tuple[float, float]:
    """Return a share's interval: the resampled one, but the exact one for 0 and 1, which no resample varies."""
    if resampled is None or count <= 0 or count >= n:
        return clopper_pearson(round(count), n)
    return resampled


def tango(wins: int, losses: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the score interval of the difference of two paired proportions (Tango 1998, Stat Med 17:891-908).

    Parameters
    ----------
    wins, losses : int
        Pairs in which only the first is right, and only the second.
    n : int
        All pairs, at least one.
    level : float
        What the interval leaves out, half on either side: 0.05 of one of 95%.
    """
    z = NormalDist().inv_cdf(1 - level / 2)

    def bound(sign: int) -> float:
        inside, outside = (wins - losses) / n, float(sign)
        for _ in range(60):
            middle = (inside + outside) / 2
            if abs(_tango_statistic(wins, losses, n, middle)) < z:
                inside = middle
            else:
                outside = middle
        return rounded((inside + outside) / 2)

    return bound(-1), bound(1)


def _tango_statistic(wins: int, losses: int, n: int, difference: float) -> float:
    """Return the score statistic of a difference; the losses' share is the most likely one under it."""
    b = -wins - losses + (2 * n - wins + losses) * difference
    c = -losses * difference * (1 - difference)
    loss = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    variance = n * (2 * loss + difference * (1 - difference))
    excess = wins - losses - n * difference
    return excess / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, excess) if excess else 0.0


def sign_flip(gains: NDArray[np.int64]) -> float:
    """Return the exact two-sided p of a paired difference, the sign of every patient's gain being a toss.

    The distribution of the sum is a convolution over the sizes of the gains. Where every patient has one record this is
    McNemar's exact test (1947).

    Parameters
    ----------
    gains : int64 array (n_patients,)
        Right answers of the reader minus those of the baseline, over a patient's records.
    """
    sizes, counts = np.unique(np.abs(gains[gains != 0]), return_counts=True)
    chance = np.ones(1)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        steps = np.zeros(2 * size * count + 1)
        steps[:: 2 * size] = _tosses(count)
        chance = np.convolve(chance, steps)
    most = (len(chance) - 1) // 2
    sums = np.arange(-most, most + 1)
    return float(min(1.0, chance[np.abs(sums) >= abs(int(gains.sum()))].sum()))


def _tosses(count: int) -> NDArray[np.float64]:
    """Return the chance of 0 to ``count`` heads, float64 (count + 1,)."""
    from scipy.special import gammaln

    heads = np.arange(count + 1)
    logs = gammaln(count + 1) - gammaln(heads + 1) - gammaln(count - heads + 1) - count * math.log(2)
    return np.asarray(np.exp(logs), dtype=np.float64)
