"""The server on loopback with the protocols of more places: Responses, Azure, Bedrock, Vertex and Gemini."""

import base64
import json
import time
from dataclasses import dataclass, field

from aiohttp import web

from .server import STATUS, Server, answer, anthropic_message, chat_completion

BUSY = "You exceeded your current quota, please check your plan and billing details."


@dataclass
class CloudServer(Server):
    """What the server does and what it saw, with the paths that were asked."""

    paths: list[str] = field(default_factory=list)
    tokens: int = 0
    token: str = "ya29.access-token-0123456789"
    refuses_tokens: bool = False
    token_answer: str = ""
    retry_info: str = "0.05s"
    gemini_end: str = "BATCH_STATE_SUCCEEDED"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def application(self) -> web.Application:
        app = super().application()
        models = "/v1/projects/{project}/locations/{region}/publishers/anthropic/models/{model}:rawPredict"
        app.add_routes(
            [
                web.post("/v1/responses", self.responses),
                web.post("/openai/deployments/{model}/chat/completions", self.azure),
                web.post("/model/{model}/invoke", self.claude),
                web.post(models, self.claude),
                web.post("/v1/models/{model}:generateContent", self.gemini),
                web.post("/token", self.give_token),
                web.post("/upload/{version}/files", self.begin_upload),
                web.post("/uploads/{name}", self.gemini_upload),
                web.post("/v1/models/{model}:batchGenerateContent", self.gemini_batch),
                web.get("/v1/files/{name}:download", self.gemini_file),
            ]
        )
        return app

    async def asked(self, request, shape):
        self.paths.append(str(request.rel_url))
        return await self.respond(request, shape)

    async def responses(self, request):
        return await self.asked(request, response_object)

    async def azure(self, request):
        return await self.asked(request, chat_completion)

    async def claude(self, request):
        model = request.match_info["model"]
        return await self.asked(request, lambda body, server: anthropic_message(body | {"model": model}, server))

    async def gemini(self, request):
        model = request.match_info["model"]
        return await self.asked(request, lambda body, server: generated_content(body, server, model))

    async def begin_upload(self, request):
        name = f"file-{len(self.files)}"
        self.files[name] = b""
        return web.json_response({}, headers={"x-goog-upload-url": f"{self.url}/uploads/{name}"})

    async def gemini_upload(self, request):
        name = request.match_info["name"]
        self.files[name] += await request.read()
        status = "final" if "finalize" in request.headers["X-Goog-Upload-Command"] else "active"
        told = {"file": {"name": f"files/{name}", "mimeType": "jsonl"}}
        return web.json_response(told, headers={"X-Goog-Upload-Status": status})

    async def gemini_batch(self, request):
        asked, model = (await request.json())["batch"], request.match_info["model"]
        lines = [json.loads(line) for line in self.files[asked["inputConfig"]["fileName"][6:]].splitlines()]
        results = [{"key": one["key"], "response": generated_content(one["request"], self, model)} for one in lines]
        name = f"job{len(self.batches)}"
        self.files[f"{name}-out"] = b"".join(json.dumps(one).encode() + b"\n" for one in self.batch_script(results))
        self.batches[name] = {"lines": lines, "displayName": asked["displayName"], "polls": 0, "at": time.time()}
        return web.json_response(self.gemini_shape(name))

    async def openai_list(self, request):
        if "x-goog-api-key" not in request.headers:
            return await super().openai_list(request)
        return web.json_response({"operations": [self.gemini_shape(name) for name in reversed(self.batches)]})

    async def openai_state(self, request):
        if "x-goog-api-key" not in request.headers:
            return await super().openai_state(request)
        self.batches[request.match_info["id"]]["polls"] += 1
        return web.json_response(self.gemini_shape(request.match_info["id"]))

    async def gemini_file(self, request):
        return web.Response(body=self.files[request.match_info["name"]], content_type="application/octet-stream")

    def gemini_shape(self, name):
        batch = self.batches[name]
        ended = batch["polls"] > self.batch_polls
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(batch["at"]))
        state = self.gemini_end if ended else "BATCH_STATE_RUNNING"
        output = {"output": {"responsesFile": f"files/{name}-out"}} if ended else {}
        told = {"displayName": batch["displayName"], "state": state, "createTime": at, **output}
        return {"name": f"batches/{name}", "metadata": told}

    async def give_token(self, request):
        self.tokens += 1
        if self.refuses_tokens:
            return web.json_response({"error": "invalid_grant", "error_description": "Invalid JWT"}, status=400)
        if self.token_answer:
            return web.Response(text=self.token_answer, content_type="application/json")
        return web.json_response({"access_token": self.token, "expires_in": 3600, "token_type": "Bearer"})

    async def openai_batch(self, request):
        asked = await request.json()
        if asked["endpoint"] != "/v1/responses":
            return await super().openai_batch(request)
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        assert {line["url"] for line in lines} == {"/v1/responses"}
        results = [
            {
                "custom_id": line["custom_id"],
                "response": {"status_code": 200, "body": response_object(line["body"], self)},
            }
            for line in lines
        ]
        name = f"batch_{len(self.batches)}"
        self.files[f"{name}-out"] = b"".join(json.dumps(one).encode() + b"\n" for one in self.batch_script(results))
        self.batches[name] = {"lines": lines, "metadata": asked.get("metadata"), "polls": 0, "at": time.time()}
        return web.json_response(self.openai_shape(name))

    async def faulty(self, request, fault, whole):
        changes = GEMINI if "candidates" in whole else RESPONSES if whole.get("object") == "response" else {}
        if fault in changes:
            return web.json_response(whole | changes[fault])
        busy = BUSY if "candidates" in whole else "too much"
        status, message, _ = STATUS.get(fault, (int(fault) if fault.isdigit() else 0, busy, ""))
        if status and "candidates" in whole:
            told = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": self.retry_info}
            details = [told] if status == 429 and fault != "credit" else []
            error = {"code": status, "message": message, "status": "X", "details": details}
            return web.json_response({"error": error}, status=status)
        if status and "/invoke" in request.path:
            return web.json_response({"message": message}, status=status, headers={"retry-after": self.retry_after})
        return await super().faulty(request, fault, whole)


def response_object(body: dict, server: Server) -> dict:
    """Return what OpenAI's Responses API answers."""
    content = body["input"][-1]["content"]
    text = "".join(part["text"] for part in content if part["type"] == "input_text")
    images = [part["image_url"] for turn in body["input"] for part in parts_of(turn) if part["type"] == "input_image"]
    for url in images:
        assert base64.b64decode(url.partition(",")[2]).startswith(b"\x89PNG")
    chars = len(body["instructions"]) + len(text)
    return {
        "id": "resp_1", "object": "response", "status": "completed", "error": None, "incomplete_details": None,
        "model": body["model"],
        "output": [{"type": "reasoning", "id": "rs_1", "summary": []}, said(answer(text))],
        "usage": {"input_tokens": server.billed(chars, len(images)), "output_tokens": 120, "total_tokens": 1,
                  "input_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 0},
                  "output_tokens_details": {"reasoning_tokens": 20}},
    }  # fmt: skip


def parts_of(turn: dict) -> list[dict]:
    return turn["content"] if isinstance(turn["content"], list) else []


def said(text: str) -> dict:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


RESPONSES = {
    "refusal": {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "I cannot read ECGs."}]}]},
    "length": {
        "output": [said('{"reasoning": "It')],
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
    },
    "content_filter": {
        "output": [],
        "status": "incomplete",
        "incomplete_details": {"reason": "content_filter"},
    },
    "filtered": {"output": [], "status": "failed", "error": {"code": "invalid_prompt", "message": "held back"}},
    "broken_off": {"output": [], "status": "failed", "error": {"code": "server_error", "message": "it broke"}},
    "empty": {"output": [said("")]},
    "prose": {"output": [said("The ECG looks fine to me.")]},
}


def generated_content(body: dict, server: Server, model: str) -> dict:
    """Return what Google's Gemini API answers."""
    system = body["systemInstruction"]["parts"][0]["text"]
    text = "".join(part.get("text", "") for part in body["contents"][-1]["parts"])
    parts = [part for turn in body["contents"] for part in turn["parts"]]
    images = [part["inlineData"]["data"] for part in parts if "inlineData" in part]
    for data in images:
        assert base64.b64decode(data).startswith(b"\x89PNG")
    return {
        "candidates": [candidate(answer(text))],
        "modelVersion": model,
        "usageMetadata": {"promptTokenCount": server.billed(len(system) + len(text), len(images)),
                          "candidatesTokenCount": 100, "thoughtsTokenCount": 20, "cachedContentTokenCount": 1024,
                          "totalTokenCount": 1},
    }  # fmt: skip


def candidate(text: str, reason: str = "STOP") -> dict:
    return {"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": reason, "index": 0}


GEMINI = {
    "length": {"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}]},
    "content_filter": {"candidates": [{"finishReason": "SAFETY"}]},
    "filtered": {"candidates": [], "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
    "empty": {"candidates": [candidate("")]},
    "prose": {"candidates": [candidate("The ECG looks fine to me.")]},
}
