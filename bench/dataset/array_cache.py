"""All signals of a cohort as one memory-mapped array, made once and read by training as it needs them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.cohort import Cohort
from bench.dataset.record import Signal
from bench.storage import cache_folder, whole_file, write_whole

Prepare = Callable[[Signal], NDArray[np.float32]]
Report = Callable[[int, int], None]


def cached_array(cohort: Cohort, prepare: tuple[str, Prepare], report: Report) -> NDArray[np.float32]:
    """Return every record's prepared signal, memory-mapped.

    Parameters
    ----------
    cohort : Cohort
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
    taxonomy.error.StorageError
        When the cache folder cannot be written.
    """
    name, function = prepare
    path = cache_folder() / f"signals-{name}-{cohort.fingerprint}.npy"
    listed = path.with_suffix(".json")
    if not (path.is_file() and listed.is_file() and json.loads(listed.read_text("utf-8")) == list(cohort.ids)):
        listed.unlink(missing_ok=True)
        _write(path, cohort, function, report)
        write_whole(listed, json.dumps(cohort.ids))
    array: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _write(path: Path, cohort: Cohort, prepare: Prepare, report: Report) -> None:
    first = prepare(cohort[0].signal())
    with whole_file(path) as part:
        array = np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=(len(cohort), *first.shape))
        for row, record in enumerate(cohort):
            array[row] = first if row == 0 else prepare(record.signal())
            report(row + 1, len(cohort))
        array.flush()
        del array
