"""From the readings of a run to its score."""

from collections.abc import Mapping
from dataclasses import replace

from bench.dataset import Cohort, RecordId
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.record import by_id
from bench.score import Score, ScoredCase, ScoreSettings, score
from bench.score.scored_case import EVERY_AXIS
from bench.view import QuestionKey
from readers.text_ceiling import MeasurementsReader
from taxonomy.axis import AXES, DIAGNOSIS, NORMALITY
from taxonomy.danger import DangerTable, danger_table
from taxonomy.reading import Reading
from taxonomy.target import TargetFormat, target_format
from taxonomy.truth import Truth


def score_readings(
    readings: Mapping[QuestionKey, Reading], cohort: Cohort, danger: DangerTable | None = None, form: str = ""
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
    """
    cases = scored_cases(readings, cohort, form)
    settings = ScoreSettings(danger=danger or danger_table(), text_ceiling=text_ceiling(cases, cohort))
    return score(cases, cohort.dataset.baselines, settings, _repeated(readings))


def scored_cases(
    readings: Mapping[QuestionKey, Reading], cohort: Cohort, form: str = "", measured: bool = True
) -> list[ScoredCase]:
    """Return the first reading of each record with its truth; ``measured`` asks for what only a recording tells."""
    asked = EVERY_AXIS if not form else _asked(target_format(form))
    return [
        ScoredCase(
            ecg_id=record.ecg_id,
            patient_id=record.patient_id,
            sex=record.sex,
            age=record.age,
            truth=_truth(cohort.truth(record) if measured else cohort.dataset.truth(record), asked),
            reading=readings[QuestionKey(record.ecg_id)],
            asked=asked,
        )
        for record in cohort
        if QuestionKey(record.ecg_id) in readings
    ]


def _asked(form: TargetFormat) -> frozenset[str]:
    """Return the axes of a format, with normality if the diagnosis is among them."""
    return frozenset(form.axes) | ({NORMALITY.name} if DIAGNOSIS.name in form.axes else frozenset())


def _truth(truth: Truth, asked: frozenset[str]) -> Truth:
    return truth if DIAGNOSIS.name in asked else replace(truth, superclass=None, superclasses=frozenset())


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
