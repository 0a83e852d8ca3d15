"""The cases of the gallery: what a reader answered on each axis of each record, and what was true."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.dataset import Cohort, Record, RecordId
from bench.explain.study.trace import Trace
from taxonomy.axis import AXES
from taxonomy.reading import Reading
from taxonomy.truth import Truth

Role = Literal["best", "worst", "confident error"]

CONFIDENT = 0.8
"""Probability of a wrong answer from which it is a confident error."""

NOT_NAMED = "not named"


@dataclass(frozen=True, eq=False)
class ExplainedCase:
    """One record with what was answered and what moved the answer.

    Attributes
    ----------
    ecg_id, patient_id : RecordId
    axis : str
    truth, answer : str or None
        On the axis; an answer is None where there is none.
    is_right : bool
    support, confidence : float or None
        The probabilities of the truth and of the answer; None where the reader gives none.
    words : str or None
        The report of the record, as it was written.
    explained : str
        The value of the axis that the map is of.
    trace : callable
        Returns the recording with its map; only those that are drawn are asked for it.
    """

    ecg_id: RecordId
    patient_id: RecordId
    axis: str
    truth: str
    answer: str | None
    is_right: bool
    support: float | None
    confidence: float | None
    words: str | None
    explained: str
    trace: Callable[[], Trace]

    @property
    def told(self) -> str:
        """The answer with its probability."""
        said = self.answer or "no answer"
        return said if self.confidence is None else f"{said} ({self.confidence:.2f})"


@dataclass(frozen=True, eq=False)
class Chosen:
    """A case of the gallery and why it is there."""

    case: ExplainedCase
    roles: tuple[Role, ...]


Tracing = Callable[[Record, str, str], Trace]
"""Returns a recording with the map of a value of an axis."""


def cases_of(
    cohort: Cohort, readings: Mapping[RecordId, Reading], told: Mapping[str, Sequence[str]], tracing: Tracing
) -> Iterator[ExplainedCase]:
    """Yield every answer on some axes, a finding of ``other_findings`` as a case of its own.

    Parameters
    ----------
    cohort : Cohort
    readings : mapping of RecordId to Reading
        Failed calls and records without a reading are left out.
    told : mapping of str to sequence of str
        Axes, and of each the values that can be explained.
    tracing : callable
    """
    sets = {axis.name for axis in AXES if axis.is_set}
    truths = cohort.truths()
    for record in cohort:
        reading = readings.get(record.ecg_id)
        if reading is None or reading.outcome == "failed":
            continue
        truth, words = truths[record.ecg_id], cohort.dataset.labels(record.ecg_id).report
        for axis, values in told.items():
            rows = _findings if axis in sets else _choice
            for true, answer, is_right in rows(axis, truth, reading, values):
                chances = reading.probabilities.get(axis, {})
                explained = answer if answer is not None and answer in values else true
                yield ExplainedCase(
                    record.ecg_id,
                    record.patient_id,
                    axis,
                    true,
                    answer,
                    is_right,
                    chances.get(true),
                    _confidence(chances, answer, true),
                    words,
                    explained,
                    lambda record=record, axis=axis, value=explained: tracing(record, axis, value),  # type: ignore[misc]
                )


def _choice(axis: str, truth: Truth, reading: Reading, values: Sequence[str]) -> Iterator[tuple[str, str | None, bool]]:
    true, answer = truth.values.get(axis), reading.values.get(axis)
    if isinstance(true, str) and (true in values or answer in values):
        yield true, answer if isinstance(answer, str) else None, truth.accepts(axis, answer)


def _findings(
    axis: str, truth: Truth, reading: Reading, values: Sequence[str]
) -> Iterator[tuple[str, str | None, bool]]:
    """Yield each finding that is there or was answered."""
    true, answer = truth.values.get(axis), reading.values.get(axis)
    if not isinstance(true, frozenset):
        return
    said = answer if isinstance(answer, frozenset) else frozenset[str]()
    for value in values:
        if value in true:
            yield value, value if value in said else NOT_NAMED, value in said
        elif value in said and value not in truth.allowed:
            yield f"no {value}", value, False


def _confidence(chances: Mapping[str, float], answer: str | None, true: str) -> float | None:
    """Return the probability of an answer; that a finding is not there has the rest of the finding's."""
    if answer == NOT_NAMED:
        return None if true not in chances else 1 - chances[true]
    return None if answer is None else chances.get(answer)


def chosen(cases: Sequence[ExplainedCase], confident: float = CONFIDENT) -> tuple[Chosen, ...]:
    """Return the gallery, class by class: its best, its worst, and its confident errors, the most confident first.

    The best is the right answer with the most support for the truth, the worst the answer with the least, a wrong one
    if there is any. A reader without probabilities commits itself by every answer: each of its errors is a confident
    one.

    Parameters
    ----------
    cases : sequence of ExplainedCase
    confident : float
        Probability of a wrong answer from which it is a confident error.
    """
    classes: dict[tuple[str, str], list[ExplainedCase]] = defaultdict(list)
    for case in cases:
        classes[case.axis, case.truth].append(case)
    return tuple(one for members in classes.values() for one in _of_class(members, confident))


def _of_class(members: Sequence[ExplainedCase], confident: float) -> list[Chosen]:
    ordered = sorted(members, key=lambda case: -_number(case.support))
    right, wrong = [case for case in ordered if case.is_right], [case for case in ordered if not case.is_right]
    errors = [case for case in wrong if case.answer is not None and _commits(case, confident)]
    errors.sort(key=lambda case: -_number(case.confidence))
    groups: tuple[tuple[Sequence[ExplainedCase], Role], ...] = (
        (right[:1], "best"),
        ((wrong or ordered)[-1:], "worst"),
        (errors, "confident error"),
    )
    found = {id(case): case for group, _ in groups for case in group}
    return [
        Chosen(case, tuple(role for group, role in groups if any(one is case for one in group)))
        for case in found.values()
    ]


def _commits(case: ExplainedCase, confident: float) -> bool:
    return case.confidence is None or case.confidence >= confident


def _number(probability: float | None) -> float:
    return -1.0 if probability is None else probability
