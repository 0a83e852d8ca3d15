"""The prepared signals of a cohort as one memory-mapped array, written once and read by training as needed.

The array grows row by row in a file of its own until it is whole, so that what was prepared before a kill is not
prepared again.
"""

import hashlib
import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bench.dataset.cohort import Cohort
from bench.dataset.record import Record, Signal
from bench.progress import Report
from bench.storage import cache_folder, set_aside, write_whole
from taxonomy.error import FileError, StorageError
from taxonomy.outside import outside_bytes, outside_json

Prepare = Callable[[Signal], NDArray[np.float32]]
Rows = Generator[NDArray[np.float32], None, None]
Each = Callable[[Sequence[Record], Prepare], Rows]
"""Prepares the signal of each record, in order."""

LOOKED = 1.0
"""Seconds between two looks at what another process prepares."""


def one_by_one(records: Sequence[Record], prepare: Prepare) -> Rows:
    """Yield the prepared signal of each record."""
    return (prepare(record.signal()) for record in records)


def cached_array(
    cohort: Cohort, preparation: tuple[str, Prepare], report: Report, each: Each = one_by_one
) -> NDArray[np.float32]:
    """Return every record's prepared signal, memory-mapped.

    Parameters
    ----------
    cohort : Cohort
        In the order of the rows.
    preparation : (str, callable)
        A name that changes whenever the preparation does, and the function from Signal to float32 (leads, samples).
    report : callable
    each : callable
        Applies the function to records, in other processes for example.

    Returns
    -------
    float32 array (n_records, leads, samples)
        Read-only.

    Raises
    ------
    taxonomy.error.DatasetError
        When a record cannot be read; those before it are kept.
    taxonomy.error.StorageError
        When the cache folder cannot be written.
    """
    name, prepare = preparation
    path = cache_folder() / f"signals-{name}-{cohort.signal_fingerprint}.npy"
    ids_path = path.with_suffix(".json")
    stored = _stored(path, ids_path, cohort)
    if stored is not None:
        return stored
    part = _Part(path, cohort)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path, lambda: report(part.rows, len(cohort))):
            stored = _stored(path, ids_path, cohort)
            if stored is not None:
                return stored
            ids_path.unlink(missing_ok=True)
            part.complete(prepare, report, each)
            part.path.replace(path)
            write_whole(ids_path, json.dumps(cohort.ids))
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    return _opened(path, len(cohort))


class _Part:
    """An array that is not whole yet: NumPy's header, then the rows that are prepared."""

    def __init__(self, path: Path, cohort: Cohort) -> None:
        order = hashlib.sha256(json.dumps(cohort.ids).encode()).hexdigest()[:8]
        self.path = path.with_name(f".{path.stem}-{order}.part")
        self.cohort = cohort

    @property
    def rows(self) -> int:
        """How many rows are written."""
        try:
            with self.path.open("rb") as part:
                return self._written(part)[0]
        except (OSError, ValueError):
            return 0

    def complete(self, prepare: Prepare, report: Report, each: Each) -> None:
        """Write the rows that are missing."""
        with self.path.open("ab+", buffering=0) as raw:
            done = self._resumed(raw)
            report(done, len(self.cohort))
            with closing(each(self.cohort.records[done:], prepare)) as rows:
                for row in rows:
                    if raw.tell() == 0:
                        self._begin(raw, row.shape)
                    _write(raw, row)
                    done += 1
                    report(done, len(self.cohort))

    def _resumed(self, part: BinaryIO) -> int:
        """Return how many whole rows there are, and cut off what a kill has left after them."""
        try:
            rows, end = self._written(part)
        except ValueError:
            rows, end = 0, 0
        part.truncate(end)
        part.seek(end)
        return rows

    def _written(self, part: BinaryIO) -> tuple[int, int]:
        """Return the number of whole rows and where the last one ends; raises ValueError without a whole header."""
        part.seek(0)
        np.lib.format.read_magic(part)
        shape, is_fortran, kind = np.lib.format.read_array_header_1_0(part)
        if shape[:1] != (len(self.cohort),) or len(shape) != 3 or is_fortran or kind != np.float32:
            raise ValueError(f"{self.path} is of another array")
        begin, row = part.tell(), shape[1] * shape[2] * kind.itemsize
        rows = min((part.seek(0, os.SEEK_END) - begin) // row, len(self.cohort)) if row else 0
        return rows, begin + rows * row

    def _begin(self, part: BinaryIO, row: tuple[int, ...]) -> None:
        shape = (len(self.cohort), *row)
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(part, header)


def _write(part: BinaryIO, row: NDArray[np.float32]) -> None:
    left = memoryview(row.astype(np.float32).tobytes())
    while left:
        left = left[part.write(left) :]


@contextmanager
def _alone(path: Path, look: Callable[[], None]) -> Iterator[None]:
    """Hold a file of the cache; while another process does, ``look`` is called every second."""
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_suffix(".lock"))
    while True:
        try:
            lock.acquire(timeout=LOOKED)
            break
        except Timeout:
            look()
    try:
        yield
    finally:
        lock.release()


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
