"""From the readings of a run to its score."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from bench.dataset import Cohort, RecordId
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.record import by_id
from bench.score import Score, ScoredCase, ScoreSettings, score
from bench.score.scored_case import EVERY_AXIS
from bench.view import QuestionKey
from readers.text_ceiling import MeasurementsReader
from taxonomy.axis import AXES, DIAGNOSIS, ISCHEMIA, ISCHEMIA_STAGE, ISCHEMIA_TERRITORY, NORMALITY
from taxonomy.danger import DangerTable, danger_table
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.target import target_format
from taxonomy.truth import Truth


def score_readings(
    readings: Mapping[QuestionKey, Reading],
    cohort: Cohort,
    danger: DangerTable | None = None,
    form: str = "",
    axes: Collection[str] | None = None,
) -> Score:
    """Score readings against the truth of their records.

    Parameters
    ----------
    readings : mapping of QuestionKey to Reading
        Records without a first reading are left out.
    cohort : Cohort
    danger : DangerTable, optional
        The default one when not given.
    form : str
        Target format of the answers; only axes that it asks for are scored. Empty scores all.
    axes : collection of str, optional
        The axes that are offered, and ``superclass`` where the most probable one is an answer; no others are scored.
    """
    asked = EVERY_AXIS if not form else _asked(target_format(form).axes)
    if axes is not None:
        asked = _asked(axes)
    cases = [
        ScoredCase(
            ecg_id=record.ecg_id,
            patient_id=record.patient_id,
            sex=record.sex,
            age=record.age,
            truth=_truth(cohort.truth(record), asked),
            reading=readings[QuestionKey(record.ecg_id)],
            asked=asked,
        )
        for record in cohort
        if QuestionKey(record.ecg_id) in readings
    ]
    settings = ScoreSettings(danger=danger or danger_table(), text_ceiling=text_ceiling(cases, cohort))
    return score(cases, cohort.dataset.baselines, settings, _repeated(readings))


def _asked(axes: Collection[str]) -> frozenset[str]:
    """Return axes and what follows from them: normality from the diagnosis, ischemia from stage and territory."""
    derived = {NORMALITY.name} if DIAGNOSIS.name in axes else set()
    if {ISCHEMIA_STAGE.name, ISCHEMIA_TERRITORY.name} <= set(axes):
        derived.add(ISCHEMIA.name)
    return frozenset(axes) | derived


def _truth(truth: Truth, asked: frozenset[str]) -> Truth:
    return truth if asked & {DIAGNOSIS.name, SUPERCLASS} else replace(truth, superclass=None)


def _repeated(readings: Mapping[QuestionKey, Reading]) -> dict[RecordId, list[Reading]]:
    found: dict[RecordId, list[Reading]] = {}
    for asked in sorted(readings, key=lambda asked: (by_id(asked.ecg_id), asked.repeat)):
        found.setdefault(asked.ecg_id, []).append(readings[asked])
    return found


def text_ceiling(cases: list[ScoredCase], cohort: Cohort) -> dict[str, float]:
    """Return the accuracy of the measurement-only reader on the same cases by axis; empty without signals."""
    numbers = cohort.measure()
    if any(numbers[case.ecg_id] is UNMEASURED for case in cases):
        return {}
    reader = MeasurementsReader()
    answered = [(case, reader.answer(numbers[case.ecg_id])) for case in cases if case.reading.outcome != "failed"]
    ceiling = {}
    for axis in AXES:
        right = [
            reading.values.get(axis.name) == case.true(axis.name)
            for case, reading in answered
            if case.true(axis.name) is not None
        ]
        if right:
            ceiling[axis.name] = sum(right) / len(right)
    return ceiling
