"""The phases of an explanation, told as they begin: it takes minutes, and a log shows no bar."""

import time
from dataclasses import dataclass, field
from datetime import timedelta

from bench.progress import Observer


@dataclass
class Phases:
    """Says of each phase which it is, of how many, and how long those before it took.

    Attributes
    ----------
    count : int
        Phases in all.
    observer : Observer
    """

    count: int
    observer: Observer
    _done: int = 0
    _begun: float = field(default_factory=time.monotonic)

    def begin(self, words: str) -> None:
        """Say that the next phase begins."""
        after = f", after {timedelta(seconds=round(time.monotonic() - self._begun))}" if self._done else ""
        self._done += 1
        self.observer.say(f"{self._done} of {self.count}{after}: {words}")


def counted(n: int, thing: str) -> str:
    """Return how many things there are, such as ``1 method`` and ``3 methods``."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
