"""Google's Gemini API, through its SDK google-genai."""

import asyncio
import base64
import importlib
import os
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from readers.api.argument import (
    check_budget,
    check_effort,
    check_tier,
    merged,
    model_arguments,
    sent_temperature,
)
from readers.api.bill import UNUSABLE, count
from readers.api.endpoint import Endpoint
from readers.api.failure import Filtered, connection_error, not_json, status_error
from readers.api.limiter import BUSY_STATUS, retry_after
from readers.api.model import ModelLimits, image_limit, request_limit
from readers.api.option import RequestOptions
from readers.api.price import Tokens
from readers.api.provider import MALFORMED, Body, Busy, Details, Provider
from readers.api.reader import ApiReader
from readers.api.request import Request, SentImage
from readers.api.response import CallError, Response, Stop, with_thought
from readers.api.sdk import needs_package
from readers.api.token_chance import TOP, SpelledToken, spelled_tokens
from taxonomy.error import FileError, SettingError
from taxonomy.outside import outside_object

if TYPE_CHECKING:
    import httpx2

OFFICIAL = "https://generativelanguage.googleapis.com"
KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")

STOPS: Mapping[str, Stop] = {
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR"),
        "content_filter",
    ),
}
"""By the reason why a candidate ended (``FinishReason`` of google-genai 3.4.0)."""

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


class GoogleProvider:
    """The Gemini API for one model."""

    name = "google"

    def __init__(self, model: str, options: RequestOptions) -> None:
        self._model, self._options = model.removeprefix("models/"), options
        self._endpoint = _endpoint(options)
        self._taken = model_arguments("gemini", self._model)
        self._temperature = sent_temperature(options, self._taken, self._endpoint.is_official)
        _check(self._model, options, self._endpoint)

    def check(self) -> None:
        """Raise StopReading when there is no key, or the SDK is not installed."""
        self._endpoint.key()
        needs_package("google.genai", "google-genai", "google")

    def details(self) -> Details:
        """Return the settings on which the answers depend."""
        structured = self._options.constrains(self._endpoint.is_official and self._model.startswith("gemini"))
        limits = ModelLimits(image_limit("gemini", self._model), request_limit("gemini"))
        return Details(self._model, self._endpoint.shown, structured, limits, temperature=self._temperature)

    def body(self, request: Request) -> Body:
        """Return the body of a request to generate content, with the model, which goes into the address."""
        contents: list[dict[str, Any]] = []
        for shot in request.shots:
            contents.append({"role": "user", "parts": _parts(shot.images, shot.text)})
            contents.append({"role": "model", "parts": [{"text": shot.answer}]})
        contents.append({"role": "user", "parts": _parts(request.images, request.text)})
        body: dict[str, Any] = {
            "model": self._model,
            "systemInstruction": {"parts": [{"text": request.system}]},
            "contents": contents,
            "generationConfig": self._config(request),
        }
        if request.options.service_tier is not None:
            body["serviceTier"] = request.options.service_tier
        return merged(body, request.options.more)

    def _config(self, request: Request) -> dict[str, Any]:
        options = request.options
        config: dict[str, Any] = {"maxOutputTokens": options.max_tokens}
        if self._temperature is not None:
            config["temperature"] = self._temperature
        if options.seed is not None:
            config["seed"] = options.seed
        if request.schema is not None:
            config |= {"responseMimeType": "application/json", "responseJsonSchema": request.schema}
        if options.probabilities == "on":
            config |= {"responseLogprobs": True, "logprobs": TOP}
        thinking = _thinking(options)
        return config | ({"thinkingConfig": thinking} if thinking else {})

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

    async def ask(self, body: Body) -> Response:
        """Send a request; again after a fault that passes, when the provider says, which the SDK does not heed."""
        for attempt in range(1, self._options.attempts + 1):
            try:
                return await self._asked(body)
            except _Passing as passing:
                if attempt == self._options.attempts:
                    raise passing.error from passing
                await asyncio.sleep(min(LONGEST_WAIT_S, _wait(passing.seconds, attempt)))
            except Filtered as filtered:
                return Response(str(filtered), "content_filter", None, self._model)
        raise AssertionError("there is at least one attempt")

    async def _asked(self, body: Body) -> Response:
        """Send a request once; raises _Passing where it may work again, and CallError where not."""
        types = self._sdk.types
        # The SDK's own types stay out of it: what stands in the extra body replaces what it would send.
        sent = {name: value for name, value in body.items() if name != "model"}
        config = types.GenerateContentConfig(
            should_return_http_response=True, http_options=types.HttpOptions(extra_body=sent)
        )
        async with self._calling():
            reply = await self._client.aio.models.generate_content(model=self._model, contents=".", config=config)
        text = reply.sdk_http_response.body or ""
        try:
            return self.response(outside_object(text, "the answer"))
        except (FileError, *MALFORMED) as error:
            kind = (reply.sdk_http_response.headers or {}).get("content-type", "")
            raise not_json(self._endpoint, kind, text) from error

    @asynccontextmanager
    async def _calling(self) -> AsyncIterator[None]:
        """Turn the SDK's exceptions into :class:`CallError`, or into :class:`_Passing`."""
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

    def response(self, body: Body) -> Response:
        """Return the response in the first candidate, behind the summary of its thoughts where there is one."""
        model, tokens = str(body.get("modelVersion", "")), _tokens(body.get("usageMetadata"))
        blocked = (body.get("promptFeedback") or {}).get("blockReason")
        if blocked:
            return Response(f"blocked: {blocked}", "content_filter", tokens, model)
        candidate = body["candidates"][0]
        parts = (candidate.get("content") or {}).get("parts") or ()
        thought = "".join(part.get("text", "") for part in parts if part.get("thought"))
        text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
        stop = STOPS.get(candidate["finishReason"], "end")
        spelled = _spelled(candidate.get("logprobsResult")) if self._options.probabilities == "on" else ()
        return Response(with_thought(thought, text), stop, tokens, model, spelled=spelled)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()
        self._client.close()


class _Passing(Exception):
    """Raised for a failure after which the request is sent again, in ``seconds`` where the provider says."""

    def __init__(self, error: CallError, seconds: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.seconds = error, seconds


def _endpoint(options: RequestOptions) -> Endpoint:
    """Return the endpoint, with the key of the first variable that is set."""
    key = next((name for name in KEY_VARIABLES if os.environ.get(name, "").strip()), KEY_VARIABLES[0])
    return Endpoint.from_environment(key, "GOOGLE_GEMINI_BASE_URL", OFFICIAL, options)


def _check(model: str, options: RequestOptions, endpoint: Endpoint) -> None:
    """Refuse the options that the API or the model lacks."""
    if options.image_detail != "auto":
        raise SettingError(
            "option image_detail is not supported by the Gemini API; it has --option "
            'extra=\'{"generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_HIGH"}}\''
        )
    if endpoint.is_official:
        check_effort(model, options, model_arguments("gemini", model))
        check_tier("gemini", options)
    check_budget(options)


def _thinking(options: RequestOptions) -> dict[str, Any]:
    """Return the amount of thinking as the API names it: a budget of 0 is none."""
    if options.thinking_budget is not None:
        return {"thinkingBudget": options.thinking_budget}
    if options.reasoning_effort == "none":
        return {"thinkingBudget": 0}
    return {"thinkingLevel": options.reasoning_effort.upper()} if options.reasoning_effort else {}


def _parts(images: Sequence[SentImage], text: str) -> list[dict[str, Any]]:
    """Return the parts of a user's turn: each image after its caption, the text last."""
    parts: list[dict[str, Any]] = []
    for image in images:
        data = {"mimeType": "image/png", "data": base64.b64encode(image.png).decode()}
        parts += [{"text": image.caption}, {"inlineData": data}]
    return [*parts, {"text": text}]


def _tokens(usage: Mapping[str, Any] | None) -> Tokens | None:
    if not usage or usage.get("promptTokenCount") is None:
        return None
    made = [count(usage.get(name)) for name in ("candidatesTokenCount", "thoughtsTokenCount")]
    output = UNUSABLE if UNUSABLE in made else sum(made)
    return Tokens(count(usage["promptTokenCount"]), output, count(usage.get("cachedContentTokenCount")))


def _spelled(told: Mapping[str, Any] | None) -> tuple[SpelledToken, ...]:
    """Return the tokens of an answer, from logprobs in Google's form; none where they have another."""
    try:
        chosen, tops = (told or {}).get("chosenCandidates") or (), (told or {}).get("topCandidates") or ()
        content = [
            _entry(one) | {"top_logprobs": [_entry(other) for other in top.get("candidates") or ()]}
            for one, top in zip(chosen, tops, strict=True)
        ]
    except MALFORMED:
        return ()
    return spelled_tokens({"content": content})


def _entry(candidate: Mapping[str, Any]) -> dict[str, Any]:
    return {"token": candidate["token"], "logprob": candidate.get("logProbability", 0.0)}


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


class GoogleReader(ApiReader):
    """A vision model behind Google's Gemini API."""

    description = "google:MODEL, such as gemini-3.5-flash, by GEMINI_API_KEY"
    provider_type: ClassVar[type[Provider]] = GoogleProvider
