"""The table of models: limits, prices, and the resolution at which each model sees a page."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

VISIBLE, FAINT, GONE = "visible", "faint", "gone"
VISIBLE_FROM, FAINT_FROM = 3.6, 3.1
"""Pixels per mm from which the 1 mm grid is visible, or faintly visible (by eye, on scaled pages of ours)."""

ON_BEDROCK = re.compile(r"(?:(?P<place>[a-z-]+)\.)?anthropic\.(?P<model>claude-[a-z0-9-]+?)(?:-v\d+(?::\d+)?)?")
"""Names of Anthropic's models, and of inference profiles with them, on Amazon Bedrock."""

ARN = re.compile(r"(?:^|.*/)arn:[^/]*(?::inference-profile|::foundation-model)/(?P<name>[^/]+)")
"""ARNs of Amazon Bedrock that end in the name of a model, or of a system's inference profile with one."""

ON_VERTEX = re.compile(r"(?P<model>claude-[a-z0-9-]+)@(?:default|\d{8})")
"""Names of Anthropic's models on Google Cloud's Vertex AI."""

TILE = 512
"""Edge in pixels of the tiles by which OpenAI's older models count an image."""


@dataclass(frozen=True)
class ImageLimit:
    """How a family of models scales and counts an image.

    Attributes
    ----------
    name : str
        Provider and mode.
    provider, detail : str
        The maker, and the level of detail of the request (empty where there is none).
    prefixes : tuple of str
        Prefixes of the names of its models.
    over : str
        What the provider does with an image over the limits.
    long_edge, short_edge : float
        Most pixels.
    patch, patches : int
        Edge of a patch in pixels, and most patches; 0 where patches are not counted.
    per_patch, tile, base, budget : float
        Input tokens per patch, per tile, per image in addition to its tiles, and per image of any size.
    """

    name: str
    provider: str
    prefixes: tuple[str, ...]
    over: str
    detail: str = ""
    long_edge: float = math.inf
    short_edge: float = math.inf
    patch: int = 0
    patches: int = 0
    per_patch: float = 0.0
    tile: float = 0.0
    base: float = 0.0
    budget: float = 0.0

    def scale(self, size: tuple[int, int]) -> float:
        """Return the factor, at most 1, at which ``size`` (width, height in pixels) is within the limits."""
        scale = min(1.0, self.long_edge / max(size), self.short_edge / min(size))
        while self.patches and self._patches(size, scale) > self.patches:
            scale *= 0.999
        return scale

    def tokens(self, size: tuple[int, int]) -> int:
        """Return the input tokens that an image of ``size`` pixels costs."""
        scale = self.scale(size)
        if self.budget:
            return round(self.budget)
        if self.tile:
            tiles = math.prod(math.ceil(edge * scale / TILE) for edge in size)
            return round(self.base + self.tile * tiles)
        return math.ceil(self.per_patch * self._patches(size, scale))

    def _patches(self, size: tuple[int, int], scale: float) -> int:
        return math.prod(math.ceil(edge * scale / self.patch) for edge in size)


@dataclass(frozen=True)
class RequestLimit:
    """Most images and megabytes of one request, and most requests and megabytes of one batch.

    With more than ``many`` images in a request, none may have an edge over ``many_edge`` pixels.
    """

    images: int
    request_mb: float
    batch_requests: int
    batch_mb: float
    many: int | None = None
    many_edge: int | None = None


@dataclass(frozen=True)
class ModelLimits:
    """The limits of a model; None where they are unknown."""

    image: ImageLimit | None = None
    request: RequestLimit | None = None

    def at(self, place: str) -> "ModelLimits":
        """Return the limits of the model at another place than its maker's, which takes smaller requests."""
        if self.request is None:
            return self
        return replace(self, request=replace(self.request, request_mb=float(model_table()[place]["request_mb"])))


@dataclass(frozen=True)
class Seen:
    """How one family of models sees a page.

    Attributes
    ----------
    model : str
        Provider and mode.
    width, height : int
        Pixels after down-scaling.
    px_per_mm : float
        Resolution after down-scaling.
    grid : str
        Whether the 1 mm grid is ``visible``, ``faint`` or ``gone``.
    over : str
        What the provider does with a picture over its limits; empty for a picture within them.
    tokens : int
        Input tokens that it counts for the picture.
    mm_per_token : float
        Edge in mm of the square of paper that one token covers.
    """

    model: str
    width: int
    height: int
    px_per_mm: float
    grid: str
    over: str
    tokens: int
    mm_per_token: float


def image_limit(provider: str, model: str, detail: str = "") -> ImageLimit | None:
    """Return the limit of a model by its longest matching prefix; None for a model that is not in the table.

    Parameters
    ----------
    provider, model : str
    detail : str
        Level of detail; empty takes the first in the table, which is the finest.
    """
    fitting = [
        (len(prefix), limit)
        for limit in image_limits()
        for prefix in limit.prefixes
        if limit.provider == provider and model.startswith(prefix)
    ]
    longest = max((length for length, _ in fitting), default=0)
    own = [limit for length, limit in fitting if length == longest]
    return next((limit for limit in own if not detail or limit.detail in {"", detail}), None)


def makers_name(model: str) -> str:
    """Return a model's own name, without a vendor's or a proxy's, and without what Bedrock or Vertex add to it.

    An ARN that does not tell its model stays as it is.
    """
    name = served_name(model)
    found = ON_BEDROCK.fullmatch(name) or ON_VERTEX.fullmatch(name)
    return found["model"] if found else name


def served_name(model: str) -> str:
    """Return the name of a model where it is served: without a vendor's, a proxy's, and the rest of its ARN.

    An ARN that does not tell its model stays as it is.
    """
    if not is_arn(model):
        return model.rpartition("/")[2]
    found = ARN.fullmatch(model)
    return found["name"] if found and ON_BEDROCK.fullmatch(found["name"]) else model


def is_arn(model: str) -> bool:
    """Tell whether a model is named by an ARN of Amazon Web Services, of itself or behind a proxy's name."""
    return any(part.startswith("arn:") for part in model.split("/"))


def place_factor(model: str) -> float | None:
    """Return the factor of the place in a Bedrock model's name on the maker's prices; None where it is not known."""
    found = ON_BEDROCK.fullmatch(served_name(model))
    if found is None:
        return 1.0
    row = model_table()["bedrock"]
    if found["model"] in row["own_prices"]:
        return None
    factor = row["places"].get(found["place"] or "")
    return None if factor is None else float(factor)


def request_limit(provider: str) -> RequestLimit | None:
    """Return the limits of a provider's requests and batches, None for an unknown provider."""
    row = model_table()["providers"].get(provider)
    return RequestLimit(**row["request"]) if row else None


@cache
def image_limits() -> tuple[ImageLimit, ...]:
    """Return the image limits of every family of models in the table."""
    return tuple(
        ImageLimit(**{**family, "provider": provider, "prefixes": tuple(family["prefixes"])})
        for provider, row in model_table()["providers"].items()
        for family in row["images"]
    )


def seen(size: tuple[int, int], px_per_mm: float) -> tuple[Seen, ...]:
    """Return how every family of models in the table sees a picture.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels.
    px_per_mm : float
        Its resolution.
    """
    return tuple(_seen_by(limit, size, px_per_mm) for limit in image_limits())


def _seen_by(limit: ImageLimit, size: tuple[int, int], px_per_mm: float) -> Seen:
    scale = limit.scale(size)
    resolution = px_per_mm * scale
    grid = VISIBLE if resolution >= VISIBLE_FROM else FAINT if resolution >= FAINT_FROM else GONE
    width, height = (round(edge * scale) for edge in size)
    tokens = limit.tokens(size)
    paper = math.sqrt(math.prod(size) / px_per_mm**2 / tokens)
    return Seen(limit.name, width, height, resolution, grid, limit.over if scale < 1 else "", tokens, paper)


@cache
def model_table() -> Mapping[str, Any]:
    """Return ``models.json``: by provider, its request limits, its models' image limits and their prices.

    What other places charge for the same models stands beside them.
    """
    table: Mapping[str, Any] = json.loads((files("readers.api") / "models.json").read_text(encoding="utf-8"))
    return table
