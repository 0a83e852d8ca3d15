"""Phantoms as a dataset: simulated on demand, their truth known exactly, drawn from a seed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
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

CASES = 500
"""Phantoms of the test split; the validation split has as many, the training split eight times as many. Only those that
are asked for are simulated."""

NAME = "phantoms"

FS = 500
EVERY_AXIS_EXACT = "the simulation"


class Phantoms(Dataset):
    """Simulated 12-lead ECGs of 10 s at 500 Hz.

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
    citation = "simulated by this project; McSharry et al. 2003, Sameni et al. 2007 for the model"
    licence = "MIT"
    version = VERSION
    ids_are_numbers = True
    is_simulated = True

    def __init__(self, population: str = "1") -> None:
        seed, *more = population.split(",")
        kind, size = [word for word in more if word == "balanced"], [word for word in more if word.isdecimal()]
        if not seed.isdecimal() or len(kind) + len(size) < len(more) or max(len(kind), len(size)) > 1 or size == ["0"]:
            raise DatasetError(
                f"phantoms take a seed and, if wanted, 'balanced' and a number of cases (7,balanced,2000), not "
                f"{population!r}"
            )
        self.seed, self.balanced, self.cases = int(seed), bool(kind), int(size[0]) if size else CASES
        self.name = "-".join([NAME, str(self.seed), *kind, *(size if self.cases != CASES else [])])
        self.splits = {
            "test": Split("test", ("test",), f"{self.cases:,} phantoms"),
            "val": Split("val", ("val",), f"{self.cases:,} other phantoms"),
            TRAIN: Split(TRAIN, (TRAIN,), f"{8 * self.cases:,} further phantoms"),
            "all": Split("all", ("test", "val", TRAIN), f"all {10 * self.cases:,} phantoms"),
        }

    def __len__(self) -> int:
        return 10 * self.cases

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

    def labelling(self, record: Record) -> str:
        """Return what decides a phantom: its statements, and the seed of its simulation."""
        one = self.draw(int(record.ecg_id))
        return f"{sorted(one.codes)} {one.stadium} {one.seed}"

    def signal_digests(self, ids: Iterable[RecordId]) -> Mapping[RecordId, str]:
        """Return the seed of each phantom, which decides its signal."""
        return {ecg_id: f"seed {self.draw(int(ecg_id)).seed}" for ecg_id in ids}

    def _record(self, number: int) -> Record:
        drawn = self.draw(number)
        fold = "test" if number < self.cases else "val" if number < 2 * self.cases else TRAIN
        return Record(number, number, drawn.age, drawn.sex, fold, self.name, (FS,), self._load)

    def _load(self, ecg_id: RecordId, fs: int) -> Signal:
        phantom = self.draw(int(ecg_id)).simulated(fs=fs)
        return Signal(phantom.mv, phantom.fs)


@lru_cache(maxsize=8192)
def _draw(seed: int, number: int, balanced: bool) -> Draw:
    return drawn(seed, number, balanced)


@lru_cache(maxsize=8192)
def _truth(seed: int, number: int, balanced: bool) -> Truth:
    return truth_of(_draw(seed, number, balanced))


def truth_of(one: Draw) -> Truth:
    """Return the exact truth of a phantom on every axis; no signal is simulated for it."""
    likelihoods = dict.fromkeys(one.codes, 100.0)
    rate = round(rate_of_heart(one.heart, one.seed))
    numbers = Numbers(rate, source=EVERY_AXIS_EXACT, is_own=False)
    labelled = truth(Labels(likelihoods, infarction_stadium=one.stadium), numbers)
    axis = None if one.heart.rhythm == "paced" else axis_of(one.heart.axis)
    because = {**labelled.because, "axis": f"{one.heart.axis:.0f} degrees by {EVERY_AXIS_EXACT}"}
    return replace(labelled, values={**labelled.values, "axis": axis}, because=because)
