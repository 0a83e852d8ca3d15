"""Prepare the next batches while the model works on this one: in a thread, or in processes where it is worth it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from readers.process import Processes

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")

WORTH_PROCESSES = 512
"""Items after which processes begin: each costs a second of CPU time, as much as 200 signals take to prepare."""


@dataclass(frozen=True)
class Elsewhere(Generic[Item, Prepared]):
    """Processes that prepare batches once many items have come.

    Attributes
    ----------
    count : int
        Processes; 0 for none.
    after : int
        Items that are prepared in this process before others begin.
    received : callable
        Called in a thread of this process with each batch that another has prepared, and its result.
    """

    count: int
    after: int = WORTH_PROCESSES
    received: Callable[[tuple[Item, ...], Prepared], None] = lambda batch, prepared: None


def prefetched(
    items: Iterable[Item],
    size: int,
    prepare: Callable[[tuple[Item, ...]], Prepared],
    elsewhere: Elsewhere[Item, Prepared] | None = None,
) -> Iterator[Prepared]:
    """Yield ``prepare(batch)`` for each batch of ``size`` items in order.

    Items are taken in one thread, which also prepares them, a batch ahead: an item that is costly to make holds nobody
    up. Preparation that holds the interpreter's lock slows the model down; ``elsewhere`` moves it to other processes
    once that is worth their start, for which nothing waits. Order and errors stay the same.

    Raises
    ------
    taxonomy.error.StopReading
        When one of those processes is killed.
    """
    line = _Line(iter(items), size, prepare, elsewhere or Elsewhere(0))
    thread = ThreadPoolExecutor(max_workers=1)
    waiting = deque([thread.submit(line.following)])
    try:
        while (ready := waiting.popleft().result()) is not None:
            while len(waiting) < line.ahead:
                waiting.append(thread.submit(line.following))
            yield ready.result()
    finally:
        thread.shutdown(wait=True, cancel_futures=True)
        line.close()


class _Line(Generic[Item, Prepared]):
    """Items on their way to be prepared; only one thread takes them."""

    def __init__(
        self,
        stream: Iterator[Item],
        size: int,
        prepare: Callable[[tuple[Item, ...]], Prepared],
        elsewhere: Elsewhere[Item, Prepared],
    ) -> None:
        self._stream, self._size, self._prepare, self._elsewhere = stream, size, prepare, elsewhere
        self._taken = 0
        self._processes: Processes[tuple[Item, ...], Prepared] | None = None

    @property
    def ahead(self) -> int:
        """Batches to be taken ahead."""
        processes = self._processes
        return processes.ahead if processes is not None and processes.are_ready else 1

    def following(self) -> Future[Prepared] | None:
        """Take the next batch and return its result, prepared or to come; None when there is none."""
        batch = tuple(islice(self._stream, self._size))
        if not batch:
            return None
        self._taken += len(batch)
        if self._processes is not None and self._processes.are_ready:
            return self._processes.submit(batch)
        prepared: Future[Prepared] = Future()
        prepared.set_result(self._prepare(batch))
        self._begin_where_worth_it(batch)
        return prepared

    def close(self) -> None:
        """End the processes."""
        if self._processes is not None:
            self._processes.close()

    def _begin_where_worth_it(self, batch: tuple[Item, ...]) -> None:
        planned = self._elsewhere
        if self._processes is None and planned.count and self._taken >= planned.after and len(batch) == self._size:
            self._processes = Processes(planned.count, self._prepare, planned.received, batch)
