"""A page of any number of colours, such as a photograph or a scan of one that was drawn."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers.image import Drawing


@dataclass(frozen=True, eq=False)
class Photograph(Drawing):
    """One picture of an ECG as the colours of its pixels.

    It has no strips and names: where they stand after a page was turned or bent is not told.

    Attributes
    ----------
    pixels : uint8 array (height, width, 3)
        RGB.
    """

    pixels: NDArray[np.uint8]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.pixels.shape[:2]
        return width, height

    def rgb(self) -> NDArray[np.uint8]:
        """Return uint8 (height, width, 3)."""
        return self.pixels

    def png(self) -> bytes:
        """Return the picture as PNG of 24 bits per pixel."""
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(self.pixels).save(file, "PNG", compress_level=1)
        return file.getvalue()
