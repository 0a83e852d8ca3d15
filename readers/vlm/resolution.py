"""How large a picture comes out of a model's image processor, measured on marked pictures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Size = tuple[int, int]
Process = Callable[[list["Image"]], Mapping[str, Any]]
"""What a model takes of a case's pictures, by name."""

GREY = 255
LEAST_SPAN = 8
"""Fewest pixels of a view over which a slope is measured."""


@dataclass(frozen=True)
class Sight:
    """At which resolution a model sees a picture.

    Attributes
    ----------
    width, height : float
        Pixels of what the model is given to one pixel of the picture, at most 1: enlarging adds nothing. Padding does
        not count, and of several views (tiles, crops, a thumbnail) the finest does.
    """

    width: float
    height: float

    @property
    def least(self) -> float:
        """The smaller of both."""
        return min(self.width, self.height)


def sight_of(process: Process, sizes: Sequence[Size], number: int = 0) -> Sight | None:
    """Measure how a processor scales one picture of a case, whatever it does with pictures.

    Four cases of plain pictures go through the processor: a black and a white one, which tell the values that stand for
    them and which pixels are padding, and two that brighten from left to right and from top to bottom, which tell for
    every value of the output how far to the right and how far down it lies in the picture. The steps between
    neighbouring values are the scale.

    Parameters
    ----------
    process : callable
        Takes the pictures of a case and returns the model's inputs by name. Pixels are those whose name holds
        ``pixel_values`` or ``patches``: views (..., 3, height, width) or (..., height, width, 3), or patches
        (..., patches, values of a patch in any order).
    sizes : sequence of (int, int)
        Width and height of each picture of the case: how one is scaled may depend on how many there are.
    number : int
        The picture to measure; the others are black.

    Returns
    -------
    Sight or None
        None where no slope is found.
    """
    width, height = sizes[number]
    across, down = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    black, white, *ramps = (
        list(_pixels(process(case_of(sizes, number, shade))))
        for shade in (np.zeros_like(across), np.ones_like(across), across, down)
    )
    found: list[Sight] = []
    for dark, bright, *sloped in zip(black, white, *ramps, strict=True):
        unit = bright - dark
        known = np.abs(unit) > 0.5 * np.abs(unit).max()
        places = [np.where(known, (ramp - dark) / np.where(known, unit, 1), np.nan) for ramp in sloped]
        steps = _view_steps(*places) if _is_spatial(dark) else _patch_steps(*places)
        found += [Sight(min(1.0, 1 / (x * width)), min(1.0, 1 / (y * height))) for x, y in steps]
    return max(found, key=lambda sight: (sight.least, sight.width * sight.height), default=None)


def case_of(sizes: Sequence[Size], number: int, shade: NDArray[np.float64]) -> list["Image"]:
    """Return the pictures of a case, black but for one of that shade; noise of one level keeps a slow slope exact."""
    from PIL import Image

    noise = np.random.default_rng(0).uniform(0, 1, shade.shape)
    levels = np.clip(np.floor(shade * GREY + noise), 0, GREY) if 0 < shade.mean() < 1 else shade * GREY
    pictures = [Image.new("RGB", size) for size in sizes]
    pictures[number] = Image.fromarray(np.repeat(levels.astype(np.uint8)[:, :, None], 3, axis=2))
    return pictures


def _pixels(inputs: Mapping[str, Any]) -> Iterator[NDArray[np.float32]]:
    for name, value in inputs.items():
        if "pixel_values" in name or "patches" in name:
            yield from _arrays(value)


def _arrays(value: Any) -> Iterator[NDArray[np.float32]]:  # noqa: ANN401  # a tensor, or lists of them
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _arrays(part)
    elif hasattr(value, "shape") and len(value.shape) > 1:
        array = np.asarray(value.float().cpu() if hasattr(value, "cpu") else value, dtype=np.float32)
        if array.size:
            yield array


def _is_spatial(array: NDArray[np.float32]) -> bool:
    return array.ndim > 3 or (array.ndim == 3 and 3 in (array.shape[0], array.shape[-1]))


def _view_steps(across: NDArray[np.float32], down: NDArray[np.float32]) -> Iterator[tuple[float, float]]:
    """Yield the steps to the right and down in each view, as shares of the picture; none for a view of another one."""
    if across.shape[-1] == 3:
        across, down = (np.moveaxis(part, -1, -3) for part in (across, down))
    height, width = across.shape[-2:]
    first_channel = (part[..., 0, :, :].reshape(-1, height, width) for part in (across, down))
    for x, y in zip(*first_channel, strict=True):
        steps = _slope(x), _slope(y.T)
        if steps[0] and steps[1]:
            yield steps


def _slope(places: NDArray[np.float32]) -> float:
    """Return the mean step along a row, 0 where there is none."""
    span = int(np.isfinite(places).any(axis=0).sum())
    lag = span // 2
    if span < LEAST_SPAN:
        return 0.0
    steps = places[:, lag:] - places[:, :-lag]
    steps = steps[np.isfinite(steps)]
    return max(0.0, float(steps.mean()) / lag) if len(steps) else 0.0


def _patch_steps(across: NDArray[np.float32], down: NDArray[np.float32]) -> Iterator[tuple[float, float]]:
    """Yield the steps within patches: values of a patch at the same height, or width, have the same mean."""
    steps = [_patch_slope(part.reshape(-1, part.shape[-1]).astype(np.float64)) for part in (across, down)]
    if all(steps):
        yield steps[0], steps[1]


def _patch_slope(places: NDArray[np.float64]) -> float:
    whole = places[np.isfinite(places).all(axis=1)]
    if not len(whole):
        return 0.0
    means = whole.mean(axis=0)
    order = np.argsort(means)
    gaps = np.diff(means[order])
    group = np.concatenate([[0], np.cumsum(gaps > gaps.max() / 2)])
    if gaps.max() <= 0 or group[-1] == 0:
        return 0.0
    centred = group - group.mean()
    # Most patches are of the finest view, where there are several.
    slopes = (whole[:, order] * centred).sum(axis=1) / (centred**2).sum()
    return max(0.0, float(np.median(slopes)))
