"""A page that others drew, as a picture for readers: its pixels and nothing else of its file."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers.photograph import Photograph

LONGEST_PX = 4096
"""Longest side of a page that is shown: that of a photograph of 12 megapixels; more only costs memory."""

SHEET_MM = 297.0
"""Longer side of a sheet of A4, by which the resolution of a page is told where nobody measured it."""


@dataclass(frozen=True, eq=False)
class PagePicture(Photograph):
    """A page that others drew.

    Its resolution is that of a sheet of A4 which fills the picture, speed and gain are those of most pages; where its
    traces are, nobody says.
    """

    @classmethod
    def of(cls, rgb: NDArray[np.uint8]) -> "PagePicture":
        """Return a page as it is shown: that of a picture larger than any reader looks at is made smaller."""
        longer = max(rgb.shape[:2])
        if longer > LONGEST_PX:
            from PIL import Image

            height, width = (max(1, round(side * LONGEST_PX / longer)) for side in rgb.shape[:2])
            rgb = np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.LANCZOS))
        px_per_mm = max(1, round(max(rgb.shape[:2]) / SHEET_MM))
        return cls(
            np.ascontiguousarray(rgb),
            leads=(),
            px_per_mm=px_per_mm,
            mm_per_s=25.0,
            mm_per_mv=10.0,
            is_to_scale=False,
        )

    def blank(self) -> "PagePicture":
        """Return an empty page of the same size."""
        return PagePicture(np.full_like(self.pixels, 255), **self.drawing())
