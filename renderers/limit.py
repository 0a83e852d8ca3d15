"""How much of a page a vision model really sees: pixels per millimetre after its own down-scaling."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

VISIBLE, FAINT, GONE = "visible", "faint", "gone"
VISIBLE_FROM, FAINT_FROM = 3.6, 3.1
"""Pixels per mm from which the 1 mm grid of our pages is seen, or seen faintly (by eye, on scaled pages of ours)."""


@dataclass(frozen=True)
class Seen:
    """What remains of a page for one model.

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
        What the provider does with a picture over its limits; empty when this one is within them.
    """

    model: str
    width: int
    height: int
    px_per_mm: float
    grid: str
    over: str


def seen(size: tuple[int, int], px_per_mm: float) -> tuple[Seen, ...]:
    """Return what every listed model sees of a picture.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels.
    px_per_mm : float
        Its resolution.
    """
    table = json.loads((files("renderers") / "limits.json").read_text(encoding="utf-8"))
    return tuple(_seen_by(model, size, px_per_mm) for model in table["models"])


def _seen_by(model: Mapping[str, Any], size: tuple[int, int], px_per_mm: float) -> Seen:
    scale = min(1.0, _edge_scale(model, size))
    patch, most = model.get("patch"), model.get("patches")
    if patch and most:
        while _patches(size, scale, patch) > most:
            scale *= 0.999
    resolution = px_per_mm * scale
    grid = VISIBLE if resolution >= VISIBLE_FROM else FAINT if resolution >= FAINT_FROM else GONE
    width, height = (round(edge * scale) for edge in size)
    return Seen(model["name"], width, height, resolution, grid, model["over"] if scale < 1 else "")


def _edge_scale(model: Mapping[str, Any], size: tuple[int, int]) -> float:
    long_edge, short_edge = model.get("long_edge") or math.inf, model.get("short_edge") or math.inf
    return min(long_edge / max(size), short_edge / min(size))


def _patches(size: tuple[int, int], scale: float, patch: int) -> int:
    return math.ceil(size[0] * scale / patch) * math.ceil(size[1] * scale / patch)
