"""Instruments by Anthropic's Messages API: calls and results as blocks, an enlarged part within its result."""

import json
from dataclasses import replace
from typing import Any

from readers.api.anthropic import AnthropicProvider, content_of
from readers.api.argument import merged
from readers.api.option import RequestOptions
from readers.api.provider import Body
from readers.api.request import Request
from readers.api.response import Response
from readers.instrument.conversation import ToolRequest, Turn
from readers.instrument.tool import ToolCall, ToolResult


class AnthropicToolProvider(AnthropicProvider):
    """Anthropic's Messages API for one model that calls instruments."""

    def __init__(self, model: str, options: RequestOptions) -> None:
        super().__init__(model, options)
        self.takes_both = self._endpoint.is_official

    def body(self, request: Request) -> Body:
        """Return the body of the next turn; the page is marked for the cache, since every turn sends it again."""
        body = super().body(request)
        if not isinstance(request, ToolRequest) or not request.tools:
            return body
        *before, question = body["messages"]
        *parts, last = question["content"]
        question = {**question, "content": [*parts, {**last, "cache_control": {"type": "ephemeral"}}]}
        turns = [message for turn in request.turns for message in _messages(turn)]
        tools = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
            for tool in request.tools
        ]
        choice = {"type": "auto" if request.may_call else "none"}
        return merged({**body, "messages": [*before, question, *turns]}, {"tools": tools, "tool_choice": choice})

    def response(self, body: Body) -> Response:
        """Return the response in a message, with its turn where it calls."""
        response = super().response(body)
        if not any(block.get("type") == "tool_use" for block in body["content"]):
            return response
        said = json.dumps(body["content"])
        self.calls(said)
        return replace(response, turn=said)

    def calls(self, said: str) -> tuple[ToolCall, ...]:
        """Return the calls in the blocks of a message."""
        return tuple(
            ToolCall(str(block["id"]), str(block["name"]), json.dumps(block.get("input") or {}))
            for block in json.loads(said)
            if block.get("type") == "tool_use"
        )


def _messages(turn: Turn) -> list[dict[str, Any]]:
    """Return a turn: the model's own blocks as they came, its thoughts among them, and the results."""
    return [
        {"role": "assistant", "content": json.loads(turn.said)},
        {"role": "user", "content": [_result(result) for result in turn.results]},
    ]


def _result(result: ToolResult) -> dict[str, Any]:
    wrong = {"is_error": True} if result.log.is_refused else {}
    content = content_of(result.images, result.text)
    return {"type": "tool_result", "tool_use_id": result.call_id, "content": content, **wrong}
