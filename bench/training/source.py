"""The datasets of a training, each with its weight; no recording may come from two of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.dataset import Cohort, Dataset, Record, RecordId
from bench.dataset.base import TRAIN
from bench.storage import sha256
from bench.training.resnet1d import STOP, training_record
from taxonomy.error import SettingError

if TYPE_CHECKING:
    from readers.resnet1d.dataset import TrainingSet

EXTRA_OF = "ptbxl"
"""Dataset whose records an ``--extra`` file holds, where there are several."""


@dataclass(frozen=True, eq=False)
class Source:
    """A dataset that teaches by its training split, and stops by its validation split.

    Attributes
    ----------
    dataset : Dataset
    weight : float
        Of each of its records in the loss, a record's of another dataset being 1.
    extra : Path or None
        More of its records (:func:`bench.training.resnet1d.prepared_records`).
    """

    dataset: Dataset
    weight: float = 1.0
    extra: Path | None = None

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.dataset.name

    @cached_property
    def cohorts(self) -> dict[str, Cohort]:
        """The records of both splits that have a signal."""
        return {split: self.dataset.cohort(split) for split in (TRAIN, STOP)}

    @property
    def records(self) -> tuple[Record, ...]:
        """All of them."""
        return tuple(record for cohort in self.cohorts.values() for record in cohort)

    @cached_property
    def ids(self) -> frozenset[RecordId]:
        """Their ids."""
        return frozenset(record.ecg_id for record in self.records)

    @property
    def folds(self) -> tuple[RecordId, ...]:
        """The folds of both splits."""
        return tuple(fold for split in (TRAIN, STOP) for fold in self.dataset.split(split).folds)

    def digest(self, ecg_id: RecordId) -> str:
        """Return a checksum of one record's signal."""
        return self.dataset.signal_digests((ecg_id,))[ecg_id]

    def to_json(self) -> dict[str, Any]:
        """Return what a training depends on."""
        return {
            "dataset": f"{self.name} {self.dataset.version}",
            "records": {split: cohort.fingerprint for split, cohort in self.cohorts.items()},
            "extra": sha256(self.extra) if self.extra and self.extra.is_file() else None,
            "weight": self.weight,
        }


def sources_of(datasets: Sequence[Dataset], weights: Sequence[float], extra: Path | None) -> tuple[Source, ...]:
    """Return the datasets with their weights, 1 each where none is given.

    Raises
    ------
    taxonomy.error.SettingError
        When there are not as many weights as datasets, an extra file could be of none of several datasets, or a
        recording is in two of them.
    """
    if weights and len(weights) != len(datasets):
        raise SettingError(f"--weight is given {len(weights)} times and --data {len(datasets)}: give one for each")
    whose = [dataset for dataset in datasets if len(datasets) == 1 or dataset.name == EXTRA_OF]
    if extra and not whose:
        raise SettingError(f"--extra holds records of PTB-XL, which is none of the {len(datasets)} datasets: add it")
    sources = tuple(
        Source(dataset, weight, extra if dataset in whose[:1] else None)
        for dataset, weight in zip(datasets, weights or [1.0] * len(datasets), strict=True)
    )
    check_apart(sources)
    return sources


def check_apart(sources: Sequence[Source]) -> None:
    """Raise SettingError where a recording is in two datasets: it would be taught twice, or be taught and stop."""
    for one, other in permutations(sources, 2):
        shared = next((record for record in other.records if _is_in(record, other, one)), None)
        if shared is not None:
            raise SettingError(
                f"record {shared.ecg_id} of {other.name} is in {one.name} too, as far as their folds tell: name "
                "folders that share no recording, or leave one out"
            )


def _is_in(record: Record, source: Source, other: Source) -> bool:
    if source.name != other.name:
        return source.dataset.is_taught(record, {other.name: other.folds})
    # The same id in two folders of one name is the same recording only where the signal is the same, too.
    ecg_id = record.ecg_id
    return ecg_id in other.ids and source.digest(ecg_id) == other.digest(ecg_id)


def sources_record(sources: Sequence[Source], sets: "Sequence[TrainingSet]") -> dict[str, Any]:
    """Return the description of the training data for the weights file.

    :func:`readers.taught.taught_in` reads it.
    """
    each = [training_record(data, one.dataset, one.extra) for one, data in zip(sources, sets, strict=True)]
    if is_plain(sources):
        return each[0]
    counted = ("training_records", "validation_records")
    weighted = [record | {"weight": source.weight} for record, source in zip(each, sources, strict=True)]
    return {name: sum(record[name] for record in each) for name in counted} | {"datasets": weighted}


def is_plain(sources: Sequence[Source]) -> bool:
    """Tell whether there is one dataset, without a weight of its own: all that a training could once have."""
    return len(sources) == 1 and sources[0].weight == 1
