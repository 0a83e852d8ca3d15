"""Self-consistency over repeated questions, and the gain of a majority vote."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.score.bootstrap import interval, patient_numbers, ratio, resampled_sums
from bench.score.proportion import share_interval
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from taxonomy.axis import AXES, AxisValue
from taxonomy.reading import Reading

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class RepeatAxis:
    """One axis over the cases that were asked several times.

    Attributes
    ----------
    axis : str
    n : int
        Labelled cases without a failed call among their repeats.
    agreement : float
        Self-consistency: share of pairs of repeats with equal answers, averaged over cases.
    agreement_interval : (float, float) or None
        95%, bootstrap over patients, like the other intervals; Clopper-Pearson for shares of 0 and 1.
    accuracy : float
        Mean over the repeats.
    vote : float
        Accuracy of the most common answer of each case; the earliest wins a tie.
    vote_interval : (float, float) or None
    gain : float
        ``vote`` minus ``accuracy``.
    gain_interval : (float, float) or None
    """

    axis: str
    n: int
    agreement: float
    agreement_interval: Interval
    accuracy: float
    vote: float
    vote_interval: Interval
    gain: float
    gain_interval: Interval


@dataclass(frozen=True)
class RepeatScore:
    """The score of repeated answers to the same cases.

    Attributes
    ----------
    repeats : int
    axes : tuple of RepeatAxis
        Axes with a case.
    """

    repeats: int
    axes: tuple[RepeatAxis, ...]


def repeat_score(
    cases: Sequence[ScoredCase], repeated: Mapping[RecordId, Sequence[Reading]], draws: int, seed: int
) -> RepeatScore | None:
    """Score repeats.

    Parameters
    ----------
    cases : sequence of ScoredCase
        Each with any one of its readings.
    repeated : mapping of RecordId to sequence of Reading
        All readings of each case in order, by ``ecg_id``; a case with fewer than the maximum is left out.
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    RepeatScore or None
        None when no case was asked twice.
    """
    most = max((len(readings) for readings in repeated.values()), default=0)
    answered = {key: sum(reading.outcome != "failed" for reading in readings) for key, readings in repeated.items()}
    whole = [case for case in cases if answered.get(case.ecg_id, 0) == most]
    if most < 2 or not whole:
        return None
    axes = [_axis(axis.name, whole, repeated, (draws, seed)) for axis in AXES]
    return RepeatScore(most, tuple(axis for axis in axes if axis))


def _axis(
    axis: str, cases: Sequence[ScoredCase], repeated: Mapping[RecordId, Sequence[Reading]], draw: tuple[int, int]
) -> RepeatAxis | None:
    labelled = [case for case in cases if case.true(axis) is not None]
    if not labelled:
        return None
    rows = []
    for case in labelled:
        answers = [replace(case, reading=reading).answer(axis) for reading in repeated[case.ecg_id]]
        right = [case.truth.accepts(axis, answer) for answer in answers]
        pairs = [a == b for a, b in combinations(answers, 2)]
        rows.append((np.mean(pairs), np.mean(right), case.truth.accepts(axis, _vote(answers))))
    agreement, accuracy, vote = np.array(rows, dtype=np.float64).T
    columns = {"n": np.ones(len(rows)), "agreement": agreement, "vote": vote, "gain": vote - accuracy}
    patients = patient_numbers([case.patient_id for case in labelled])
    sums = resampled_sums(columns, patients, *draw)

    def bounds(name: str) -> Interval:
        drawn: NDArray[np.float64] = ratio(sums[name], sums["n"])
        return interval(drawn)

    return RepeatAxis(
        axis=axis,
        n=len(rows),
        agreement=rounded(agreement.mean()),
        agreement_interval=share_interval(float(agreement.sum()), len(rows), bounds("agreement")),
        accuracy=rounded(accuracy.mean()),
        vote=rounded(vote.mean()),
        vote_interval=share_interval(float(vote.sum()), len(rows), bounds("vote")),
        gain=rounded(vote.mean() - accuracy.mean()),
        gain_interval=bounds("gain"),
    )


def _vote(answers: Sequence[AxisValue | None]) -> AxisValue | None:
    """Return the most common answer; a missing answer does not vote."""
    votes = Counter(answer for answer in answers if answer is not None)
    return max(votes, key=lambda answer: votes[answer]) if votes else None
