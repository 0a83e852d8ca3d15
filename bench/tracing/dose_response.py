"""Asks a reader the same records with one thing changed, and tells whether its answers move, and where."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.dataset import RecordId
from bench.evidence.answer import AskedCase, Figure, share_figure
from bench.progress import Report
from bench.tracing.change import CHANGES, Change
from bench.tracing.tracing import Tracing, tracing_case
from bench.view import View
from readers.contract import Reader
from readers.guest import Crash, attempt
from taxonomy.axis import AXES, AxisValue
from taxonomy.error import RunError, SettingError
from taxonomy.reading import Reading
from taxonomy.truth import Truth


@dataclass(frozen=True)
class DoseResult:
    """What a reader did at one dose of one change.

    Attributes
    ----------
    change, unit, axis : str
    dose : float
    n : int
        Records on which this dose is possible.
    moved : Figure
        Share whose answer on the axis is another than on the record itself.
    right : Figure or None
        Share whose answer is what the dose makes right, where that is known.
    elsewhere : Figure
        Share whose answer moved on any other axis, which it should not.
    """

    change: str
    unit: str
    axis: str
    dose: float
    n: int
    moved: Figure
    right: Figure | None
    elsewhere: Figure


def probe_tracings(reader: Reader, asked: Sequence[Tracing], view: View, report: Report) -> tuple[DoseResult, ...]:
    """Ask a reader every tracing and compare its answers.

    Parameters
    ----------
    reader : Reader
    asked : sequence of Tracing
    view : View
        Of which the page and the format are used: a probe shows the tracing and no numbers.
    report : callable

    Raises
    ------
    taxonomy.error.SettingError
        When the reader sees no trace.
    taxonomy.error.RunError
        When the reader crashes or answers fewer cases than it is asked.
    """
    if {"signal", "image"}.isdisjoint(reader.inputs):
        raise SettingError(f"reader {reader.name!r} sees no trace, so nothing can be changed for it")
    view = replace(view, condition="image-only").settled(reader)
    readings: list[Reading] = []

    def read() -> None:
        for reading in reader.read(tracing_case(tracing, view) for tracing in asked):
            readings.append(reading)
            report(len(readings), len(asked))

    outcome = attempt(read)
    if isinstance(outcome, Crash) or len(readings) != len(asked):
        words = outcome.words if isinstance(outcome, Crash) else f"{len(readings)} readings for {len(asked)} cases"
        raise RunError(f"reader {reader.name!r} did not read the probe set: {words}")
    return _results(asked, readings)


def _results(asked: Sequence[Tracing], readings: Sequence[Reading]) -> tuple[DoseResult, ...]:
    base = {t.record.ecg_id: r for t, r in zip(asked, readings, strict=True) if not t.change}
    whole = {ecg_id for ecg_id, reading in base.items() if reading.outcome != "failed"}
    both = [(t, r) for t, r in zip(asked, readings, strict=True) if t.record.ecg_id in whole]
    pairs = [(tracing, reading) for tracing, reading in both if reading.outcome != "failed"]
    doses = dict.fromkeys((tracing.change, tracing.dose) for tracing, _ in pairs if tracing.change)
    return tuple(
        _result(CHANGES[change], dose, [(t, r) for t, r in pairs if (t.change, t.dose) == (change, dose)], base)
        for change, dose in sorted(doses, key=lambda one: (list(CHANGES).index(one[0]), one[1]))
    )


def _result(
    change: Change, dose: float, pairs: Sequence[tuple[Tracing, Reading]], base: dict[RecordId, Reading]
) -> DoseResult:
    people = tuple(AskedCase(t.record.ecg_id, t.record.patient_id, Truth({}), {}, {}) for t, _ in pairs)
    before = [base[tracing.record.ecg_id] for tracing, _ in pairs]
    moved = [_answer(b, change.axis) != _answer(r, change.axis) for b, (_, r) in zip(before, pairs, strict=True)]
    others = [axis.name for axis in AXES if axis.name not in _belongs_to(change.axis)]
    elsewhere = [
        any(_answer(b, axis) != _answer(r, axis) for axis in others) for b, (_, r) in zip(before, pairs, strict=True)
    ]
    known = [place for place, (tracing, _) in enumerate(pairs) if tracing.expected is not None]
    right = share_figure(
        tuple(people[place] for place in known),
        np.array([_answer(pairs[place][1], change.axis) == pairs[place][0].expected for place in known], dtype=bool),
    )
    found, aside = (share_figure(people, np.array(happened, dtype=bool)) for happened in (moved, elsewhere))
    assert found is not None and aside is not None
    return DoseResult(change.name, change.unit, change.axis, dose, len(pairs), found, right, aside)


def _belongs_to(axis: str) -> set[str]:
    """Return the axes that a change on one may rightly move: findings and diagnosis restate the others."""
    ischemia = {"ischemia_stage", "ischemia_territory"}
    return {axis, "diagnosis", "other_findings"} | (ischemia if axis in ischemia else set())


def _answer(reading: Reading, axis: str) -> AxisValue | None:
    return None if reading.error else reading.values.get(axis)
