"""Anthropic's messages, through its SDK."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from readers.api.endpoint import Endpoint
from readers.api.model import ModelLimits, image_limit, request_limit
from readers.api.option import RequestOptions
from readers.api.price import Tokens
from readers.api.provider import CLOCK_SKEW_S, BatchLabel, BatchResult, BatchState, Body, Busy, Provider
from readers.api.reader import ApiReader
from readers.api.request import CHARS_PER_TOKEN, Request
from readers.api.response import CallError, Response, Stop
from taxonomy.error import SettingError

if TYPE_CHECKING:
    from anthropic.types.messages import MessageBatch

WITHOUT_SCHEMA = (
    "claude-2",
    "claude-3",
    "claude-sonnet-4-0",
    "claude-opus-4-0",
    "claude-sonnet-4-2",
    "claude-opus-4-2",
)
"""Beginnings of models without structured output (Anthropic's page: from Sonnet 4.5, Opus 4.1 and Haiku 4.5 on)."""

STOPS: Mapping[str, Stop] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}

CACHE_FROM_TOKENS = 1024
"""Least length of a prompt prefix that any model caches; where a model wants more, the mark has no effect and costs
nothing (Anthropic's page on prompt caching)."""


class AnthropicProvider(Provider):
    """Messages through Anthropic's SDK."""

    name = "anthropic"
    path = "/v1/messages"

    @classmethod
    def connect(cls, model: str, options: RequestOptions, busy: Busy) -> Self:
        """Import the SDK and return the provider with a client of it."""
        import anthropic

        return cls(anthropic, "AsyncAnthropic", model, options, busy)

    @staticmethod
    def where() -> Endpoint:
        """Return the endpoint that the environment names."""
        return Endpoint.from_environment("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "https://api.anthropic.com")

    @staticmethod
    def limits_of(model: str, options: RequestOptions) -> ModelLimits:
        """Return what is known of a model."""
        return ModelLimits(image_limit("anthropic", model), request_limit("anthropic"))

    @staticmethod
    def structured(model: str, options: RequestOptions) -> bool:
        """Tell whether answers are constrained to the schema: by the option, else where the model has that."""
        if options.structured != "auto":
            return options.structured == "schema"
        known = model.startswith("claude") and not model.startswith(WITHOUT_SCHEMA)
        return AnthropicProvider.where().is_official and known

    @staticmethod
    def check(options: RequestOptions) -> None:
        """Refuse the options that messages do not have; temperature left with the API's version 2026-10-21."""
        given = {name: getattr(options, name) is not None for name in ("temperature", "seed")}
        given["image_detail"] = options.image_detail != "auto"
        for name in (name for name, is_given in given.items() if is_given):
            raise SettingError(f"option {name} is none of Anthropic's API (version 2026-10-21); leave it out")

    @classmethod
    def body(cls, request: Request) -> Body:
        """Return the body of a message."""
        return message_body(request)

    @staticmethod
    def response_of(data: Mapping[str, Any]) -> Response:
        """Return what a message says."""
        return message_response(data)

    def batch_line(self, custom_id: str, body: Body) -> str:
        """Return one request of a message batch."""
        return json.dumps({"custom_id": custom_id, "params": body})

    async def submit(self, shard: Path, label: BatchLabel) -> str:
        """Begin a batch with the requests of a file."""
        requests = [json.loads(line) for line in shard.read_text(encoding="utf-8").splitlines()]
        async with self.calling():
            made = await self._client.messages.batches.create(requests=requests)
        return str(made.id)

    async def find(self, label: BatchLabel) -> str | None:
        """Return the id of a batch of as many requests that began when this one would have.

        A message batch carries no label; its results name the requests, and one that is another's is left alone then.
        """
        async with self.calling():
            async for batch in self._client.messages.batches.list(limit=100):
                if batch.created_at.timestamp() < label.submitted - CLOCK_SKEW_S:
                    break
                if sum(_counts(batch)) == label.requests and batch.id not in label.not_ours:
                    return str(batch.id)
        return None

    async def state(self, batch_id: str) -> BatchState:
        """Return how far a batch is."""
        async with self.calling():
            batch = await self._client.messages.batches.retrieve(batch_id)
        done, running = _counts(batch)
        return BatchState("ended" if batch.processing_status == "ended" else "running", done, done + running)

    async def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """Yield every result of an ended batch."""
        async with self.calling():
            async for entry in await self._client.messages.batches.results(batch_id):
                yield self._result(entry.to_dict(warnings=False))

    def _result(self, entry: Mapping[str, Any]) -> BatchResult:
        custom_id, result = str(entry.get("custom_id")), entry.get("result") or {}
        if result.get("type") == "succeeded":
            return BatchResult(custom_id, self.answered_in_batch(result.get("message") or {}))
        said = (result.get("error") or {}).get("error", {}).get("message") or result.get("type", "no reason given")
        return BatchResult(custom_id, CallError("transport", f"failed in its batch: {said}"))


def _counts(batch: "MessageBatch") -> tuple[int, int]:
    """Return how many requests of a batch are done, and how many are not."""
    counts = batch.request_counts
    return counts.succeeded + counts.errored + counts.canceled + counts.expired, counts.processing


class AnthropicReader(ApiReader):
    """A vision model behind Anthropic's API."""

    description = "anthropic:MODEL, by ANTHROPIC_API_KEY (ANTHROPIC_BASE_URL for another endpoint)"
    provider = AnthropicProvider


def message_body(request: Request) -> dict[str, Any]:
    """Return the JSON of a message; the system text, the same for every case, is marked for the provider's cache."""
    content: list[dict[str, Any]] = []
    for image in request.images:
        source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(image.png).decode()}
        content += [{"type": "text", "text": image.caption}, {"type": "image", "source": source}]
    content.append({"type": "text", "text": request.text})
    system: dict[str, Any] = {"type": "text", "text": request.system}
    if len(request.system) / CHARS_PER_TOKEN >= CACHE_FROM_TOKENS:
        system["cache_control"] = {"type": "ephemeral"}
    options = request.options
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": options.max_tokens,
        "system": [system],
        "messages": [{"role": "user", "content": content}],
    }
    config: dict[str, Any] = {}
    if options.reasoning_effort not in {None, "none"}:
        config["effort"] = options.reasoning_effort
    if request.schema is not None:
        config["format"] = {"type": "json_schema", "schema": request.schema}
    return body | ({"output_config": config} if config else {})


def message_response(data: Mapping[str, Any]) -> Response:
    """Return what a message says; thinking is no part of the answer.

    Raises
    ------
    KeyError, TypeError, AttributeError
        When the data is no message.
    """
    text = "".join(part["text"] for part in data["content"] if part.get("type") == "text")
    usage, tokens = data.get("usage"), None
    if usage and usage.get("input_tokens") is not None:
        cached, written = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
        tokens = Tokens(
            input=int(usage["input_tokens"]) + int(cached) + int(written),
            output=int(usage.get("output_tokens") or 0),
            cached=int(cached),
            cache_written=int(written),
        )
    return Response(text, STOPS.get(data.get("stop_reason") or "", "end"), tokens, str(data.get("model", "")))
