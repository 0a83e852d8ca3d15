"""A drawn page as its PNG: a fiftieth of its pixels, which is what crosses the border between two processes."""

import io
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from renderers.image import EcgImage, Strip


@dataclass(frozen=True, eq=False)
class PackedImage:
    """As :class:`EcgImage`, with the pixels packed until somebody asks for them.

    Attributes
    ----------
    packed : bytes
        The PNG.
    size : (int, int)
        Width and height in pixels.
    leads, px_per_mm, mm_per_s, mm_per_mv, strips, overlap_mm
        As in :class:`EcgImage`.
    """

    packed: bytes
    size: tuple[int, int]
    leads: tuple[str, ...]
    px_per_mm: int
    mm_per_s: float
    mm_per_mv: float
    strips: tuple[Strip, ...] = field(default=())
    overlap_mm: float = 0.0

    def png(self) -> bytes:
        """Return the PNG."""
        return self.packed

    def rgb(self) -> NDArray[np.uint8]:
        """Return uint8 (height, width, 3)."""
        return self.unpacked.rgb()

    @cached_property
    def unpacked(self) -> EcgImage:
        """The same picture as palette pixels, equal to the one that was packed."""
        from PIL import Image

        with Image.open(io.BytesIO(self.packed)) as picture:
            indices = np.array(picture, dtype=np.uint8)
            palette = np.array(picture.getpalette(), dtype=np.uint8).reshape(-1, 3)
        return EcgImage(
            indices,
            palette,
            self.leads,
            self.px_per_mm,
            self.mm_per_s,
            self.mm_per_mv,
            self.strips,
            self.overlap_mm,
        )


Picture = EcgImage | PackedImage
"""What a case shows: the same to whoever asks for its PNG, size, leads or pixels."""


def packed(image: Picture) -> PackedImage:
    """Return a picture as its PNG."""
    if isinstance(image, PackedImage):
        return image
    return PackedImage(
        image.png(),
        image.size,
        image.leads,
        image.px_per_mm,
        image.mm_per_s,
        image.mm_per_mv,
        image.strips,
        image.overlap_mm,
    )
