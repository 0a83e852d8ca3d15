"""How far a difference may be off: by the patients that were asked, and by the networks that were taught.

Intervals over patients hold for the networks at hand. A network that is taught once more answers otherwise, so that of
two domains between which there is no shift one seems worse. The networks of the folds tell by how much: each was taught
and asked apart from the others, and the spread of their differences is that of both, patients and networks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.score.agreement import LEVEL
from bench.score.kappa import POWER
from bench.score.rounding import rounded

FEWEST_NETWORKS = 3
"""Pairs of networks below which the spread between them is not estimated."""

ONE_NETWORK = "of these networks alone: another training is not in the interval"
TOO_FEW_NETWORKS = f"fewer than {FEWEST_NETWORKS} networks answered both a positive and a negative"


@dataclass(frozen=True)
class Spread:
    """A standard error, and the degrees of freedom that it is estimated with."""

    error: float
    freedom: float

    @property
    def half(self) -> float:
        """What an interval of 95% reaches to either side, Student's."""
        from scipy.stats import t

        return float(t.ppf(1 - LEVEL / 2, self.freedom)) * self.error

    def p(self, value: float) -> float:
        """Return the two-sided p of a value being 0."""
        from scipy.stats import t

        if self.error == 0:
            return 1.0 if value == 0 else 0.0
        return 2 * float(t.sf(abs(value) / self.error, self.freedom))

    def could_show(self, tests: int) -> float:
        """Return the difference from 0 that is shown in 80% of tries, at the first of Holm's levels over all tests."""
        from scipy.stats import t

        levels = t.isf(LEVEL / (2 * max(1, tests)), self.freedom), t.isf(1 - POWER, self.freedom)
        return float(sum(levels)) * self.error


@dataclass(frozen=True, eq=False)
class Networks:
    """What each of several networks adds to the error of an estimate.

    Attributes
    ----------
    each : float64 array (networks,)
        The sum of their squares estimates the variance of the estimate.
    weights : float64 array (networks,)
        The share of each in the estimate.
    shared : float
        How much more the networks' part of the variance is than of networks that share no training record: Nadeau and
        Bengio's (2003) ``1 + k * n_test / n_train``, less 1.
    """

    each: NDArray[np.float64]
    weights: NDArray[np.float64]
    shared: float

    @property
    def is_enough(self) -> bool:
        """Whether there are networks enough to tell how much they differ."""
        return int((self.weights > 0).sum()) >= FEWEST_NETWORKS

    def inflation(self, of_patients: float) -> float:
        """Return by how much the variance is more than the folds show, given the part of it that is the patients'.

        The folds' patients are others each, so that only what the networks add is shared.
        """
        found = float((self.each**2).sum())
        return 1 + self.shared * max(0.0, 1 - of_patients / found) if found > 0 else 1.0

    def spread(self, of_patients: float) -> Spread:
        """Return the spread, given the variance that is the patients' alone.

        Both variances are summed, though that of the folds has patients in it: where five folds are alike by chance it
        is too small, and taken alone it made more false verdicts in simulations, and no fewer misses.
        """
        found = float((self.each**2).sum())
        return Spread(math.sqrt(of_patients + found * self.inflation(of_patients)), self.freedom)

    @property
    def freedom(self) -> float:
        """Degrees of freedom: of networks of unequal share as of fewer equal ones (Kish 1965)."""
        return max(1.0, float(self.weights.sum() ** 2 / (self.weights**2).sum()) - 1)


def of_parts(values: NDArray[np.float64], weights: NDArray[np.float64], shared: float) -> Networks:
    """Return what each network adds to the error of a mean of independent values (networks,) with these weights."""
    off = weights * (values - float((weights * values).sum()))
    squares, cubes = float((weights**2).sum()), float((weights**3).sum())
    left = squares - 2 * cubes + squares**2  # expected sum of the squares of `off`, of values of variance 1
    return Networks(off * (math.sqrt(squares / left) if left > 0 else 0.0), weights, shared)


def jackknifed(without: NDArray[np.float64], shared: float) -> Networks:
    """Return what each network adds to the error of a figure, from the figure without each (networks,)."""
    count = len(without)
    return Networks(math.sqrt((count - 1) / count) * (without - without.mean()), np.full(count, 1 / count), shared)


def shared_part(networks: int) -> float:
    """Return Nadeau and Bengio's ``k * n_test / n_train`` of a cross-validation of so many folds.

    One fold is held out and another stops the training, so that ``k - 2`` folds teach for one that tests.
    """
    return networks / (networks - 2) if networks > 2 else 0.0


def p_of(value: float, spreads: Sequence[Spread]) -> float:
    """Return the p of a value by each spread, whichever is the greater: it is to be shown by all."""
    return rounded(max(one.p(value) for one in spreads))


def could_show(spreads: Sequence[Spread], tests: int) -> float | None:
    """Return the difference that is shown in 80% of tries by every spread, None without any."""
    return rounded(max(one.could_show(tests) for one in spreads)) if spreads else None
