"""One question to a model, before any provider has given it a form."""

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
"""English prose and JSON, by the rule of thumb of OpenAI's and Anthropic's guides; estimates only, never a bill."""


@dataclass(frozen=True, eq=False)
class SentImage:
    """An image as it leaves for the provider.

    Attributes
    ----------
    png : bytes
    caption : str
        What stands before it.
    size : (int, int)
        Width and height in pixels, within the model's limits.
    px_per_mm : float
        Resolution that the model sees.
    """

    png: bytes
    caption: str
    size: tuple[int, int]
    px_per_mm: float


@dataclass(frozen=True, eq=False)
class Request:
    """What is asked of a model.

    Attributes
    ----------
    model, system, text : str
    images : tuple of SentImage
        In order; each follows its caption, and ``text`` comes last.
    schema : mapping or None
        JSON schema that the provider must keep to, None for free text.
    form : TargetFormat
    options : RequestOptions
    detail : str
        Level of image detail that is asked for; empty for none.
    image_tokens : int
        What the images cost by the provider's formula; 0 where it is not known.
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
        """Characters of all text, the captions included and the schema not."""
        return len(self.system) + len(self.text) + sum(len(image.caption) for image in self.images)

    @property
    def estimated_tokens(self) -> int:
        """Input tokens, estimated."""
        schema = len(str(self.schema)) if self.schema else 0
        return round((self.text_chars + schema) / CHARS_PER_TOKEN) + self.image_tokens

    def without_pixels(self) -> "Request":
        """Return the request with its images' bytes left out: what reading the answer still needs."""
        return replace(self, images=tuple(replace(image, png=b"") for image in self.images))


def sent_images(case: Case, limits: ModelLimits) -> tuple[SentImage, ...]:
    """Return a case's images within the limits of a model: scaled down here, never silently by the provider.

    Raises StopReading when there are more images, or more megabytes, than the provider takes in one request.
    """
    request = limits.request
    if request and len(case.images) > request.images:
        raise StopReading(f"{len(case.images)} images a case are over the {request.images} that the provider takes")
    sent = _scaled_images(case, limits)
    size = sum(len(image.png) for image in sent) * 4 / 3 / 1e6
    if request and size > request.request_mb:
        raise StopReading(f"{size:.0f} MB of images a case are over the {request.request_mb:g} MB of one request")
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
