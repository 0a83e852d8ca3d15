"""Progress of long work: computation reports to an observer, and only the command line prints."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

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


SILENT = Observer()
