"""Records of one dataset that are read together, with their measurements and truth."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, overload

from bench.dataset.coverage import Coverage, coverage_of
from bench.dataset.measurement_cache import UNMEASURED, WORTH_CACHING, cache_file, keep, kept
from bench.dataset.measuring import each_measured
from bench.dataset.record import Record, RecordId
from bench.progress import Report
from measurements import Measurements
from taxonomy.truth import Truth

if TYPE_CHECKING:
    from bench.dataset.base import Dataset

REPORTED_EVERY = 20
"""Records measured between two progress reports."""


@dataclass(frozen=True, eq=False, repr=False)
class Cohort(Sequence[Record]):
    """Records of one dataset that are read together.

    Attributes
    ----------
    dataset : Dataset
    records : tuple of Record
        Mostly in ascending id; a reader is asked in another order (:func:`bench.dataset.lot.in_random_order`).
    split : str
        Name of the selection: ``test``, ``test-66of2198`` where only some records have a recording,
        ``test-sample20`` for a draw, ``ids`` for records chosen one by one.
    """

    dataset: "Dataset"
    records: tuple[Record, ...]
    split: str

    def __repr__(self) -> str:
        return f"<Cohort {self.split}: {len(self):,} records of {self.dataset.name}>"

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> "Cohort": ...
    def __getitem__(self, index: int | slice) -> "Record | Cohort":
        return self.of(self.records[index]) if isinstance(index, slice) else self.records[index]

    @cached_property
    def ids(self) -> tuple[RecordId, ...]:
        """The records' ids."""
        return tuple(record.ecg_id for record in self.records)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the records' ids and labels, whoever has which recordings."""
        return self.dataset.fingerprint(self.ids)

    @cached_property
    def signal_fingerprint(self) -> str:
        """Digest of the records' ids and signals: the key of what is cached about them."""
        return self.dataset.signal_fingerprint(self.ids)

    @cached_property
    def coverage(self) -> Coverage:
        """How much of its split the cohort holds."""
        return coverage_of(self.dataset, self.split, self.ids)

    def of(self, records: Iterable[Record]) -> "Cohort":
        """Return a subset of the cohort; measurements are shared."""
        return Cohort(self.dataset, tuple(records), self.split)

    def peers(self) -> "Cohort":
        """Return every record with a signal in the folds of this cohort."""
        folds = {record.fold for record in self.records}
        peers = tuple(record for record in self.dataset.in_folds(folds) if record.rates)
        return Cohort(self.dataset, peers, "peers")

    def measure(self, report: Report | None = None) -> Mapping[RecordId, Measurements]:
        """Return the measurements of each record, taken at its highest sampling rate.

        Each record is measured once per process, whichever cohort asks for it; large cohorts are measured in several
        processes, and cached on disk too, as far as they came where they are interrupted.

        Returns
        -------
        mapping of int or str to Measurements
            By id; :data:`UNMEASURED` itself for a record without a signal.

        Raises
        ------
        taxonomy.error.DatasetError
            When a signal cannot be read.
        taxonomy.error.StorageError
            When the cache folder cannot be written.
        taxonomy.error.StopReading
            When a process that measures is killed.
        """
        memo = self.dataset.measured
        if any(ecg_id not in memo for ecg_id in self.ids):
            path = cache_file(self.signal_fingerprint) if len(self) >= WORTH_CACHING else None
            cached = kept(path) if path else {}
            for record in self.records:
                earlier = cached.get(str(record.ecg_id)) if record.rates else UNMEASURED
                if earlier is not None:
                    memo.setdefault(record.ecg_id, earlier)
            try:
                self._measure_rest(memo, report)
            finally:
                there = {ecg_id: memo[ecg_id] for ecg_id in self.ids if ecg_id in memo}
                if path and len(cached) < len(there):
                    keep(path, there)
        return {ecg_id: memo[ecg_id] for ecg_id in self.ids}

    def _measure_rest(self, memo: dict[RecordId, Measurements], report: Report | None) -> None:
        left = [record for record in self.records if record.ecg_id not in memo]
        done = len(self) - len(left)
        with closing(each_measured(self.dataset, left)) as measured:
            for number, (record, numbers) in enumerate(zip(left, measured, strict=True), done):
                memo[record.ecg_id] = numbers
                if report and number % REPORTED_EVERY == 0:
                    report(number, len(self))

    def measured(self, record: Record) -> Measurements:
        """Return the measurements of one record of the dataset."""
        return self.of((record,)).measure()[record.ecg_id]

    def truth(self, record: Record) -> Truth:
        """Return the truth of one record of the dataset; it is measured where its truth needs that."""
        numbers = self.measured(record) if self.dataset.truth_is_measured else UNMEASURED
        return self.dataset.truth(record, numbers)

    def truths(self) -> Mapping[RecordId, Truth]:
        """Return the truth of every record, by id; they are measured where their truth needs that."""
        numbers = self.measure() if self.dataset.truth_is_measured else dict.fromkeys(self.ids, UNMEASURED)
        return {record.ecg_id: self.dataset.truth(record, numbers[record.ecg_id]) for record in self.records}
