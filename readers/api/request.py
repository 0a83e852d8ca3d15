"""A request to a model, before a provider turns it into a body."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from readers.api.model import ImageLimit, ModelLimits
from readers.api.option import RequestOptions
from readers.contract import Case
from renderers import Picture
from taxonomy.error import StopReading
from taxonomy.target import DENSE, TargetFormat

CHARS_PER_TOKEN = 4.0
"""Rule of thumb of OpenAI's and Anthropic's guides for English and JSON; for estimates only."""


@dataclass(frozen=True, eq=False)
class SentImage:
    """An image with its caption, scaled to the model's limits; ``size`` is width and height in pixels."""

    png: bytes
    caption: str
    size: tuple[int, int]
    px_per_mm: float


@dataclass(frozen=True, eq=False)
class SentShot:
    """A worked example: its question, with images as they are sent, and its true answer."""

    text: str
    images: tuple[SentImage, ...]
    answer: str


@dataclass(frozen=True, eq=False)
class Request:
    """A request to a model.

    Attributes
    ----------
    model, system, text : str
    images : tuple of SentImage
        In order, each after its caption; ``text`` comes last.
    schema : mapping or None
        JSON schema that the provider enforces, None for free text.
    form : TargetFormat
    options : RequestOptions
    detail : str
        Level of image detail; empty for none.
    image_tokens : int
        Tokens of all images by the provider's formula; 0 where it is unknown.
    shots : tuple of SentShot
        Turns before the question, in order.
    """

    model: str
    system: str
    text: str
    images: tuple[SentImage, ...] = ()
    schema: Mapping[str, Any] | None = None
    form: TargetFormat = DENSE
    options: RequestOptions = field(default_factory=RequestOptions)
    detail: str = ""
    image_tokens: int = 0
    shots: tuple[SentShot, ...] = ()

    @property
    def every_image(self) -> tuple[SentImage, ...]:
        """The images of the examples and of the question, in the order in which they are sent."""
        return (*(image for shot in self.shots for image in shot.images), *self.images)

    @property
    def text_chars(self) -> int:
        """Characters of all text, with captions and examples and without the schema."""
        examples = sum(len(shot.text) + len(shot.answer) for shot in self.shots)
        captions = sum(len(image.caption) for image in self.every_image)
        return len(self.system) + len(self.text) + examples + captions

    @property
    def estimated_tokens(self) -> int:
        """Estimated input tokens."""
        schema = len(str(self.schema)) if self.schema else 0
        return round((self.text_chars + schema) / CHARS_PER_TOKEN) + self.image_tokens

    def without_pixels(self) -> "Request":
        """Return the request without the bytes of its images, which saves memory while a batch runs."""
        shots = tuple(replace(shot, images=_empty(shot.images)) for shot in self.shots)
        return replace(self, images=_empty(self.images), shots=shots)


def _empty(images: tuple[SentImage, ...]) -> tuple[SentImage, ...]:
    return tuple(replace(image, png=b"") for image in images)


def sent_images(case: Case, limits: ModelLimits) -> tuple[SentImage, ...]:
    """Return the images of a case, its examples' first, scaled to a model's limits so that no provider scales them.

    Raises StopReading when a request would have more images or megabytes than the provider accepts.
    """
    request, count = limits.request, len(case.every_image)
    if request and count > request.images:
        raise StopReading(f"a case has {count} images; the provider accepts {request.images} in a request")
    edge = request.many_edge if request and request.many and count > request.many else None
    captions = [caption for shot in case.shots for caption in _captions(shot.images, shot.captions)]
    captions += _captions(case.images, case.prompt.captions if case.prompt else ())
    sent = tuple(_sent(image, said, limits.image, edge) for image, said in zip(case.every_image, captions, strict=True))
    size = sum(len(image.png) for image in sent) * 4 / 3 / 1e6
    if request and size > request.request_mb:
        raise StopReading(f"a case has {size:.0f} MB of images; the provider accepts {request.request_mb:g} MB")
    return sent


def sent_shots(case: Case, sent: tuple[SentImage, ...]) -> tuple[SentShot, ...]:
    """Return the examples of a case, given what :func:`sent_images` made of all its images."""
    rest = iter(sent)
    return tuple(SentShot(shot.text, tuple(islice(rest, len(shot.images))), shot.answer) for shot in case.shots)


def _captions(images: Sequence[Picture], captions: Sequence[str]) -> list[str]:
    """Return a caption for each image, empty where there is none."""
    return [captions[number] if number < len(captions) else "" for number in range(len(images))]


def _sent(image: Picture, caption: str, limit: ImageLimit | None, edge: int | None) -> SentImage:
    scale = min(limit.scale(image.size) if limit else 1.0, (edge or max(image.size)) / max(image.size))
    if scale >= 1:
        return SentImage(image.png(), caption, image.size, float(image.px_per_mm))
    size = (int(image.size[0] * scale), int(image.size[1] * scale))
    return SentImage(_scaled(image, size), caption, size, image.px_per_mm * scale)


def _scaled(image: Picture, size: tuple[int, int]) -> bytes:
    from PIL import Image

    picture = Image.fromarray(image.rgb()).resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, format="PNG", compress_level=1)
    return out.getvalue()
