"""The interface of a provider: how to call one model, singly and in batches."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from readers.api.argument import NOT_SENT
from readers.api.model import ModelLimits
from readers.api.option import RequestOptions
from readers.api.request import Request
from readers.api.response import CallError, Response

MALFORMED = (KeyError, TypeError, IndexError, AttributeError, ValueError)
"""Exceptions of reading a body of another format."""

Body = Mapping[str, Any]
Busy = Callable[[float | None], None]
"""Called with the seconds of ``retry-after`` (or None) on every overload response."""

CLOCK_SKEW_S = 60.0
"""Most seconds by which a provider's clock is assumed to lag when a lost batch is searched."""


@dataclass(frozen=True)
class Details:
    """The settings, apart from prompt and options, on which a provider's answers depend.

    Attributes
    ----------
    model : str
        The provider's name for it.
    endpoint : str
        Address without key, user or query, for manifests and messages.
    structured : bool
        Whether answers are constrained to the schema.
    limits : ModelLimits
    image_detail : str
        Level of image detail of the request; empty for none.
    temperature : float or None
        As it is sent; None leaves the model's own.
    price_factor : float
        Of the place that serves the model, on its maker's prices.
    api_version : str
        Of an API whose user chooses it; empty for others.
    """

    model: str
    endpoint: str
    structured: bool
    limits: ModelLimits = field(default_factory=ModelLimits)
    image_detail: str = ""
    temperature: float | None = None
    price_factor: float = 1.0
    api_version: str = ""

    def to_manifest(self) -> dict[str, str]:
        """Return the entries of the manifest, from which the run id is made."""
        limit = self.limits.image
        chosen = {"api_version": self.api_version} if self.api_version else {}
        return chosen | {
            "model": self.model,
            "endpoint": self.endpoint,
            "structured": "schema" if self.structured else "text",
            "image_detail": self.image_detail or "auto",
            "temperature": NOT_SENT if self.temperature is None else str(self.temperature),
            "image_limit": limit.name if limit else "unknown: images are sent as drawn",
        }


class Provider(Protocol):
    """One model behind an API.

    The constructor needs no key and imports no SDK; ``ask`` needs ``connect`` first. A connected provider serves one
    run on one event loop. ``name`` stands before the colon in ``--reader NAME:MODEL``.

    Raises
    ------
    taxonomy.error.SettingError
        When the provider does not support one of the options.
    """

    name: str

    def __init__(self, model: str, options: RequestOptions) -> None: ...

    def details(self) -> Details:
        """Return the settings on which the answers depend."""
        ...

    def body(self, request: Request) -> Body:
        """Return the JSON body of a request; ``bench prompt`` prints it, and the request key is a digest of it."""
        ...

    def check(self) -> None:
        """Raise StopReading when it cannot be called, such as for want of a key; sends nothing."""
        ...

    def connect(self, busy: Busy) -> None:
        """Prepare for calls, outside the event loop; raises StopReading when there is no key."""
        ...

    async def ask(self, body: Body) -> Response:
        """Send a request, up to ``attempts`` times.

        Raises CallError when the last attempt fails, or the answer is not in this API's format.
        """
        ...

    def response(self, body: Body) -> Response:
        """Return the response in the JSON of an answer; raises one of :data:`MALFORMED` when it has another format."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


@dataclass(frozen=True)
class BatchState:
    """The state of a batch: its requests done and in total, and the reason why the whole batch failed."""

    status: Literal["running", "ended", "failed"]
    done: int = 0
    total: int = 0
    problem: str = ""


@dataclass(frozen=True)
class BatchLabel:
    """What identifies a batch whose id was lost in a kill.

    ``submitted`` is the Unix time just before submission, ``requests`` their number; ``not_ours`` are ids of batches
    that turned out to be another run's.
    """

    run_id: str
    shard: str
    submitted: float
    requests: int
    not_ours: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class BatchResult:
    """One result of a batch: the JSON of an answer, or the reason why there is none."""

    custom_id: str
    outcome: Body | CallError


@runtime_checkable
class BatchProvider(Provider, Protocol):
    """A provider with batches; every method but ``batch_line`` raises :class:`CallError` when a call fails."""

    def batch_line(self, custom_id: str, body: Body) -> str:
        """Return one request of a batch as one line of JSON, without the line end."""
        ...

    async def submit(self, shard: Path, label: BatchLabel) -> str:
        """Submit a file of lines as one batch; return its id."""
        ...

    async def find(self, label: BatchLabel) -> str | None:
        """Return the id of a batch that was submitted before a kill, None where there is none."""
        ...

    async def state(self, batch_id: str) -> BatchState:
        """Return the state of a batch."""
        ...

    def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """Yield the results of an ended batch."""
        ...
