"""Progress of long work: computation reports to an observer, and only the command line prints."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta

Report = Callable[[int, int], None]
"""Called with the number done and the total."""


@contextmanager
def _unseen(what: str, unit: str = "records") -> Iterator[Report]:
    yield lambda done, total: None


@dataclass(frozen=True)
class Observer:
    """Receives messages and progress of long work.

    Attributes
    ----------
    say : callable
        Called with a line of text.
    progress : callable
        Called with a title and a unit; returns a context manager that yields a :data:`Report`.
    """

    say: Callable[[str], None] = lambda line: None
    progress: Callable[..., AbstractContextManager[Report]] = _unseen


class TimeLeft:
    """Estimates the remaining time of a training from the steps since it began or was resumed.

    A training may stop early, so it takes at most so long.
    """

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, done: int) -> None:
        """Begin to count after so many steps."""
        self._done, self._begun = done, time.monotonic()

    def after(self, done: int, total: int) -> str:
        """Return the time left after so many steps, such as ``"at most 0:12:30 left"``; empty where nothing is."""
        if done >= total or done <= self._done:
            return ""
        seconds = (time.monotonic() - self._begun) / (done - self._done) * (total - done)
        return f"at most {timedelta(seconds=round(seconds))} left"


SILENT = Observer()
