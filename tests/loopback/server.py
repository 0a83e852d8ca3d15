"""A server on loopback that speaks OpenAI's and Anthropic's protocols and fails on demand.

It reads the ventricular rate out of the prompt and answers by it, so that a mixed-up answer shows. Run as a script it
serves until it is killed: ``python tests/loopback/server.py --latency 0.3`` prints its port.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from unittest.mock import patch

from aiohttp import web

ANSWER = {
    "reasoning": "as told",
    "rhythm": "sinus",
    "axis": "normal",
    "conduction": "none",
    "ischemia": {"stage": "none", "territory": "none"},
    "other_findings": [],
    "diagnosis": "NORM",
}
FAULTS = ("429", "529", "stall", "cut", "half")


def storm(share: float) -> "Plan":
    """Return a plan by which this share of all requests fails, in five ways, the same at every run."""

    def plan(digest: str, times: int) -> str:
        chance = random.Random(f"{digest} {times}")
        return chance.choice(FAULTS) if chance.random() < share else ""

    return plan


Plan = Callable[[str, int], str]
"""Given a request's digest and how often it came before, returns the name of a fault, or nothing."""


@dataclass
class Server:
    """What the server does and what it saw."""

    plan: Plan = lambda digest, times: ""
    latency: float = 0.0
    retry_after: str = "0.05"
    image_tokens: int = 2200
    drops_images: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    bodies: list[dict] = field(default_factory=list)
    headers: list[dict] = field(default_factory=list)
    keep_bodies: bool = True
    in_flight: int = 0
    most_in_flight: int = 0
    batches: dict[str, dict] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    batch_script: Callable[[list[dict]], list[dict]] = lambda results: results
    batch_polls: int = 1
    script: Callable[[dict], dict | str] = lambda whole: whole
    """What becomes of an answer before it is sent; a text is sent as it stands."""
    port: int = 0

    @property
    def openai_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def anthropic_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def billed(self, chars: int, images: int) -> int:
        return chars // 4 + (0 if self.drops_images else images * self.image_tokens)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=512 * 2**20)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self.chat),
                web.post("/v1/messages", self.message),
                web.get("/counts", self.told),
                web.post("/v1/files", self.upload),
                web.get("/v1/files/{id}/content", self.content),
                web.post("/v1/batches", self.openai_batch),
                web.get("/v1/batches", self.openai_list),
                web.get("/v1/batches/{id}", self.openai_state),
                web.post("/v1/messages/batches", self.anthropic_batch),
                web.get("/v1/messages/batches", self.anthropic_list),
                web.get("/v1/messages/batches/{id}", self.anthropic_state),
                web.get("/v1/messages/batches/{id}/results", self.anthropic_results),
            ]
        )
        return app

    async def chat(self, request: web.Request) -> web.StreamResponse:
        return await self.respond(request, chat_completion)

    async def message(self, request: web.Request) -> web.StreamResponse:
        return await self.respond(request, anthropic_message)

    async def respond(self, request: web.Request, shape: Callable[[dict, "Server"], dict]) -> web.StreamResponse:
        raw = await request.read()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            digest = hashlib.sha256(raw).hexdigest()
            times = self.counts[digest]
            self.counts[digest] += 1
            body = json.loads(raw)
            if self.keep_bodies:
                self.bodies.append(body)
                self.headers.append(dict(request.headers))
            if self.latency:
                await asyncio.sleep(self.latency)
            fault = self.plan(digest, times)
            whole = self.script(shape(body, self))
            if isinstance(whole, str):
                return web.Response(text=whole, content_type="application/json")
            return await self.faulty(request, fault, whole) if fault else web.json_response(whole)
        finally:
            self.in_flight -= 1

    async def faulty(self, request: web.Request, fault: str, whole: dict) -> web.StreamResponse:
        if fault in {"429", "529", "500", "503"}:
            error = {"type": "error", "error": {"message": "too much", "type": "overloaded_error"}}
            headers = {"retry-after": self.retry_after} if fault != "500" else {}
            return web.json_response(error, status=int(fault), headers=headers)
        if fault == "echo":
            sent = " ".join((*request.headers.values(), str(request.url)))
            return web.json_response({"error": {"message": f"refused: {sent}"}}, status=500)
        if fault in STATUS:
            status, message, code = STATUS[fault]
            error = {"type": "error", "error": {"message": message, "type": code, "code": code}}
            return web.json_response(error, status=status)
        if fault == "html":
            return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")
        if fault == "html404":
            return web.Response(text="<html>no</html>", content_type="text/html", status=404)
        if fault == "garbage":
            return web.json_response({"hello": "world"})
        if fault == "nojson":
            return web.Response(text='{"choices": [{"mess', content_type="application/json")
        if fault in {"stall", "cut", "half"}:
            return await self.broken(request, fault, json.dumps(whole).encode())
        return web.json_response(CHANGES[fault](whole))

    async def broken(self, request: web.Request, fault: str, data: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "application/json", "content-length": str(len(data))})
        if fault == "cut":
            request.transport.abort()
            return response
        await response.prepare(request)
        await response.write(data[: len(data) // 2])
        while fault == "stall" and request.transport and not request.transport.is_closing():
            await asyncio.sleep(0.05)
        if request.transport is None:
            return response
        request.transport.abort()
        return response

    async def told(self, request: web.Request) -> web.Response:
        counts = self.counts.values()
        return web.json_response({"requests": sum(counts), "cases": len(counts), "most": max(counts, default=0)})

    # batches -----------------------------------------------------------------------------------------------------

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        name = f"file-{len(self.files)}"
        self.files[name] = form["file"].file.read()
        return web.json_response(
            {"id": name, "object": "file", "bytes": len(self.files[name]), "created_at": int(time.time()),
             "filename": "x.jsonl", "purpose": "batch", "status": "processed"}
        )  # fmt: skip

    async def content(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["id"]])

    async def openai_batch(self, request: web.Request) -> web.Response:
        asked = await request.json()
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        results = [
            {"custom_id": line["custom_id"], "error": None,
             "response": {"status_code": 200, "body": chat_completion(line["body"], self)}}
            for line in lines
        ]  # fmt: skip
        name = f"batch_{len(self.batches)}"
        self.files[f"{name}-out"] = jsonl(self.batch_script(results))
        self.batches[name] = {"lines": lines, "metadata": asked.get("metadata"), "polls": 0, "at": time.time()}
        return web.json_response(self.openai_shape(name))

    async def openai_list(self, request: web.Request) -> web.Response:
        found = [self.openai_shape(name) for name in reversed(self.batches)]
        return web.json_response({"object": "list", "data": found, "has_more": False})

    async def openai_state(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        self.batches[name]["polls"] += 1
        return web.json_response(self.openai_shape(name))

    def openai_shape(self, name: str) -> dict:
        batch = self.batches[name]
        ended = batch["polls"] > self.batch_polls
        total = len(batch["lines"])
        return {
            "id": name, "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h",
            "created_at": int(batch["at"]), "input_file_id": "x", "status": "completed" if ended else "in_progress",
            "output_file_id": f"{name}-out" if ended else None, "metadata": batch["metadata"],
            "request_counts": {"total": total, "completed": total if ended else 0, "failed": 0},
        }  # fmt: skip

    async def anthropic_batch(self, request: web.Request) -> web.Response:
        lines = (await request.json())["requests"]
        name = f"msgbatch_{len(self.batches)}"
        results = [
            {"custom_id": line["custom_id"],
             "result": {"type": "succeeded", "message": anthropic_message(line["params"], self)}}
            for line in lines
        ]  # fmt: skip
        self.batches[name] = {"lines": lines, "results": self.batch_script(results), "polls": 0, "at": time.time()}
        return web.json_response(self.anthropic_shape(name))

    async def anthropic_list(self, request: web.Request) -> web.Response:
        found = [self.anthropic_shape(name) for name in reversed(self.batches)]
        return web.json_response({"data": found, "has_more": False, "first_id": None, "last_id": None})

    async def anthropic_state(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        self.batches[name]["polls"] += 1
        return web.json_response(self.anthropic_shape(name))

    async def anthropic_results(self, request: web.Request) -> web.Response:
        body = jsonl(self.batches[request.match_info["id"]]["results"])
        return web.Response(body=body, content_type="application/x-jsonl")

    def anthropic_shape(self, name: str) -> dict:
        batch = self.batches[name]
        ended = batch["polls"] > self.batch_polls
        total, at = len(batch["lines"]), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(batch["at"]))
        url = f"{self.anthropic_url}/v1/messages/batches/{name}/results" if ended else None
        return {
            "id": name, "type": "message_batch", "processing_status": "ended" if ended else "in_progress",
            "created_at": at, "expires_at": at, "ended_at": at if ended else None, "results_url": url,
            "request_counts": {"processing": 0 if ended else total, "succeeded": total if ended else 0,
                               "errored": 0, "canceled": 0, "expired": 0},
            "archived_at": None, "cancel_initiated_at": None,
        }  # fmt: skip


STATUS = {
    "401": (401, "Incorrect API key provided: sk-test-*****7890", "invalid_api_key"),
    "404": (404, "The model does not exist", "model_not_found"),
    "blind": (400, "this model does not support image inputs", "invalid_request_error"),
    "argument": (400, "Unrecognized request argument supplied: nosuch", "invalid_request_error"),
    "temperature": (400, "Unsupported value: 'temperature' does not support 0 with this model.", "unsupported_value"),
    "logprobs": (400, "Unsupported parameter: 'logprobs' is not supported with this model.", "unsupported_parameter"),
    "credit": (429, "You exceeded your current quota", "insufficient_quota"),
    "filtered": (400, "held back", "content_filter"),
}
"""Faults with a status: status, the provider's words, its code."""


def _choice(**changed: object) -> Callable[[dict], dict]:
    def change(whole: dict) -> dict:
        if "choices" in whole:
            choice = whole["choices"][0]
            choice["finish_reason"] = changed.get("stop", choice["finish_reason"])
            choice["message"] |= {k: v for k, v in changed.items() if k in {"content", "refusal"}}
        else:
            whole["stop_reason"] = {"length": "max_tokens"}.get(changed.get("stop"), changed.get("stop", "end_turn"))
            whole["content"] = [{"type": "text", "text": changed.get("content") or ""}]
        return whole

    return change


CHANGES = {
    "refusal": _choice(refusal="I cannot read ECGs.", content=None, stop="refusal"),
    "length": _choice(content='{"reasoning": "It', stop="length"),
    "empty": _choice(content=""),
    "content_filter": _choice(content="", stop="content_filter"),
    "prose": _choice(content="The ECG looks fine to me."),
    "fenced": _choice(content="Here it is:\n```json\n" + json.dumps(ANSWER | {"rate": "normal"}) + "\n```"),
}


def chat_completion(body: dict, server: Server) -> dict:
    """Return what OpenAI's API answers."""
    system, content = body["messages"][0]["content"], body["messages"][1]["content"]
    text = "".join(part["text"] for part in content if part["type"] == "text")
    images = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    for url in images:
        assert base64.b64decode(url.partition(",")[2]).startswith(b"\x89PNG")
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None,
                     "message": {"role": "assistant", "content": answer(text), "refusal": None}}],
        "usage": {"prompt_tokens": server.billed(len(system) + len(text), len(images)), "completion_tokens": 120,
                  "total_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1024}},
    }  # fmt: skip


def anthropic_message(body: dict, server: Server) -> dict:
    """Return what Anthropic's API answers."""
    system, content = body["system"][0]["text"], body["messages"][0]["content"]
    text = "".join(part["text"] for part in content if part["type"] == "text")
    images = [part["source"]["data"] for part in content if part["type"] == "image"]
    for data in images:
        assert base64.b64decode(data).startswith(b"\x89PNG")
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None,
        "content": [{"type": "text", "text": answer(text)}], "stop_reason": "end_turn",
        "usage": {"input_tokens": server.billed(len(system) + len(text), len(images)) - 1024, "output_tokens": 120,
                  "cache_read_input_tokens": 1024, "cache_creation_input_tokens": 0},
    }  # fmt: skip


def answer(text: str) -> str:
    """Return a dense answer whose rate follows from the prompt's number."""
    found = re.search(r"Vent\. rate (\d+)", text)
    rate = int(found.group(1)) if found else 70
    name = "bradycardia" if rate < 60 else "tachycardia" if rate > 100 else "normal"
    return json.dumps(ANSWER | {"rate": name})


def jsonl(lines: list[dict]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


class Running:
    """A server in a thread of its own. While it runs, clients trust no certificates: a bundle takes 40 ms to read."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._outside = ExitStack()

    def __enter__(self) -> Server:
        empty = self._outside.enter_context(TemporaryDirectory())
        self._outside.enter_context(patch.dict(os.environ, {"SSL_CERT_DIR": empty}))
        os.environ.pop("SSL_CERT_FILE", None)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self.server

    async def _start(self) -> None:
        self._runner = web.AppRunner(self.server.application(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.server.port, backlog=1024)
        await site.start()
        self.server.port = site._server.sockets[0].getsockname()[1]

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._outside.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.3)
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that fail")
    options = parser.parse_args()
    with Running(Server(storm(options.faults), options.latency, keep_bodies=False)) as serving:
        print(serving.port, flush=True)
        threading.Event().wait()
