"""Where on its pictures each image token of a model looks, measured on marked pictures.

How a family cuts what it is given into tokens is told by its configuration; how its processor scales, crops, pads and
tiles a page is not worked out but measured, as :mod:`readers.vlm.resolution` measures the resolution.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readers.vlm.resolution import Process, Size, case_of
from taxonomy.error import ReaderError

PIXELS = "pixel_values"
"""The input that holds what a model sees."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """What a model is given of one picture at one scale: the whole of it, or a part.

    Attributes
    ----------
    values : array (channels, height, width)
    rows, columns : float64 array (n + 1,)
        Edges of the tokens, in its pixels.
    more : int
        Further tokens that stand for no place, such as the ends of rows.
    """

    values: NDArray[Any]
    rows: Floats
    columns: Floats
    more: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of the prompt that stand for it."""
        return (len(self.rows) - 1) * (len(self.columns) - 1) + self.more

    def summed(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return the sum of (height, width) over each token, float32 (rows, columns); pixels on an edge are shared."""
        total = values.astype(np.float64)
        for axis, edges in enumerate((self.rows, self.columns)):
            running = np.concatenate([np.zeros_like(total.take([0], axis)), total.cumsum(axis)], axis)
            first = np.minimum(edges.astype(np.int64), running.shape[axis] - 2)
            below, above = running.take(first, axis), running.take(first + 1, axis)
            part = np.expand_dims(edges - first, 1 - axis)
            total = np.diff(below + part * (above - below), axis=axis)
        return total.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Placed:
    """Where the tokens of a view lie: edges from left to right and from top to bottom, as shares of a picture."""

    picture: int
    across: Floats
    down: Floats


Layout = Callable[[NDArray[Any], Mapping[str, Any], Any], list[View]]
"""Parts values in the shape of a model's pixels, with the model's other inputs and its configuration, into views."""


def views_of(values: NDArray[Any], inputs: Mapping[str, Any], config: Any) -> list[View]:  # noqa: ANN401
    """Return the views of a model's pixels, or of anything else in their shape.

    Raises
    ------
    taxonomy.error.ReaderError
        When the family's tokens cannot be placed, or there are other tokens than those of its views.
    """
    return _layout(config)(values, inputs, config)


def check_family(config: Any) -> None:  # noqa: ANN401
    """Raise ReaderError for a family whose tokens cannot be placed."""
    _layout(config)


def check_tokens(views: Sequence[View], inputs: Mapping[str, Any], config: Any) -> None:  # noqa: ANN401
    """Raise ReaderError when a prompt has another number of image tokens than its views."""
    mark = getattr(config, "image_token_id", None)
    told = int((np.asarray(inputs["input_ids"]) == (config.image_token_index if mark is None else mark)).sum())
    placed = sum(view.tokens for view in views if view.values.any())
    if told != placed:
        raise ReaderError(
            f"the prompt holds {told} image tokens, and {placed} were placed on its pictures: the model's processor "
            f"does not go with its configuration; {INSTEAD}"
        )


def placed_tokens(process: Process, sizes: Sequence[Size], config: Any) -> tuple[Placed | None, ...]:  # noqa: ANN401
    """Measure where the tokens of each view lie.

    Pictures that brighten from left to right, and from top to bottom, go through the processor: each value tells then
    how far to the right, and how far down, it lies. In each view a straight line is laid through them.

    Parameters
    ----------
    process : callable
        Takes the pictures of a case and returns the model's inputs by name.
    sizes : sequence of (int, int)
        Width and height of each picture.
    config : PreTrainedConfig

    Returns
    -------
    tuple of Placed or None
        In the order of :func:`views_of`; None for a view of nothing.
    """
    shades = (np.arange(len(sizes)) + 1) / (len(sizes) + 1)
    plain = _views(process, [_ramp(size, 1, 0) for size in sizes], config)
    dark, own, right, below = (
        [view.values[0].astype(np.float64) for view in _views(process, pictures, config)]
        for pictures in (
            [_ramp(size, 0, 0) for size in sizes],
            [_ramp(size, shade, 0) for size, shade in zip(sizes, shades, strict=True)],
            [_ramp(size, None, 0) for size in sizes],
            [_ramp(size, None, 1) for size in sizes],
        )
    )
    found: list[Placed | None] = []
    for view, black, *marked in zip(plain, dark, own, right, below, strict=True):
        unit = view.values[0] - black
        known = np.abs(unit) > np.abs(unit).max() / 2
        if not known.any():
            found.append(None)
            continue
        level, x, y = (np.where(known, (part - black) / np.where(known, unit, 1), np.nan) for part in marked)
        picture = round(float(np.nanmedian(level)) * (len(sizes) + 1)) - 1
        found.append(Placed(picture, _edges(x, view.columns), _edges(y.T, view.rows)))
    return tuple(found)


def _views(process: Process, pictures: list[Any], config: Any) -> list[View]:  # noqa: ANN401
    inputs = process(pictures)
    return views_of(np.asarray(inputs[PIXELS], dtype=np.float32), inputs, config)


def _ramp(size: Size, shade: float | None, axis: int) -> Any:  # noqa: ANN401  # a picture of Pillow
    """Return a picture of one shade, or one that brightens from left to right (0) or from top to bottom (1)."""
    width, height = size
    across, down = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return case_of([size], 0, np.full((height, width), float(shade)) if shade is not None else (across, down)[axis])[0]


def _edges(places: Floats, edges: Floats) -> Floats:
    """Return where edges between columns lie, by the straight line through the places of the columns' middles."""
    known = np.isfinite(places)
    counts = known.sum(axis=0)
    columns = np.flatnonzero(counts)
    means = np.where(known, places, 0).sum(axis=0)[columns] / counts[columns]
    slope, start = np.polyfit(columns + 0.5, means, 1)
    line: Floats = start + slope * edges
    return line


# --- how families cut pixels into tokens --------------------------------------------------------------------------


def _squares(edge_of: Callable[[Any], int]) -> Layout:
    """Return the layout of views (..., channels, height, width) that are cut into squares of so many pixels."""

    def parted(values: NDArray[Any], inputs: Mapping[str, Any], config: Any) -> list[View]:  # noqa: ANN401
        views = values.reshape(-1, *values.shape[-3:])
        return [_square_view(view, edge_of(config)) for view in views]

    return parted


def _square_view(values: NDArray[Any], edge: int, more: int = 0) -> View:
    rows, columns = (np.arange(size // edge + 1) * float(edge) for size in values.shape[-2:])
    return View(values, rows, columns, more)


def _merged_patches(values: NDArray[Any], inputs: Mapping[str, Any], config: Any) -> list[View]:  # noqa: ANN401
    """Part loose patches, each some frames of one picture, of which squares of neighbours make a token."""
    vision = config.vision_config
    edge, merged, views, first = vision.patch_size, vision.spatial_merge_size, list[View](), 0
    for _, high, wide in np.asarray(inputs["image_grid_thw"]).tolist():
        own = values[first : first + high * wide]
        first += high * wide
        shape = (high // merged, wide // merged, merged, merged, -1, edge, edge)
        page = own.reshape(shape).transpose(4, 0, 2, 5, 1, 3, 6)
        views.append(_square_view(page.reshape(-1, high * edge, wide * edge), edge * merged))
    return views


def _any_resolution(values: NDArray[Any], inputs: Mapping[str, Any], config: Any) -> list[View]:  # noqa: ANN401
    """Part a picture that is given whole and in tiles, whose padding has no tokens."""
    from transformers.models.llava_next.modeling_llava_next import get_anyres_image_grid_shape

    edge, patch = config.vision_config.image_size, config.vision_config.patch_size
    views = []
    for picture, size in zip(values, np.asarray(inputs["image_sizes"]).tolist(), strict=True):
        high, wide = (
            get_anyres_image_grid_shape(size, config.image_grid_pinpoints, edge) if len(picture) > 1 else (0, 0)
        )
        views.append(_square_view(picture[0], patch, more=int(len(picture) == 1)))
        if len(picture) > 1:
            tiles = picture[1 : 1 + high * wide].reshape(high, wide, *picture.shape[1:])
            sheet = tiles.transpose(2, 0, 3, 1, 4).reshape(-1, high * edge, wide * edge)
            rows, columns = _kept_of_sheet((high, wide), size, config)
            views.append(View(sheet, rows, columns, more=len(rows) - 1))
    return views


def _kept_of_sheet(tiles: tuple[int, int], size: Sequence[int], config: Any) -> tuple[Floats, Floats]:  # noqa: ANN401
    """Return the edges of the tokens on a sheet of tiles: of all patches but the padding's, made fewer if too many."""
    import torch
    from transformers.models.llava_next.modeling_llava_next import unpad_image

    edge, patch = config.vision_config.image_size, config.vision_config.patch_size
    side = edge // patch
    places = torch.stack(torch.meshgrid(*(torch.arange(side * count) for count in tiles), indexing="ij"))
    kept = unpad_image(places, list(size))
    most = str(getattr(config, "vision_aspect_ratio", "")).removeprefix("anyres_max_")
    shape = kept.shape[1:]
    shrunk = math.sqrt(math.prod(shape) / (int(most) * side**2)) if most.isdigit() else 0.0
    counts = [int(count // shrunk) if shrunk > _LEAST_SHRUNK else count for count in shape]
    corners = kept[:, 0, 0].tolist()
    edges = (first + np.linspace(0, have, count + 1) for first, have, count in zip(corners, shape, counts, strict=True))
    rows, columns = (one // side * edge + one % side * patch for one in edges)
    return rows, columns


_LEAST_SHRUNK = 1.1
"""By how much too many tokens there must be before LLaVA-OneVision makes them fewer."""


def _internvl_edge(config: Any) -> int:  # noqa: ANN401
    edge: int = round(config.vision_config.patch_size[0] / config.downsample_ratio)
    return edge


def _gemma_edge(config: Any) -> int:  # noqa: ANN401
    vision = config.vision_config
    side = vision.image_size // vision.patch_size
    return int(vision.patch_size) * int(side // math.isqrt(config.mm_tokens_per_image))


LAYOUTS: Mapping[str, tuple[str, Layout]] = {
    "idefics3": ("Idefics3", _squares(lambda config: config.vision_config.patch_size * config.scale_factor)),
    "smolvlm": ("SmolVLM", _squares(lambda config: config.vision_config.patch_size * config.scale_factor)),
    "llava": ("LLaVA-1.5", _squares(lambda config: config.vision_config.patch_size)),
    "llava_next": ("LLaVA-1.6", _any_resolution),
    "llava_onevision": ("LLaVA-OneVision", _any_resolution),
    "qwen2_5_vl": ("Qwen2.5-VL", _merged_patches),
    "qwen3_vl": ("Qwen3-VL", _merged_patches),
    "gemma3": ("Gemma 3", _squares(_gemma_edge)),
    "internvl": ("InternVL", _squares(_internvl_edge)),
}
"""Families by the type of their configuration."""

INSTEAD = "explain it as a black box, by hiding leads or segments"


def _layout(config: Any) -> Layout:  # noqa: ANN401
    if config.model_type not in LAYOUTS:
        known = ", ".join(name for name, _ in LAYOUTS.values())
        raise ReaderError(
            f"the image tokens of a model of type {config.model_type!r} cannot be placed on the page (those of {known} "
            f"can): {INSTEAD}"
        )
    return LAYOUTS[config.model_type][1]
