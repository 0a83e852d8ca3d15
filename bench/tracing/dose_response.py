"""Dose response: whether and where a reader's answers move when one property of a record is changed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.dataset import RecordId
from bench.evidence.figure import Figure, share_figure
from bench.tracing.change import CHANGES, Change
from bench.tracing.flip_dose import FlipDose, answer_on, flip_doses
from bench.tracing.tracing import Tracing
from taxonomy.axis import AXES
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


def dose_response(probe_set: Sequence[Tracing], readings: Sequence[Reading]) -> DoseResponse:
    """Compare a reader's answers on every tracing with those on the unchanged ones.

    Parameters
    ----------
    probe_set : sequence of Tracing
    readings : sequence of Reading
        In the same order; failed calls are left out.

    Returns
    -------
    DoseResponse
        Without results where no call on an unchanged tracing and a changed one of the same record succeeded.
    """
    return DoseResponse(_results(probe_set, readings), flip_doses(probe_set, readings))


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
