"""One training set of several parts: datasets, hospitals, or chosen records of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bench.dataset import Cohort, Dataset, Record
from bench.dataset.base import TRAIN
from bench.dataset.record import by_id
from bench.progress import Report
from bench.training.resnet1d import prepared_cohort
from readers.training_target import targets
from taxonomy.error import DatasetError

if TYPE_CHECKING:
    from readers.resnet1d.dataset import TrainingSet


@dataclass(frozen=True, eq=False)
class Part:
    """Chosen records of one dataset: a domain of the training.

    Attributes
    ----------
    dataset : Dataset
    train, stop : tuple of Record
        With a signal, none in both: those that teach, and those that decide when to stop.
    weight : float
        Of each record in the loss, relative to 1.
    prepared_with : tuple of Record
        Records that are prepared in one go with them, so that trainings over other choices of the same records find
        them prepared: all records of the domain, as a rule. They teach nothing.
    """

    dataset: Dataset
    train: tuple[Record, ...]
    stop: tuple[Record, ...] = ()
    weight: float = 1.0
    prepared_with: tuple[Record, ...] = ()


def joined_training_set(parts: Sequence[Part], report: Report, workers: int | None = None) -> "TrainingSet":
    """Return the chosen records of all parts as one training set; the number of a part is its records' domain.

    A record is told by its part: ids of two parts may be the same. What a part's dataset does not label is masked.

    Parameters
    ----------
    parts : sequence of Part
        One for each domain, without a record that teaches in none of them.
    report : callable
        Told of each part's preparation.
    workers : int, optional
        Processes that prepare signals; by default one for each processor.

    Returns
    -------
    TrainingSet
        Without records to stop on where no part has any: the last epoch of such a training counts.

    Raises
    ------
    taxonomy.error.DatasetError
        When no record teaches, a record is to teach and to stop, or one cannot be read.
    taxonomy.error.StorageError
        When the cache folder cannot be written.
    """
    if not any(part.train for part in parts):
        raise DatasetError("no record is left to train on")
    return joined([_training_set(part, report, workers) for part in parts], [part.weight for part in parts])


def joined(sets: "Sequence[TrainingSet]", weights: Sequence[float]) -> "TrainingSet":
    """Return several training sets as one, each a domain whose records' weight is multiplied by its own.

    The signals of several are copied into memory, 48 kB a record; those of a single set stay where they are.
    """
    from readers.resnet1d.dataset import TrainingSet

    weighted = [
        replace(one, weight=one.weight * np.float32(weight), domain=np.full(len(one.weight), number, dtype=np.int64))
        for number, (one, weight) in enumerate(zip(sets, weights, strict=True))
    ]
    if len(weighted) == 1:
        return weighted[0]
    starts = np.cumsum([0, *(len(one.weight) for one in weighted)]).tolist()
    return TrainingSet(
        signal=np.concatenate([one.signal for one in weighted]),
        side=np.concatenate([one.side for one in weighted]),
        targets={head: np.concatenate([one.targets[head] for one in weighted]) for head in weighted[0].targets},
        known={head: np.concatenate([one.known[head] for one in weighted]) for head in weighted[0].known},
        weight=np.concatenate([one.weight for one in weighted]),
        train=np.concatenate([start + one.train for start, one in zip(starts[:-1], weighted, strict=True)]),
        validation=np.concatenate([start + one.validation for start, one in zip(starts[:-1], weighted, strict=True)]),
        domain=np.concatenate([one.domain for one in weighted]),
    )


def _training_set(part: Part, report: Report, workers: int | None) -> "TrainingSet":
    from readers.resnet1d.dataset import TrainingSet

    dataset, stop = part.dataset, {record.ecg_id for record in part.stop}
    chosen = {record.ecg_id: record for record in (*part.train, *part.stop)}
    if len(chosen) < len(part.train) + len(part.stop):
        raise DatasetError(f"a record of {dataset.name} is chosen twice, to train on or to stop on")
    every = chosen | {record.ecg_id: record for record in part.prepared_with}
    cohort = Cohort(dataset, tuple(every[ecg_id] for ecg_id in sorted(every, key=by_id)), TRAIN)
    seen = prepared_cohort(cohort, report, workers)
    records = [record for record in cohort if record.ecg_id in chosen]
    leads, side = seen.leads, seen.side
    if len(records) < len(cohort):
        rows = np.flatnonzero([record.ecg_id in chosen for record in cohort])
        leads, side = leads[rows], side[rows]
    hot, known = targets([dataset.truth(record) for record in records])
    stops = np.array([record.ecg_id in stop for record in records], dtype=bool)
    weight = np.ones(len(records), dtype=np.float32)
    return TrainingSet(leads, side, hot, known, weight, np.flatnonzero(~stops), np.flatnonzero(stops))
