"""Dose response: whether and where a reader's answers move when one property of a record is changed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.dataset import RecordId
from bench.evidence.figure import Figure, share_figure
from bench.progress import Report
from bench.run.questionnaire import END
from bench.tracing.answered import NONE_ANSWERED, Answers
from bench.tracing.change import CHANGES, Change
from bench.tracing.flip_dose import FlipDose, answer_on, flip_doses
from bench.tracing.tracing import Tracing, tracing_case
from bench.view import View
from readers.contract import Case, Reader
from readers.isolation import Crash, Result, attempt
from taxonomy.axis import AXES
from taxonomy.error import RunError
from taxonomy.reading import Reading


@dataclass(frozen=True)
class DoseResult:
    """A reader's response to one dose of one change.

    Attributes
    ----------
    change, unit, axis : str
    dose : float
    n : int
        Records to which this dose can be applied.
    moved : Figure
        Share of records whose answer on the axis differs from that on the unchanged record.
    right : Figure or None
        Share of answers that are right at this dose, where the right one is known.
    elsewhere : Figure
        Share of records whose answer moved on an axis that the change should not affect.
    """

    change: str
    unit: str
    axis: str
    dose: float
    n: int
    moved: Figure
    right: Figure | None
    elsewhere: Figure


@dataclass(frozen=True)
class DoseResponse:
    """The answers to a probe set: over all records by dose, and for each record the dose at which its answer flips."""

    results: tuple[DoseResult, ...]
    flips: tuple[FlipDose, ...]


def probe_tracings(
    reader: Reader, probe_set: Sequence[Tracing], view: View, report: Report, answers: Answers = NONE_ANSWERED
) -> DoseResponse:
    """Ask a reader about every tracing and compare its answers.

    Parameters
    ----------
    reader : Reader
    probe_set : sequence of Tracing
    view : View
        Only its page and format are used: a probe shows the tracing and no numbers.
    report : callable
    answers : Answers
        What is answered already, and where new readings are kept.

    Raises
    ------
    taxonomy.error.RunError
        When the reader crashes, returns too few or too many readings, or no call succeeds.
    """
    view = replace(view, condition="image-only").settled(reader)
    earlier = [answers.of(tracing) for tracing in probe_set]
    left = [tracing for tracing, reading in zip(probe_set, earlier, strict=True) if reading is None]
    readings: list[Reading] = []
    for outcome in _outcomes(reader, (tracing_case(tracing, view) for tracing in left)) if left else ():
        if isinstance(outcome, Crash):
            raise RunError(f"reader {reader.name!r} did not read the probe set: {outcome.words}")
        if len(readings) < len(left):
            answers.keep(left[len(readings)], outcome.value)
        readings.append(outcome.value)
        report(len(probe_set) - len(left) + len(readings), len(probe_set))
    if len(readings) != len(left):
        counts = f"{len(readings)} readings for {len(left)} cases"
        raise RunError(f"reader {reader.name!r} did not read the probe set: {counts}")
    new = iter(readings)
    every = [next(new) if reading is None else reading for reading in earlier]
    results = _results(probe_set, every)
    if not results:
        raise RunError(f"reader {reader.name!r} did not read the probe set: {_failure(every)}")
    return DoseResponse(results, flip_doses(probe_set, every))


def _outcomes(reader: Reader, cases: Iterable[Case]) -> Iterator[Result[Reading] | Crash]:
    """Yield readings until the reader ends or crashes; what is done with them is no part of its crash."""
    begun = attempt(lambda: iter(reader.read(cases)))
    while not isinstance(begun, Crash):
        outcome = attempt(lambda: next(begun.value, END))
        if isinstance(outcome, Result) and outcome.value is END:
            return
        yield outcome  # type: ignore[misc]  # END is gone
        if isinstance(outcome, Crash):
            return
    yield begun


def _failure(readings: Sequence[Reading]) -> str:
    errors = [reading.error for reading in readings if reading.error is not None and reading.outcome == "failed"]
    return f"{len(errors)} of {len(readings)} calls failed, the first by {errors[0].kind} ({errors[0].message[:200]})"


def _results(probe_set: Sequence[Tracing], readings: Sequence[Reading]) -> tuple[DoseResult, ...]:
    answered = [pair for pair in zip(probe_set, readings, strict=True) if pair[1].outcome != "failed"]
    unchanged = {tracing.record.ecg_id: reading for tracing, reading in answered if not tracing.change}
    doses: dict[tuple[str, float], list[tuple[Tracing, Reading]]] = {}
    for tracing, reading in answered:
        if tracing.change and tracing.record.ecg_id in unchanged:
            doses.setdefault((tracing.change, tracing.dose), []).append((tracing, reading))
    order = list(CHANGES)
    return tuple(
        _result(CHANGES[change], dose, doses[change, dose], unchanged)
        for change, dose in sorted(doses, key=lambda key: (order.index(key[0]), key[1]))
    )


def _result(
    change: Change, dose: float, pairs: Sequence[tuple[Tracing, Reading]], unchanged: dict[RecordId, Reading]
) -> DoseResult:
    patients = [tracing.record.patient_id for tracing, _ in pairs]

    def moved_on(axes: Sequence[str]) -> Figure:
        before = [unchanged[tracing.record.ecg_id] for tracing, _ in pairs]
        answers = [(earlier, reading) for earlier, (_, reading) in zip(before, pairs, strict=True)]
        moved = [any(answer_on(axis, a) != answer_on(axis, b) for axis in axes) for a, b in answers]
        figure = share_figure(patients, np.array(moved, dtype=np.float64))
        assert figure is not None
        return figure

    expected = [(patient, *pair) for patient, pair in zip(patients, pairs, strict=True) if pair[0].expected is not None]
    is_right = [answer_on(change.axis, reading) == tracing.expected for _, tracing, reading in expected]
    right = share_figure([patient for patient, _, _ in expected], np.array(is_right, dtype=np.float64))
    others = [axis.name for axis in AXES if axis.name not in _belongs_to(change.axis)]
    moved, elsewhere = moved_on([change.axis]), moved_on(others)
    return DoseResult(change.name, change.unit, change.axis, dose, len(pairs), moved, right, elsewhere)


def _belongs_to(axis: str) -> set[str]:
    """Return the axes that a change on one may move: findings and diagnosis restate the others."""
    ischemia = {"ischemia_stage", "ischemia_territory"}
    return {axis, "diagnosis", "other_findings"} | (ischemia if axis in ischemia else set())
