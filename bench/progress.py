"""How long work tells whoever waits for it how far it is: computation reports, and only the command line prints."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

Report = Callable[[int, int], None]
"""Called with how many are done and how many there are."""


@contextmanager
def _unseen(what: str, unit: str = "records") -> Iterator[Report]:
    yield lambda done, total: None


@dataclass(frozen=True)
class Observer:
    """Who is told of long work.

    Attributes
    ----------
    say : callable
        Called with a line.
    progress : callable
        Called with what is done and its unit; returns a context that yields a :data:`Report`.
    """

    say: Callable[[str], None] = lambda line: None
    progress: Callable[..., AbstractContextManager[Report]] = _unseen


SILENT = Observer()
