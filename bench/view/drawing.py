"""Pages drawn ahead in other processes, so that no reader waits for drawing."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from readers.prefetch import Elsewhere, prefetched
from readers.processors import other_processes
from renderers import EcgImage, PageStyle, Picture, packed, render

Item = TypeVar("Item")
Trace = tuple[NDArray[np.float32], float]
Drawn = tuple[Picture, ...]

WORTH_A_PROCESS = 100
"""Pages for each process: to begin takes it as long as to draw fifty."""

MOST_PROCESSES = 8
"""Processes that draw at most: each draws some 70 pages a second, and no reader takes more than eight do."""

AT_A_TIME = 2
"""Pages that a process draws at a time; it has twice as many before it."""

MOST_PIXELS = 4_000_000
"""Pixels of a case that come as they are; more come as PNGs, a fiftieth of their size."""


@dataclass(frozen=True)
class Ahead:
    """How pages are drawn ahead.

    Attributes
    ----------
    processes : int
        Processes that draw; 0 draws in this process, one case at a time.
    as_png : bool
        Whether pages come as PNGs, such as a service is sent; else as pixels, as far as they are few.
    """

    processes: int = 0
    as_png: bool = True


IN_TURN = Ahead()
"""Each page is drawn when it is needed."""


def drawing_processes(pages: int) -> int:
    """Return how many processes are to draw so many pages; 0 draws them in this process."""
    return min(other_processes(), MOST_PROCESSES, pages // WORTH_A_PROCESS)


def draw_ahead(
    work: Iterable[tuple[Item, Trace]], renderer: str, style: PageStyle, ahead: Ahead
) -> Iterator[tuple[Item, Drawn]]:
    """Yield each item with the pages of its signal, in order; those that wait are few.

    Parameters
    ----------
    work : iterable of (item, (float32 array (12, n_samples) in mV, sampling rate in Hz))
        Taken in another thread.
    renderer : str
    style : PageStyle
    ahead : Ahead
        Its processes are waited for by nobody: this one draws until they have begun.

    Raises
    ------
    taxonomy.error.StopReading
        When a process that draws is killed.
    """
    items: deque[Item] = deque()

    def traces() -> Iterator[Trace]:
        for item, trace in work:
            items.append(item)
            yield trace

    elsewhere = Elsewhere[Trace, tuple[Drawn, ...]](ahead.processes, after=0)
    for drawn in prefetched(traces(), AT_A_TIME, _Drawing(renderer, style, ahead.as_png), elsewhere):
        for images in drawn:
            yield items.popleft(), images


@dataclass(frozen=True)
class _Drawing:
    """Draws the pages of signals."""

    renderer: str
    style: PageStyle
    as_png: bool

    def __call__(self, traces: tuple[Trace, ...]) -> tuple[Drawn, ...]:
        return tuple(self._sent(render(*trace, self.renderer, self.style)) for trace in traces)

    def _sent(self, images: tuple[EcgImage, ...]) -> Drawn:
        if not self.as_png and sum(image.indices.size for image in images) <= MOST_PIXELS:
            return images
        return tuple(map(packed, images))
