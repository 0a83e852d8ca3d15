"""What a run lends a reader that asks elsewhere and waits: limits, a place for answers, and a way to stop."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from readers.contract import Case, Reader


@dataclass(frozen=True)
class Session:
    """The means of one run; nothing here decides an answer.

    Attributes
    ----------
    responses : Path or None
        Folder where paid answers are kept for every run; None keeps none.
    run_id : str
        Whose answers are paid for now.
    concurrency : int
        Requests in flight at most.
    max_cost : float or None
        US dollars that this run may cost.
    spent : float
        US dollars that it has cost so far.
    prices : Path or None
        A price table of the user's own.
    batch : Path or None
        Folder for the state of batches; None asks one by one.
    poll_seconds : float
        Between two looks at a batch.
    say : callable
        Called with a line for the person who waits.
    """

    responses: Path | None = None
    run_id: str = ""
    concurrency: int = 8
    max_cost: float | None = None
    spent: float = 0.0
    prices: Path | None = None
    batch: Path | None = None
    poll_seconds: float = 30.0
    say: Callable[[str], None] = lambda line: None


@dataclass(frozen=True)
class Estimate:
    """What one case would cost.

    Attributes
    ----------
    input_tokens : int
        As the provider counts them, by its published formula for images and 4 characters a token for text.
    image_px_per_mm : float or None
        Resolution at which the model sees the images.
    cost, most : float or None
        US dollars with a typical answer, and with one that is as long as allowed; None without a price.
    prices : str
        Which table they are from.
    """

    input_tokens: int
    image_px_per_mm: float | None
    cost: float | None
    most: float | None
    prices: str


@runtime_checkable
class SessionReader(Protocol):
    """A reader that works within a session."""

    def within(self, session: Session) -> Reader:
        """Return the reader that keeps to the session's limits."""
        ...

    def estimate(self, case: Case) -> Estimate:
        """Return what a case would cost; sends nothing."""
        ...
