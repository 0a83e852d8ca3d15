"""Records are measured one after another, or many of them in several processes."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.record import PageError, Record, RecordId
from measurements import Measurements, is_kept, measure
from readers.digitizer.digitizing import DIGITIZED_FS
from readers.prefetch import Elsewhere, prefetched
from readers.processors import own_processors

if TYPE_CHECKING:
    from bench.dataset.base import Dataset

WORTH_A_PROCESS = 150
"""Records for each process: to begin costs it 1.6 s of processor time, as much as 120 phantoms take."""

PAGES_WORTH_A_PROCESS = 6
"""Pages for each process: to digitize one takes one to two seconds."""

BATCH = 8
"""Records that a process measures at a time: a tenth of a second."""


def measure_record(record: Record) -> Measurements:
    """Measure one record; without a signal, or with one too short or too slow, it is 'not measurable'."""
    if not record.rates:
        return UNMEASURED
    if record.is_page:
        return _measure_page(record)
    signal = record.signal()
    if signal.mv.shape[1] < 2 * signal.fs or signal.fs < 100:
        return Measurements.none("the record is shorter than two seconds or slower than 100 Hz")
    return measure(signal.mv, signal.fs)


def _measure_page(record: Record) -> Measurements:
    from readers.digitizer.reader import page_measurements

    try:
        mv = record.signal().mv
    except PageError:
        return Measurements.none("the page was not digitized")
    return page_measurements(mv) if np.isnan(mv).any() else measure(mv, DIGITIZED_FS)


def each_measured(dataset: "Dataset", records: Sequence[Record]) -> Generator[Measurements, None, None]:
    """Yield the measurements of each record in order.

    Parameters
    ----------
    dataset : Dataset
        That the records are of.
    records : sequence of Record

    Raises
    ------
    taxonomy.error.DatasetError
        When a signal cannot be read.
    taxonomy.error.StopReading
        When a process that measures is killed.
    """
    pages = bool(records) and records[0].is_page
    processes = min(own_processors(), len(records) // (PAGES_WORTH_A_PROCESS if pages else WORTH_A_PROCESS))
    if processes < 2 or _is_kept(records[0]):  # what a reader of signals has measured is only looked up
        yield from map(measure_record, records)
        return
    elsewhere = Elsewhere[RecordId, tuple[Measurements, ...]](processes, after=0)
    ids = (record.ecg_id for record in records)
    for measured in prefetched(ids, BATCH, _Measuring(dataset), elsewhere):
        yield from measured


def _is_kept(record: Record) -> bool:
    if not record.rates or record.is_page:
        return False
    signal = record.signal()
    return is_kept(signal.mv, signal.fs)


@dataclass(frozen=True, eq=False)
class _Measuring:
    """Measures records of a dataset by their ids."""

    dataset: "Dataset"

    def __call__(self, ids: tuple[RecordId, ...]) -> tuple[Measurements, ...]:
        return tuple(measure_record(self.dataset.record(ecg_id)) for ecg_id in ids)
