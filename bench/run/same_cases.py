"""Readers beside each other on the cases that all of them answered: a person's sample, and everyone else on just it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.dataset.record import by_id
from bench.score import Score, ScoreSettings, score
from bench.score.comparison import Answers
from taxonomy.axis import AxisValue


@dataclass(frozen=True)
class SameCases:
    """Several readers on the same cases.

    Attributes
    ----------
    n : int
        Cases that all of them answered.
    left_out : int
        Cases that all were asked, but whose call failed in one of them.
    scores : tuple of (str, Score)
        Each reader's name and its score on these cases alone, the best mean kappa first.
    """

    n: int
    left_out: int
    scores: tuple[tuple[str, Score], ...]


def on_same_cases(readers: Sequence[Answers], baseline: Mapping[str, AxisValue], draws: int = 2000) -> SameCases | None:
    """Score every reader on the cases that all of them answered; None where there is no such case.

    Parameters
    ----------
    readers : sequence of Answers
        Of one dataset.
    baseline : mapping of str to value
        Majority value of each axis in the dataset's training split.
    draws : int
        Resamples of the patients.
    """
    asked = [one for one in readers[0].cases if all(one in each.cases for each in readers)]
    kept = sorted(
        (one for one in asked if all(each.cases[one].reading.outcome != "failed" for each in readers)), key=by_id
    )
    if not kept:
        return None
    found = [
        (one.name, score([one.cases[ecg_id] for ecg_id in kept], baseline, ScoreSettings(draws, measured=one.measured)))
        for one in readers
    ]
    return SameCases(len(kept), len(asked) - len(kept), tuple(sorted(found, key=_order)))


def _order(one: tuple[str, Score]) -> tuple[float, str]:
    name, found = one
    return (2.0 if found.kappa is None else -found.kappa.kappa, name)
