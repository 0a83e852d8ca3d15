"""Phantoms as a dataset: simulated on demand, their truth known exactly, drawn from a seed."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache

from bench.dataset.base import TRAIN, Dataset, Split, majorities
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.record import Record, RecordId, Signal
from measurements import Measurements
from phantoms.population import Draw, drawn
from phantoms.simulator import VERSION, rate_of_heart
from taxonomy.axis import AxisValue
from taxonomy.error import DatasetError
from taxonomy.threshold import axis_of
from taxonomy.truth import Labels, Numbers, Truth, truth

TEST_CASES, TRAIN_CASES, VAL_CASES = 500, 4000, 500
"""Phantoms of each split; only those that are asked for are simulated."""

FS = 500
EVERY_AXIS_EXACT = "the simulation"


class Phantoms(Dataset):
    """Simulated 12-lead ECGs of 10 s at 500 Hz.

    Parameters
    ----------
    population : str
        A seed, such as ``"7"``: another seed gives phantoms that no model has ever seen. ``"7,balanced"`` draws every
        statement as often, instead of as often as PTB-XL holds it.

    Raises
    ------
    taxonomy.error.DatasetError
        When it is neither.
    """

    title = "simulated phantoms"
    citation = "simulated by this project; McSharry et al. 2003, Sameni et al. 2007 for the model"
    licence = "MIT"
    version = VERSION
    ids_are_numbers = True
    splits: Mapping[str, Split] = {
        "test": Split("test", ("test",), f"{TEST_CASES} phantoms"),
        "val": Split("val", ("val",), f"{VAL_CASES} other phantoms"),
        "train": Split("train", ("train",), f"{TRAIN_CASES} further phantoms"),
    }

    def __init__(self, population: str = "1") -> None:
        seed, comma, kind = population.partition(",")
        if not seed.isdecimal() or (comma and kind != "balanced"):
            raise DatasetError(f"phantoms take a seed, or a seed and 'balanced' (7,balanced), not {population!r}")
        self.seed, self.balanced = int(seed), bool(comma)
        self.name = f"phantoms-{self.seed}" + ("-balanced" if self.balanced else "")

    def __len__(self) -> int:
        return TEST_CASES + VAL_CASES + TRAIN_CASES

    def __iter__(self) -> Iterator[Record]:
        for number in range(len(self)):
            yield self._record(number)

    def record(self, ecg_id: RecordId) -> Record:
        """Return one phantom by its number, from 0; raises DatasetError for another one."""
        if not isinstance(ecg_id, int) or not 0 <= ecg_id < len(self):
            raise DatasetError(f"{self.name} has no record {ecg_id}: its records are 0 to {len(self) - 1}")
        return self._record(ecg_id)

    def draw(self, ecg_id: int) -> Draw:
        """Return what a phantom is: its statements, its heart and its seed."""
        return _draw(self.seed, ecg_id, self.balanced)

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return the exact truth of a phantom; nothing is measured."""
        return _truth(self.seed, int(record.ecg_id), self.balanced)

    @cached_property
    def baselines(self) -> Mapping[str, AxisValue]:
        """The majority values of the training split, counted over the truth alone."""
        return majorities(self.truth(record) for record in self if record.fold == TRAIN)

    def fingerprint(self, ids: Iterable[RecordId]) -> str:
        """Return a digest of the population and the ids, 16 hex digits: the simulator's version decides the rest."""
        named = f"{self.name} {self.version} {sorted(ids)}"  # type: ignore[type-var]  # whole numbers
        return hashlib.sha256(named.encode()).hexdigest()[:16]

    def _record(self, number: int) -> Record:
        drawn = self.draw(number)
        fold = "test" if number < TEST_CASES else "val" if number < TEST_CASES + VAL_CASES else "train"
        sex = "male" if drawn.sex == "male" else "female"
        return Record(number, number, drawn.age, sex, fold, self.name, (FS,), self._load)

    def _load(self, ecg_id: RecordId, fs: int) -> Signal:
        phantom = self.draw(int(ecg_id)).simulated(fs=fs)
        return Signal(phantom.mv, phantom.fs)


@lru_cache(maxsize=8192)
def _draw(seed: int, number: int, balanced: bool) -> Draw:
    return drawn(seed, number, balanced)


@lru_cache(maxsize=8192)
def _truth(seed: int, number: int, balanced: bool) -> Truth:
    one = _draw(seed, number, balanced)
    likelihoods = dict.fromkeys(one.codes, 100.0)
    rate = round(rate_of_heart(one.heart, one.seed))
    numbers = Numbers(rate, None, one.heart.axis, EVERY_AXIS_EXACT, is_own=False)
    labelled = truth(Labels(likelihoods, "AXL", one.stadium), numbers)
    axis = None if one.heart.rhythm == "paced" else axis_of(one.heart.axis)
    values = {**labelled.values, "axis": axis}
    because = {**labelled.because, "axis": f"{one.heart.axis:.0f} degrees by {EVERY_AXIS_EXACT}"}
    return Truth(
        values,
        labelled.superclass,
        labelled.superclasses,
        labelled.statements,
        labelled.accepted,
        labelled.allowed,
        because,
    )
