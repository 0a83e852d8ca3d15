"""The interface of every dataset: records, their truth, splits, baselines and file checks."""

import hashlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.dataset.cohort import Cohort
from bench.dataset.lot import drawn
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.problem import Problem
from bench.dataset.record import Record, RecordId, by_id
from measurements import Measurements
from taxonomy.axis import AXES, DERIVED, AxisValue, with_derived
from taxonomy.error import DatasetError, unknown_name
from taxonomy.truth import Labels, Truth

TRAIN = "train"


@dataclass(frozen=True)
class Split:
    """A named part of a dataset.

    Attributes
    ----------
    name : str
        As given to ``--split``.
    folds : tuple of int or str
    meaning : str
        Description for messages, such as ``"folds 1 to 8"``.
    """

    name: str
    folds: tuple[RecordId, ...]
    meaning: str


class Dataset(ABC):
    """Recordings and their truth.

    Attributes
    ----------
    name, version : str
        As in manifests and on the leaderboard.
    title : str
        Name in messages.
    citation, licence : str
    splits : mapping of str to Split
        ``test`` is the default of every evaluation; ``train`` and ``val`` exist where a model can be trained.
    is_simulated : bool
        Whether the recordings are simulated; results made on them say so.
    ids_are_numbers : bool
        Whether record ids are whole numbers; otherwise they are strings, taken literally.
    truth_is_measured : bool
        Whether the truth of a record rests on measurements of its signal; where it does not, none are taken for it.
    shows_pages : bool
        Whether records came as pages, which readers of pictures are shown as they are.
    """

    name: str
    version: str
    title: str
    citation: str
    licence: str
    splits: Mapping[str, Split]
    is_simulated: bool = False
    ids_are_numbers: bool = False
    truth_is_measured: bool = True
    shows_pages: bool = False

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
        """Return the truth of a record, given its measurements."""

    def in_folds(self, folds: Collection[RecordId]) -> Iterator[Record]:
        """Yield the records of these folds in ascending id, signals unread."""
        return (record for record in self if record.fold in folds)

    def is_taught(self, record: Record, taught: Mapping[str, Collection[RecordId]]) -> bool:
        """Tell whether a record is among those taught to a reader, told as the folds taught of each dataset."""
        return record.fold in taught.get(self.name, ())

    def labels(self, ecg_id: RecordId) -> Labels:
        """Return the statements and texts that stand for a record, for explanations; none unless overridden."""
        return Labels({})

    @property
    def program_measurements(self) -> Mapping[RecordId, Measurements]:
        """Measurements by an interpretation program, by id; empty where the dataset comes with none."""
        return {}

    def particulars(self) -> Mapping[str, str]:
        """Return what else is to be said of a dataset, by label, for ``bench data info``; nothing unless overridden."""
        return {}

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what is to be said before a reader is asked, in sentences; nothing unless overridden."""
        return ()

    def source(self, axis: str, record: Record, numbers: Measurements) -> str:
        """Return who says the truth of a record on one axis, given its measurements."""
        return "the dataset"

    @property
    def credit(self) -> str:
        """Title, citation and licence in one line."""
        return f"{self.title} ({self.citation}, {self.licence})"

    @property
    def baselines(self) -> Mapping[str, AxisValue]:
        """The majority value of each axis and of normality.

        Counted on first use over the training split, or over all records where that split is missing or empty; this
        measures the signals. An axis without a label there gets its negative value.
        """
        return self._majorities

    def signal_digests(self, ids: Iterable[RecordId]) -> Mapping[RecordId, str]:
        """Return a checksum of each record's signals: the published one, else one of the signal as read."""
        return {ecg_id: _signal_digest(self.record(ecg_id)) for ecg_id in ids}

    def labelling(self, record: Record) -> str:
        """Return the labels of a record as text: all that the dataset says of it, and nothing that is measured.

        A record's recording must not be looked at: :meth:`fingerprint` is the same whether it is at hand or not.
        """
        known = {axis: value for axis, value in self.truth(record).values.items() if value is not None}
        return repr([(axis, sorted(v) if isinstance(v, frozenset) else v) for axis, v in sorted(known.items())])

    def fingerprint(self, ids: Iterable[RecordId]) -> str:
        """Return a digest of the records' ids, patients, folds and labels, 16 hex digits.

        It identifies what is asked and what is right, whoever has which recordings at hand.
        """
        records = map(self.record, ids)
        return self._digest({one.ecg_id: f"{one.patient_id} {one.fold} {self.labelling(one)}" for one in records})

    def signal_fingerprint(self, ids: Iterable[RecordId]) -> str:
        """Return a digest of the records' ids and signal checksums, 16 hex digits: the key of whatever is cached."""
        return self._digest(self.signal_digests(tuple(ids)))

    def _digest(self, told: Mapping[RecordId, str]) -> str:
        digest = hashlib.sha256(f"{self.name} {self.version}\n".encode())
        for ecg_id in sorted(told, key=by_id):
            digest.update(f"{ecg_id} {told[ecg_id]}\n".encode())
        return digest.hexdigest()[:16]

    def check(self) -> Iterator[Problem]:
        """Yield the missing and damaged files that can be found without reading the signals."""
        yield from ()

    def samples_problem(self, record: Record, fs: int) -> str | None:
        """Return how a record's samples at one rate fail their published checksum, None if they pass."""
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
        self,
        split: str = "test",
        ids: Sequence[RecordId] = (),
        limit: int | None = None,
        with_signal: bool = True,
        seed: int = 0,
    ) -> Cohort:
        """Return the records of a split, or those of ``ids``, in ascending id.

        Parameters
        ----------
        split : str
        ids : sequence of int or str
            Taken instead of the split.
        limit : int, optional
            Number of records at most, drawn by lot; a larger draw holds every smaller one.
        with_signal : bool
            Leaves out records of the split without a signal.
        seed : int
            Of the draw.

        Raises
        ------
        taxonomy.error.UnknownNameError
            When there is no such split.
        taxonomy.error.DatasetError
            When there is no such record, or it is named twice, or the limit is not positive.
        """
        if limit is not None and limit < 1:
            raise DatasetError(f"a cohort's limit must be at least 1, not {limit}")
        if isinstance(ids, str) or len(set(ids)) < len(ids):
            raise DatasetError(f"a cohort's ids must be a sequence without repetition, not {ids!r}")
        if ids:
            chosen, name = tuple(map(self.record, sorted(ids, key=by_id))), "ids"
        else:
            chosen, name = self._of_split(split, with_signal)
        if limit is not None and limit < len(chosen):
            chosen, name = drawn(chosen, limit, seed), f"{name}-sample{limit}{f'-seed{seed}' if seed else ''}"
        return Cohort(self, chosen, name)

    def _of_split(self, split: str, with_signal: bool) -> tuple[tuple[Record, ...], str]:
        """Return the records of a split, and a name that says so where some of them have no signal."""
        folds = self.split(split).folds
        every = tuple(self.in_folds(folds))
        chosen = tuple(record for record in every if record.rates) if with_signal else every
        whole = len(chosen) == len(every)
        return chosen, split if whole else f"{split}-{len(chosen)}of{len(every)}"

    def __repr__(self) -> str:
        return f"<Dataset {self.name} {self.version}>"

    @cached_property
    def measured(self) -> dict[RecordId, Measurements]:
        """Measurements taken by this process, by id; filled and shared by all cohorts."""
        return {}

    @cached_property
    def _majorities(self) -> Mapping[str, AxisValue]:
        train = self.cohort(TRAIN, with_signal=False) if TRAIN in self.splits else ()
        cohort = train or Cohort(self, tuple(self), "all")
        return majorities(cohort.truths().values())


def majorities(truths: Iterable[Truth]) -> dict[str, AxisValue]:
    """Return the commonest value of each axis, normality and ischemia; the negative one of an axis without a label."""
    counts = value_counts(truths)
    return {
        axis.name: counts[axis.name].most_common(1)[0][0] if axis.name in counts else axis.negative or frozenset()
        for axis in (*AXES, *DERIVED)
    }


def value_counts(truths: Iterable[Truth]) -> dict[str, Counter[AxisValue]]:
    """Return how often each primary value occurs on each axis, on normality and on ischemia, that has a label."""
    counts: dict[str, Counter[AxisValue]] = {}
    for truth in truths:
        for axis, value in with_derived(truth.values).items():
            if value is not None:
                counts.setdefault(axis, Counter())[value] += 1
    return counts


def _signal_digest(record: Record) -> str:
    if not record.rates:
        return "no signal"
    signal = record.signal()
    return hashlib.sha256(f"{signal.fs} {signal.mv.shape}".encode() + signal.mv.tobytes()).hexdigest()
