"""What every dataset offers: records, their truth, splits, baselines, and what is wrong with its files."""

import hashlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.dataset.cohort import Cohort
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.problem import Problem
from bench.dataset.record import Record, RecordId, by_id
from measurements import Measurements
from taxonomy.axis import AXES, NORMALITY, AxisValue, with_normality
from taxonomy.error import unknown_name
from taxonomy.truth import Truth

TRAIN = "train"


@dataclass(frozen=True)
class Split:
    """A part of a dataset under a name.

    Attributes
    ----------
    name : str
        As after ``--split``.
    folds : tuple of int or str
        Of its records.
    meaning : str
        As sentences say it, such as ``"folds 1 to 8"``.
    """

    name: str
    folds: tuple[RecordId, ...]
    meaning: str


class Dataset(ABC):
    """Recordings, and the truth of each.

    Attributes
    ----------
    name, version : str
        As in manifests and on the leaderboard.
    title : str
        How sentences call it.
    citation, licence : str
        Whom to cite, and what may be done with it.
    splits : mapping of str to Split
        ``test`` is what is asked by default; ``train`` and ``val`` are there where something can be learned from it.
    is_sample : bool
        Whether it is the embedded sample, whose results say so.
    ids_are_numbers : bool
        Whether its ids are whole numbers; otherwise they are names, taken as they are written.
    """

    name: str
    version: str
    title: str
    citation: str
    licence: str
    splits: Mapping[str, Split]
    is_sample: bool = False
    ids_are_numbers: bool = False

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of records."""

    @abstractmethod
    def __iter__(self) -> Iterator[Record]:
        """Yield every record in ascending id, signals unread."""

    @abstractmethod
    def record(self, ecg_id: RecordId) -> Record:
        """Return one record; raises :class:`taxonomy.error.DatasetError` for an unknown id."""

    @abstractmethod
    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return the truth of a record, given what was measured on its signal."""

    @property
    def credit(self) -> str:
        """One line for pages: what the data are, whose, and under which licence."""
        return f"{self.title} ({self.citation}, {self.licence})"

    @property
    def baselines(self) -> Mapping[str, AxisValue]:
        """The majority value of each axis and of normality.

        Counted when first asked for, over the truth of the training split, or of every record where that is empty or
        there is none; the signals are measured for it. An axis on which nothing is labelled there has the value that
        means that nothing is found.
        """
        return self._majorities

    def signal_digests(self, ids: Iterable[RecordId]) -> Mapping[RecordId, str]:
        """Return a checksum of each record's signals: as the dataset publishes it, else of the signal as read."""
        return {ecg_id: _signal_digest(self.record(ecg_id)) for ecg_id in ids}

    def fingerprint(self, ids: Iterable[RecordId]) -> str:
        """Return what tells one set of records from another: a digest of ids and signal checksums, 16 hex digits."""
        checksums = self.signal_digests(tuple(ids))
        digest = hashlib.sha256(f"{self.name} {self.version}\n".encode())
        for ecg_id in sorted(checksums, key=by_id):
            digest.update(f"{ecg_id} {checksums[ecg_id]}\n".encode())
        return digest.hexdigest()[:16]

    def check(self) -> Iterator[Problem]:
        """Yield what is missing or damaged in the files, as far as it shows without reading the signals."""
        yield from ()

    def samples_problem(self, record: Record, fs: int) -> str | None:
        """Return what a published checksum finds wrong with a record's samples at one rate, None for nothing."""
        return None

    def split(self, name: str) -> Split:
        """Return the split of that name.

        Raises
        ------
        taxonomy.error.UnknownNameError
            When there is none; the message lists them.
        """
        if name not in self.splits:
            raise unknown_name("split", name, self.splits)
        return self.splits[name]

    def cohort(
        self, split: str = "test", ids: Sequence[RecordId] = (), limit: int | None = None, with_signal: bool = True
    ) -> Cohort:
        """Return the records of a split in ascending id, or those of ``ids`` in that order.

        Parameters
        ----------
        split : str
        ids : sequence of int or str
            Taken instead of the split.
        limit : int, optional
            Only the first so many.
        with_signal : bool
            Whether records of the split without a signal at hand are left out.

        Raises
        ------
        taxonomy.error.UnknownNameError
            When there is no such split.
        taxonomy.error.DatasetError
            When there is no such record.
        """
        if ids:
            return Cohort(self, tuple(map(self.record, ids))[:limit], "ids")
        folds = self.split(split).folds
        chosen = tuple(record for record in self if record.fold in folds and (record.rates or not with_signal))
        return Cohort(self, chosen[:limit], f"{split}-first{limit}" if limit else split)

    @cached_property
    def measured(self) -> dict[RecordId, Measurements]:
        """What this process has measured, by id: shared by all cohorts, which fill it."""
        return {}

    @cached_property
    def _majorities(self) -> Mapping[str, AxisValue]:
        train = self.cohort(TRAIN, with_signal=False) if TRAIN in self.splits else ()
        cohort = train or Cohort(self, tuple(self), "all")
        counts = value_counts(cohort)
        return {
            axis.name: counts[axis.name].most_common(1)[0][0] if axis.name in counts else axis.negative or frozenset()
            for axis in (*AXES, NORMALITY)
        }


def value_counts(cohort: Cohort) -> dict[str, Counter[AxisValue]]:
    """Return how often each value occurs on each axis and on normality, where anything is labelled."""
    counts: dict[str, Counter[AxisValue]] = {}
    for found in cohort.truths().values():
        for axis, value in with_normality(found.values).items():
            if value is not None:
                counts.setdefault(axis, Counter())[value] += 1
    return counts


def _signal_digest(record: Record) -> str:
    if not record.rates:
        return "no signal"
    signal = record.signal()
    return hashlib.sha256(f"{signal.fs} {signal.mv.shape}".encode() + signal.mv.tobytes()).hexdigest()
