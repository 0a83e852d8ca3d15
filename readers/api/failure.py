"""Why a call brought no answer, as one sentence and a kind of failure."""

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from readers.api.endpoint import Endpoint
from readers.api.response import CallError

if TYPE_CHECKING:
    import httpx2

FILTER_CODES = frozenset(
    {"content_filter", "content_policy_violation", "invalid_prompt", "responsible_ai_policy_violation"}
)
"""Error codes by which a request of one case is held back, which is an answer of its own kind."""

NO_CREDIT = ("insufficient_quota", "billing", "credit balance")


class StatusError(Protocol):
    """What both SDKs raise for a status of 400 and above, and a provider without one can make."""

    status_code: int
    body: object
    response: "httpx2.Response"


class Filtered(Exception):
    """Raised when a provider's filter refused a request with an error instead of an answer."""


def call_error(error: Exception, sdk: ModuleType, endpoint: Endpoint, model: str) -> CallError:
    """Return what an SDK's exception means.

    Raises Filtered when the provider's content filter held the request back.
    """
    if isinstance(error, sdk.APIStatusError):
        return status_error(error, endpoint, model)
    if isinstance(error, sdk.APITimeoutError):
        return CallError("transport", f"{endpoint.shown} stalled: no byte within the time limit, in every attempt")
    if isinstance(error, sdk.APIConnectionError):
        cause = error.__cause__ or error
        said = endpoint.scrubbed(f"{type(cause).__name__}: {cause}".rstrip(": "))
        return CallError("transport", f"{endpoint.shown} cannot be reached or broke off ({said}); is it running?")
    return CallError("transport", endpoint.scrubbed(f"{endpoint.shown} answered with something else: {error}"))


def status_error(error: StatusError, endpoint: Endpoint, model: str) -> CallError:
    """Return what a status of 400 and above means; raises :class:`Filtered` as :func:`call_error` does."""
    status, said, code = int(error.status_code), _said(error, endpoint), _code(error)
    where = f"{endpoint.shown} ({status}: {said})"
    if code in FILTER_CODES:
        raise Filtered(said)
    if status in {401, 403}:
        return CallError("transport", f"the key in {endpoint.key_variable} is refused by {where}", fatal=True)
    if "html" in str(error.response.headers.get("content-type", "")).lower():
        hint = f"a web page, not an API: check {endpoint.address_variable}"
        return CallError("transport", f"{endpoint.shown} answers {status} with {hint}", systematic=True)
    if status == 404:
        return CallError("transport", f"there is no model {model!r} at {where}", fatal=True)
    if status == 402 or (status in {400, 429} and any(word in f"{code} {said}".lower() for word in NO_CREDIT)):
        return CallError("quota", f"the account has no credit left: {where}", fatal=True)
    if status == 429:
        return CallError("quota", f"too many requests for {where}, in every attempt")
    if status in {400, 413, 415, 422}:
        return CallError("transport", f"the request for model {model!r} is refused by {where}", systematic=True)
    return CallError("transport", f"{where}, in every attempt")


def _said(error: StatusError, endpoint: Endpoint) -> str:
    """Return the provider's own words, short, without the key."""
    inner = _inner(error)
    message = inner.get("message") or (error.body if isinstance(error.body, str) else "") or str(error)
    return endpoint.scrubbed(" ".join(str(message).split()))[:300]


def _code(error: StatusError) -> str:
    inner = _inner(error)
    return str(inner.get("code") or inner.get("type") or "")


def _inner(error: StatusError) -> Mapping[str, Any]:
    body = error.body if isinstance(error.body, Mapping) else {}
    inner = body.get("error", body)
    return inner if isinstance(inner, Mapping) else {"message": inner}


def not_json(endpoint: Endpoint, content_type: str, text: str) -> CallError:
    """Return the failure of an answer of status 200 that is no answer of this API."""
    start = endpoint.scrubbed(" ".join(text.split()))[:80]
    return CallError(
        "transport",
        f"{endpoint.shown} answered 200 with {content_type or 'no type'} that is no answer of this API ({start!r}); "
        f"check {endpoint.address_variable}",
    )
