"""Anthropic's Messages API, through its SDK."""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from readers.api.argument import LEAST_BUDGET, check_budget, check_effort, check_tier, merged, model_arguments
from readers.api.bill import UNUSABLE, count
from readers.api.endpoint import Endpoint
from readers.api.model import ModelLimits, image_limit, makers_name, request_limit
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
from readers.api.request import CHARS_PER_TOKEN, Request, SentImage
from readers.api.response import CallError, Response, Stop
from readers.api.sdk import SdkClient
from taxonomy.error import SettingError
from taxonomy.outside import outside_object

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
"""Prefixes of models without structured output (Anthropic's page: from Sonnet 4.5, Opus 4.1 and Haiku 4.5 on)."""

STOPS: Mapping[str, Stop] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}

CACHE_FROM_TOKENS = 1024
"""Shortest prefix that any model caches; for a model that needs more, the mark has no effect and costs nothing
(Anthropic's page on prompt caching)."""


class AnthropicMessages:
    """Anthropic's Messages API for one model, wherever it is served; without batches.

    Parameters
    ----------
    model : str
        As the place that serves it names it.
    options : RequestOptions
    endpoint : Endpoint
    sdk : SdkClient
        Of Anthropic's SDK.
    has_schema : bool
        Whether the place is known to constrain answers to a schema, where the model can.
    """

    def __init__(
        self, model: str, options: RequestOptions, endpoint: Endpoint, sdk: SdkClient, has_schema: bool
    ) -> None:
        self._known = makers_name(model)
        _check(self._known, options)
        self._model, self._options, self._endpoint, self._has_schema = model, options, endpoint, has_schema
        self._sdk = sdk
        self.connect, self.close = self._sdk.connect, self._sdk.close

    def check(self) -> None:
        """Raise StopReading when there is no key."""
        self._endpoint.key()

    def details(self) -> Details:
        """Return the settings on which the answers depend."""
        supported = self._known.startswith("claude") and not self._known.startswith(WITHOUT_SCHEMA)
        structured = self._options.constrains(self._has_schema and supported)
        limits = ModelLimits(image_limit("anthropic", self._known), request_limit("anthropic"))
        return Details(self._model, self._endpoint.shown, structured, limits)

    def body(self, request: Request) -> Body:
        """Return the body of a message; system text and examples, which cases share, are marked for the cache."""
        turns: list[dict[str, Any]] = []
        for shot in request.shots:
            turns.append({"role": "user", "content": content_of(shot.images, shot.text)})
            turns.append({"role": "assistant", "content": [{"type": "text", "text": shot.answer}]})
        if turns:
            turns[-1]["content"][0]["cache_control"] = {"type": "ephemeral"}
        turns.append({"role": "user", "content": content_of(request.images, request.text)})
        system: dict[str, Any] = {"type": "text", "text": request.system}
        if len(request.system) / CHARS_PER_TOKEN >= CACHE_FROM_TOKENS:
            system["cache_control"] = {"type": "ephemeral"}
        options = request.options
        body: dict[str, Any] = {
            "model": request.model,
            "max_tokens": options.max_tokens,
            "system": [system],
            "messages": turns,
        }
        config: dict[str, Any] = {}
        if options.reasoning_effort not in {None, "none"}:
            config["effort"] = options.reasoning_effort
        if request.schema is not None:
            config["format"] = {"type": "json_schema", "schema": request.schema}
        if options.service_tier is not None:
            body["service_tier"] = options.service_tier
        if options.thinking_budget is not None:
            body["thinking"] = {"type": "enabled", "budget_tokens": options.thinking_budget}
        elif options.reasoning_effort == "none":
            body["thinking"] = {"type": "disabled"}
        return merged(body | ({"output_config": config} if config else {}), options.more)

    async def ask(self, body: Body) -> Response:
        """Send a message."""
        return await self._sdk.ask("/v1/messages", body, self.response)

    def response(self, body: Body) -> Response:
        """Return the response in a message, without its thinking."""
        text = "".join(block["text"] for block in body["content"] if block.get("type") == "text")
        usage, tokens = body.get("usage"), None
        if usage and usage.get("input_tokens") is not None:
            names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
            parts = [count(usage.get(name)) for name in names]
            _, cached, written = parts
            total = UNUSABLE if UNUSABLE in parts else sum(parts)
            tokens = Tokens(total, count(usage.get("output_tokens")), cached, written)
        return Response(text, STOPS.get(body.get("stop_reason") or "", "end"), tokens, str(body.get("model", "")))


class AnthropicProvider(AnthropicMessages):
    """Anthropic's own API for one model."""

    name = "anthropic"

    def __init__(self, model: str, options: RequestOptions) -> None:
        official = "https://api.anthropic.com"
        endpoint = Endpoint.from_environment("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", official, options)
        sdk = SdkClient("anthropic", "AsyncAnthropic", endpoint, model, options)
        super().__init__(model, options, endpoint, sdk, endpoint.is_official)

    def batch_line(self, custom_id: str, body: Body) -> str:
        """Return one request of a message batch."""
        return json.dumps({"custom_id": custom_id, "params": body})

    async def submit(self, shard: Path, label: BatchLabel) -> str:
        """Create a batch from the requests of a file."""
        requests = [outside_object(line, shard) for line in shard.read_text(encoding="utf-8").splitlines()]
        async with self._sdk.calling():
            batch = await self._sdk.client.messages.batches.create(requests=requests)
        return str(batch.id)

    async def find(self, label: BatchLabel) -> str | None:
        """Return the id of a batch with the same number of requests and a matching time.

        A message batch carries no label. A batch of another run is recognised by its results and then ignored.
        """
        async with self._sdk.calling():
            async for batch in self._sdk.client.messages.batches.list(limit=100):
                if batch.created_at.timestamp() < label.submitted - CLOCK_SKEW_S:
                    break
                if sum(_counts(batch)) == label.requests and batch.id not in label.not_ours:
                    return str(batch.id)
        return None

    async def state(self, batch_id: str) -> BatchState:
        """Return the state of a batch."""
        async with self._sdk.calling():
            batch = await self._sdk.client.messages.batches.retrieve(batch_id)
            done, running = _counts(batch)
        return BatchState("ended" if batch.processing_status == "ended" else "running", done, done + running)

    async def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """Yield every result of an ended batch."""
        async with self._sdk.calling():
            async for entry in await self._sdk.client.messages.batches.results(batch_id):
                yield _result(entry.to_dict(warnings=False))


def content_of(images: Sequence[SentImage], text: str) -> list[dict[str, Any]]:
    """Return the content of a user's turn: each image after its caption, the text last."""
    content: list[dict[str, Any]] = []
    for image in images:
        source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(image.png).decode()}
        content += [{"type": "text", "text": image.caption}, {"type": "image", "source": source}]
    return [*content, {"type": "text", "text": text}]


def _check(model: str, options: RequestOptions) -> None:
    """Refuse the options that the API or the model lacks; version 2026-10-21 dropped temperature."""
    is_set = {"temperature": options.temperature not in {None, "default"}, "seed": options.seed is not None}
    is_set["image_detail"] = options.image_detail != "auto"
    for name in is_set:
        if is_set[name]:
            raise SettingError(f"option {name} is not supported by Anthropic's API (version 2026-10-21); leave it out")
    if options.probabilities == "on":
        raise SettingError("option probabilities = on: Anthropic's API has no logprobs; leave it out")
    taken, budget = model_arguments("anthropic", model), options.thinking_budget
    check_effort(model, options, taken)
    check_tier("anthropic", options)
    check_budget(options, LEAST_BUDGET)
    if budget is not None and taken is not None and not taken.budget:
        raise SettingError(
            f"option thinking_budget = {budget}: model {model!r} decides itself how much it thinks: use --option "
            'reasoning_effort, and --option extra=\'{"thinking": {"type": "adaptive"}}\' where it thinks only if asked'
        )
    own = options.more.get("thinking")
    if isinstance(own, Mapping) and "budget_tokens" in own:
        raise SettingError("option extra cannot set 'budget_tokens' of 'thinking': it is --option thinking_budget")


def _result(entry: Mapping[str, Any]) -> BatchResult:
    """Return the result in an entry; of one in another format, its failure."""
    custom_id = str(entry.get("custom_id"))
    try:
        return _outcome(custom_id, entry.get("result") or {})
    except MALFORMED as error:
        return BatchResult(custom_id, CallError("transport", f"the batch returned an unknown format ({error})"))


def _outcome(custom_id: str, result: Mapping[str, Any]) -> BatchResult:
    if result.get("type") == "succeeded":
        return BatchResult(custom_id, result.get("message") or {})
    reason = (result.get("error") or {}).get("error", {}).get("message") or result.get("type", "no reason given")
    return BatchResult(custom_id, CallError("transport", f"failed in its batch: {reason}"))


def _counts(batch: "MessageBatch") -> tuple[int, int]:
    """Return the numbers of finished and of unfinished requests of a batch."""
    counts = batch.request_counts
    return counts.succeeded + counts.errored + counts.canceled + counts.expired, counts.processing


class AnthropicReader(ApiReader):
    """A vision model behind Anthropic's API."""

    description = "anthropic:MODEL, by ANTHROPIC_API_KEY (ANTHROPIC_BASE_URL for another endpoint)"
    provider_type: ClassVar[type[BatchProvider]] = AnthropicProvider
