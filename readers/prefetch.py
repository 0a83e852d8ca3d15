"""Prepare the next batch in a thread while the model works on the current one."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")


def prefetched(items: Iterable[Item], size: int, prepare: Callable[[tuple[Item, ...]], Prepared]) -> Iterator[Prepared]:
    """Yield ``prepare(batch)`` for each batch of ``size`` items in order; it runs in a thread, one batch ahead."""
    stream = iter(items)
    batches = iter(lambda: tuple(islice(stream, size)), ())
    with ThreadPoolExecutor(max_workers=1) as executor:
        waiting: Future[Prepared] | None = None
        for batch in batches:
            following = executor.submit(prepare, batch)
            if waiting:
                yield waiting.result()
            waiting = following
        if waiting:
            yield waiting.result()
