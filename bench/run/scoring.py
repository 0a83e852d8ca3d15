"""From the readings of a run to its score."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.dataset import Cohort, RecordId
from bench.dataset.record import by_id
from bench.run.settings import Offer, with_followers
from bench.score import Score, ScoredCase, ScoreSettings, score
from bench.score.scored_case import EVERY_AXIS
from bench.view import QuestionKey
from readers.text_ceiling import MeasurementsReader
from taxonomy.axis import AXES, DERIVED, DIAGNOSIS
from taxonomy.danger import DangerTable, danger_table
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.target import target_format
from taxonomy.truth import Truth


def score_readings(
    readings: Mapping[QuestionKey, Reading],
    cohort: Cohort,
    danger: DangerTable | None = None,
    form: str = "",
    offer: Offer | None = None,
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
    offer : Offer, optional
        The axes that the reader offers and those that it measured as the truth was; all and none when not given.
    """
    offer = offer or Offer()
    cases = scored_cases(readings, cohort, form, offer)
    settings = ScoreSettings(
        danger=danger or danger_table(), text_ceiling=text_ceiling(cases, cohort), measured=offer.measured
    )
    return score(cases, cohort.dataset.baselines, settings, _repeated(readings))


def scored_cases(
    readings: Mapping[QuestionKey, Reading],
    cohort: Cohort,
    form: str = "",
    offer: Offer | None = None,
    measured: bool = True,
) -> list[ScoredCase]:
    """Return the first reading of each record with its truth.

    Parameters
    ----------
    readings, cohort, form, offer
        As of :func:`score_readings`.
    measured : bool
        Whether to ask for what only a recording tells of the truth, too.
    """
    offer = offer or Offer()
    asked = offer.axes & (with_followers(target_format(form).axes) if form else EVERY_AXIS)
    return [
        ScoredCase(
            ecg_id=record.ecg_id,
            patient_id=record.patient_id,
            sex=record.sex,
            age=record.age,
            truth=_truth(
                cohort.truth(record) if measured else cohort.dataset.truth(record), asked | (offer.axes & {SUPERCLASS})
            ),
            reading=readings[QuestionKey(record.ecg_id)],
            asked=asked,
            fold=record.fold,
        )
        for record in cohort
        if QuestionKey(record.ecg_id) in readings
    ]


def _truth(truth: Truth, asked: frozenset[str]) -> Truth:
    return truth if asked & {DIAGNOSIS.name, SUPERCLASS} else replace(truth, superclass=None)


def _repeated(readings: Mapping[QuestionKey, Reading]) -> dict[RecordId, list[Reading]]:
    found: dict[RecordId, list[Reading]] = {}
    for asked in sorted(readings, key=lambda asked: (by_id(asked.ecg_id), asked.repeat)):
        found.setdefault(asked.ecg_id, []).append(readings[asked])
    return found


def text_ceiling(cases: Sequence[ScoredCase], cohort: Cohort) -> dict[str, tuple[float, int]]:
    """Return the accuracy of the measurement-only reader on the scored cases with a recording, and their number.

    By axis; without an axis that has no such case. Whether there is a recording is asked of the record itself: what a
    measurement says depends on where it was kept.
    """
    recorded = {record.ecg_id for record in cohort if record.rates}
    numbers, reader = cohort.measure(), MeasurementsReader()
    answered = [
        replace(case, reading=reader.answer(numbers[case.ecg_id]))
        for case in cases
        if case.ecg_id in recorded and case.reading.outcome != "failed"
    ]
    ceiling = {}
    for axis in (*AXES, *DERIVED):
        right = [case.is_right(axis.name) for case in answered if case.true(axis.name) is not None]
        if right:
            ceiling[axis.name] = (sum(right) / len(right), len(right))
    return ceiling
