"""From the readings of a run to its score and report."""

from collections.abc import Mapping, Sequence

from bench.dataset import Record
from bench.score import Score, ScoredCase, ScoreSettings, score
from bench.truth import truth_of
from measurements import Measurements
from readers.majority import majority_values
from readers.text_ceiling import MeasurementsReader
from taxonomy.axis import AXES
from taxonomy.danger import DangerTable, danger_table
from taxonomy.reading import Reading


def score_readings(
    readings: Mapping[int, Reading],
    records: Sequence[Record],
    numbers: Mapping[int, Measurements],
    danger: DangerTable | None = None,
) -> Score:
    """Score readings against the labels of their records.

    Parameters
    ----------
    readings : mapping of int to Reading
        By ``ecg_id``; records without one are left out.
    records : sequence of Record
    numbers : mapping of int to Measurements
        Of each record, for the truth on rate and axis and for the text ceiling.
    danger : DangerTable, optional
        The default one when not given.
    """
    cases = [
        ScoredCase(
            ecg_id=record.ecg_id,
            patient_id=record.patient_id,
            sex=record.sex,
            age=record.age,
            truth=truth_of(record, numbers[record.ecg_id]),
            reading=readings[record.ecg_id],
        )
        for record in records
        if record.ecg_id in readings
    ]
    ceiling = text_ceiling(cases, numbers)
    return score(cases, majority_values(), ScoreSettings(danger=danger or danger_table(), text_ceiling=ceiling))


def text_ceiling(cases: Sequence[ScoredCase], numbers: Mapping[int, Measurements]) -> dict[str, float]:
    """Return, for each axis, how often the measurement-only reader is right on the same cases."""
    reader = MeasurementsReader()
    answered = [(case, reader.answer(numbers[case.ecg_id])) for case in cases if case.reading.outcome != "failed"]
    ceiling = {}
    for axis in AXES:
        right = [
            reading.values.get(axis.name) == case.truth.values[axis.name]
            for case, reading in answered
            if case.truth.values[axis.name] is not None
        ]
        if right:
            ceiling[axis.name] = sum(right) / len(right)
    return ceiling
