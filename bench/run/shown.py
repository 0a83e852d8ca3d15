"""Whose numbers a prompt says, and whose trace a case shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.dataset import Cohort, Record, RecordId
from bench.donor import Candidate, donors
from bench.progress import progress
from bench.prompt import condition_named
from measurements import Measurements


@dataclass(frozen=True, eq=False)
class ShownRecords:
    """What decides whose numbers and whose trace are shown.

    Attributes
    ----------
    records : Cohort
        Those that are asked.
    condition : str
    measurements : str
        ``waveform``, or the path of a features file.
    seed : int
    """

    records: Cohort
    condition: str
    measurements: str = "waveform"
    seed: int = 0


def shown_numbers(
    shown: ShownRecords, waveform: Mapping[RecordId, Measurements]
) -> tuple[Mapping[RecordId, Measurements], Mapping[RecordId, Record]]:
    """Return the numbers of every record that a prompt may quote, and who stands in for whom.

    Parameters
    ----------
    shown : ShownRecords
    waveform : mapping of int to Measurements
        Of the records that are asked, measured here.

    Returns
    -------
    mapping of int to Measurements
        By ``ecg_id``, those of the donors too.
    mapping of int to Record
        By ``ecg_id``; empty where the condition shows nobody else.

    Raises
    ------
    taxonomy.error.DatasetError
        When nobody can stand in for a record.
    """
    rule = condition_named(shown.condition).donor
    if rule is None:
        return _numbers(shown.measurements, shown.records, waveform), {}
    around = shown.records.peers()
    with progress("measuring who may stand in") as report:
        known = around.measure(report)
    numbers = _numbers(shown.measurements, around, known)
    pool = {record.ecg_id: _candidate(around, record, numbers[record.ecg_id]) for record in around}
    return numbers, donors(shown.records, pool, rule, shown.seed)


def with_donor(shown: ShownRecords) -> Cohort:
    """Return the records that the condition can be asked of: all, but for those that nobody can stand in for."""
    if condition_named(shown.condition).donor is None:
        return shown.records
    _, standing_in = shown_numbers(shown, {})
    return shown.records.of(record for record in shown.records if record.ecg_id in standing_in)


def _candidate(around: Cohort, record: Record, said: Measurements) -> Candidate:
    return Candidate(record, around.truth(record).values, said.heart_rate.value, said.qrs_axis.value)


def _numbers(
    source: str, records: Sequence[Record], waveform: Mapping[RecordId, Measurements]
) -> Mapping[RecordId, Measurements]:
    """Return the numbers of the prompt: measured here, or from a PTB-XL+ features file."""
    if source == "waveform":
        return waveform
    from bench.dataset.feature_file import read_features

    features = read_features(Path(source))
    missing = Measurements.none("the features file has no row for this record")
    return {record.ecg_id: features.get(record.ecg_id, missing) for record in records}
