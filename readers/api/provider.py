"""What a provider offers to the core: how to ask one model, and, where there are batches, how to ask in one."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from readers.api.model import ModelLimits
from readers.api.option import RequestOptions
from readers.api.request import Request
from readers.api.response import CallError, Response

MALFORMED = (KeyError, TypeError, IndexError, AttributeError, ValueError)
"""What reading a body of another form raises."""

Body = Mapping[str, Any]
Busy = Callable[[float | None], None]
"""Called with the seconds of ``retry-after`` (or None) whenever a response says that the provider has too much."""

CLOCK_SKEW_S = 60.0
"""By how much a provider's clock may be behind ours when a lost batch is looked for."""


@dataclass(frozen=True)
class Details:
    """What decides a provider's answers beside the prompt and the options.

    Attributes
    ----------
    model : str
        As the provider names it.
    endpoint : str
        Address without key, user or query: it stands in manifests and messages.
    structured : bool
        Whether answers are constrained to the schema.
    limits : ModelLimits
    image_detail : str
        Level of image detail that is asked for; empty for none.
    """

    model: str
    endpoint: str
    structured: bool
    limits: ModelLimits = field(default_factory=ModelLimits)
    image_detail: str = ""

    def to_manifest(self) -> dict[str, str]:
        """Return the lines of the manifest, which a run's id is made of."""
        limit = self.limits.image
        return {
            "model": self.model,
            "endpoint": self.endpoint,
            "structured": "schema" if self.structured else "text",
            "image_detail": self.image_detail or "auto",
            "image_limit": limit.name if limit else "unknown: images are sent as drawn",
        }


class Provider(Protocol):
    """One model behind an API.

    To build one is cheap: it needs no key and imports no SDK, and until ``connect`` it can only tell and show. One that
    is connected serves one run on one event loop.

    Parameters
    ----------
    model : str
    options : RequestOptions

    Attributes
    ----------
    name : str
        What stands before the colon in ``--reader NAME:MODEL``.

    Raises
    ------
    taxonomy.error.SettingError
        When the provider does not have one of the options.
    """

    name: str

    def __init__(self, model: str, options: RequestOptions) -> None: ...

    def details(self) -> Details:
        """Return what decides the answers."""
        ...

    def body(self, request: Request) -> Body:
        """Return the JSON body of a request: its key is a digest of it, and ``bench prompt`` prints it."""
        ...

    def connect(self, busy: Busy) -> None:
        """Get ready to ask, beside the event loop; raises :class:`~taxonomy.error.StopReading` when there is no key."""
        ...

    async def ask(self, body: Body) -> Response:
        """Send a request, up to ``attempts`` times.

        Raises CallError when there is no answer after the last attempt, or something that is none of this API.
        """
        ...

    def response(self, body: Body) -> Response:
        """Return what the JSON of an answer says; raises one of :data:`MALFORMED` when it is of another form."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


@dataclass(frozen=True)
class BatchState:
    """How far a batch is.

    Attributes
    ----------
    status : {"running", "ended", "failed"}
    done, total : int
        Requests.
    problem : str
        Why it failed as a whole.
    """

    status: Literal["running", "ended", "failed"]
    done: int = 0
    total: int = 0
    problem: str = ""


@dataclass(frozen=True)
class BatchLabel:
    """By what a batch is found again whose id was lost in a kill.

    Attributes
    ----------
    run_id, shard : str
    submitted : float
        Unix time just before it was submitted.
    requests : int
    not_ours : tuple of str
        Batches that are known to be another's.
    """

    run_id: str
    shard: str
    submitted: float
    requests: int
    not_ours: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class BatchResult:
    """One line of a batch's results: the JSON of an answer, or why there is none."""

    custom_id: str
    outcome: Body | CallError


@runtime_checkable
class BatchProvider(Provider, Protocol):
    """A provider that has batches; every method but ``batch_line`` raises :class:`CallError` when a call fails."""

    def batch_line(self, custom_id: str, body: Body) -> str:
        """Return one request of a batch as JSON without a line end."""
        ...

    async def submit(self, shard: Path, label: BatchLabel) -> str:
        """Submit a file of lines as one batch; return its id."""
        ...

    async def find(self, label: BatchLabel) -> str | None:
        """Return the id of a batch that was submitted before a kill, None where there is none."""
        ...

    async def state(self, batch_id: str) -> BatchState:
        """Return how far a batch is."""
        ...

    def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """Yield what an ended batch brought."""
        ...
