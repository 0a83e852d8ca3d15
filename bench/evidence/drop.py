"""How much worse a reader is on other recordings of the same truth, and what may be concluded from it.

Every comparison is paired: the same patients, the same truth, another recording. The axes are those that no printed
number decides; their p values, with that of all axes together, are one family (Holm 1979).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.dataset.record import by_id
from bench.evidence.figure import Figure, corrected, difference, share_figure
from bench.score.agreement import LEVEL
from bench.score.bootstrap import patient_numbers
from bench.score.proportion import Z
from bench.score.rounding import rounded
from taxonomy.axis import AXES

WAVEFORM_AXES = tuple(axis.name for axis in AXES if not axis.text_inferable)
"""Axes that no number of the prompt decides."""

TOGETHER = "all axes"

Rights = Mapping[str, Mapping[RecordId, bool]]
"""For each axis, whether the answer to each labelled record was right."""

LEAST = 0.02
"""Smallest drop on copies that is called one: readers lose a little at the end that a shift cuts off."""

TELLING = 0.1
"""Largest drop that may have been missed where no sign of memory is said to be there."""

HALF = 0.5
"""Largest share of memorised records that may have been missed there."""

STEPS = 200
"""Shares of memorised records that are tried, from 0.5% to all of them."""

POWER_Z = 0.8416212335729143
"""Of a power of 80%."""


@dataclass(frozen=True)
class Drop:
    """What a reader loses between two recordings of the same truth, on one axis or on all of them together.

    Attributes
    ----------
    axis : str
        Or :data:`TOGETHER`, whose cases are the answers on every axis.
    first, second : float or None
        Share of right answers on either recording; None without a case.
    drop : Figure or None
        ``first`` minus ``second``; p by sign flips of each patient's gain, corrected over the axes and their sum.
    share : float or None
        The smallest share of memorised records that would be found in four of five tries (:func:`memory_found`); None
        where even a memory of all of them would not.
    least : float
        Smallest drop that counts as one.
    """

    axis: str
    first: float | None
    second: float | None
    drop: Figure | None
    share: float | None
    least: float = 0.0

    @property
    def detectable(self) -> float | None:
        """The drop that so many memorised records cause: memory helps where reading fails, and nowhere else."""
        return None if self.share is None or self.second is None else rounded(self.share * (1 - self.second))

    @property
    def is_found(self) -> bool:
        """Whether the reader is significantly worse on the second recording, by at least what counts."""
        return self.is_significant and self.drop is not None and self.drop.value >= self.least

    @property
    def is_significant(self) -> bool:
        """Whether the reader is significantly worse on the second recording."""
        drop = self.drop
        return drop is not None and drop.value > 0 and drop.p_holm is not None and drop.p_holm < LEVEL

    @property
    def rules_out_much(self) -> bool:
        """Whether a drop of :data:`TELLING`, and a memory of :data:`HALF` of the records, would have been seen."""
        drop, detectable = self.drop, self.detectable
        if drop is None or drop.interval is None or detectable is None or self.share is None:
            return False
        return max(detectable, drop.interval[1]) <= TELLING and self.share <= HALF


@dataclass(frozen=True)
class Rule:
    """When a drop is found.

    Attributes
    ----------
    deciding : int
        Comparisons that decide together, for which p is corrected (Bonferroni).
    least : float
        Smallest drop that counts as one.
    """

    deciding: int = 1
    least: float = 0.0


def drops(
    first: Rights,
    second: Rights,
    patients: Mapping[RecordId, RecordId],
    rule: Rule = Rule(),
    compare: Callable[..., Figure | None] = difference,
) -> tuple[Drop, ...]:
    """Return the drop on all axes together, then on each, over the records answered in both recordings.

    Parameters
    ----------
    first, second : mapping of str to mapping of RecordId to bool
    patients : mapping of RecordId to RecordId
        Of each record.
    rule : Rule
    compare : callable
        Takes patients and two float64 arrays; :func:`bench.evidence.figure.difference`, or one without an interval.
    """
    shared = {
        axis: sorted(first[axis].keys() & second[axis].keys(), key=by_id)
        for axis in WAVEFORM_AXES
        if axis in first and axis in second
    }
    family = {TOGETHER: list(shared), **{axis: [axis] for axis in shared}}
    found = []
    for name, axes in family.items():
        told = [
            (patients[ecg_id], first[axis][ecg_id], second[axis][ecg_id]) for axis in axes for ecg_id in shared[axis]
        ]
        people = [patient for patient, _, _ in told]
        before, after = (np.array([one[place] for one in told], dtype=np.float64) for place in (1, 2))
        found.append(
            Drop(
                axis=name,
                first=rounded(before.mean()) if told else None,
                second=rounded(after.mean()) if told else None,
                drop=compare(people, before, after) if told else None,
                share=memory_found(people, before, after, rule, len(family)) if told else None,
                least=rule.least,
            )
        )
    figures = corrected([one.drop for one in found])
    return tuple(
        replace(one, drop=figure and replace(figure, p_holm=rounded(min(1.0, rule.deciding * (figure.p_holm or 0.0)))))
        for one, figure in zip(found, figures, strict=True)
    )


def excess(
    published: tuple[Rights, Rights],
    fresh: tuple[Rights, Rights],
    patients: Mapping[RecordId, RecordId],
    compare: Callable[..., Figure | None] = difference,
) -> Figure | None:
    """Return by how much more a reader drops from published records to copies than from fresh ones to their copies.

    Over all axes together, and the records that have all four answers. An honest reader that jitter disturbs drops as
    much on either; memory of the published records drops on those alone.
    """
    people, values = list[RecordId](), list[tuple[float, float]]()
    for axis in WAVEFORM_AXES:
        arms = [arm.get(axis, {}) for arm in (*published, *fresh)]
        for ecg_id in sorted(set.intersection(*(set(arm) for arm in arms)), key=by_id):
            one, copy, other, other_copy = (float(arm[ecg_id]) for arm in arms)
            people.append(patients[ecg_id])
            values.append((one - copy, other - other_copy))
    both = np.array(values, dtype=np.float64).reshape(-1, 2)
    return compare(people, both[:, 0], both[:, 1])


def gap_difference(
    asked: tuple[Rights, Rights], held_out: tuple[Rights, Rights], patients: Sequence[Mapping[RecordId, RecordId]]
) -> Figure | None:
    """Return how much larger the gap between published records and phantoms is on the asked records than on others.

    Over all axes together. The records of the two groups are other patients', so that p is by shuffling the patients
    over the groups; the interval is that of a difference of two means over patients.

    Parameters
    ----------
    asked, held_out : (mapping, mapping)
        Right answers on published records, and on phantoms of the same truth.
    patients : (mapping, mapping)
        Of the records of either group.
    """
    groups = [_gains(*pair, own) for pair, own in zip((asked, held_out), patients, strict=True)]
    if any(len(gains) < 2 for gains in groups):
        return None
    (mean, error), (other, other_error) = map(_mean_and_error, groups)
    value, spread = mean - other, math.hypot(error, other_error)
    return Figure(
        n=sum(len(gains) for gains in groups),
        value=rounded(value),
        interval=(rounded(value - Z * spread), rounded(value + Z * spread)),
        p=rounded(_shuffled_p(groups)),
    )


def memory_found(
    patients: Sequence[RecordId],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    rule: Rule,
    tests: int,
) -> float | None:
    """Return the smallest share of memorised patients that would be found in four of five tries; None for none.

    A memorised patient gains every answer that is wrong on the second recording; the others go on differing as they do.
    Sums over patients are taken as normal, under the null hypothesis with the variance of sign flips. So few patients
    must gain at the least as the exact test needs where nobody else differs.

    Parameters
    ----------
    patients : sequence of RecordId
        Of each answer.
    first, second : float64 array (n_answers,)
        1 for a right answer.
    rule : Rule
    tests : int
        Tests in the family, for Holm's first step.
    """
    place, level = patient_numbers(patients), LEVEL / (tests * rule.deciding)
    noise = float(np.sum(np.bincount(place, weights=first - second) ** 2))
    gains = np.bincount(place, weights=1 - second)
    share = np.arange(1, STEPS + 1) / STEPS
    drawn = share * (1 - share)
    low = share * gains.sum() - POWER_Z * np.sqrt(noise + drawn * np.sum(gains**2))
    able = np.count_nonzero(gains)
    fewest = share * able - POWER_Z * np.sqrt(drawn * able)
    needed = NormalDist().inv_cdf(1 - level / 2) * np.sqrt(noise + share * np.sum(gains**2))
    found = (low >= np.maximum(needed, rule.least * len(first))) & (fewest >= 1 - math.log2(level))
    return float(share[np.argmax(found)]) if found.any() else None


def accuracy_of(rights: Rights, patients: Mapping[RecordId, RecordId]) -> Figure | None:
    """Return the share of right answers on all axes together."""
    told = [
        (patients[ecg_id], is_right)
        for axis in WAVEFORM_AXES
        for ecg_id, is_right in sorted(rights.get(axis, {}).items(), key=lambda one: by_id(one[0]))
    ]
    return share_figure([patient for patient, _ in told], np.array([right for _, right in told], dtype=np.float64))


def _gains(first: Rights, second: Rights, patients: Mapping[RecordId, RecordId]) -> NDArray[np.float64]:
    """Return the sum of gains and the number of answers of each patient, float64 (n_patients, 2)."""
    told = [
        (patients[ecg_id], float(first[axis][ecg_id]) - float(second[axis][ecg_id]))
        for axis in WAVEFORM_AXES
        for ecg_id in first.get(axis, {}).keys() & second.get(axis, {}).keys()
    ]
    if not told:
        return np.empty((0, 2))
    place = patient_numbers([patient for patient, _ in told])
    return np.stack([np.bincount(place, weights=[gain for _, gain in told]), np.bincount(place)], axis=1)


def _mean_and_error(gains: NDArray[np.float64]) -> tuple[float, float]:
    """Return a ratio of sums over patients and its standard error (linearised)."""
    mean = float(gains[:, 0].sum() / gains[:, 1].sum())
    residuals = gains[:, 0] - mean * gains[:, 1]
    return mean, float(np.sqrt(np.sum(residuals**2)) / gains[:, 1].sum())


def _shuffled_p(groups: Sequence[NDArray[np.float64]], shuffles: int = 9_999) -> float:
    pooled, count = np.concatenate(groups), len(groups[0])
    chance = np.random.default_rng(0)

    def apart(order: NDArray[np.int64]) -> float:
        first, second = pooled[order[:count]].sum(axis=0), pooled[order[count:]].sum(axis=0)
        return abs(float(first[0] / first[1] - second[0] / second[1]))

    seen = apart(np.arange(len(pooled)))
    as_far = sum(apart(chance.permutation(len(pooled))) >= seen - 1e-12 for _ in range(shuffles))
    return (as_far + 1) / (shuffles + 1)
