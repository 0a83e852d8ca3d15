"""Estimates whose error is the sum of patients' influences, so that they can be subtracted, averaged and divided.

The influences of an area under the ROC curve are DeLong's (1988), clustered by patient (Obuchowski 1997); those of a
difference of estimates over the same patients are the differences of theirs, which is what makes it a paired one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from bench.domains.result import Figure
from bench.score.agreement import LEVEL
from bench.score.area import ENOUGH, HIGHEST, LOWEST, Z, area_and_influence
from bench.score.kappa import POWER
from bench.score.proportion import clopper_pearson
from bench.score.rounding import rounded

NO_POSITIVE = "no positive"
NO_PATIENTS = "no interval: the patients are not told apart, or are too few"


@dataclass(frozen=True, eq=False)
class Estimate:
    """A value with what each patient adds to its error.

    Attributes
    ----------
    value : float
    influence : float64 array (n_patients,)
    people : int
        Patients of the smaller class, which are what its error is estimated from.
    floor : float
        Variance of an area of 0 or 1, of which DeLong has none.
    """

    value: float
    influence: NDArray[np.float64]
    people: int
    floor: float = 0.0

    @property
    def error(self) -> float | None:
        """Standard error; None where there are too few patients for one."""
        count = len(self.influence)
        if self.people < 2:
            return None
        return math.sqrt(float((self.influence**2).sum()) * count / (count - 1) + self.floor)

    @property
    def reach(self) -> float:
        """Standard errors that an interval of 95% reaches to either side, Student's."""
        from scipy.stats import t

        return float(t.ppf(1 - LEVEL / 2, self.people - 1))

    @property
    def figure(self) -> Figure:
        """The value with its 95% interval."""
        if self.error is None:
            return Figure(rounded(self.value), withheld=NO_PATIENTS)
        half = self.reach * self.error
        return Figure(rounded(self.value), (rounded(self.value - half), rounded(self.value + half)))

    @property
    def p(self) -> float | None:
        """Two-sided, of being 0; None without a standard error."""
        from scipy.stats import t

        if self.error is None:
            return None
        if self.error == 0:
            return 1.0 if self.value == 0 else 0.0
        return rounded(2 * float(t.sf(abs(self.value) / self.error, self.people - 1)))


def area_estimate(
    outcome: NDArray[np.int8],
    chance: NDArray[np.float64],
    patients: NDArray[np.int64],
    networks: NDArray[np.int64] | None = None,
) -> Estimate | str:
    """Return the area of one class, or why it is withheld.

    A positive is compared with the negatives that the same network answered, and with no others.

    Parameters
    ----------
    outcome : int8 array (n,)
        1 for a positive, 0 for a negative, -1 for neither.
    chance : float64 array (n,)
        NaN where there is none: such a record ranks worst.
    patients : int64 array (n,)
        From 0 to n_patients - 1.
    networks : int64 array (n,), optional
        Which network answered each; one when not given.
    """
    counted = outcome >= 0
    truth = outcome[counted] == 1
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if withheld := too_few(positives, negatives):
        return withheld
    if np.isnan(chance[counted]).all():
        return "no probabilities"
    own = patients[counted]
    ranked = np.where(np.isnan(chance[counted]), np.where(truth, LOWEST, HIGHEST), chance[counted])
    groups = np.zeros(len(own), dtype=np.int64) if networks is None else networks[counted]
    within = _within(truth, ranked, groups)
    if within is None:
        return "no network answered both a positive and a negative"
    area, each = within
    influence = np.bincount(own, each, minlength=int(patients.max()) + 1).astype(np.float64)
    people = min(len(np.unique(own[truth])), len(np.unique(own[~truth])))
    return Estimate(area, influence, people, _floor(area, people))


def _within(
    truth: NDArray[np.bool_], score: NDArray[np.float64], groups: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]] | None:
    """Return the share of pairs within a group that are in order, and each record's influence on it; None without any.

    The influence is of a ratio of two sums over pairs. Around the area of its own group, a group of two positives would
    seem to vary half as much as it does.
    """
    pairs = {
        int(one): int(truth[groups == one].sum()) * int((~truth[groups == one]).sum()) for one in np.unique(groups)
    }
    if not (total := sum(pairs.values())):
        return None
    area, influence = 0.0, np.zeros(len(truth))
    areas = np.full(len(truth), np.nan)
    for one in filter(pairs.__getitem__, pairs):
        rows = np.flatnonzero(groups == one)
        own, found = area_and_influence(truth[rows], score[rows], np.arange(len(rows)))
        area += own * pairs[one] / total
        influence[rows], areas[rows] = found * pairs[one] / total, own
    for one in filter(pairs.__getitem__, pairs):
        rows = np.flatnonzero(groups == one)
        size = np.where(truth[rows], truth[rows].sum(), (~truth[rows]).sum())
        influence[rows] += (areas[rows] - area) * pairs[one] / total / size
    return area, influence


def too_few(positives: int, negatives: int) -> str:
    """Return why a class's figures are withheld, nothing where they are not."""
    if not positives:
        return NO_POSITIVE
    if not negatives:
        return "no negative"
    if positives < ENOUGH:
        return f"{positives} positive{'s' * (positives != 1)}, under {ENOUGH}"
    if negatives < ENOUGH:
        return f"{negatives} negative{'s' * (negatives != 1)}, under {ENOUGH}"
    return ""


def _floor(area: float, people: int) -> float:
    """Return the variance of which 1.96 standard errors reach the exact bound, of an area that no patient varies."""
    if 1e-12 < area < 1 - 1e-12:
        return 0.0
    return ((1 - clopper_pearson(people, people)[0]) / Z) ** 2


def less(first: Estimate, second: Estimate, are_same: bool = False) -> Estimate:
    """Return first minus second over the same patients; ``are_same`` where both rank the records alike."""
    floor = 0.0 if are_same else first.floor + second.floor
    value = 0.0 if are_same else first.value - second.value
    return Estimate(value, first.influence - second.influence, min(first.people, second.people), floor)


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of one estimate or several over the same patients."""
    return Estimate(
        float(np.mean([one.value for one in estimates])),
        np.asarray(np.mean([one.influence for one in estimates], axis=0), dtype=np.float64),
        min(one.people for one in estimates),
        sum(one.floor for one in estimates) / len(estimates) ** 2,
    )


def part(of: Estimate, whole: Estimate) -> Figure:
    """Return one estimate as a share of another over the same patients, with Fieller's (1954) interval.

    It is withheld where the whole may be 0: then any share fits.
    """
    if whole.error is None or of.error is None:
        return Figure(None, withheld=NO_PATIENTS)
    reach = min(of, whole, key=lambda one: one.people).reach ** 2
    count = len(whole.influence)
    scale = count / (count - 1)
    spread = reach * (float((whole.influence**2).sum()) * scale + whole.floor)
    common = reach * float((of.influence * whole.influence).sum()) * scale
    own = reach * (float((of.influence**2).sum()) * scale + of.floor)
    a, b, c = whole.value**2 - spread, whole.value * of.value - common, of.value**2 - own
    if a <= 0:
        return Figure(None, withheld="the drop may be none")
    root = math.sqrt(max(0.0, b * b - a * c))
    return Figure(rounded(of.value / whole.value), (rounded((b - root) / a), rounded((b + root) / a)))


def could_show(error: float | None, tests: int) -> float | None:
    """Return the difference from 0 that is shown in 80% of tries, at the first of Holm's levels over all tests."""
    if error is None:
        return None
    normal = NormalDist()
    return rounded((normal.inv_cdf(1 - LEVEL / (2 * max(1, tests))) + normal.inv_cdf(POWER)) * error)
