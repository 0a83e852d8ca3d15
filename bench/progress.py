"""Progress of long work: computation reports to an observer, and only the command line prints."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

Report = Callable[[int, int], None]
"""Called with the number done and the total."""


class Progress:
    """How far a piece of work has come, told to nobody: a :data:`Report` that also takes a note."""

    def __call__(self, done: int, total: int) -> None:
        """Tell how much is done, and of how much."""

    def note(self, text: str) -> None:
        """Tell a figure that changes on the way, such as ``"loss 0.1234"``."""


@contextmanager
def _unseen(what: str, unit: str = "records") -> Iterator[Progress]:
    yield Progress()


@dataclass(frozen=True)
class Observer:
    """Receives messages and progress of long work.

    Attributes
    ----------
    say : callable
        Called with a line of text.
    progress : callable
        Called with a title and a unit; returns a context manager that yields a :class:`Progress`.
    """

    say: Callable[[str], None] = lambda line: None
    progress: Callable[..., AbstractContextManager[Progress]] = _unseen

    def part(self, what: str, number: int, count: int) -> "Observer":
        """Return the observer of one of several parts of the work, whose titles begin with its place among them.

        Parameters
        ----------
        what : str
            The word for a part, such as ``"condition"``: its titles begin with ``"condition 2 of 4: "``.
        number : int
            From 1.
        count : int
            Parts; of a single one nothing is told.
        """
        if count < 2:
            return self
        place = f"{what} {number} of {count}: "

        def progress(title: str, unit: str = "records") -> AbstractContextManager[Progress]:
            return self.progress(f"{place}{title}", unit)

        return replace(self, progress=progress)


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
