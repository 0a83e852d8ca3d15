"""From a dataset to a training set of resnet1d, and from trained members to its weights file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Dataset, Record, Signal, records_of
from bench.dataset.array_cache import cached_array
from bench.truth import UNMEASURED, truth_of
from readers.resnet1d.preprocessing import FS, SAMPLES, prepare
from readers.training_target import targets
from taxonomy.error import DatasetError

if TYPE_CHECKING:
    from readers.resnet1d.dataset import TrainingSet

Report = Callable[[int, int], None]


def training_set(dataset: Dataset, extra: Path | None, report: Report) -> "TrainingSet":
    """Return folds 1 to 9 of a dataset, prepared for the network.

    Parameters
    ----------
    dataset : Dataset
        Its signals are prepared once and kept in the cache folder.
    extra : Path, optional
        An ``.npz`` of PTB-XL records that were filtered and z-scored elsewhere in the same way: ``ecg_id`` (n,),
        ``signal`` int16 (n, 12, 1000) at 100 Hz, ``units_per_sd``. Their labels and folds come from the dataset's
        table; a record that the dataset has a signal of is not taken twice.
    report : callable

    Raises
    ------
    taxonomy.error.DatasetError
        When there is no record of folds 1 to 8 or of fold 9, or the extra file has another form.
    """
    from readers.resnet1d.dataset import TrainingSet

    records = [record for record in records_of(dataset, "all") if record.fold <= 9]
    signals: NDArray[np.float32] = np.empty((0, 12, SAMPLES), dtype=np.float32)
    if records:
        signals = cached_array(dataset, records, (f"resnet1d-{FS}hz", _prepared), report)
    if extra:
        more, more_signals = _extra(extra, dataset, {record.ecg_id for record in records})
        records, signals = [*records, *more], np.concatenate([signals, more_signals])
    folds = {record.fold for record in records}
    if 9 not in folds or folds.isdisjoint(range(1, 9)):
        raise DatasetError("training needs records of folds 1 to 8 and of fold 9 that have a signal")
    truths = [truth_of(record, UNMEASURED) for record in records]
    hot, known = targets(truths, [frozenset(record.labels.scp_codes) for record in records])
    fold = np.array([record.fold for record in records], dtype=np.int64)
    ecg_id = np.array([record.ecg_id for record in records], dtype=np.int64)
    return TrainingSet(np.ascontiguousarray(signals), hot, known, fold, ecg_id)


def training_record(data: "TrainingSet", dataset: Dataset, extra: Path | None) -> dict[str, Any]:
    """Return what the weights file says of its training data."""
    return {
        "dataset": f"{dataset.name} {dataset.version}" + (f" and {extra.name}" if extra else ""),
        "training_records": int((data.fold <= 8).sum()),
        "validation_records": int((data.fold == 9).sum()),
        "folds": "1-8, stopped on 9",
    }


def _prepared(signal: Signal) -> NDArray[np.float32]:
    return prepare(signal.mv, signal.fs)


def _extra(path: Path, dataset: Dataset, have: set[int]) -> tuple[Sequence[Record], NDArray[np.float32]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            ids, signal, units = archive["ecg_id"], archive["signal"], float(archive["units_per_sd"])
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(f"{path} is no file of prepared signals: {error}") from error
    if signal.shape != (len(ids), 12, SAMPLES):
        raise DatasetError(f"{path} holds signals {signal.shape}, not ({len(ids)}, 12, {SAMPLES})")
    rows = [(row, dataset.record(int(ecg_id))) for row, ecg_id in enumerate(ids) if int(ecg_id) not in have]
    chosen = [(row, record) for row, record in rows if record.fold <= 9]
    prepared = signal[[row for row, _ in chosen]].astype(np.float32) / np.float32(units)
    return [record for _, record in chosen], prepared
