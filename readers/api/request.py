"""A request to a model, before a provider turns it into a body."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
        Tokens of the images by the provider's formula; 0 where it is unknown.
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

    @property
    def text_chars(self) -> int:
        """Characters of all text, with the captions and without the schema."""
        return len(self.system) + len(self.text) + sum(len(image.caption) for image in self.images)

    @property
    def estimated_tokens(self) -> int:
        """Estimated input tokens."""
        schema = len(str(self.schema)) if self.schema else 0
        return round((self.text_chars + schema) / CHARS_PER_TOKEN) + self.image_tokens

    def without_pixels(self) -> "Request":
        """Return the request without the bytes of its images, which saves memory while a batch runs."""
        return replace(self, images=tuple(replace(image, png=b"") for image in self.images))


def sent_images(case: Case, limits: ModelLimits) -> tuple[SentImage, ...]:
    """Return a case's images, scaled to the limits of a model so that the provider does not do it silently.

    Raises StopReading when a request would have more images or megabytes than the provider accepts.
    """
    request = limits.request
    if request and len(case.images) > request.images:
        raise StopReading(f"a case has {len(case.images)} images; the provider accepts {request.images} in a request")
    sent = _scaled_images(case, limits)
    size = sum(len(image.png) for image in sent) * 4 / 3 / 1e6
    if request and size > request.request_mb:
        raise StopReading(f"a case has {size:.0f} MB of images; the provider accepts {request.request_mb:g} MB")
    return sent


def _scaled_images(case: Case, limits: ModelLimits) -> tuple[SentImage, ...]:
    request = limits.request
    captions = case.prompt.captions if case.prompt else ()
    edge = request.many_edge if request and request.many and len(case.images) > request.many else None
    return tuple(
        _sent(image, captions[number] if number < len(captions) else "", limits.image, edge)
        for number, image in enumerate(case.images)
    )


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
