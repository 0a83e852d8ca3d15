"""Scores of probabilities, threshold-free: areas of superclasses, statements and values of axes, and calibration.

Superclasses follow PTB-XL's convention (Strodthoff et al. 2021): multi-label over all diagnostic statements, without
the records that have none; the same over every record stands beside it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from bench.score.area import AreaTable, ClassScores, MacroArea, area_table
from bench.score.axis_score import AxisAnswers
from bench.score.bootstrap import patient_numbers
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from taxonomy.axis import Axis, AxisValue
from taxonomy.reading import STATEMENT, SUPERCLASS
from taxonomy.statement import SUPERCLASSES, statements
from taxonomy.truth import Truth

BINS = 10
"""Equal-width bins of the expected calibration error (Naeini et al. 2015)."""


@dataclass(frozen=True)
class ProbabilityScore:
    """The score of the probabilities of superclasses, statements and values of axes.

    Attributes
    ----------
    superclass : AreaTable or None
        Over the records with a diagnostic statement, as published work reports it.
    superclass_of_all : AreaTable or None
        Over every record: one without a diagnostic statement is a negative of each class.
    statement : AreaTable or None
        Over the records with SCP statements.
    axes : tuple of AreaTable
        One value against the rest, over the labelled records of each axis.
    calibration_error : float or None
        Expected calibration error over all pairs of record and superclass that have a probability; of statements where
        there are no superclasses.
    reliability : tuple of (float, float, int)
        For each non-empty bin: mean probability, share of positives, number of pairs.
    partial : mapping of str to int
        By axis, the records whose probabilities are known in part, where there are any.
    """

    superclass: AreaTable | None
    superclass_of_all: AreaTable | None
    statement: AreaTable | None
    axes: tuple[AreaTable, ...] = ()
    calibration_error: float | None = None
    reliability: tuple[tuple[float, float, int], ...] = ()
    partial: Mapping[str, int] = field(default_factory=dict)

    @property
    def macro(self) -> MacroArea | None:
        """The superclasses' mean over the records with a diagnostic statement."""
        return self.superclass.macro if self.superclass else None


@dataclass(frozen=True)
class AxisProbabilities:
    """The figures of the probabilities of one axis's values.

    Attributes
    ----------
    table : AreaTable or None
        None without probabilities.
    calibration_error : float or None
        Expected, of the most probable value; None on an axis that is a set.
    """

    table: AreaTable | None = None
    calibration_error: float | None = None

    @property
    def auroc(self) -> float | None:
        """The macro one-versus-rest area, None where every value is withheld."""
        return self.table.macro.auroc if self.table and self.table.macro else None


def probability_score(cases: Sequence[ScoredCase], axes: Sequence[AxisProbabilities] = ()) -> ProbabilityScore | None:
    """Return the figures of all probabilities, None where there are none; failed calls are left out.

    Parameters
    ----------
    cases : sequence of ScoredCase
    axes : sequence of AxisProbabilities
        Of the same cases.
    """
    answered = [case for case in cases if case.reading.outcome != "failed"]
    superclasses = _superclass_scores([case for case in answered if case.truth.superclasses])
    named = _statement_scores([case for case in answered if case.truth.statements is not None])
    found = ProbabilityScore(
        superclass=_table(superclasses),
        superclass_of_all=_table(_superclass_scores(answered)),
        statement=_table(named),
        axes=tuple(axis.table for axis in axes if axis.table),
        partial=dict(sorted(Counter(axis for case in answered for axis in case.reading.partial).items())),
    )
    if not (found.superclass or found.statement or found.axes):
        return None
    calibrated = superclasses or named
    if calibrated is None:
        return found
    given = ~np.isnan(calibrated.chance)
    error, reliability = calibration(calibrated.chance[given], calibrated.truth[given] == 1)
    return replace(found, calibration_error=error, reliability=reliability)


def calibration(
    chance: NDArray[np.float64], true: NDArray[np.bool_]
) -> tuple[float, tuple[tuple[float, float, int], ...]]:
    """Return the expected calibration error and the (mean probability, share of positives, number) of each bin."""
    bins = np.minimum((chance * BINS).astype(int), BINS - 1)
    table = []
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            table.append((rounded(chance[inside].mean()), rounded(true[inside].mean()), int(inside.sum())))
    error = sum(abs(mean - share) * count for mean, share, count in table) / len(chance)
    return rounded(error), tuple(table)


def axis_probabilities(answers: AxisAnswers) -> AxisProbabilities:
    """Return the figures of the probabilities of one axis's values."""
    scores = _axis_scores(answers.axis, answers.cases)
    table = _table(scores)
    if scores is None or table is None:
        return AxisProbabilities()
    given = np.any(~np.isnan(scores.chance), axis=1)
    if answers.axis.is_set or not given.any():
        return AxisProbabilities(table)
    chances = np.nan_to_num(scores.chance[given])
    best = chances.argmax(axis=1)
    truths = [truth for truth, has in zip(answers.truths, given, strict=True) if has]
    name, values = answers.axis.name, answers.axis.values
    right = np.array([truth.accepts(name, values[k]) for truth, k in zip(truths, best, strict=True)])
    return AxisProbabilities(table, calibration(chances.max(axis=1), right)[0])


def _table(scores: ClassScores | None) -> AreaTable | None:
    return area_table(scores) if scores else None


def _superclass_scores(cases: Sequence[ScoredCase]) -> ClassScores | None:
    return _scores(SUPERCLASS, SUPERCLASSES, cases, lambda truth: (truth.superclasses, frozenset()))


def _statement_scores(cases: Sequence[ScoredCase]) -> ClassScores | None:
    return _scores(STATEMENT, tuple(statements()), cases, lambda truth: (truth.statements or frozenset(), frozenset()))


def _axis_scores(axis: Axis, cases: Sequence[ScoredCase]) -> ClassScores | None:
    """Return truth and probabilities of an axis's values over labelled cases, None where none has a probability.

    A value that is right without being the primary one is neither a positive nor a negative. A value without a
    probability in a case that has some has none, that is 0, unless no case gives it.
    """

    def outcome(truth: Truth) -> tuple[frozenset[AxisValue], frozenset[AxisValue]]:
        primary = truth.values[axis.name]
        if isinstance(primary, frozenset):
            return frozenset(primary), frozenset(truth.allowed)
        return frozenset({primary} if primary else ()), truth.right_values(axis.name)

    scores = _scores(axis.name, axis.values, cases, outcome)
    if scores is None:
        return None
    given = ~np.isnan(scores.chance)
    implied = np.outer(np.any(given, axis=1), np.any(given, axis=0)) & ~given
    return replace(scores, chance=np.where(implied, 0.0, scores.chance))


Outcome = Callable[[Truth], tuple[frozenset[AxisValue], frozenset[AxisValue]]]
"""Tells the positives of a truth, and the classes that are no negatives either."""


def _scores(of: str, names: tuple[str, ...], cases: Sequence[ScoredCase], outcome: Outcome) -> ClassScores | None:
    """Return the truth and the probabilities of some classes, None where no case has any."""
    chances = [{} if case.reading.error else case.reading.probabilities.get(of, {}) for case in cases]
    if not any(chances):
        return None
    every, nothing = itemgetter(*names), (np.nan,) * len(names)
    chance = [
        every(given) if len(given) == len(names) else [given.get(name, np.nan) for name in names] if given else nothing
        for given in chances
    ]
    # Truths repeat, and 21,799 of them take seconds one by one.
    rows: dict[tuple[frozenset[AxisValue], frozenset[AxisValue]], tuple[int, ...]] = {}
    truth = []
    for case in cases:
        positives, neither = key = outcome(case.truth)
        if key not in rows:
            rows[key] = tuple(1 if name in positives else -1 if name in neither else 0 for name in names)
        truth.append(rows[key])
    patients = patient_numbers([case.patient_id for case in cases])
    return ClassScores(of, names, np.array(truth, dtype=np.int8), np.array(chance, dtype=np.float64), patients)
