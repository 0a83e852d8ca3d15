"""Instruments by OpenAI's chat completions: calls in the answer, their results as messages of the role ``tool``."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from readers.api.argument import merged
from readers.api.openai import OpenAIProvider, content_of
from readers.api.option import RequestOptions
from readers.api.provider import Body
from readers.api.request import Request
from readers.api.response import Response
from readers.instrument.conversation import ToolRequest, Turn
from readers.instrument.tool import ToolCall
from taxonomy.error import SettingError

SENT_BACK = ("content", "tool_calls", "reasoning_content", "reasoning_details")
"""Parts of a message with calls that are sent back as they came: servers that think want their thoughts again."""


class OpenAIToolProvider(OpenAIProvider):
    """OpenAI's chat completions for one model that calls instruments.

    Raises
    ------
    taxonomy.error.SettingError
        When the maker's own API would refuse tools, since the model reasons: from GPT-5.2 on, chat completions take
        tools where the effort is ``none`` alone (openai/openai-openapi issue 541; BerriAI/litellm pull request 34569).
    """

    def __init__(self, model: str, options: RequestOptions) -> None:
        super().__init__(model, options)
        taken = self._taken
        if self._endpoint.is_official and taken and "none" in taken.efforts:
            effort = options.reasoning_effort or taken.default_effort or "its own"
            if effort != "none":
                raise SettingError(
                    f"model {model!r} reasons (effort: {effort}), and OpenAI's chat completions take no instruments "
                    f"beside reasoning: use zoom:openai-responses:{model}, or --option reasoning_effort=none"
                )
        # Servers that decode under a schema cannot leave it for a call.
        self.takes_both = self._endpoint.is_official

    def body(self, request: Request) -> Body:
        """Return the body of the next turn; without instruments, that of any question."""
        body = super().body(request)
        if not isinstance(request, ToolRequest) or not request.tools:
            return body
        turns = [message for turn in request.turns for message in _messages(turn, request.detail)]
        tools = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
        choice = "auto" if request.may_call else "none"
        return merged({**body, "messages": [*body["messages"], *turns]}, {"tools": tools, "tool_choice": choice})

    def response(self, body: Body) -> Response:
        """Return the response in a chat completion, with its turn where it calls."""
        response, message = super().response(body), body["choices"][0]["message"]
        if not message.get("tool_calls"):
            return response
        said = json.dumps({name: message[name] for name in SENT_BACK if message.get(name)})
        self.calls(said)
        return replace(response, turn=said)

    def calls(self, said: str) -> tuple[ToolCall, ...]:
        """Return the calls of a message."""
        return tuple(_call(entry) for entry in json.loads(said)["tool_calls"])


def _call(entry: Any) -> ToolCall:  # noqa: ANN401  # JSON of a server
    called = entry["function"]
    written = called.get("arguments") or "{}"
    return ToolCall(str(entry["id"]), str(called["name"]), written if isinstance(written, str) else json.dumps(written))


def _messages(turn: Turn, detail: str) -> Sequence[dict[str, Any]]:
    """Return a turn as messages; one of a tool holds text alone, so that the images follow in a user's."""
    messages: list[dict[str, Any]] = [{"role": "assistant", "content": "", **json.loads(turn.said)}]
    messages += [{"role": "tool", "tool_call_id": result.call_id, "content": result.text} for result in turn.results]
    if turn.images:
        messages.append({"role": "user", "content": content_of(turn.images, "The enlarged part.", detail)})
    return messages
