"""Google's Gemini API, through its SDK google-genai."""

import base64
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

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
from readers.api.failure import Filtered, not_json
from readers.api.google_sdk import GoogleClient
from readers.api.model import ModelLimits, image_limit, request_limit
from readers.api.option import RequestOptions
from readers.api.price import Tokens
from readers.api.provider import (
    CLOCK_SKEW_S,
    MALFORMED,
    BatchLabel,
    BatchProvider,
    BatchResult,
    BatchState,
    Body,
    Details,
)
from readers.api.reader import ApiReader
from readers.api.request import Request, SentImage
from readers.api.response import CallError, Response, Stop, with_thought
from readers.api.token_chance import TOP, SpelledToken, spelled_tokens
from taxonomy.error import FileError, SettingError
from taxonomy.outside import outside_object

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

ENDED = frozenset({"JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"})
"""States of a batch of which nothing more comes."""


class GoogleProvider:
    """The Gemini API for one model."""

    name = "google"

    def __init__(self, model: str, options: RequestOptions) -> None:
        self._model, self._options = model.removeprefix("models/"), options
        self._endpoint = _endpoint(options)
        self._taken = model_arguments("gemini", self._model)
        self._temperature = sent_temperature(options, self._taken, self._endpoint.is_official)
        _check(self._model, options, self._endpoint)
        self._sdk = GoogleClient(self._endpoint, self._model, options)
        self.check, self.connect, self.close = self._sdk.check, self._sdk.connect, self._sdk.close

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

    async def ask(self, body: Body) -> Response:
        """Send a request."""
        try:
            text, kind = await self._sdk.generate(_sent(body))
        except Filtered as filtered:
            return Response(str(filtered), "content_filter", None, self._model)
        try:
            return self.response(outside_object(text, "the answer"))
        except (FileError, *MALFORMED) as error:
            raise not_json(self._endpoint, kind, text) from error

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

    def batch_line(self, custom_id: str, body: Body) -> str:
        """Return one request of a batch's file."""
        return json.dumps({"key": custom_id, "request": _sent(body)})

    async def submit(self, shard: Path, label: BatchLabel) -> str:
        """Upload a file of lines and create its batch; that once, since a batch made twice is paid for twice."""
        named = {"mime_type": "jsonl", "display_name": _name(label)}
        uploaded = await self._sdk.tried(
            lambda: self._sdk.aio.files.upload(file=shard, config=named), self._options.attempts
        )
        batch = await self._sdk.tried(
            lambda: self._sdk.aio.batches.create(
                model=self._model, src=uploaded.name, config={"display_name": _name(label)}
            ),
            1,
        )
        return str(batch.name)

    async def find(self, label: BatchLabel) -> str | None:
        """Return the id of the batch with this label."""

        async def found() -> str | None:
            async for batch in await self._sdk.aio.batches.list(config={"page_size": 100}):
                if batch.display_name == _name(label):
                    return str(batch.name)
                if batch.create_time and batch.create_time.timestamp() < label.submitted - CLOCK_SKEW_S:
                    break
            return None

        return await self._sdk.tried(found, self._options.attempts)

    async def state(self, batch_id: str) -> BatchState:
        """Return the state of a batch; the API tells no count of what is done."""
        batch = await self._sdk.tried(lambda: self._sdk.aio.batches.get(name=batch_id), self._options.attempts)
        state = batch.state.name if batch.state else ""
        if state == "JOB_STATE_FAILED":
            return BatchState("failed", problem="Google gives no reason")
        return BatchState("ended" if state in ENDED else "running")

    async def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """Yield every line of an ended batch's file."""
        attempts = self._options.attempts
        batch = await self._sdk.tried(lambda: self._sdk.aio.batches.get(name=batch_id), attempts)
        file = batch.dest.file_name if batch.dest else None
        if file:
            lines = await self._sdk.tried(lambda: self._sdk.aio.files.download(file=file), attempts)
            for line in lines.splitlines():
                if line.strip():
                    yield _result(line)


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


def _sent(body: Body) -> dict[str, Any]:
    """Return a body as it is sent, without the model, which stands in the address."""
    return {name: value for name, value in body.items() if name != "model"}


def _name(label: BatchLabel) -> str:
    return f"{label.run_id}/{label.shard}"


def _result(written: bytes) -> BatchResult:
    """Return the result in a line of a batch's file; one that cannot be read is nobody's."""
    try:
        line = outside_object(written, "a result of the batch")
        error, custom_id = line.get("error"), str(line["key"])
        if not error:
            return BatchResult(custom_id, line["response"])
        reason = error.get("message") or "no reason given"
        return BatchResult(custom_id, CallError("transport", f"failed in its batch: {reason}"))
    except (FileError, *MALFORMED) as error:
        return BatchResult("", CallError("transport", f"the batch returned a line in an unknown format ({error})"))


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


class GoogleReader(ApiReader):
    """A vision model behind Google's Gemini API."""

    description = "google:MODEL, such as gemini-3.5-flash, by GEMINI_API_KEY"
    provider_type: ClassVar[type[BatchProvider]] = GoogleProvider
