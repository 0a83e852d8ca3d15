"""The prepared signals of a cohort as one memory-mapped array, written once and read by training as needed."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.cohort import Cohort
from bench.dataset.record import Signal
from bench.progress import Report
from bench.storage import cache_folder, set_aside, whole_file, write_whole
from taxonomy.error import FileError
from taxonomy.outside import outside_bytes, outside_json

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
    stored = _stored(path, ids_path, cohort)
    if stored is not None:
        return stored
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
    return _opened(path, len(cohort))


def _stored(path: Path, ids_path: Path, cohort: Cohort) -> NDArray[np.float32] | None:
    """Return the array in the cache, None where it is not there whole; what is damaged is set aside and said."""
    found = []
    for file, read in (
        (ids_path, lambda: outside_json(outside_bytes(ids_path), ids_path)),
        (path, lambda: _opened(path, len(cohort))),
    ):
        if not os.path.lexists(file):
            return None
        try:
            found.append(read())
        except FileError as error:
            set_aside(file, error)
            return None
    ids, array = found
    return array if ids == list(cohort.ids) else None


def _opened(path: Path, records: int) -> NDArray[np.float32]:
    """Open an array of this many records; raises FileError when the file is damaged."""
    if not path.is_file():
        raise FileError(f"{path} is no regular file")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FileError(f"{path} cannot be read: {error}") from error
    if not (isinstance(array, np.ndarray) and array.dtype == np.float32 and array.ndim == 3 and len(array) == records):
        raise FileError(f"{path} cannot be read: it does not hold the signals of {records} records")
    signals: NDArray[np.float32] = array
    return signals
