"""All signals of a set of records as one memory-mapped array, made once and read by training as it needs them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.dataset import Dataset, fingerprint
from bench.dataset.record import Record, Signal
from bench.storage import cache_folder
from taxonomy.error import DatasetError

Prepare = Callable[[Signal], NDArray[np.float32]]


def cached_array(
    dataset: Dataset,
    records: Sequence[Record],
    prepare: tuple[str, Prepare],
    report: Callable[[int, int], None],
) -> NDArray[np.float32]:
    """Return every record's prepared signal, memory-mapped.

    A cache is complete or absent: it is written beside its place and moved there when the last record is in.

    Parameters
    ----------
    dataset : Dataset
    records : sequence of Record
        In the order of the rows.
    prepare : (str, callable)
        A name that changes whenever the preparation does, and the preparation: Signal to float32 (leads, samples).
    report : callable
        Called with records done and records in all.

    Returns
    -------
    float32 array (n_records, leads, samples)
        Read-only.

    Raises
    ------
    DatasetError
        When the cache folder cannot be written.
    """
    ids = tuple(record.ecg_id for record in records)
    name, function = prepare
    path = cache_folder() / f"signals-{name}-{fingerprint(dataset, ids)}.npy"
    if not _complete(path, ids):
        try:
            _write(path, records, function, report)
        except OSError as error:
            raise DatasetError(f"the cache {path} cannot be written: {error.strerror}; set ECG_BENCH_CACHE") from error
    array: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _complete(path: Path, ids: tuple[int, ...]) -> bool:
    listed = path.with_suffix(".json")
    return path.is_file() and listed.is_file() and json.loads(listed.read_text(encoding="utf-8")) == list(ids)


def _write(path: Path, records: Sequence[Record], prepare: Prepare, report: Callable[[int, int], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").unlink(missing_ok=True)
    part = path.with_suffix(".part")
    first = prepare(records[0].signal())
    array = np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=(len(records), *first.shape))
    for row, record in enumerate(records):
        array[row] = first if row == 0 else prepare(record.signal())
        report(row + 1, len(records))
    array.flush()
    del array
    part.replace(path)
    path.with_suffix(".json").write_text(json.dumps([record.ecg_id for record in records]), encoding="utf-8")
