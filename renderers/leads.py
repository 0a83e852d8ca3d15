"""Twelve pictures, one per lead: ten seconds, without a grid, upscaled."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from renderers.grid import cleaned
from renderers.image import EcgImage
from renderers.page import draw
from renderers.stacked import stacked_layout
from renderers.style import LEADS, PageStyle

UPSCALED = 4 / 3
"""Scale of a lead's picture relative to a page: 8 px/mm at the default 6, which keeps it under 2,200 px wide."""


class Leads:
    """One picture per lead."""

    name = "leads"
    description = "twelve pictures in lead order, each one lead of 10 s, upscaled"

    def render(self, signal: NDArray[np.float32], fs: float, style: PageStyle) -> tuple[EcgImage, ...]:
        """Return twelve pictures in lead order; ``signal`` is float32 (12, n_samples) in mV."""
        style = replace(style, px_per_mm=round(style.px_per_mm * UPSCALED), grid=False)
        return tuple(self._picture(signal[row : row + 1], lead, fs, style) for row, lead in enumerate(LEADS))

    def _picture(self, samples: NDArray[np.float32], lead: str, fs: float, style: PageStyle) -> EcgImage:
        layout = stacked_layout(samples, (lead,), style)
        return cleaned(draw(layout, samples, fs, style, (lead,)))
