"""The training set of resnet1d, and the record of it for the weights file."""

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, Dataset, Record, RecordId, Signal
from bench.dataset.array_cache import cached_array
from bench.dataset.base import TRAIN
from bench.dataset.record import by_id
from bench.progress import Report
from bench.training.preparation import each_prepared
from measurements import VERSION as MEASURING
from measurements import measure
from readers.processors import own_processors
from readers.resnet1d.preprocessing import NETWORK_FS, NETWORK_SAMPLES, prepare
from readers.resnet1d.side import NAMES, NetworkInput, network_input, side_inputs
from readers.resnet1d.side import VERSION as SIDE_VERSION
from readers.training_target import targets
from taxonomy.error import DatasetError

if TYPE_CHECKING:
    from readers.resnet1d.dataset import TrainingSet

STOP = "val"
"""Split for early stopping."""


def training_set(dataset: Dataset, extra: Path | None, report: Report, workers: int | None = None) -> "TrainingSet":
    """Return the training and validation splits of a dataset, prepared for the network.

    Parameters
    ----------
    dataset : Dataset
    extra : Path, optional
        More records (:func:`prepared_records`).
    report : callable
    workers : int, optional
        Processes that prepare signals; by default one for each processor.

    Raises
    ------
    taxonomy.error.DatasetError
        When either split has no record, or the extra file has another format.
    """
    data = split_set(dataset, extra, report, workers)
    check_both([dataset], [data])
    return data


def check_both(datasets: Sequence[Dataset], sets: "Sequence[TrainingSet]") -> None:
    """Raise DatasetError where datasets together have no record to train on, or none to stop on."""
    for split, rows in ((TRAIN, [data.train for data in sets]), (STOP, [data.validation for data in sets])):
        if not any(map(len, rows)):
            where = " or ".join(f"{dataset.split(split).meaning} of {dataset.name}" for dataset in datasets)
            raise DatasetError(f"training needs records of {where} that have a signal")


def split_set(dataset: Dataset, extra: Path | None, report: Report, workers: int | None = None) -> "TrainingSet":
    """Return what :func:`training_set` returns, of which a split may be empty."""
    from readers.resnet1d.dataset import TrainingSet

    train, stop = dataset.split(TRAIN), dataset.split(STOP)
    records, seen = prepared_records(dataset, extra, report, workers)
    train_rows, stop_rows = (
        np.flatnonzero([record.fold in split.folds for record in records]) for split in (train, stop)
    )
    hot, labelled = targets([dataset.truth(record) for record in records])
    weight = np.ones(len(records), dtype=np.float32)
    return TrainingSet(seen.leads, seen.side, hot, labelled, weight, train_rows, stop_rows)


def prepared_records(
    dataset: Dataset,
    extra: Path | None,
    report: Report,
    workers: int | None = None,
    splits: Collection[str] = (TRAIN, STOP),
) -> tuple[Sequence[Record], NetworkInput]:
    """Return the records of some splits, and what the network sees of them.

    Parameters
    ----------
    dataset : Dataset
        Its prepared signals are stored in the cache folder.
    extra : Path, optional
        An ``.npz`` of PTB-XL records filtered and z-scored elsewhere in the same way: ``ecg_id`` (n,), ``signal``
        int16 (n, 12, 1000) at 100 Hz, ``units_per_sd``. Labels and folds come from the dataset's table; records whose
        signal the dataset has are ignored. Their amplitude is unknown.
    report : callable
    workers : int, optional
        Processes that prepare signals; by default one for each processor.
    splits : collection of str
        By default those of a training: the test split is read by nothing that trains.

    Returns
    -------
    records : sequence of Record
    seen : NetworkInput
        Of all records; its leads are mapped from the cache folder, unless there are extra records.

    Raises
    ------
    taxonomy.error.DatasetError
        When the extra file has another format.
    """
    chosen = [record for split in splits for record in dataset.cohort(split)]
    cohort = Cohort(dataset, tuple(sorted(chosen, key=lambda record: by_id(record.ecg_id))), TRAIN)
    seen = prepared_cohort(cohort, report, workers)
    if not extra:
        return cohort, seen
    folds = frozenset(fold for split in splits for fold in dataset.split(split).folds)
    more, further = _extra(extra, dataset, frozenset(cohort.ids), folds)
    both_seen = NetworkInput(np.concatenate([seen.leads, further.leads]), np.concatenate([seen.side, further.side]))
    return [*cohort, *more], both_seen


def prepared_cohort(cohort: Cohort, report: Report, workers: int | None = None) -> NetworkInput:
    """Return what the network sees of a cohort's records, in their order; mapped from the cache folder.

    Whoever asks for the same records again gets the same files, whatever they are split into.

    Parameters
    ----------
    cohort : Cohort
        Of records with a signal.
    report : callable
    workers : int, optional
        Processes that prepare signals; by default one for each processor.

    Raises
    ------
    taxonomy.error.DatasetError
        When a record cannot be read; those before it are kept.
    taxonomy.error.StorageError
        When the cache folder cannot be written.
    """
    if not cohort:
        return NetworkInput(
            np.empty((0, 12, NETWORK_SAMPLES), dtype=np.float32), np.empty((0, len(NAMES)), dtype=np.float32)
        )
    each = partial(each_prepared, cohort.dataset, workers or own_processors())
    leads = cached_array(cohort, (f"resnet1d-{NETWORK_FS}hz", _prepared), report, each)
    side = cached_array(cohort, (f"resnet1d-side-{SIDE_VERSION}-{MEASURING}", _side), report, each)
    return NetworkInput(leads, side[:, 0])


def training_record(data: "TrainingSet", dataset: Dataset, extra: Path | None) -> dict[str, Any]:
    """Return the description of the training data for the weights file."""
    return {
        "dataset": f"{dataset.name} {dataset.version}" + (f" and {extra.name}" if extra else ""),
        "training_records": len(data.train),
        "validation_records": len(data.validation),
        "folds": f"{dataset.split(TRAIN).meaning}, stopped on {dataset.split(STOP).meaning}",
    }


def _prepared(signal: Signal) -> NDArray[np.float32]:
    return prepare(signal.mv, signal.fs)


def _side(signal: Signal) -> NDArray[np.float32]:
    return network_input(signal.mv, signal.fs)[0].side[None]


def _extra(
    path: Path, dataset: Dataset, present: frozenset[RecordId], folds: frozenset[RecordId]
) -> tuple[Sequence[Record], NetworkInput]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            ids, signal, units = archive["ecg_id"], archive["signal"], float(archive["units_per_sd"])
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(f"{path} is not a file of prepared signals: {error}") from error
    if signal.shape != (len(ids), 12, NETWORK_SAMPLES):
        raise DatasetError(f"{path} holds signals {signal.shape}, not ({len(ids)}, 12, {NETWORK_SAMPLES})")
    rows = [(row, dataset.record(ecg_id)) for row, ecg_id in enumerate(ids.tolist()) if ecg_id not in present]
    chosen = [(row, record) for row, record in rows if record.fold in folds]
    prepared = signal[[row for row, _ in chosen]].astype(np.float32) / np.float32(units)
    beside = [side_inputs(measure(leads, NETWORK_FS), None, leads, NETWORK_FS) for leads in prepared]
    side = np.array(beside, dtype=np.float32).reshape(len(prepared), len(NAMES))
    return [record for _, record in chosen], NetworkInput(prepared, side)
