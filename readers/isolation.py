"""Run a reader's code without letting its exceptions end the run: the only place that catches every exception."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from taxonomy.error import StopReading

T = TypeVar("T")


@dataclass(frozen=True)
class Crash:
    """An exception of a reader: its type and message, and the traceback."""

    words: str
    traceback: str

    @property
    def sentence(self) -> str:
        """The words on one line, 300 characters of them at most."""
        return " ".join(self.words.split())[:300]


@dataclass(frozen=True)
class Result(Generic[T]):
    """The return value of a call."""

    value: T


def attempt(
    call: Callable[[], T], through: type[BaseException] | tuple[type[BaseException], ...] = StopReading
) -> Result[T] | Crash:
    """Call a reader's code and return its result or its crash.

    Parameters
    ----------
    call : callable
    through : type or tuple of type
        Errors that pass through: by default those by which a reader ends a run.
    """
    try:
        return Result(call())
    except through:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a reader may raise anything; it loses the case, not the run
        return Crash(f"{type(error).__name__}: {error}", traceback.format_exc())
