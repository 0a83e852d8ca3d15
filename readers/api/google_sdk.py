"""The client of Google's SDK: connections, waits between attempts, and its exceptions in words."""

import asyncio
import importlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from readers.api.endpoint import Endpoint
from readers.api.failure import connection_error, status_error
from readers.api.limiter import BUSY_STATUS, retry_after
from readers.api.option import RequestOptions
from readers.api.provider import MALFORMED, Body, Busy
from readers.api.response import CallError
from readers.api.sdk import needs_package

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

PASSING = BUSY_STATUS | {408, 500, 502, 504}
"""Statuses after which a request is sent again."""

LONGEST_WAIT_S = 60.0
"""Longest wait before a request is sent again."""

CONNECTIONS = 1000
"""Most connections at once, as of OpenAI's and Anthropic's SDKs."""


@dataclass(frozen=True)
class _Refusal:
    """A status of 400 and above, in the form that :mod:`readers.api.failure` reads."""

    status_code: int
    body: object
    response: "httpx2.Response"


class _Passing(Exception):
    """Raised for a failure after which the request is sent again, in ``seconds`` where the provider says."""

    def __init__(self, error: CallError, seconds: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.seconds = error, seconds


class GoogleClient:
    """The SDK's asynchronous client for one model, with retries that heed what the provider says, which its own do not.

    Attributes
    ----------
    aio : object
        The asynchronous part of the SDK's client, after :meth:`connect`.
    """

    aio: Any

    def __init__(self, endpoint: Endpoint, model: str, options: RequestOptions) -> None:
        self._endpoint, self._model, self._options = endpoint, model, options

    def check(self) -> None:
        """Raise StopReading when there is no key, or the SDK is not installed."""
        self._endpoint.key()
        needs_package("google.genai", "google-genai", "google")

    def connect(self, busy: Busy) -> None:
        """Import the SDK, which takes a second, and build its client; raises StopReading when there is no key."""
        self.check()
        import httpx2

        self._busy = busy
        self._sdk = importlib.import_module("google.genai")
        limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=100)
        self._http = httpx2.AsyncClient(timeout=self._options.timeout, limits=limits)
        where = self._sdk.types.HttpOptions(
            base_url=self._endpoint.address,
            timeout=round(self._options.timeout * 1000),
            httpx_async_client=self._http,
        )
        self._client = self._sdk.Client(vertexai=False, api_key=self._endpoint.key(), http_options=where)
        self.aio = self._client.aio

    async def generate(self, body: Body) -> tuple[str, str]:
        """Send a body unchanged; return the text of the answer, and the type that it says it has."""
        types = self._sdk.types
        # The SDK's own types stay out of it: what stands in the extra body replaces what it would send.
        config = types.GenerateContentConfig(
            should_return_http_response=True, http_options=types.HttpOptions(extra_body=dict(body))
        )
        reply = await self.tried(
            lambda: self.aio.models.generate_content(model=self._model, contents=".", config=config),
            self._options.attempts,
        )
        found = reply.sdk_http_response
        return str(found.body or ""), str((found.headers or {}).get("content-type", ""))

    async def tried(self, call: Callable[[], Awaitable[T]], attempts: int) -> T:
        """Return what a call gives, made again after a fault that passes.

        Raises CallError when the last attempt fails, and Filtered when a content filter refuses the request.
        """
        for attempt in range(1, attempts):
            try:
                async with self._calling():
                    return await call()
            except _Passing as passing:
                await asyncio.sleep(min(LONGEST_WAIT_S, _wait(passing.seconds, attempt)))
        try:
            async with self._calling():
                return await call()
        except _Passing as passing:
            raise passing.error from passing

    @asynccontextmanager
    async def _calling(self) -> AsyncIterator[None]:
        """Turn the SDK's exceptions into :class:`CallError`, or into _Passing."""
        import httpx2

        try:
            yield
        except self._sdk.errors.APIError as error:
            raise self._refusal(error) from error
        except httpx2.TimeoutException as error:
            raise _Passing(connection_error(error, self._endpoint, stalled=True)) from error
        except httpx2.TransportError as error:
            failed = connection_error(error, self._endpoint)
            raise (failed if isinstance(error, httpx2.UnsupportedProtocol) else _Passing(failed)) from error
        except UnicodeEncodeError as error:
            raise connection_error(error, self._endpoint) from error
        except (RecursionError, *MALFORMED) as error:
            said = self._endpoint.scrubbed(f"{self._endpoint.shown} sent an unusable answer: {error}")
            raise CallError("transport", said) from error

    def _refusal(self, error: Any) -> Exception:  # noqa: ANN401  # an error of the SDK, which is an extra
        """Return the failure for a status of 400 and above."""
        status, seconds = int(error.code), _told_wait(error)
        if status in BUSY_STATUS:
            self._busy(seconds)
        if status == 400 and "API_KEY_INVALID" in str(error.details):
            status = 401
        refusal = _Refusal(status, error.details, error.response)
        if status == 429 and "insufficient" not in str(error.message).lower():
            # Its message names "billing" for every limit, also for that of a minute.
            said = self._endpoint.scrubbed(" ".join(str(error.message).split()))[:300]
            where = f"{self._endpoint.shown} (429: {said})"
            return _Passing(CallError("quota", f"too many requests for {where}, in every attempt"), seconds)
        failed = status_error(refusal, self._endpoint, self._model)
        return _Passing(failed, seconds) if status in PASSING else failed

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()
        self._client.close()


def _told_wait(error: Any) -> float | None:  # noqa: ANN401  # an error of the SDK, which is an extra
    """Return the seconds to wait that a response tells, in a header or in Google's ``RetryInfo``."""
    told = retry_after(error.response.headers)
    try:
        details = error.details["error"].get("details") or ()
        delays = [str(one["retryDelay"]).removesuffix("s") for one in details if "retryDelay" in one]
        return told if told is not None or not delays else float(delays[0])
    except MALFORMED:
        return told


def _wait(told: float | None, attempt: int) -> float:
    """Return the seconds to wait after an attempt: as told, or twice as long each time, spread by lot."""
    return told if told is not None else min(8.0, 0.5 * 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.0)
