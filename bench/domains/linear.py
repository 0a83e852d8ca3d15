"""Estimates whose error is the sum of patients' influences, so that they can be subtracted, averaged and divided.

The influences of an area under the ROC curve are DeLong's (1988), clustered by patient (Obuchowski 1997); those of a
difference of estimates over the same patients are the differences of theirs, which is what makes it a paired one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.domains.result import Figure
from bench.domains.spread import ONE_NETWORK, TOO_FEW_NETWORKS, Networks, Spread, of_parts, p_of
from bench.score.area import ENOUGH, HIGHEST, LOWEST, Z, area_and_influence
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
    parts : (float64 array (networks,), float64 array (networks,)) or None
        Of an area the areas of each network's records, and their shares of all pairs.
    networks : Networks or None
        Of a drop what each pair of networks adds to its error; None where that cannot be told.
    """

    value: float
    influence: NDArray[np.float64]
    people: int
    floor: float = 0.0
    parts: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    networks: Networks | None = None

    @property
    def error(self) -> float | None:
        """Standard error over patients; None where there are too few of them for one."""
        count = len(self.influence)
        if self.people < 2:
            return None
        return math.sqrt(float((self.influence**2).sum()) * count / (count - 1) + self.floor)

    @property
    def spreads(self) -> tuple[Spread, ...]:
        """Over patients, and over networks where that can be told; none where there are too few patients."""
        if self.error is None:
            return ()
        patients = Spread(self.error, self.people - 1)
        if self.networks is None or not self.networks.is_enough:
            return (patients,)
        return patients, self.networks.spread(self.error**2)

    @property
    def untold(self) -> str:
        """Why nothing can be said of a drop; empty where it can."""
        if self.error is None:
            return NO_PATIENTS
        if self.networks is None:
            return ONE_NETWORK
        return "" if self.networks.is_enough else TOO_FEW_NETWORKS

    @property
    def figure(self) -> Figure:
        """The value with its 95% interval, the wider of that over patients and that over networks."""
        if not self.spreads:
            return Figure(rounded(self.value), withheld=NO_PATIENTS)
        half = max(one.half for one in self.spreads)
        return Figure(rounded(self.value), (rounded(self.value - half), rounded(self.value + half)))

    @property
    def p(self) -> float | None:
        """Two-sided, of a drop of 0, by patients and by networks; None where nothing can be said."""
        return None if self.untold else p_of(self.value, self.spreads)


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
    groups = np.zeros(len(outcome), dtype=np.int64) if networks is None else networks
    within = _within(truth, ranked, groups[counted], int(groups.max()) + 1)
    if within is None:
        return "no network answered both a positive and a negative"
    area, each, parts = within
    influence = np.bincount(own, each, minlength=int(patients.max()) + 1).astype(np.float64)
    people = min(len(np.unique(own[truth])), len(np.unique(own[~truth])))
    return Estimate(area, influence, people, _floor(area, people), parts)


def _within(
    truth: NDArray[np.bool_], score: NDArray[np.float64], groups: NDArray[np.int64], count: int
) -> tuple[float, NDArray[np.float64], tuple[NDArray[np.float64], NDArray[np.float64]]] | None:
    """Return the share of pairs within a group that are in order, each record's influence on it, and each group's part.

    A part is the group's area, 0 without a pair, and its share of all pairs. None where no group has a pair.
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
    parts = np.zeros(count), np.zeros(count)
    for one in filter(pairs.__getitem__, pairs):
        rows = np.flatnonzero(groups == one)
        own, found = area_and_influence(truth[rows], score[rows], np.arange(len(rows)))
        area += own * pairs[one] / total
        influence[rows], areas[rows] = found * pairs[one] / total, own
        parts[0][one], parts[1][one] = own, pairs[one] / total
    for one in filter(pairs.__getitem__, pairs):
        rows = np.flatnonzero(groups == one)
        size = np.where(truth[rows], truth[rows].sum(), (~truth[rows]).sum())
        influence[rows] += (areas[rows] - area) * pairs[one] / total / size
    return area, influence, parts


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
    influence, people = first.influence - second.influence, min(first.people, second.people)
    return Estimate(value, influence, people, floor, networks=_networks_less(first.networks, second.networks))


def _networks_less(first: Networks | None, second: Networks | None) -> Networks | None:
    if first is None or second is None:
        return None
    return Networks(first.each - second.each, np.minimum(first.weights, second.weights), first.shared)


def drop(home: Estimate, away: Estimate, shared: float | None, are_same: bool = False) -> Estimate:
    """Return the paired drop of an area, over the same patients and the same pairs of networks.

    Parameters
    ----------
    home, away : Estimate
        Of :func:`area_estimate`, by the same networks.
    shared : float or None
        As of :class:`bench.domains.spread.Networks`; None where the networks of a side are not one for each part.
    are_same : bool
        Whether both rank the records alike.
    """
    found = less(home, away, are_same)
    if shared is None or home.parts is None or away.parts is None:
        return found
    gaps = np.zeros(len(home.parts[0])) if are_same else home.parts[0] - away.parts[0]
    return replace(found, networks=of_parts(gaps, home.parts[1], shared))


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of one estimate or several over the same patients."""
    networks = [one.networks for one in estimates if one.networks is not None]
    return Estimate(
        float(np.mean([one.value for one in estimates])),
        np.asarray(np.mean([one.influence for one in estimates], axis=0), dtype=np.float64),
        min(one.people for one in estimates),
        sum(one.floor for one in estimates) / len(estimates) ** 2,
        networks=_networks_mean(networks) if len(networks) == len(estimates) else None,
    )


def _networks_mean(found: Sequence[Networks]) -> Networks:
    each, weights = (np.mean(held, axis=0) for held in zip(*((one.each, one.weights) for one in found), strict=True))
    return Networks(each, weights, found[0].shared)


def part(of: Estimate, whole: Estimate) -> Figure:
    """Return one estimate as a share of another over the same patients, with Fieller's (1954) interval.

    Of the intervals over patients and over networks it reaches as far as either. It is withheld where the whole may be
    0: then any share fits.
    """
    if whole.error is None or of.error is None:
        return Figure(None, withheld=NO_PATIENTS)
    count = len(whole.influence)
    scale, least = count / (count - 1), min(of.people, whole.people)
    floors = of.floor, whole.floor
    ways = [(of.influence, whole.influence, scale * Spread(1, least - 1).half ** 2, floors)]
    if of.networks is not None and whole.networks is not None and whole.networks.is_enough:
        # As the spread of a drop: what patients and what networks add, side by side.
        more = math.sqrt(whole.networks.inflation(whole.error**2))
        off, whole_off = (
            np.concatenate([one.influence * math.sqrt(scale), each.each * more])
            for one, each in ((of, of.networks), (whole, whole.networks))
        )
        ways.append((off, whole_off, Spread(1, whole.networks.freedom).half ** 2, floors))
    found = [_fieller((of.value, whole.value), *way) for way in ways]
    ends = [one for one in found if one is not None]
    if len(ends) < len(found):
        return Figure(None, withheld="the drop may be none")
    lows, highs = zip(*ends, strict=True)
    return Figure(rounded(of.value / whole.value), (rounded(min(lows)), rounded(max(highs))))


def _fieller(
    values: tuple[float, float],
    off: NDArray[np.float64],
    whole_off: NDArray[np.float64],
    scale: float,
    floors: tuple[float, float],
) -> tuple[float, float] | None:
    """Return the interval of the first value as a share of the second, None without one.

    It follows from what each patient or network adds to their errors.
    """
    own, whole = values
    a = whole**2 - scale * (float((whole_off**2).sum()) + floors[1])
    b = whole * own - scale * float((off * whole_off).sum())
    c = own**2 - scale * (float((off**2).sum()) + floors[0])
    if a <= 0:
        return None
    root = math.sqrt(max(0.0, b * b - a * c))
    return (b - root) / a, (b + root) / a
