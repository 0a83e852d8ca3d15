"""OpenAI's Responses API, where some of its models are served that chat completions do not have."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from readers.api.bill import count
from readers.api.openai import OpenAIProvider
from readers.api.option import RequestOptions
from readers.api.price import Tokens
from readers.api.provider import BatchProvider, Body
from readers.api.reader import ApiReader
from readers.api.request import Request, SentImage
from readers.api.response import CallError, Response, Stop, with_thought
from readers.api.token_chance import TOP, SpelledToken, spelled_tokens
from taxonomy.error import SettingError

STOPS: Mapping[str, Stop] = {"max_output_tokens": "length", "content_filter": "content_filter"}
"""By the reason why a response is incomplete."""

FILTERED = frozenset(
    {"invalid_prompt", "bio_policy", "image_content_policy_violation", "misalignment_policy_violation"}
)
"""Codes of a failed response that a filter stopped (type ``ResponseError`` of OpenAI's SDK)."""


class ResponsesProvider(OpenAIProvider):
    """OpenAI's Responses API for one model; what is asked is not stored there."""

    name = "openai-responses"
    batch_path: ClassVar[str] = "/v1/responses"

    def __init__(self, model: str, options: RequestOptions) -> None:
        if options.seed is not None:
            raise SettingError("option seed is not supported by OpenAI's Responses API; leave it out")
        own = options.more.get("reasoning")
        if isinstance(own, Mapping) and "effort" in own:
            raise SettingError("option extra cannot set 'effort' of 'reasoning': it is --option reasoning_effort")
        super().__init__(model, options)

    def body(self, request: Request) -> Body:
        """Return the body of a response; the text that all cases share comes first, so that it is cached."""
        options = request.options
        body: dict[str, Any] = {
            "model": request.model,
            "instructions": request.system,
            "input": _turns(request),
            "max_output_tokens": options.max_tokens,
            "store": False,
        }
        if self._temperature is not None:
            body["temperature"] = self._temperature
        if options.reasoning_effort is not None:
            body["reasoning"] = {"effort": options.reasoning_effort}
        if options.service_tier is not None:
            body["service_tier"] = options.service_tier
        if options.probabilities == "on":
            body |= {"include": ["message.output_text.logprobs"], "top_logprobs": TOP}
        if request.schema is not None:
            named = {"type": "json_schema", "name": "ecg_reading", "strict": True, "schema": request.schema}
            body["text"] = {"format": named}
        return self.with_more(body)

    async def ask(self, body: Body) -> Response:
        """Create a response."""
        return await self._sdk.ask("/responses", body, self.response)

    def response(self, body: Body) -> Response:
        """Return the response in a response object, behind the summary of its reasoning where there is one.

        Raises CallError when it failed at the provider.
        """
        said = [part for item in body["output"] if item.get("type") == "message" for part in item["content"]]
        refused = "".join(part["refusal"] for part in said if part.get("type") == "refusal")
        answers = [part for part in said if part.get("type") == "output_text"]
        tokens, stop = _tokens(body.get("usage")), _stop(body, refused)
        text = "".join(part["text"] for part in answers)
        spelled = _spelled(answers) if self._options.probabilities == "on" else ()
        whole = refused or with_thought(_summary(body["output"]), text)
        return Response(whole, stop, tokens, str(body.get("model", "")), spelled=spelled)


def _turns(request: Request) -> list[dict[str, Any]]:
    """Return the examples, and the question last."""
    turns: list[dict[str, Any]] = []
    for shot in request.shots:
        turns.append({"role": "user", "content": content_of(shot.images, shot.text, request.detail)})
        turns.append({"role": "assistant", "content": shot.answer})
    return [*turns, {"role": "user", "content": content_of(request.images, request.text, request.detail)}]


def content_of(images: Sequence[SentImage], text: str, detail: str) -> list[dict[str, Any]]:
    """Return the content of a user's turn: each image after its caption, the text last."""
    content: list[dict[str, Any]] = []
    for image in images:
        address = "data:image/png;base64," + base64.b64encode(image.png).decode()
        shown = {"type": "input_image", "image_url": address, "detail": detail or "auto"}
        content += [{"type": "input_text", "text": image.caption}, shown]
    return [*content, {"type": "input_text", "text": text}]


def _stop(body: Body, refused: str) -> Stop:
    """Return why the model stopped; raises CallError for a response that failed otherwise than by a filter."""
    error, status = body.get("error") or {}, body.get("status")
    if error.get("code") in FILTERED:
        return "content_filter"
    if error or status in {"failed", "cancelled"}:
        said = error.get("message") or "no reason given"
        raise CallError("transport", f"the provider could not answer: {str(said)[:300]}", answered=True)
    if refused:
        return "refusal"
    return STOPS.get((body.get("incomplete_details") or {}).get("reason") or "", "end")


def _tokens(usage: Mapping[str, Any] | None) -> Tokens | None:
    if not usage or usage.get("input_tokens") is None:
        return None
    details = usage.get("input_tokens_details") or {}
    return Tokens(
        input=count(usage["input_tokens"]),
        output=count(usage.get("output_tokens")),
        cached=count(details.get("cached_tokens")),
        cache_written=count(details.get("cache_write_tokens")),
    )


def _summary(output: Sequence[Mapping[str, Any]]) -> str:
    """Return the summaries of the reasoning, which come where ``extra`` asks for them."""
    items = [item for item in output if item.get("type") == "reasoning"]
    return "\n".join(part["text"] for item in items for part in item.get("summary") or ())


def _spelled(answers: Sequence[Mapping[str, Any]]) -> tuple[SpelledToken, ...]:
    """Return the tokens of an answer; their logprobs have the form that chat completions have."""
    return spelled_tokens({"content": [entry for part in answers for entry in part.get("logprobs") or ()]})


class ResponsesReader(ApiReader):
    """A vision model behind OpenAI's Responses API, or a compatible endpoint's."""

    description = "openai-responses:MODEL, for models without chat completions (gpt-5.5-pro), by OPENAI_API_KEY"
    provider_type: ClassVar[type[BatchProvider]] = ResponsesProvider
