"""Turn the errors of SDKs and providers into a kind of failure and one sentence."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from readers.api.endpoint import Endpoint
from readers.api.response import CallError

if TYPE_CHECKING:
    import httpx2

FILTER_CODES = frozenset(
    {"content_filter", "content_policy_violation", "invalid_prompt", "responsible_ai_policy_violation"}
)
"""Error codes of content filters; they refuse one case, and count as its answer."""

CONNECTION: Mapping[str, str] = {
    "ConnectionRefusedError": "cannot be reached: nothing listens there; is the server running?",
    "gaierror": "cannot be reached: the name of the host is not known; is the address right, and is there a network?",
    "SSLCertVerificationError": "cannot be reached: its certificate is not trusted",
    "SSLError": "cannot be reached: it does not speak TLS as expected; is the address https or http?",
    "ConnectionResetError": "broke off the connection, in every attempt",
    "BrokenPipeError": "broke off the connection, in every attempt",
    "RemoteProtocolError": "broke off its answer, in every attempt",
    "ReadError": "broke off its answer, in every attempt",
    "UnsupportedProtocol": "cannot be asked: its address must begin with http:// or https://",
    "LocalProtocolError": "cannot be asked: the key or the address holds a character that no request can carry",
    "UnicodeEncodeError": "cannot be asked: the key or the address holds a character that no request can carry",
}
"""By the name of an exception (of Python's, or of the HTTP client's), what became of a connection."""

REMEDIES: Mapping[str, str] = {
    "tool": "'zoom:' needs a model that calls tools, from a server that is set up for it; leave out 'zoom:'",
    "temperature": "--option temperature=default leaves it out",
    "logprobs": "without --option probabilities=on it is not asked for them",
    **dict.fromkeys(
        ("response_format", "text.format", "output_config", "response_json_schema", "responsejsonschema"),
        "--option structured=text leaves the schema out",
    ),
}
"""By the name of an argument that the benchmark sends unasked, what to do where a server refuses it."""

NO_CREDIT = ("insufficient_quota", "billing", "credit balance")


class StatusError(Protocol):
    """The exception of both SDKs for a status of 400 and above; a provider without an SDK may raise its own."""

    @property
    def status_code(self) -> int:
        """The status."""

    @property
    def body(self) -> object:
        """What was sent with it, as JSON data or as text."""

    @property
    def response(self) -> "httpx2.Response":
        """The whole response."""


class Filtered(Exception):
    """Raised when a provider's content filter answers a request with an error."""


def call_error(error: Exception, sdk: ModuleType, endpoint: Endpoint, model: str) -> CallError:
    """Return the :class:`CallError` for an SDK's exception.

    Raises Filtered when the provider's content filter refused the request.
    """
    if isinstance(error, sdk.APIStatusError):
        return status_error(error, endpoint, model)
    if isinstance(error, sdk.APITimeoutError):
        return connection_error(error, endpoint, stalled=True)
    if isinstance(error, sdk.APIConnectionError | UnicodeEncodeError):
        return connection_error(error, endpoint)
    return CallError("transport", endpoint.scrubbed(f"{endpoint.shown} sent an unusable answer: {error}"))


def connection_error(error: BaseException, endpoint: Endpoint, stalled: bool = False) -> CallError:
    """Return the :class:`CallError` for a connection that failed, or over which nothing came in time."""
    what = "stalled: no data within the time limit, in every attempt" if stalled else _connection(error)
    return CallError("transport", f"{endpoint.shown} {what}")


def _connection(error: BaseException) -> str:
    """Return what became of a connection, in words, by the first cause that tells it."""
    for cause in _causes(error):
        for kind, words in CONNECTION.items():
            if kind in {parent.__name__ for parent in type(cause).__mro__}:
                return words
    return f"cannot be reached ({str(error).rstrip('.') or type(error).__name__}); is it running?"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the causes of an error, those at the bottom first."""
    if error is not None:
        yield from _causes(error.__cause__ or error.__context__)
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _causes(one)
        yield error


def status_error(error: StatusError, endpoint: Endpoint, model: str) -> CallError:
    """Return the :class:`CallError` for a status of 400 and above; raises as :func:`call_error`."""
    status, message, code = int(error.status_code), _message(error, endpoint), _code(error)
    where = f"{endpoint.shown} ({status}: {message})"
    if code in FILTER_CODES:
        raise Filtered(message)
    if status in {401, 403}:
        return CallError("transport", f"the key in {endpoint.key_variable} is refused by {where}", fatal=True)
    if "html" in str(error.response.headers.get("content-type", "")).lower():
        hint = f"a web page, not an API: check {endpoint.address_variable}"
        return CallError("transport", f"{endpoint.shown} answers {status} with {hint}", systematic=True)
    if status == 404:
        return CallError("transport", f"there is no model {model!r} at {where}", fatal=True)
    if status == 402 or (status in {400, 429} and any(word in f"{code} {message}".lower() for word in NO_CREDIT)):
        return CallError("quota", f"the account has no credit left: {where}", fatal=True)
    if status == 429:
        return CallError("quota", f"too many requests for {where}, in every attempt")
    if status in {400, 413, 415, 422}:
        remedy = next((f"; {said}" for name, said in REMEDIES.items() if name in message.lower()), "")
        return CallError("transport", f"the request for model {model!r} is refused by {where}{remedy}", systematic=True)
    return CallError("transport", f"{where}, in every attempt")


def _message(error: StatusError, endpoint: Endpoint) -> str:
    """Return the provider's message, shortened and without the key."""
    inner = _inner(error)
    message = (
        inner.get("message") or inner.get("detail") or (error.body if isinstance(error.body, str) else "") or str(error)
    )
    return endpoint.scrubbed(" ".join(str(message).split()))[:300]


def _code(error: StatusError) -> str:
    inner = _inner(error)
    return str(inner.get("code") or inner.get("type") or "")


def _inner(error: StatusError) -> Mapping[str, Any]:
    body = error.body if isinstance(error.body, Mapping) else {}
    inner = body.get("error", body)
    return inner if isinstance(inner, Mapping) else {"message": inner}


def not_json(endpoint: Endpoint, content_type: str, text: str) -> CallError:
    """Return the failure for a response of status 200 in a format that is not this API's."""
    start = endpoint.scrubbed(" ".join(text.split()))[:80]
    return CallError(
        "transport",
        f"{endpoint.shown} answered 200 with {content_type or 'no type'} that is no answer of this API ({start!r}); "
        f"check {endpoint.address_variable}",
        answered=True,
    )
