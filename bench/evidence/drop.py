"""How much worse a reader is on other recordings of the same truth, and what may be concluded from it.

Every comparison is paired: the same patients, the same truth, another recording. The axes are those that no printed
number decides; their p values, with that of all axes together, are one family (Holm 1979).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

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
    detectable : float or None
        The drop that would be significant in four of five tries, were it there beside what already differs by chance.
    """

    axis: str
    first: float | None
    second: float | None
    drop: Figure | None
    detectable: float | None

    @property
    def share(self) -> float | None:
        """The share of records whose memory would cause the detectable drop; None where even all of them would not.

        Memory helps where reading fails, and nowhere else.
        """
        if self.detectable is None or self.second is None or self.detectable > 1 - self.second:
            return None
        return self.detectable / (1 - self.second)

    @property
    def is_significant(self) -> bool:
        """Whether the reader is significantly worse on the second recording."""
        drop = self.drop
        return drop is not None and drop.value > 0 and drop.p_holm is not None and drop.p_holm < LEVEL

    @property
    def rules_out_much(self) -> bool:
        """Whether a drop of :data:`TELLING`, and a memory of :data:`HALF` of the records, would have been seen."""
        drop, least, share = self.drop, self.detectable, self.share
        if drop is None or drop.interval is None or least is None or share is None:
            return False
        return max(least, drop.interval[1]) <= TELLING and share <= HALF


def drops(
    first: Rights,
    second: Rights,
    patients: Mapping[RecordId, RecordId],
    deciding: int = 1,
    compare: Callable[..., Figure | None] = difference,
) -> tuple[Drop, ...]:
    """Return the drop on all axes together, then on each, over the records answered in both recordings.

    Parameters
    ----------
    first, second : mapping of str to mapping of RecordId to bool
    patients : mapping of RecordId to RecordId
        Of each record.
    deciding : int
        Comparisons that decide together, for which p is corrected too (Bonferroni).
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
                detectable=detectable(people, before - after, len(family) * deciding) if told else None,
            )
        )
    figures = corrected([one.drop for one in found])
    return tuple(
        replace(one, drop=figure and replace(figure, p_holm=rounded(min(1.0, deciding * (figure.p_holm or 0.0)))))
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


def detectable(patients: Sequence[RecordId], values: NDArray[np.float64], tests: int) -> float:
    """Return the smallest drop that would be significant in four of five tries after Holm's first step.

    The patients whose answers differ already are taken as tosses; to those come patients who lose one answer each. The
    sum of the tosses is taken as normal, and never less than what the exact test of the losses alone needs.
    """
    gains = np.bincount(patient_numbers(patients), weights=values).round()
    noise, level = float(np.sum(gains**2)), LEVEL / tests
    for lost in range(1, len(values) + 1):
        alone = 2.0 ** (1 - lost)
        z = (lost - POWER_Z * math.sqrt(noise)) / math.sqrt(noise + lost)
        if alone < level and math.erfc(z / math.sqrt(2)) < level:
            return rounded(lost / len(values))
    return 1.0


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
