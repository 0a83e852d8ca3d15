"""The one place where anything that a guest's code raises is caught."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from taxonomy.error import StopReading

T = TypeVar("T")


@dataclass(frozen=True)
class Crash:
    """What a guest's code raised: its own words, and the whole traceback."""

    words: str
    traceback: str


@dataclass(frozen=True)
class Result(Generic[T]):
    """What a call returned."""

    value: T


def attempt(call: Callable[[], T]) -> Result[T] | Crash:
    """Call a reader's code, which strangers wrote, and return what it gave or how it crashed.

    Raises StopReading when the reader says that nothing further can be answered.
    """
    try:
        return Result(call())
    except StopReading:
        raise
    except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything, and costs its case, not the run
        return Crash(f"{type(error).__name__}: {error}", traceback.format_exc())
