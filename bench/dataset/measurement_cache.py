"""What only a signal tells: the rate, the QRS axis and the intervals.

Measurements of many records are kept in the cache folder, since the whole of PTB-XL takes minutes; the cache is keyed
by the signals' checksums and the version of the measurements, so it cannot be stale.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from bench.dataset.record import Record, RecordId
from bench.storage import cache_folder, write_whole
from measurements import VERSION, Measurements, measure

UNMEASURED = Measurements.none("no signal at hand")
"""For a record whose labels alone are wanted."""

WORTH_CACHING = 500
"""Fewer records than this are measured anew: that takes two seconds."""


def measure_record(record: Record) -> Measurements:
    """Measure one record; one without a signal, or too short or too slow for it, is 'not measurable'."""
    if not record.rates:
        return UNMEASURED
    signal = record.signal()
    if signal.mv.shape[1] < 2 * signal.fs or signal.fs < 100:
        return Measurements.none("the record is shorter than two seconds or slower than 100 Hz")
    return measure(signal.mv, signal.fs)


def cache_file(fingerprint: str) -> Path:
    """Return where the measurements of the records with that fingerprint are kept."""
    return cache_folder() / f"measurements-{VERSION}-{fingerprint}.json"


def kept(path: Path) -> Mapping[str, Measurements]:
    """Return the measurements that a cache file holds, by id as it is written; none where there is no file."""
    if not path.is_file():
        return {}
    return {name: Measurements.from_json(one) for name, one in json.loads(path.read_text(encoding="utf-8")).items()}


def keep(path: Path, found: Mapping[RecordId, Measurements]) -> None:
    """Write a cache file.

    Raises
    ------
    taxonomy.error.StorageError
        When it cannot be written.
    """
    write_whole(path, json.dumps({ecg_id: numbers.to_json() for ecg_id, numbers in found.items()}))
