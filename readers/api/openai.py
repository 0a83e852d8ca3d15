"""OpenAI's chat completions, also served by Gemini, vLLM, Ollama, OpenRouter and LiteLLM."""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from readers.api.argument import (
    ModelArguments,
    budget_argument,
    check_budget,
    check_effort,
    check_probabilities,
    check_tier,
    merged,
    model_arguments,
    sent_temperature,
)
from readers.api.bill import count
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
from readers.api.request import Request, SentImage
from readers.api.response import CallError, Response, Stop
from readers.api.sdk import SdkClient
from readers.api.token_chance import TOP, spelled_tokens
from taxonomy.error import FileError
from taxonomy.outside import outside_object

WITHOUT_SCHEMA = ("gpt-3.5", "gpt-4-", "chatgpt-")
"""Prefixes of OpenAI's models without structured output (OpenAI's guide: from gpt-4o-2024-08-06 on)."""

STOPS: Mapping[str, Stop] = {"length": "length", "content_filter": "content_filter"}


class ChatCompletions:
    """OpenAI's chat completions for one model, wherever they are served; without batches.

    Parameters
    ----------
    model : str
    options : RequestOptions
    endpoint : Endpoint
    sdk : SdkClient
        Of OpenAI's SDK.
    is_makers : bool
        Whether OpenAI's own models are served, which take what OpenAI's tables say.
    """

    def __init__(
        self, model: str, options: RequestOptions, endpoint: Endpoint, sdk: SdkClient, is_makers: bool
    ) -> None:
        self._model, self._options, self._endpoint, self._is_makers = model, options, endpoint, is_makers
        self._known = makers_name(model)
        self._taken = model_arguments("anthropic" if self._known.startswith("claude") else "openai", self._known)
        self._temperature = sent_temperature(options, self._taken, is_makers)
        self._more = _more(model, options, endpoint, self._taken, is_makers)
        self._sdk = sdk
        self.connect, self.close = self._sdk.connect, self._sdk.close

    def check(self) -> None:
        """Raise StopReading when there is no key."""
        self._endpoint.key()

    def details(self) -> Details:
        """Return the settings on which the answers depend; other makers' models have their makers' limits."""
        official, known = self._is_makers, self._known
        maker = next((name for name in ("anthropic", "gemini") if image_limit(name, known)), "openai")
        detail = "" if self._options.image_detail == "auto" else self._options.image_detail
        limit = image_limit(maker, known, detail)
        limits = ModelLimits(limit, request_limit(maker) if limit or official else None)
        structured = self._options.constrains(official and not known.startswith(WITHOUT_SCHEMA))
        shown = detail or (limit.detail if limit else "")
        return Details(self._model, self._endpoint.shown, structured, limits, shown, self._temperature)

    def body(self, request: Request) -> Body:
        """Return the body of a chat completion; the text that all cases share comes first, so that it is cached."""
        options = request.options
        turns: list[dict[str, Any]] = [{"role": "system", "content": request.system}]
        for shot in request.shots:
            turns.append({"role": "user", "content": content_of(shot.images, shot.text, request.detail)})
            turns.append({"role": "assistant", "content": shot.answer})
        turns.append({"role": "user", "content": content_of(request.images, request.text, request.detail)})
        body: dict[str, Any] = {
            "model": request.model,
            "messages": turns,
            # OpenAI's newer models refuse max_tokens; many compatible endpoints accept nothing else.
            "max_completion_tokens" if self._is_makers else "max_tokens": options.max_tokens,
        }
        if self._temperature is not None:
            body["temperature"] = self._temperature
        for name in ("seed", "reasoning_effort", "service_tier"):
            if getattr(options, name) is not None:
                body[name] = getattr(options, name)
        if options.probabilities == "on":
            body |= {"logprobs": True, "top_logprobs": TOP}
        if request.schema is not None:
            named = {"name": "ecg_reading", "strict": True, "schema": request.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        return self.with_more(body)

    def with_more(self, body: Body) -> Body:
        """Return a body with the further arguments of every request."""
        return merged(body, self._more)

    async def ask(self, body: Body) -> Response:
        """Send a chat completion."""
        return await self._sdk.ask("/chat/completions", body, self.response)

    def response(self, body: Body) -> Response:
        """Return the response in a chat completion."""
        choice = body["choices"][0]
        message, usage = choice["message"], body.get("usage")
        stop: Stop = "refusal" if message.get("refusal") else STOPS.get(choice.get("finish_reason") or "", "end")
        tokens = None
        if usage and usage.get("prompt_tokens") is not None:
            details = usage.get("prompt_tokens_details") or {}
            tokens = Tokens(
                input=count(usage["prompt_tokens"]),
                output=count(usage.get("completion_tokens")),
                cached=count(details.get("cached_tokens")),
                cache_written=count(details.get("cache_write_tokens")),
            )
        text = message.get("refusal") or message.get("content") or ""
        if isinstance(text, list):
            text = "".join(block.get("text", "") for block in text)
        asked = self._options.probabilities == "on"
        spelled = spelled_tokens(choice.get("logprobs")) if asked else ()
        return Response(str(text), stop, tokens, str(body.get("model", "")), spelled=spelled)


class OpenAIProvider(ChatCompletions):
    """OpenAI's own API, or a compatible endpoint, for one model."""

    name = "openai"
    batch_path: ClassVar[str] = "/v1/chat/completions"

    def __init__(self, model: str, options: RequestOptions) -> None:
        official = "https://api.openai.com/v1"
        endpoint = Endpoint.from_environment("OPENAI_API_KEY", "OPENAI_BASE_URL", official, options)
        sdk = SdkClient("openai", "AsyncOpenAI", endpoint, model, options)
        super().__init__(model, options, endpoint, sdk, endpoint.is_official)

    def batch_line(self, custom_id: str, body: Body) -> str:
        """Return one line of OpenAI's batch input."""
        return json.dumps({"custom_id": custom_id, "method": "POST", "url": self.batch_path, "body": body})

    async def submit(self, shard: Path, label: BatchLabel) -> str:
        """Upload a file of lines and create its batch."""
        async with self._sdk.calling():
            uploaded = await self._sdk.client.files.create(file=shard, purpose="batch")
            batch = await self._sdk.client.batches.create(
                input_file_id=uploaded.id,
                endpoint=self.batch_path,
                completion_window="24h",
                metadata={"run_id": label.run_id, "shard": label.shard},
            )
        return str(batch.id)

    async def find(self, label: BatchLabel) -> str | None:
        """Return the id of the batch with this label."""
        async with self._sdk.calling():
            async for batch in self._sdk.client.batches.list(limit=100):
                metadata = batch.metadata or {}
                if metadata.get("run_id") == label.run_id and metadata.get("shard") == label.shard:
                    return str(batch.id)
                if batch.created_at < label.submitted - CLOCK_SKEW_S:
                    break
        return None

    async def state(self, batch_id: str) -> BatchState:
        """Return the state of a batch."""
        async with self._sdk.calling():
            batch = await self._sdk.client.batches.retrieve(batch_id)
            counts = batch.request_counts
            done, total = (counts.completed + counts.failed, counts.total) if counts else (0, 0)
            problems = [str(problem.message) for problem in (batch.errors.data or [])] if batch.errors else []
        if batch.status == "failed":
            return BatchState("failed", done, total, self._endpoint.scrubbed("; ".join(problems) or "no reason given"))
        ended = batch.status in {"completed", "expired", "cancelled"}
        return BatchState("ended" if ended else "running", done, total)

    async def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """Yield every line of an ended batch's output and error files."""
        async with self._sdk.calling():
            batch = await self._sdk.client.batches.retrieve(batch_id)
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id:
                    async with self._sdk.client.files.with_streaming_response.content(file_id) as content:
                        async for line in content.iter_lines():
                            if line.strip():
                                yield _result(line)


def _more(
    model: str, options: RequestOptions, endpoint: Endpoint, taken: ModelArguments | None, is_makers: bool
) -> Mapping[str, Any]:
    """Return the further arguments of every request, with the budget of thinking; raises SettingError for wrong ones.

    A server of others may take more than the maker's own API, so that it says itself what it refuses.
    """
    if is_makers:
        check_effort(model, options, taken)
        check_tier("openai", options)
        check_probabilities(model, options, taken)
    check_budget(options)
    budget = options.thinking_budget
    return merged({} if budget is None else budget_argument(endpoint.address, budget), options.more)


def content_of(images: Sequence[SentImage], text: str, detail: str) -> list[dict[str, Any]]:
    """Return the content of a user's turn: each image after its caption, the text last."""
    content: list[dict[str, Any]] = []
    for image in images:
        address = "data:image/png;base64," + base64.b64encode(image.png).decode()
        shown = {"url": address, **({"detail": detail} if detail else {})}
        content += [{"type": "text", "text": image.caption}, {"type": "image_url", "image_url": shown}]
    return [*content, {"type": "text", "text": text}]


def _result(written: str) -> BatchResult:
    """Return the result in a line of a batch's file; one that cannot be read is nobody's."""
    try:
        line = outside_object(written, "a result of the batch")
        return _outcome(str(line.get("custom_id")), line)
    except (FileError, *MALFORMED) as error:
        return BatchResult("", CallError("transport", f"the batch returned a line in an unknown format ({error})"))


def _outcome(custom_id: str, line: Mapping[str, Any]) -> BatchResult:
    answer = line.get("response") or {}
    if answer.get("status_code") == 200:
        return BatchResult(custom_id, answer.get("body") or {})
    error = line.get("error") or (answer.get("body") or {}).get("error") or "no reason given"
    message = error.get("message", error) if isinstance(error, Mapping) else error
    return BatchResult(custom_id, CallError("transport", f"failed in its batch: {message}"))


class OpenAIReader(ApiReader):
    """A vision model behind OpenAI's API or a compatible endpoint."""

    description = "openai:MODEL, by OPENAI_API_KEY; OPENAI_BASE_URL for Gemini, vLLM, Ollama, OpenRouter"
    provider_type: ClassVar[type[BatchProvider]] = OpenAIProvider
