"""What a model is told of a case, turn by turn, comparable between this program and the log of another."""

import base64
import binascii
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from readers.api.model import ModelLimits, image_limit, request_limit
from readers.api.request import Request, SentImage, sent_images, sent_shots
from readers.contract import Case, Prompt

MOST_PIXELS = 100_000_000
"""Pixels of a logged image at most: ten times a page at the finest resolution."""

NOT_LOGGED = ""
"""Stands in the place of the pixels of an image that a log does not hold."""

REMOVED = "<base64-data-removed>"
"""What Inspect writes for an image with ``--no-log-images``."""


@dataclass(frozen=True)
class Part:
    """A part of a turn: a text, or the digest of an image's pixels (:data:`NOT_LOGGED` where a log leaves it out)."""

    kind: Literal["text", "image"]
    content: str

    def agrees(self, other: "Part") -> bool:
        """Tell whether both say the same; an image that is not logged could be any."""
        if self.kind == other.kind == "image" and NOT_LOGGED in (self.content, other.content):
            return True
        return self == other


@dataclass(frozen=True)
class Turn:
    """A turn of a conversation: ``system``, ``user`` or ``assistant``, and its parts in order."""

    role: str
    parts: tuple[Part, ...]

    def agrees(self, other: "Turn") -> bool:
        """Tell whether both turns say the same, as far as images are logged."""
        return (
            self.role == other.role
            and len(self.parts) == len(other.parts)
            and all(map(Part.agrees, self.parts, other.parts))
        )


def model_limits(model: str) -> ModelLimits:
    """Return the limits of a model by its bare name, as the API readers keep them; none for an unknown one."""
    maker = next((name for name in ("anthropic", "gemini") if image_limit(name, model)), "openai")
    limit = image_limit(maker, model)
    return ModelLimits(limit, request_limit(maker) if limit else None)


def bare_name(model: str) -> str:
    """Return the name of a model without its providers: ``gpt-5.4`` of ``openai/gpt-5.4``."""
    return model.rpartition("/")[2]


def request_of(case: Case, model: str) -> Request:
    """Return the request for a case, with its images within the limits of a model.

    Parameters
    ----------
    case : Case
        With a prompt.
    model : str
        Bare name; empty leaves the images as they are drawn.

    Raises
    ------
    taxonomy.error.StopReading
        When the provider accepts fewer images in a request.
    """
    limits, asked = model_limits(model), case.prompt or Prompt("")
    every = sent_images(case, limits)
    return Request(
        model=model,
        system=asked.system,
        text=asked.text,
        images=every[len(every) - len(case.images) :],
        schema=asked.schema,
        form=asked.form,
        detail=limits.image.detail if limits.image else "",
        shots=sent_shots(case, every),
    )


def turns_of(request: Request) -> tuple[Turn, ...]:
    """Return the turns of a request, in the order in which they are sent."""
    turns = [Turn("system", (Part("text", request.system),))]
    for shot in request.shots:
        turns.append(Turn("user", _asked(shot.images, shot.text)))
        turns.append(Turn("assistant", (Part("text", shot.answer),)))
    return (*turns, Turn("user", _asked(request.images, request.text)))


def _asked(images: Sequence[SentImage], text: str) -> tuple[Part, ...]:
    shown = (part for image in images for part in (Part("text", image.caption), Part("image", pixels(image.png))))
    return (*shown, Part("text", text))


def digest_of(turns: Sequence[Turn]) -> str:
    """Return a digest of everything that is said and shown, 16 hex digits."""
    said = [[turn.role, [[part.kind, part.content] for part in turn.parts]] for turn in turns]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def pixels(png: bytes) -> str:
    """Return the digest of an image's size and pixels, the same however it is packed.

    Raises
    ------
    ValueError
        When the bytes are no image, or it has more than :data:`MOST_PIXELS` pixels.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"an image has more than {MOST_PIXELS:,} pixels")
            rows = image.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError("an image is no PNG") from error
    return hashlib.sha256(f"{rows.size} ".encode() + rows.tobytes()).hexdigest()[:16]


def logged_turns(messages: object, attachments: Mapping[str, Any]) -> tuple[Turn, ...]:
    """Return the turns of a logged sample's input.

    Parameters
    ----------
    messages : object
        ``input`` of the sample.
    attachments : mapping of str to str
        ``attachments`` of the sample: what is long, such as an image, stands there.

    Raises
    ------
    ValueError
        When it is of another form than Inspect writes.
    """
    if not isinstance(messages, list):
        raise ValueError("its input is no list of messages")
    return tuple(_logged_turn(message, attachments) for message in messages)


def _logged_turn(message: object, attachments: Mapping[str, Any]) -> Turn:
    content = message.get("content") if isinstance(message, Mapping) else None
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(message, Mapping) or not isinstance(parts, list):
        raise ValueError("its input holds what is no message")
    return Turn(str(message.get("role")), tuple(_logged_part(part, attachments) for part in parts))


def _logged_part(part: object, attachments: Mapping[str, Any]) -> Part:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if not isinstance(part, Mapping) or kind not in ("text", "image"):
        raise ValueError(f"its input holds a part of the kind {str(kind)[:40]!r}")
    content = attached(part.get(str(kind)), attachments)
    return Part("text", content) if kind == "text" else Part("image", _logged_pixels(content))


ATTACHED = "attachment://"


def attached(written: object, attachments: Mapping[str, Any]) -> str:
    """Return a logged text, from the attachments where it stands there; raises ValueError where there is none."""
    if isinstance(written, str) and written.startswith(ATTACHED):
        written = attachments.get(written.removeprefix(ATTACHED))
    if not isinstance(written, str):
        raise ValueError("it lacks a text or an attachment")
    return written


def _logged_pixels(address: str) -> str:
    if address == REMOVED:
        return NOT_LOGGED
    kind, comma, data = address.partition(",")
    if not comma or not kind.startswith("data:image/"):
        # Not the whole address, which may hold a key.
        scheme = kind.partition(":")[0][:20]
        raise ValueError(f"an image is no picture but an address that begins with {scheme!r}, which cannot be compared")
    try:
        return pixels(base64.b64decode(data, validate=True))
    except binascii.Error as error:
        raise ValueError("an image is no base64") from error
