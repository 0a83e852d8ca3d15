"""Prepare the next batch in a thread while the model works on the current one."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")


def prefetched(items: Iterable[Item], size: int, prepare: Callable[[tuple[Item, ...]], Prepared]) -> Iterator[Prepared]:
    """Yield ``prepare(batch)`` for each batch of ``size`` items in order.

    Items are taken and prepared in one thread, a batch ahead: an item that is costly to make holds nobody up.
    """
    stream = iter(items)

    def following() -> Prepared | None:
        batch = tuple(islice(stream, size))
        return prepare(batch) if batch else None

    with ThreadPoolExecutor(max_workers=1) as executor:
        waiting = executor.submit(following)
        while (ready := waiting.result()) is not None:
            waiting = executor.submit(following)
            yield ready
