"""A page that others drew, as a picture for readers: its pixels and nothing else of its file."""

import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from renderers.image import Drawing, EcgImage

LONGEST_PX = 4096
"""Longest side of a page that is shown: that of a photograph of 12 megapixels; more only costs memory."""

SHEET_MM = 297.0
"""Longer side of a sheet of A4, by which the resolution of a page is told where nobody measured it."""


@dataclass(frozen=True, eq=False)
class PagePicture(Drawing):
    """A page that others drew.

    Its resolution is that of a sheet of A4 which fills the picture, speed and gain are those of most pages; where its
    traces are, nobody says.

    Attributes
    ----------
    pixels : uint8 array (height, width, 3)
    """

    pixels: NDArray[np.uint8]

    @classmethod
    def of(cls, rgb: NDArray[np.uint8]) -> "PagePicture":
        """Return a page as it is shown: that of a picture larger than any reader looks at is made smaller."""
        longer = max(rgb.shape[:2])
        if longer > LONGEST_PX:
            from PIL import Image

            height, width = (max(1, round(side * LONGEST_PX / longer)) for side in rgb.shape[:2])
            rgb = np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.LANCZOS))
        px_per_mm = max(1, round(max(rgb.shape[:2]) / SHEET_MM))
        return cls(np.ascontiguousarray(rgb), leads=(), px_per_mm=px_per_mm, mm_per_s=25.0, mm_per_mv=10.0)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.pixels.shape[:2]
        return width, height

    def rgb(self) -> NDArray[np.uint8]:
        """Return uint8 (height, width, 3)."""
        return self.pixels

    def png(self) -> bytes:
        """Return the pixels as PNG, without a word beside them."""
        from PIL import Image

        written = io.BytesIO()
        Image.fromarray(self.pixels).save(written, "PNG", compress_level=1)
        return written.getvalue()

    def blank(self) -> "PagePicture":
        """Return an empty page of the same size."""
        return PagePicture(np.full_like(self.pixels, 255), **self.drawing())

    @cached_property
    def unpacked(self) -> EcgImage:
        """The picture in 256 colours, of which parts are drawn larger."""
        from PIL import Image

        reduced = Image.fromarray(self.pixels).quantize(256)
        palette = np.array(reduced.getpalette(), dtype=np.uint8).reshape(-1, 3)
        return EcgImage(np.array(reduced, dtype=np.uint8), palette, **self.drawing())
