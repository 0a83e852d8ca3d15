"""The limits and folders that a run gives to a reader that calls a service."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from readers.contract import Case, Reader


@dataclass(frozen=True)
class Session:
    """Limits and folders of one run; none of them changes an answer.

    Attributes
    ----------
    responses : Path or None
        Folder of paid answers, shared by all runs; None keeps none.
    run_id : str
        The run that pays for new answers.
    concurrency : int
        Most requests in flight.
    max_cost : float or None
        Most US dollars that this run, and all others under the same limit, may cost; None sets no limit.
    spent : float
        US dollars that it and those others have cost so far.
    others : float
        US dollars of ``spent`` that are those others'.
    prices : Path or None
        The user's price table.
    batch : Path or None
        Folder for the state of batches; None sends requests one by one.
    poll_seconds : float
        Seconds between two polls of a batch.
    say : callable
        Called with each line of progress.
    """

    responses: Path | None = None
    run_id: str = ""
    concurrency: int = 8
    max_cost: float | None = None
    spent: float = 0.0
    others: float = 0.0
    prices: Path | None = None
    batch: Path | None = None
    poll_seconds: float = 30.0
    say: Callable[[str], None] = lambda line: None

    def spent_line(self, spent: float) -> str:
        """Return how many dollars are spent by now, and how many of them by other runs under the same limit."""
        others = f" ({self.others:.2f} of them by other runs under the same limit)" if self.others else ""
        return f"{spent:.2f} dollars are spent{others}"


@dataclass(frozen=True)
class Estimate:
    """The estimated cost of one case.

    Attributes
    ----------
    input_tokens : int
        As the provider counts them, by its published formula for images and 4 characters a token for text.
    image_px_per_mm : float or None
        Resolution at which the model sees the images.
    cost, most : float or None
        US dollars with an answer of typical length, and of the greatest length allowed; None without a price.
    prices : str
        The price table used.
    output_tokens, most_output_tokens : int
        Of an answer of typical length without reasoning tokens, and of the greatest length allowed.
    note : str
        What else decides the cost, in a sentence; empty where nothing does.
    """

    input_tokens: int
    image_px_per_mm: float | None
    cost: float | None
    most: float | None
    prices: str
    output_tokens: int
    most_output_tokens: int
    note: str = ""


@runtime_checkable
class CheckedReader(Protocol):
    """A reader that can tell before the first question that it could answer none."""

    def check(self) -> None:
        """Raise StopReading when it could answer none within its session, such as for want of a key."""
        ...


@runtime_checkable
class SessionReader(Protocol):
    """A reader that works within a session."""

    def within(self, session: Session) -> Reader:
        """Return a reader that keeps to the session's limits."""
        ...

    def estimate(self, case: Case) -> Estimate:
        """Return the estimated cost of a case; sends nothing."""
        ...
