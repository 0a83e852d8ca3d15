"""The prepared signals of a cohort as one memory-mapped array, written once and read by training as needed."""

import json
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.dataset.cohort import Cohort
from bench.dataset.record import Signal
from bench.progress import Report
from bench.storage import cache_folder, whole_file, write_whole

Prepare = Callable[[Signal], NDArray[np.float32]]


def cached_array(cohort: Cohort, preparation: tuple[str, Prepare], report: Report) -> NDArray[np.float32]:
    """Return every record's prepared signal, memory-mapped.

    Parameters
    ----------
    cohort : Cohort
        In the order of the rows.
    preparation : (str, callable)
        A name that changes whenever the preparation does, and the function from Signal to float32 (leads, samples).
    report : callable

    Returns
    -------
    float32 array (n_records, leads, samples)
        Read-only.

    Raises
    ------
    taxonomy.error.StorageError
        When the cache folder cannot be written.
    """
    name, prepare = preparation
    path = cache_folder() / f"signals-{name}-{cohort.signal_fingerprint}.npy"
    ids_path = path.with_suffix(".json")
    if not (path.is_file() and ids_path.is_file() and json.loads(ids_path.read_text("utf-8")) == list(cohort.ids)):
        ids_path.unlink(missing_ok=True)
        first = prepare(cohort[0].signal())
        with whole_file(path) as part:
            rows = np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=(len(cohort), *first.shape))
            for row, record in enumerate(cohort):
                rows[row] = first if row == 0 else prepare(record.signal())
                report(row + 1, len(cohort))
            rows.flush()
            del rows
        write_whole(ids_path, json.dumps(cohort.ids))
    array: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array
