"""Batches that are prepared in a thread while the model works on the one before."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")


def prefetched(items: Iterable[Item], size: int, prepare: Callable[[tuple[Item, ...]], Prepared]) -> Iterator[Prepared]:
    """Yield each batch of ``size`` items, prepared, in order; one batch is in hand beside the one that is yielded.

    Parameters
    ----------
    items : iterable
    size : int
    prepare : callable
        Runs in the thread.
    """
    stream = iter(items)
    batches = iter(lambda: tuple(islice(stream, size)), ())
    with ThreadPoolExecutor(max_workers=1) as ahead:
        waiting: Future[Prepared] | None = None
        for batch in batches:
            following = ahead.submit(prepare, batch)
            if waiting:
                yield waiting.result()
            waiting = following
        if waiting:
            yield waiting.result()
