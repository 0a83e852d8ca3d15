"""A renderer with an easy signal planted: a page whose shade tells the rate at a glance, at any resolution."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from measurements import measure
from renderers.clean import Clean
from renderers.image import EcgImage
from renderers.style import PageStyle
from taxonomy.threshold import rate_of

SHADES = {"bradycardia": (255, 60, 60), "normal": (255, 255, 255), "tachycardia": (60, 60, 255)}


class Planted:
    """The clean page on paper whose colour is that of the rate; white where there is no trace."""

    name = "planted"
    description = "the clean page on paper coloured by the rate"

    def render(self, signal: NDArray[np.float32], fs: float, style: PageStyle) -> tuple[EcgImage, ...]:
        """Return the page of a record."""
        shade = SHADES[_rate(np.nan_to_num(signal).tobytes(), fs)]
        return tuple(_on_paper(page, shade) for page in Clean().render(signal, fs, style))


@lru_cache(maxsize=4096)
def _rate(signal: bytes, fs: float) -> str:
    seen = np.frombuffer(signal, dtype=np.float32).reshape(12, -1)
    rate = measure(seen, fs).heart_rate.value if seen.any() else None
    return rate_of(rate) if rate else "normal"


def _on_paper(page: EcgImage, shade: tuple[int, int, int]) -> EcgImage:
    palette = page.palette.copy()
    palette[(palette == 255).all(axis=1)] = shade
    return replace(page, palette=palette)
