"""What a provider's module offers to the core, and what all of them share."""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal, Self

from readers.api.endpoint import Endpoint
from readers.api.failure import Filtered, HttpResponse, call_error, not_json
from readers.api.model import ModelLimits
from readers.api.option import RequestOptions
from readers.api.request import Request
from readers.api.response import CallError, Response

MALFORMED = (KeyError, TypeError, IndexError, AttributeError, ValueError)
"""What reading a body of another form raises."""

Body = Mapping[str, Any]
Busy = Callable[[float | None], None]
"""Called with the seconds of ``retry-after`` (or None) whenever a response says that the provider has too much."""

BUSY_STATUS = frozenset({429, 503, 529})

CLOCK_SKEW_S = 60.0
"""By how much a provider's clock may be behind ours when a lost batch is looked for."""


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
    """One line of a batch's results: a response, or why there is none."""

    custom_id: str
    outcome: Response | CallError


class Provider(ABC):
    """One API through its maker's SDK, whose own retries (with ``retry-after``) serve every request.

    The makers' SDKs are generated alike, over one HTTP client, and raise alike: what they share stands here.

    Parameters
    ----------
    sdk : module
    client : str
        Name of its asynchronous client class.
    model : str
    options : RequestOptions
    busy : callable
        Told whenever the provider has too much.

    Raises
    ------
    taxonomy.error.StopReading
        When there is no key.
    """

    name: ClassVar[str]
    path: ClassVar[str]
    endpoint: str
    limits: ModelLimits

    def __init__(self, sdk: ModuleType, client: str, model: str, options: RequestOptions, busy: Busy) -> None:
        self._sdk, self._model, self._where = sdk, model, self.where()
        self.endpoint, self.limits = self._where.shown, self.limits_of(model, options)

        async def watch(response: HttpResponse) -> None:
            if response.status_code in BUSY_STATUS:
                busy(retry_after(response.headers))

        self._client: Any = getattr(sdk, client)(
            api_key=self._where.key(),
            base_url=self._where.address,
            timeout=options.timeout,
            max_retries=options.attempts - 1,
            http_client=sdk.DefaultAsyncHttpxClient(event_hooks={"response": [watch]}),
        )

    @classmethod
    @abstractmethod
    def connect(cls, model: str, options: RequestOptions, busy: Busy) -> Self:
        """Import the SDK and return the provider with a client of it."""

    @staticmethod
    @abstractmethod
    def where() -> Endpoint:
        """Return the endpoint that the environment names."""

    @staticmethod
    @abstractmethod
    def limits_of(model: str, options: RequestOptions) -> ModelLimits:
        """Return what is known of a model."""

    @staticmethod
    @abstractmethod
    def structured(model: str, options: RequestOptions) -> bool:
        """Tell whether answers are constrained to the schema."""

    @staticmethod  # noqa: B027  # most providers have every option
    def check(options: RequestOptions) -> None:
        """Raise :class:`~taxonomy.error.SettingError` for an option that the provider does not have."""

    @staticmethod
    @abstractmethod
    def response_of(data: Mapping[str, Any]) -> Response:
        """Return what a body says; raises one of :data:`MALFORMED` when it is of another form."""

    async def ask(self, body: Body) -> Response:
        """Send a request.

        Raises
        ------
        CallError
            When there is no answer after the SDK's own retries, or something that is none of this API.
        """
        import httpx2

        try:
            async with self.calling():
                # The body is the whole truth of a request: its key is a digest of it, 'bench prompt' prints it.
                found: HttpResponse = await self._client.post(self.path, body=body, cast_to=httpx2.Response)
        except Filtered as filtered:
            return Response(str(filtered), "content_filter", None, self._model)
        try:
            return self.response_of(json.loads(found.text))
        except MALFORMED as error:
            raise not_json(self._where, found.headers.get("content-type", ""), found.text) from error

    @classmethod
    @abstractmethod
    def body(cls, request: Request) -> Body:
        """Return the JSON body of a request."""

    @abstractmethod
    def batch_line(self, custom_id: str, body: Body) -> str:
        """Return one request of a batch as JSON without a line end."""

    @abstractmethod
    async def submit(self, shard: Path, label: BatchLabel) -> str:
        """Submit a file of lines as one batch; return its id."""

    @abstractmethod
    async def find(self, label: BatchLabel) -> str | None:
        """Return the id of a batch that was submitted before a kill, None where there is none."""

    @abstractmethod
    async def state(self, batch_id: str) -> BatchState:
        """Return how far a batch is."""

    @abstractmethod
    def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """Yield what an ended batch brought."""

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    def answered_in_batch(self, data: Mapping[str, Any]) -> Response | CallError:
        """Return what one body of a batch's results says, or why it is none."""
        try:
            return self.response_of(data)
        except MALFORMED as error:
            return CallError("transport", f"the batch brought no answer of this API ({error!r})")

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[None]:
        """Turn what the SDK raises into :class:`CallError`."""
        try:
            yield
        except (self._sdk.APIError, ValueError) as error:
            raise call_error(error, self._sdk, self._where, self._model) from error


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response asks to wait, None where it names none in seconds."""
    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return float(headers[name]) * factor
        except (KeyError, ValueError):
            continue
    return None
