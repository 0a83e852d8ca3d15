"""Pages drawn ahead in other processes, so that a reader waiting for a network never waits for drawing."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.view.worker import worker_processes
from renderers import PackedImage, PageStyle, packed, render

Item = TypeVar("Item")
Drawn = tuple[PackedImage, ...]
AHEAD = 8
"""Pages that each process draws ahead."""


def draw_ahead(
    work: Iterable[tuple[Item, tuple[NDArray[np.float32], float]]], renderer: str, style: PageStyle, workers: int
) -> Iterator[tuple[Item, Drawn]]:
    """Yield each item with the pages of its signal, in order.

    Parameters
    ----------
    work : iterable of (item, (float32 array (12, n_samples) in mV, sampling rate in Hz))
    renderer : str
    style : PageStyle
    workers : int
        Processes.
    """
    tasks = iter(work)
    with worker_processes(workers) as pool:
        waiting: deque[tuple[Item, Future[Drawn]]] = deque()

        def begin(item: Item, trace: tuple[NDArray[np.float32], float]) -> None:
            waiting.append((item, pool.submit(_draw, trace, renderer, style)))

        for item, trace in islice(tasks, AHEAD * workers):
            begin(item, trace)
        while waiting:
            item, drawn = waiting.popleft()
            for following, trace in islice(tasks, 1):
                begin(following, trace)
            yield item, drawn.result()


def _draw(trace: tuple[NDArray[np.float32], float], renderer: str, style: PageStyle) -> Drawn:
    return tuple(packed(image) for image in render(*trace, renderer, style))
