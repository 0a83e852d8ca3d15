"""Signals prepared in several processes: all of PTB-XL takes one of them minutes."""

import logging
import pickle
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Dataset, Record, RecordId
from bench.dataset.array_cache import Prepare, Rows, one_by_one
from bench.view.worker import worker_processes
from taxonomy.error import DatasetError

WORTH_PROCESSES = 1_000
"""Records from which processes are started, which takes a second or two; preparing so many takes ten."""

CHUNK = 32
"""Records that a process prepares at a time: a quarter of a second."""

AHEAD = 4
"""Chunks that wait for each process."""


def each_prepared(dataset: Dataset, workers: int, records: Sequence[Record], prepare: Prepare) -> Rows:
    """Yield the prepared signal of each record in order.

    Parameters
    ----------
    dataset : Dataset
        That the records are of.
    workers : int
        Processes at most; few records, or a dataset that cannot be sent to another process, are prepared in this one.
    records : sequence of Record
    prepare : callable
        A function of a module.

    Raises
    ------
    taxonomy.error.DatasetError
        When a record cannot be read, or a process is killed.
    """
    sent = _pickled(dataset) if workers > 1 and len(records) >= WORTH_PROCESSES else None
    if sent is None:
        return one_by_one(records, prepare)
    return _in_processes(sent, workers, [record.ecg_id for record in records], prepare)


def _pickled(dataset: Dataset) -> bytes | None:
    """Return a dataset as it is sent to a process of ours; None, which is said, where it cannot be."""
    try:
        return pickle.dumps(dataset)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        logging.getLogger("bench").warning(
            "%s cannot be sent to other processes (%s): its records are prepared in one", dataset.name, error
        )
        return None


def _in_processes(dataset: bytes, workers: int, ids: Sequence[RecordId], prepare: Prepare) -> Rows:
    chunks = iter([ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)])
    pool = worker_processes(workers, partial(_receive, dataset))
    waiting: deque[Future[NDArray[np.float32]]] = deque()
    try:
        for chunk in chunks:
            waiting.append(pool.submit(_prepared_chunk, chunk, prepare))
            if len(waiting) > AHEAD * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool:
        raise DatasetError(
            "a process that prepares signals was killed, perhaps for its memory: the same command goes on from where "
            f"it was, and takes less with fewer --workers than {workers}"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_received: list[Dataset] = []
"""The dataset of a worker process."""


def _receive(dataset: bytes) -> None:
    _received[:] = [pickle.loads(dataset)]  # noqa: S301  # what the process that started this one has just sent


def _prepared_chunk(ids: Sequence[RecordId], prepare: Prepare) -> NDArray[np.float32]:
    (dataset,) = _received
    return np.stack([prepare(dataset.record(ecg_id).signal()) for ecg_id in ids])
