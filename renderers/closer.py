"""A part of a picture, larger: drawn again from what the picture was drawn from, else from its pixels."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from renderers.grid import cleaned
from renderers.image import EcgImage
from renderers.original import LEVELS, Original, Window
from renderers.packed import PackedImage, Picture
from renderers.page import palette
from renderers.photograph import Photograph
from taxonomy.error import RenderError

MOST_PX_PER_MM = 24
"""Finest resolution of a part, that of the finest page: ten pixels for each sample of 500 Hz at 25 mm/s."""


@dataclass(frozen=True)
class BoxMm:
    """A rectangle on a page, in mm from its left and upper edges.

    Raises
    ------
    RenderError
        When it is empty.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (self.left < self.right and self.top < self.bottom):
            raise RenderError(f"a box must have left < right and top < bottom, not {self.corners}")

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom."""
        return self.left, self.top, self.right, self.bottom

    def within(self, size_mm: tuple[float, float]) -> "BoxMm":
        """Return the part that lies on a page of this width and height; raises RenderError when there is none."""
        width, height = size_mm
        return BoxMm(max(0.0, self.left), max(0.0, self.top), min(width, self.right), min(height, self.bottom))

    def window(self, px_per_mm: int, line_px: int = 1) -> Window:
        """Return the pixels of the box at a resolution; it has at least one."""
        left, top, right, bottom = (round(edge * px_per_mm) for edge in self.corners)
        return Window(left, top, max(1, right - left), max(1, bottom - top), px_per_mm, line_px)


def size_mm(image: Picture) -> tuple[float, float]:
    """Return the width and height of a picture in mm."""
    width, height = image.size
    return width / image.px_per_mm, height / image.px_per_mm


def closer(image: Picture, box: BoxMm, px_per_mm: int) -> EcgImage | Photograph:
    """Return a part of a picture at another resolution.

    A picture that keeps its original is drawn again, which shows more than its pixels do and nothing that the picture
    does not show. Of any other, such as a renderer's of others, the pixels themselves are made larger or fewer.

    Parameters
    ----------
    image : Picture
    box : BoxMm
        On the picture.
    px_per_mm : int
        2 to :data:`MOST_PX_PER_MM`.

    Returns
    -------
    EcgImage or Photograph
        Without strips: what it shows of which lead is not told.
    """
    window = box.window(px_per_mm, max(1, round(px_per_mm / image.px_per_mm)))
    if image.original is None:
        return _from_pixels(image, window)
    return _drawn_again(image, image.original, window)


def _drawn_again(image: Picture, original: Original, window: Window) -> EcgImage:
    sheet = original.inked(window)
    colours = palette() if original.layout.grid else palette()[:LEVELS]
    part = EcgImage(sheet.paper + (sheet.ink >> 4), colours, **_scale(image, window))
    return cleaned(part) if original.is_clean else part


def _from_pixels(image: Picture, window: Window) -> EcgImage | Photograph:
    whole = image.unpacked if isinstance(image, PackedImage) else image
    scale, (width, height) = image.px_per_mm / window.px_per_mm, image.size
    rows = ((window.top + np.arange(window.height) + 0.5) * scale).astype(int).clip(0, height - 1)
    columns = ((window.left + np.arange(window.width) + 0.5) * scale).astype(int).clip(0, width - 1)
    if isinstance(whole, Photograph):
        return Photograph(pixels=whole.pixels[np.ix_(rows, columns)], **_scale(image, window))
    return EcgImage(whole.indices[np.ix_(rows, columns)], whole.palette, **_scale(image, window))


def _scale(image: Picture, window: Window) -> dict[str, Any]:
    return {
        "leads": image.leads,
        "px_per_mm": window.px_per_mm,
        "mm_per_s": image.mm_per_s,
        "mm_per_mv": image.mm_per_mv,
    }
