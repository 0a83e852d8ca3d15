"""Logs in the layout that Inspect documents and writes (log version 2), made of the task's own samples."""

import base64
import hashlib
import json
import zipfile

from bench.dataset import Selection
from bench.inspection.asking import ASKED, Asking
from bench.view import View

MODEL = "openai/x"


def asking(condition="full", *, limit=6, model=MODEL, data="phantoms:1,66", **view):
    """Return what the task asks of a few phantoms, drawn small."""
    shown = View(**{"condition": condition, "px_per_mm": 2, **view})
    return Asking.of(Selection(data, limit=limit), shown, model)


def start(asked, **told):
    """Return what Inspect writes before the first sample."""
    evaluation = {
        "eval_id": "e", "run_id": "r", "task": "ecg", "task_id": "task-1", "created": "2026-11-22T05:48:32+00:00",
        "model": MODEL, "model_generate_config": {}, "model_args": {}, "packages": {"inspect_ai": "0.3.285"},
        "config": {"epochs": 1}, "metadata": {ASKED: asked.metadata()},
    }  # fmt: skip
    plan = {"steps": [{"solver": "generate", "params": {}}], "config": {"max_tokens": 8192, "temperature": 0.0}}
    return {"version": 2, "eval": evaluation | told, "plan": plan}


def sample(asked, text="", *, epoch=1, logs_images=True, stop="stop", **changed):
    """Return a sample as Inspect writes it; what is long stands among the attachments.

    Its messages are the input, the turns of ``before`` if there are any, and the answer.
    """
    attachments = {}

    def picture(image):
        if not logs_images:
            return {"type": "image", "image": "<base64-data-removed>"}
        address = "data:image/png;base64," + base64.b64encode(image.png).decode()
        name = hashlib.sha256(image.png).hexdigest()[:32]
        attachments[name] = address
        return {"type": "image", "image": f"attachment://{name}", "detail": "auto"}

    def content(images, said):
        shown = (part for one in images for part in ({"type": "text", "text": one.caption}, picture(one)))
        return [*shown, {"type": "text", "text": said}]

    request = asked.request
    turns = [{"role": "system", "content": request.system}]
    for shot in request.shots:
        turns.append({"role": "user", "content": content(shot.images, shot.text)})
        turns.append({"role": "assistant", "content": shot.answer})
    turns.append({"role": "user", "content": content(request.images, request.text)})
    message = {"role": "assistant", "content": text, "source": "generate"}
    messages = [*turns, *changed.pop("before", ()), message]
    usage = {"input_tokens": 1000, "output_tokens": 120, "input_tokens_cache_read": 200, "total_tokens": 1320}
    return {
        "id": asked.case_id, "epoch": epoch, "input": turns, "messages": messages,
        "target": json.dumps(asked.right.truth),
        "output": {"model": "x", "choices": [{"message": message, "stop_reason": stop}], "completion": text},
        "scores": {"reading": {"value": 0.5}}, "metadata": {"asked": asked.digest, "right": asked.right.to_json()},
        "model_usage": {MODEL: usage}, "working_time": 1.5, "attachments": attachments,
    } | changed  # fmt: skip


def written_eval(path, begun, samples, method=zipfile.ZIP_DEFLATED):
    """Write an ``.eval`` file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as packed:
        packed.writestr("_journal/start.json", json.dumps(begun))
        for one in samples:
            packed.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
        packed.writestr("header.json", json.dumps({**begun, "status": "success"}))
    return path


def written_json(path, begun, samples):
    """Write a ``.json`` log."""
    path.write_text(json.dumps({**begun, "status": "success", "samples": list(samples)}))
    return path
