"""A server on loopback whose model calls instruments, by OpenAI's and Anthropic's protocols, as a script says."""

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from aiohttp import web
from PIL import Image

from .server import Server, answer


@dataclass(frozen=True)
class Asked:
    """A request as both protocols mean it."""

    text: str
    images: tuple[bytes, ...]
    results: tuple[str, ...]
    tools: tuple[str, ...]
    may_call: bool
    schema: bool
    messages: int

    def pixels(self, number: int) -> np.ndarray:
        """Return an image as uint8 (height, width, 3)."""
        with Image.open(io.BytesIO(self.images[number])) as picture:
            return np.asarray(picture.convert("RGB"))


Calls = list[tuple[str, object]]
Script = Callable[[Asked], "str | Calls"]
"""Returns the text of an answer, or calls by name and arguments (a text is sent as it stands)."""


def one_zoom(asked: Asked) -> "str | Calls":
    """Zoom into V1 once, then answer by the number in the prompt."""
    return answer(asked.text) if asked.results or not asked.tools else [("zoom", {"lead": "V1", "px_per_mm": 8})]


@dataclass
class ToolServer(Server):
    """The server, with a model of instruments."""

    model: Script = one_zoom
    image_tokens: int = 600
    rejects: str = ""
    blind_to_parts: bool = False
    asked: list[Asked] = field(default_factory=list)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        return await self.respond(request, openai_turn) if not self.rejects else await self.rejected(request)

    async def message(self, request: web.Request) -> web.StreamResponse:
        return await self.respond(request, anthropic_turn) if not self.rejects else await self.rejected(request)

    def application(self) -> web.Application:
        app = super().application()
        app.add_routes([web.post("/v1/responses", self.created)])
        return app

    async def created(self, request: web.Request) -> web.StreamResponse:
        return await self.respond(request, responses_turn) if not self.rejects else await self.rejected(request)

    async def rejected(self, request: web.Request) -> web.StreamResponse:
        error = {"message": self.rejects, "type": "invalid_request_error"}
        return web.json_response({"type": "error", "error": error}, status=400)

    def tokens(self, body: dict, asked: Asked) -> int:
        shown = 1 if self.blind_to_parts else len(asked.images)
        return len(asked.text) // 4 + sum(map(len, asked.results)) // 4 + shown * self.image_tokens


def openai_turn(body: dict, server: ToolServer) -> dict:
    """Return what OpenAI's API answers; fails where a conversation has another form than it takes."""
    texts, images, results, open_calls = [], [], [], []
    for message in body["messages"]:
        if message["role"] == "tool":
            assert message["tool_call_id"] in open_calls
            open_calls.remove(message["tool_call_id"])
            assert isinstance(message["content"], str)
            results.append(message["content"])
            continue
        assert not open_calls, "a call has no result"
        open_calls = [call["id"] for call in message.get("tool_calls") or ()]
        content = message["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if part["type"] == "text":
                texts.append(part["text"])
            else:
                images.append(base64.b64decode(part["image_url"]["url"].partition(",")[2]))
    asked = Asked(
        "\n".join(texts), tuple(images), tuple(results),
        tuple(tool["function"]["name"] for tool in body.get("tools", ())), body.get("tool_choice") == "auto",
        "response_format" in body, len(body["messages"]),
    )  # fmt: skip
    server.asked.append(asked)
    said = server.model(asked)
    message = {"role": "assistant", "content": said if isinstance(said, str) else None, "refusal": None}
    if not isinstance(said, str):
        message["tool_calls"] = [
            {"id": f"call_{len(results) + place}", "type": "function",
             "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)}}
            for place, (name, given) in enumerate(said)
        ]  # fmt: skip
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop" if isinstance(said, str) else "tool_calls",
                     "logprobs": None, "message": message}],
        "usage": {"prompt_tokens": server.tokens(body, asked), "completion_tokens": 120, "total_tokens": 1},
    }  # fmt: skip


def anthropic_turn(body: dict, server: ToolServer) -> dict:
    """Return what Anthropic's API answers; fails where a conversation has another form than it takes."""
    texts, images, results, open_calls = [body["system"][0]["text"]], [], [], []

    def read(part: dict) -> None:
        if part["type"] == "text":
            texts.append(part["text"])
        elif part["type"] == "image":
            images.append(base64.b64decode(part["source"]["data"]))

    for number, message in enumerate(body["messages"]):
        assert message["role"] == ("user", "assistant")[number % 2]
        content = message["content"]
        if open_calls:
            assert [part["tool_use_id"] for part in content] == open_calls, "a call has no result"
        open_calls = [part["id"] for part in content if part["type"] == "tool_use"]
        for part in content:
            read(part)
            if part["type"] == "tool_result":
                results.append(part["content"][-1]["text"])
                for inner in part["content"][:-1]:
                    read(inner)
    asked = Asked(
        "\n".join(texts), tuple(images), tuple(results), tuple(tool["name"] for tool in body.get("tools", ())),
        body.get("tool_choice") == {"type": "auto"}, "format" in body.get("output_config", {}), len(body["messages"]),
    )  # fmt: skip
    server.asked.append(asked)
    said = server.model(asked)
    if isinstance(said, str):
        blocks = [{"type": "text", "text": said}]
    else:
        blocks = [{"type": "thinking", "thinking": "closer", "signature": "c2lnbmF0dXJl"}]
        blocks += [
            {"type": "tool_use", "id": f"toolu_{len(results) + place}", "name": name,
             "input": given if isinstance(given, dict) else {"nonsense": given}}
            for place, (name, given) in enumerate(said)
        ]  # fmt: skip
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None,
        "content": blocks, "stop_reason": "end_turn" if isinstance(said, str) else "tool_use",
        "usage": {"input_tokens": server.tokens(body, asked), "output_tokens": 120,
                  "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
    }  # fmt: skip


def responses_turn(body: dict, server: ToolServer) -> dict:
    """Return what OpenAI's Responses API answers; fails where a conversation has another form than it takes."""
    assert body["store"] is False
    assert "tools" not in body or "reasoning.encrypted_content" in body["include"]
    texts, images, results, open_calls = [body["instructions"]], [], [], []

    def read(part: dict) -> None:
        if part["type"] == "input_image":
            images.append(base64.b64decode(part["image_url"].partition(",")[2]))
        else:
            texts.append(part["text"])

    for item in body["input"]:
        if item.get("type") == "function_call":
            open_calls.append(item["call_id"])
        elif item.get("type") == "function_call_output":
            assert item["call_id"] in open_calls
            open_calls.remove(item["call_id"])
            output = item["output"]
            results.append(output if isinstance(output, str) else output[-1]["text"])
            for part in [] if isinstance(output, str) else output[:-1]:
                read(part)
        elif item.get("type") == "reasoning":
            assert item["encrypted_content"] == "c2VjcmV0"
        else:
            assert not open_calls, "a call has no result"
            for part in (
                [{"type": "text", "text": item["content"]}] if isinstance(item["content"], str) else item["content"]
            ):
                read(part)
    assert not open_calls, "a call has no result"
    asked = Asked(
        "\n".join(texts), tuple(images), tuple(results), tuple(tool["name"] for tool in body.get("tools", ())),
        body.get("tool_choice") == "auto", "format" in body.get("text", {}), len(body["input"]),
    )  # fmt: skip
    server.asked.append(asked)
    said = server.model(asked)
    if isinstance(said, str):
        output = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said}]}]
    else:
        output = [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VjcmV0"}]
        output += [
            {"type": "function_call", "id": f"fc_{len(results) + place}", "call_id": f"call_{len(results) + place}",
             "name": name, "arguments": given if isinstance(given, str) else json.dumps(given)}
            for place, (name, given) in enumerate(said)
        ]  # fmt: skip
    return {
        "id": "resp_1", "object": "response", "status": "completed", "model": body["model"], "output": output,
        "usage": {"input_tokens": server.tokens(body, asked), "output_tokens": 120,
                  "input_tokens_details": {"cached_tokens": 0}},
    }  # fmt: skip
