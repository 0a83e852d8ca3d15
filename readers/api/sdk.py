"""The client of OpenAI's and Anthropic's SDKs, which come from one generator and raise alike."""

import importlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from readers.api.endpoint import Endpoint
from readers.api.failure import Filtered, call_error, not_json
from readers.api.limiter import BUSY_STATUS, retry_after
from readers.api.option import RequestOptions
from readers.api.provider import MALFORMED, Body, Busy
from readers.api.response import Response
from taxonomy.distribution import install
from taxonomy.error import FileError, StopReading
from taxonomy.outside import outside_object

if TYPE_CHECKING:
    import httpx2


class SdkClient:
    """An SDK's asynchronous client with its own retries, which honour ``retry-after``.

    Parameters
    ----------
    sdk, client : str
        Names of the SDK's module and of its client class.
    endpoint : Endpoint
    model : str
    options : RequestOptions
    access : callable, optional
        Returns the client's arguments that say where and as whom it calls; key and address of the endpoint by default.

    Attributes
    ----------
    client : object
        The SDK's client, after :meth:`connect`.
    """

    client: Any

    def __init__(  # noqa: PLR0913  # what the client is, whom it asks, and how it gets there
        self,
        sdk: str,
        client: str,
        endpoint: Endpoint,
        model: str,
        options: RequestOptions,
        access: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self._names, self._endpoint, self._model, self._options = (sdk, client), endpoint, model, options
        self._access = access or (lambda: {"api_key": endpoint.key(), "base_url": endpoint.address})

    def connect(self, busy: Busy) -> None:
        """Import the SDK, which takes a second, and build its client; raises StopReading when there is no key."""
        module, client = self._names
        self._sdk = importlib.import_module(module)

        async def watch(response: "httpx2.Response") -> None:
            if response.status_code in BUSY_STATUS:
                busy(retry_after(response.headers))

        self.client = getattr(self._sdk, client)(
            **self._access(),
            timeout=self._options.timeout,
            max_retries=self._options.attempts - 1,
            http_client=self._sdk.DefaultAsyncHttpxClient(event_hooks={"response": [watch]}),
        )

    async def ask(self, path: str, body: Body, response: Callable[[Body], Response]) -> Response:
        """Post a body unchanged, bypassing the SDK's types, and return ``response`` of the answer's JSON.

        Raises CallError when the SDK's retries fail, or the answer is not in this API's format.
        """
        import httpx2

        try:
            async with self.calling():
                reply: httpx2.Response = await self.client.post(path, body=body, cast_to=httpx2.Response)
        except Filtered as filtered:
            return Response(str(filtered), "content_filter", None, self._model)
        try:
            return response(outside_object(reply.text, "the answer"))
        except (FileError, *MALFORMED) as error:
            raise not_json(self._endpoint, reply.headers.get("content-type", ""), reply.text) from error

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[None]:
        """Turn the SDK's exceptions, and those of answers in another format, into :class:`CallError`."""
        try:
            yield
        except (self._sdk.APIError, RecursionError, *MALFORMED) as error:
            raise call_error(error, self._sdk, self._endpoint, self._model) from error

    async def close(self) -> None:
        """Close every connection."""
        await self.client.close()


def needs_package(module: str, package: str, extra: str) -> None:
    """Raise StopReading when a package that only this provider needs is not installed."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # the package around the module is missing
        found = None
    if found is None:
        raise StopReading(f"the package {package} is not installed: {install(extra)}")
