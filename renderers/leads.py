"""Twelve pictures, one per lead: ten seconds, without a grid, upscaled."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.grid import cleaned
from renderers.image import Drawing, EcgImage
from renderers.layout import Layout
from renderers.page import draw
from renderers.stacked import strips_layout
from renderers.style import ANTIALIASED, LEADS, PageStyle

TOP_MM, BOTTOM_MM = 45.0, 40.0
"""Room above and below the baseline: of 5,856 leads of 488 records all but four, which hold artefacts, fit whole."""


class Leads:
    """One picture per lead.

    Parameters
    ----------
    is_antialiased : bool
        Keeps the shades of grey of the pen's edge; else a picture is black on white.
    """

    px_per_mm = 8
    """Usual resolution, a third above that of a page, which keeps a picture under 2,200 px wide."""

    def __init__(self, is_antialiased: bool = False) -> None:
        said = "twelve pictures in lead order, each one lead of 10 s, larger than on a page"
        self.name = f"leads{ANTIALIASED}" if is_antialiased else "leads"
        self.description = said + ", antialiased" * is_antialiased
        self._is_antialiased = is_antialiased

    def render(
        self, signal: NDArray[np.float32], fs: float, style: PageStyle, like: Sequence[Drawing] = ()
    ) -> tuple[EcgImage, ...]:
        """Return twelve pictures in lead order; ``signal`` is float32 (12, n_samples) in mV."""
        style = replace(style, grid=False)
        pages = like or (None,) * len(LEADS)
        drawn = (
            draw(lead_layout(lead, style), signal[row : row + 1], fs, style, (lead,), page)
            for row, (lead, page) in enumerate(zip(LEADS, pages, strict=True))
        )
        return tuple(drawn if self._is_antialiased else map(cleaned, drawn))


@lru_cache(maxsize=64)
def lead_layout(lead: str, style: PageStyle) -> Layout:
    """Return the layout of one lead's picture, the same for all leads and records."""
    return strips_layout((lead,), (TOP_MM,), BOTTOM_MM, style)
