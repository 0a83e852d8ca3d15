"""Instruments by OpenAI's Responses API, where models call them and reason as well."""

import json
from dataclasses import replace
from typing import Any

from readers.api.argument import merged
from readers.api.openai_responses import ResponsesProvider, content_of
from readers.api.option import RequestOptions
from readers.api.provider import Body
from readers.api.request import Request
from readers.api.response import Response
from readers.instrument.conversation import ToolRequest, Turn
from readers.instrument.tool import ToolCall, ToolResult

THOUGHTS = "reasoning.encrypted_content"
"""What is asked for beside the answer: nothing is stored there, so that the thoughts travel with the conversation."""


class ResponsesToolProvider(ResponsesProvider):
    """OpenAI's Responses API for one model that calls instruments."""

    def __init__(self, model: str, options: RequestOptions) -> None:
        super().__init__(model, options)
        self.takes_both = self._endpoint.is_official

    def body(self, request: Request) -> Body:
        """Return the body of the next turn; without instruments, that of any question."""
        body = super().body(request)
        if not isinstance(request, ToolRequest) or not request.tools:
            return body
        items = [item for turn in request.turns for item in _items(turn, request.detail)]
        tools = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,
            }
            for tool in request.tools
        ]
        choice = "auto" if request.may_call else "none"
        include = [*body.get("include", ()), THOUGHTS]
        return merged(
            {**body, "input": [*body["input"], *items], "include": include}, {"tools": tools, "tool_choice": choice}
        )

    def response(self, body: Body) -> Response:
        """Return the response, with its turn where it calls."""
        response = super().response(body)
        if not any(item.get("type") == "function_call" for item in body["output"]):
            return response
        said = json.dumps(body["output"])
        self.calls(said)
        return replace(response, turn=said)

    def calls(self, said: str) -> tuple[ToolCall, ...]:
        """Return the calls among the items of a response."""
        return tuple(
            ToolCall(str(item["call_id"]), str(item["name"]), str(item.get("arguments") or "{}"))
            for item in json.loads(said)
            if item.get("type") == "function_call"
        )


def _items(turn: Turn, detail: str) -> list[dict[str, Any]]:
    """Return a turn: the model's own items as they came, its thoughts among them, and the results."""
    return [*json.loads(turn.said), *(_result(result, detail) for result in turn.results)]


def _result(result: ToolResult, detail: str) -> dict[str, Any]:
    output = content_of(result.images, result.text, detail) if result.images else result.text
    return {"type": "function_call_output", "call_id": result.call_id, "output": output}
