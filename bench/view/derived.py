"""Cohorts made from another one, record by record: jittered copies of it, and phantoms of the same truth."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bench.dataset import Cohort, Dataset, Record, RecordId, Signal, Split
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.phantom import FS, truth_of_draw
from bench.view.jitter import jitter
from measurements import Measurements
from phantoms.error import PhantomError
from phantoms.person import heart_of
from phantoms.population import Draw, of_statements
from phantoms.simulator import VERSION, stream
from taxonomy.axis import AXES
from taxonomy.error import DatasetError
from taxonomy.truth import Truth

TRIES = 12
"""Phantoms drawn for one record, of which the first is taken that agrees with it on the most axes."""

SPLIT = "asked"

COPIES, PHANTOMS = "copies-of-", "phantoms-like-"
"""What the names of derived datasets begin with; the name of the dataset that they are made from follows."""


class Derived(Dataset):
    """Recordings made from those of another dataset, under the same ids and of the same patients.

    Their truth was known before a signal was made, so nothing is measured for it.

    Parameters
    ----------
    name : str
        As in manifests.
    base : Dataset
        Whose citation, licence and version it keeps.
    records : iterable of Record
    truths : mapping of RecordId to Truth
    marks : mapping of RecordId to str
        What decides the signal of each record.
    simulator : str
        Version of the simulator that made the signals; empty where they are those of ``base``, changed.
    """

    truth_is_measured = False

    def __init__(  # noqa: PLR0913  # what a dataset is, and what its records are made of
        self,
        name: str,
        base: Dataset,
        records: Iterable[Record],
        truths: Mapping[RecordId, Truth],
        marks: Mapping[RecordId, str],
        simulator: str = "",
    ) -> None:
        self.name, self.title = name, name.replace("-", " ")
        self.version = f"{base.version}, {simulator}" if simulator else base.version
        self.is_simulated = bool(simulator) or base.is_simulated
        self.citation, self.licence, self.ids_are_numbers = base.citation, base.licence, base.ids_are_numbers
        self._records = {record.ecg_id: replace(record, dataset=name) for record in records}
        self.truths, self._marks = truths, marks
        folds = tuple(dict.fromkeys(record.fold for record in self._records.values()))
        self.splits = {SPLIT: Split(SPLIT, folds, f"made from records of {base.name}")}

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def record(self, ecg_id: RecordId) -> Record:
        """Return one record; raises DatasetError for an unknown id."""
        if ecg_id not in self._records:
            raise DatasetError(f"{self.name} has no record {ecg_id!r}")
        return self._records[ecg_id]

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return the truth, which was known before the signal was made."""
        return self.truths[record.ecg_id]

    def signal_digests(self, ids: Iterable[RecordId]) -> Mapping[RecordId, str]:
        """Return what decides the signal of each record."""
        return {ecg_id: self._marks[ecg_id] for ecg_id in ids}

    def labelling(self, record: Record) -> str:
        """Return what the records are made of and their truth, so that other statements make another run."""
        return f"{super().labelling(record)} {self._marks[record.ecg_id]}"

    def everything(self) -> Cohort:
        """Return all records."""
        return Cohort(self, tuple(self), SPLIT)


def base_name(name: str) -> str:
    """Return the name of the dataset that one of this name was made from in the end, its own if it was not made."""
    while name.startswith((COPIES, PHANTOMS)):
        name = name.removeprefix(COPIES).removeprefix(PHANTOMS)
    return name


def derived(name: str, base: Dataset, ids: Sequence[RecordId], seed: int) -> Cohort:
    """Return records of a derived dataset once more, from its name and its seed alone.

    Parameters
    ----------
    name : str
        Such as ``copies-of-phantoms-1``; the name of ``base`` itself gives its own records.
    base : Dataset
        Of :func:`base_name`.
    ids : sequence of RecordId
    seed : int
        Of jitter and phantoms.

    Raises
    ------
    taxonomy.error.DatasetError
        When ``base`` has no such record.
    """
    if name != base.name and name.startswith(COPIES):
        return copies_of(derived(name.removeprefix(COPIES), base, ids, seed), seed)
    if name != base.name and name.startswith(PHANTOMS):
        return matched_phantoms(derived(name.removeprefix(PHANTOMS), base, ids, seed), seed).cohort
    return base.cohort(ids=ids)


def copies_of(cohort: Cohort, seed: int) -> Cohort:
    """Return a copy of every record of a cohort, shifted and scaled as :mod:`bench.view.jitter` does.

    The copies keep the truth of the originals; what is measured on them is measured anew.
    """
    base, digests = cohort.dataset, cohort.dataset.signal_digests(cohort.ids)

    def load(ecg_id: RecordId, fs: int) -> Signal:
        return jitter(seed, ecg_id).of(base.record(ecg_id).signal(fs))

    return Derived(
        name=f"{COPIES}{base.name}",
        base=base,
        records=[replace(record, _load=load) for record in cohort],
        truths=cohort.truths(),
        marks={ecg_id: f"{digests[ecg_id]} {jitter(seed, ecg_id)}" for ecg_id in cohort.ids},
    ).everything()


@dataclass(frozen=True, eq=False)
class Matches:
    """Phantoms made for the records of a cohort.

    Attributes
    ----------
    cohort : Cohort
        One phantom for each record that has one, under the record's id.
    agree : mapping of str to frozenset of RecordId
        For each axis, the records whose phantom has the same primary value.
    without : int
        Records without a phantom: they have no statement that a phantom can have.
    """

    cohort: Cohort
    agree: Mapping[str, frozenset[RecordId]]
    without: int


def matched_phantoms(cohort: Cohort, seed: int) -> Matches:
    """Return a phantom of the same statements for every record of a cohort, drawn from a fresh seed.

    Statements that contradict others, or that no phantom can have, are left out of the phantom; on an axis whose value
    this changes, record and phantom do not agree and are not compared.
    """
    truths, drawn = cohort.truths(), dict[RecordId, tuple[Draw, Truth]]()
    for record in cohort:
        found = _phantom_like(truths[record.ecg_id], partial(_fresh, seed, record.ecg_id))
        if found:
            drawn[record.ecg_id] = found

    def load(ecg_id: RecordId, fs: int) -> Signal:
        phantom = drawn[ecg_id][0].simulated(fs=fs)
        return Signal(phantom.mv, phantom.fs)

    made = Derived(
        name=f"{PHANTOMS}{cohort.dataset.name}",
        base=cohort.dataset,
        records=[
            replace(record, age=drawn[record.ecg_id][0].age, sex=drawn[record.ecg_id][0].sex, rates=(FS,), _load=load)
            for record in cohort
            if record.ecg_id in drawn
        ],
        truths={ecg_id: truth for ecg_id, (_, truth) in drawn.items()},
        marks={ecg_id: f"{sorted(one.codes)} seed {one.seed}" for ecg_id, (one, _) in drawn.items()},
        simulator=VERSION,
    )
    agree = {
        axis.name: frozenset(
            ecg_id
            for ecg_id, (_, truth) in drawn.items()
            if truth.values[axis.name] == truths[ecg_id].values[axis.name]
        )
        for axis in AXES
    }
    return Matches(made.everything(), agree, len(cohort) - len(drawn))


def _phantom_like(wanted: Truth, seed_of: Callable[[int], int]) -> tuple[Draw, Truth] | None:
    codes = _together(wanted.statements or frozenset())
    if not codes:
        return None
    found = list[tuple[int, Draw, Truth]]()
    for number in range(TRIES):
        try:
            draw = of_statements(codes, seed_of(number))
        except PhantomError:
            continue
        truth = truth_of_draw(draw)
        agreeing = sum(truth.values[axis.name] == wanted.values[axis.name] for axis in AXES)
        if agreeing == len(AXES):
            return draw, truth
        found.append((agreeing, draw, truth))
    if not found:
        return None
    _, draw, truth = max(found, key=lambda one: one[0])
    return draw, truth


def _together(codes: frozenset[str]) -> frozenset[str]:
    """Return the statements, less those that no phantom can have beside the ones before them in the alphabet."""
    kept = frozenset[str]()
    for code in sorted(codes):
        try:
            heart_of(kept | {code}, stream(0, "coherence"))
        except PhantomError:
            continue
        kept |= {code}
    return kept


def _fresh(seed: int, ecg_id: RecordId, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"fresh {seed} {ecg_id} {number}".encode()).digest()[:6], "big")
