"""The truth of each record, with what only its signal tells: the rate, and the side of an ambiguous axis.

Measurements are kept in a cache folder, since the whole of PTB-XL takes minutes; the cache is keyed by the signals'
checksums and the version of the measurements, so it cannot be stale.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.dataset import Dataset, Record, fingerprint
from bench.storage import cache_folder
from measurements import VERSION, Measurements, measure
from taxonomy.truth import Truth, truth

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""

UNMEASURED = Measurements.none("no signal at hand")
"""For a record whose labels alone are wanted."""

WORTH_CACHING = 500
"""Fewer records than this are measured anew: that takes two seconds."""


def measured(records: Sequence[Record], dataset: Dataset, progress: Progress | None = None) -> dict[int, Measurements]:
    """Measure every record at its highest sampling rate.

    Returns
    -------
    dict of int to Measurements
        By ``ecg_id``.
    """
    path = _cache_file(records, dataset) if len(records) >= WORTH_CACHING else None
    known = _cached(path) if path else {}
    found: dict[int, Measurements] = {}
    for number, record in enumerate(records):
        if record.ecg_id in known:
            found[record.ecg_id] = known[record.ecg_id]
        else:
            found[record.ecg_id] = measure_record(record)
        if progress and number % 20 == 0:
            progress(number, len(records))
    if path and len(known) < len(found):
        _keep(path, found)
    return found


def measure_record(record: Record) -> Measurements:
    """Measure one record; one without a signal, or too short or too slow for it, is 'not measurable'."""
    if not record.rates:
        return UNMEASURED
    signal = record.signal()
    if signal.mv.shape[1] < 2 * signal.fs or signal.fs < 100:
        return Measurements.none("the record is shorter than two seconds or slower than 100 Hz")
    return measure(signal.mv, signal.fs)


def truth_of(record: Record, numbers: Measurements) -> Truth:
    """Return the truth of a record on the eight axes."""
    return truth(record.labels, numbers.heart_rate.value, numbers.qrs_axis.value)


def _cache_file(records: Sequence[Record], dataset: Dataset) -> Path:
    key = fingerprint(dataset, tuple(record.ecg_id for record in records))
    return cache_folder() / f"measurements-{VERSION}-{key}.json"


def _cached(path: Path) -> Mapping[int, Measurements]:
    if not path.is_file():
        return {}
    return {int(k): Measurements.from_json(v) for k, v in json.loads(path.read_text(encoding="utf-8")).items()}


def _keep(path: Path, found: Mapping[int, Measurements]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps({k: v.to_json() for k, v in found.items()}), encoding="utf-8")
    temporary.replace(path)
