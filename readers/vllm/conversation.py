"""A case as vLLM's engine takes it: the turns of a chat, and the settings of its sampling."""

import base64
import hashlib
import io
import math
from collections.abc import Sequence
from typing import Any

from readers.api.token_chance import TOP
from readers.contract import Case, Prompt
from readers.vllm.option import VllmOptions
from renderers import Picture


def conversation(case: Case, options: VllmOptions) -> list[dict[str, Any]]:
    """Return the turns of a case; its pictures as PNGs, each after its caption.

    A PNG is a fiftieth of its pixels: hundreds of cases wait for the engine.
    """
    prompt = case.prompt or Prompt("")
    turns: list[dict[str, Any]] = []
    for shot in case.shots:
        turns += [_user(shot.images, shot.captions, shot.text, options), {"role": "assistant", "content": shot.answer}]
    turns.append(_user(case.images, prompt.captions, prompt.text, options))
    if prompt.system and options.system == "turn":
        return [{"role": "system", "content": prompt.system}, *turns]
    if prompt.system:
        turns[0]["content"].insert(0, {"type": "text", "text": prompt.system + "\n\n"})
    return turns


def sampling(case: Case, options: VllmOptions) -> dict[str, Any]:
    """Return the arguments of ``vllm.SamplingParams`` for a case, but for the schema."""
    return {
        "temperature": options.temperature,
        "max_tokens": options.max_tokens,
        "seed": _seed(options.seed, case),
        "logprobs": TOP if options.probabilities == "on" else None,
    }


def schema_of(case: Case, options: VllmOptions) -> dict[str, Any] | None:
    """Return the schema that decoding is constrained to, None for free text."""
    schema = case.prompt.schema if case.prompt else None
    return dict(schema) if schema and options.structured == "schema" else None


def shrunk(size: tuple[int, int], most: int | None) -> float:
    """Return by how much a picture's edges are scaled so that it has at most so many pixels; 1 for not at all."""
    return 1.0 if most is None else min(1.0, math.sqrt(most / math.prod(size)))


def _user(images: Sequence[Picture], captions: Sequence[str], text: str, options: VllmOptions) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for number, image in enumerate(images):
        if number < len(captions):
            content.append({"type": "text", "text": captions[number] + "\n"})
        address = "data:image/png;base64," + base64.b64encode(_png(image, options.max_pixels)).decode()
        content.append({"type": "image_url", "image_url": {"url": address}})
    return {"role": "user", "content": [*content, {"type": "text", "text": text}]}


def _png(picture: Picture, most: int | None) -> bytes:
    scale = shrunk(picture.size, most)
    if scale == 1:
        return picture.png()
    from PIL import Image

    width, height = (max(1, int(edge * scale)) for edge in picture.size)
    written = io.BytesIO()
    Image.fromarray(picture.rgb()).resize((width, height), Image.Resampling.LANCZOS).save(written, "PNG")
    return written.getvalue()


def _seed(seed: int, case: Case) -> int:
    digest = hashlib.sha256(f"{seed} {case.case_id} {case.repeat}".encode()).hexdigest()
    return int(digest[:8], 16)
