"""A drawn page as its PNG, a fiftieth of its pixels: the form in which pages pass between processes."""

import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from renderers.image import Drawing, EcgImage
from renderers.page_picture import PagePicture
from renderers.photograph import Photograph
from renderers.png import with_scale


@dataclass(frozen=True, eq=False)
class PackedImage(Drawing):
    """A picture of an ECG as its PNG, unpacked when its pixels are needed.

    Attributes
    ----------
    packed : bytes
        The PNG.
    size : (int, int)
        Width and height in pixels.
    """

    packed: bytes
    size: tuple[int, int]

    def png(self) -> bytes:
        """Return the PNG."""
        return self.packed

    def rgb(self) -> NDArray[np.uint8]:
        """Return uint8 (height, width, 3)."""
        return self.unpacked.rgb()

    @cached_property
    def unpacked(self) -> EcgImage | Photograph:
        """The same picture as pixels, equal to the one that was packed."""
        from PIL import Image

        with Image.open(io.BytesIO(self.packed)) as picture:
            if picture.mode == "RGB":
                return Photograph(pixels=np.array(picture, dtype=np.uint8), **self.drawing())
            indices = np.array(picture, dtype=np.uint8)
            palette = np.array(picture.getpalette(), dtype=np.uint8).reshape(-1, 3)
        return EcgImage(indices, palette, **self.drawing())


Picture = EcgImage | Photograph | PackedImage
"""A picture in any form; all offer the PNG, the size, the drawing's fields and the pixels."""


def printable(image: Picture) -> bytes:
    """Return the PNG of a picture for people: it says its resolution, so that 25 mm of a print are a second.

    What readers are shown is :meth:`png`, which says none: their pixels are the same, and so are their answers. A
    picture whose scale nobody measured says none either.
    """
    return with_scale(image.png(), image.px_per_mm) if image.is_to_scale else image.png()


def packed(image: Picture) -> PackedImage | PagePicture:
    """Return a drawn picture as its PNG, and a page of others as it is."""
    if isinstance(image, PackedImage | PagePicture):
        return image
    return PackedImage(image.png(), image.size, **image.drawing())
