"""Phantoms as a dataset: simulated on demand, their truth known exactly, drawn from a seed."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from bench.dataset.base import TRAIN, Dataset, Split, majorities
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.record import Record, RecordId, Signal
from measurements import Measurements
from phantoms.population import Draw, drawn, person_of, seed_of
from phantoms.simulator import VERSION, rate_of_heart
from readers.majority import majority_values
from taxonomy.axis import AxisValue
from taxonomy.error import DatasetError
from taxonomy.threshold import axis_of
from taxonomy.truth import Labels, Numbers, Truth, truth

NAME = "phantoms"

CASES = 500
"""Phantoms of the test split; the validation split has as many, the training split eight times as many. Only those that
are asked for are simulated."""

SEED_DIGITS = 18
MOST_CASES = 1_000_000
"""Largest seed and test split: names of folders hold both."""

COUNTED = 1_000
"""Training phantoms, the first ones, over which the majority values are counted: they are drawn alike, and all of them
would take as long as the run."""

SIMULATED_KEPT = 512
"""Recordings kept in memory, 0.24 MB each: one that is measured is then read, and need not be simulated again."""

FS = 500
SOURCE = "the simulation"


class Phantoms(Dataset):
    """Simulated 12-lead ECGs of 10 s at 500 Hz.

    Nothing is kept of a phantom but its seed: statements and heart are drawn when its truth is asked for, and its
    signal is simulated when it is read.

    Parameters
    ----------
    population : str
        A seed, such as ``"7"``: another seed gives phantoms that no model has ever seen. ``"7,balanced"`` draws every
        statement as often, instead of as often as PTB-XL holds it; ``"7,2000"`` has 2,000 test cases.

    Raises
    ------
    taxonomy.error.DatasetError
        When it is none of these.
    """

    title = "simulated phantoms"
    citation = "ECG bench's phantoms, after McSharry et al. 2003 and Sameni et al. 2007"
    licence = "MIT"
    version = VERSION
    ids_are_numbers = True
    is_simulated = True
    truth_is_measured = False

    def __init__(self, population: str = "1") -> None:
        self.seed, self.balanced, self.cases = _parsed(population)
        kind, size = ["balanced"] * self.balanced, [str(self.cases)] * (self.cases != CASES)
        self.name = "-".join([NAME, str(self.seed), *kind, *size])
        self.splits = {
            "test": Split("test", ("test",), f"fold test, {self.cases:,} phantoms"),
            "val": Split("val", ("val",), f"fold val, {self.cases:,} other phantoms"),
            TRAIN: Split(TRAIN, (TRAIN,), f"fold train, {8 * self.cases:,} further phantoms"),
            "all": Split("all", ("test", "val", TRAIN), f"all {10 * self.cases:,} phantoms"),
        }

    def __len__(self) -> int:
        return 10 * self.cases

    def __iter__(self) -> Iterator[Record]:
        return self.in_folds(self._numbers)

    def in_folds(self, folds: Collection[RecordId]) -> Iterator[Record]:
        """Yield the phantoms of these folds in ascending number; those of other folds are not made."""
        for fold, numbers in self._numbers.items():
            if fold in folds:
                yield from (self._record(number, fold) for number in numbers)

    def record(self, ecg_id: RecordId) -> Record:
        """Return one phantom by its number, from 0; raises DatasetError for another one."""
        fold = self.fold_of(ecg_id)
        if isinstance(ecg_id, int) and fold is not None:
            return self._record(ecg_id, fold)
        raise DatasetError(f"{self.name} has no record {ecg_id}: its records are 0 to {len(self) - 1}")

    def is_taught(self, record: Record, taught: Mapping[str, Collection[RecordId]]) -> bool:
        """Tell whether a phantom is among those taught, by whatever name: a larger population holds the smaller ones.

        A number of one seed and kind is the same phantom, though it may lie in another fold.
        """
        for name, folds in taught.items():
            other = phantoms_named(name)
            if other and (other.seed, other.balanced) == (self.seed, self.balanced):
                where = other.fold_of(record.ecg_id)
                if where is not None and where in folds:
                    return True
        return False

    def fold_of(self, ecg_id: RecordId) -> RecordId | None:
        """Return the fold of a phantom's number; None where there is no such phantom."""
        return next((fold for fold, numbers in self._numbers.items() if ecg_id in numbers), None)

    def draw(self, ecg_id: RecordId) -> Draw:
        """Return what a phantom is: its statements, its heart and its seed."""
        return _draw(self.seed, int(ecg_id), self.balanced)

    def labels(self, ecg_id: RecordId) -> Labels:
        """Return the statements that are true of a phantom, each for certain, and the stage of its infarction."""
        return _labels(self.draw(ecg_id))

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return the exact truth of a phantom; nothing is measured."""
        return _truth(self.seed, int(record.ecg_id), self.balanced)

    def source(self, axis: str, record: Record, numbers: Measurements) -> str:
        """Return who says the truth on every axis."""
        return SOURCE

    @cached_property
    def baselines(self) -> Mapping[str, AxisValue]:
        """The majority values of the training split.

        Statements are as frequent as in PTB-XL's training folds, so these are its values. A balanced population is
        counted, over its first :data:`COUNTED` training phantoms.
        """
        if not self.balanced:
            return majority_values()
        return majorities(self.truth(record) for record in islice(self.in_folds((TRAIN,)), COUNTED))

    def labelling(self, record: Record) -> str:
        """Return what decides a phantom: its statements, and the seed of its simulation."""
        one = self.draw(record.ecg_id)
        return f"{sorted(one.codes)} {one.stadium} {one.seed}"

    def signal_digests(self, ids: Iterable[RecordId]) -> Mapping[RecordId, str]:
        """Return the seed of each phantom, which decides its signal."""
        return {ecg_id: f"seed {self.draw(ecg_id).seed}" for ecg_id in ids}

    @cached_property
    def _numbers(self) -> Mapping[RecordId, range]:
        return {
            "test": range(self.cases),
            "val": range(self.cases, 2 * self.cases),
            TRAIN: range(2 * self.cases, 10 * self.cases),
        }

    def _record(self, number: int, fold: RecordId) -> Record:
        age, sex = person_of(seed_of(self.seed, number))
        return Record(number, number, age, sex, fold, self.name, (FS,), self._load)

    def _load(self, ecg_id: RecordId, fs: int) -> Signal:
        return Signal(_simulated(self.seed, int(ecg_id), self.balanced, fs).copy(), fs)


def phantoms_named(name: str) -> Phantoms | None:
    """Return the phantoms of a name such as ``phantoms-7-balanced``, which need no files; None for another name."""
    kind, dash, population = name.partition("-")
    if kind != NAME or not dash:
        return None
    try:
        found = Phantoms(population.replace("-", ","))
    except DatasetError:
        return None
    return found if found.name == name else None


def _parsed(population: str) -> tuple[int, bool, int]:
    """Return the seed, whether the population is balanced, and its number of test cases."""
    seed, *more = population.split(",")
    sizes = [word for word in more if word != "balanced"]
    cases = _whole(sizes[0], len(str(MOST_CASES))) if sizes else CASES
    number = _whole(seed, SEED_DIGITS)
    if number is None or len(more) > len(set(more)) or len(sizes) > 1 or cases is None or not 0 < cases <= MOST_CASES:
        raise DatasetError(
            f"phantoms take a seed of at most {SEED_DIGITS} digits and, if wanted, 'balanced' and a number of cases "
            f"from 1 to {MOST_CASES:,} (7,balanced,2000), not {population[:80]!r}"
        )
    return number, "balanced" in more, cases


def _whole(written: str, digits: int) -> int | None:
    """Return a whole number of at most so many digits, None where it is none."""
    return int(written) if written.isascii() and written.isdecimal() and len(written) <= digits else None


def _labels(one: Draw) -> Labels:
    return Labels(dict.fromkeys(sorted(one.codes), 100.0), infarction_stadium=one.stadium)


@lru_cache(maxsize=8192)
def _draw(seed: int, number: int, balanced: bool) -> Draw:
    return drawn(seed, number, balanced)


@lru_cache(maxsize=SIMULATED_KEPT)
def _simulated(seed: int, number: int, balanced: bool, fs: int) -> NDArray[np.float32]:
    return _draw(seed, number, balanced).simulated(fs=fs).mv


@lru_cache(maxsize=8192)
def _truth(seed: int, number: int, balanced: bool) -> Truth:
    return truth_of_draw(_draw(seed, number, balanced))


def truth_of_draw(one: Draw) -> Truth:
    """Return the exact truth of a phantom, whatever population it is of."""
    labelled = truth(_labels(one), Numbers(round(rate_of_heart(one.heart, one.seed)), source=SOURCE, is_own=False))
    axis = None if one.heart.rhythm == "paced" else axis_of(one.heart.axis)
    because = {**labelled.because, "axis": f"{one.heart.axis:.0f} degrees by {SOURCE}"}
    return replace(labelled, values={**labelled.values, "axis": axis}, because=because)
