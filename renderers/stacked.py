"""Twelve strips of ten seconds, one below the other: four times the width per lead of the printed page."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.grid import cleaned
from renderers.image import Drawing, EcgImage, Strip
from renderers.layout import LEFT_MM, RIGHT_MM, Layout, room
from renderers.page import draw
from renderers.style import ANTIALIASED, LEADS, PageStyle

STRIP_S = 10.0
ROOMS_MM = (35.0, 25.0, 20.0, 25.0, 25.0, 25.0, 20.0, 35.0, 45.0, 45.0, 40.0, 35.0)
"""Room above the baseline of each lead, to that of the lead before. Of all distributions of the 340 mm between
baselines, this one keeps the rows apart in the most of 488 records (87%)."""

BOTTOM_MM = 30.0


class Stacked:
    """One long strip for each lead.

    Parameters
    ----------
    is_antialiased : bool
        Keeps the shades of grey of the pen's edge; else a page without a grid is black on white.
    """

    def __init__(self, is_antialiased: bool = False) -> None:
        self.name = f"stacked{ANTIALIASED}" if is_antialiased else "stacked"
        self.description = (
            "twelve strips of 10 s, one under the other, without a grid" + ", antialiased" * is_antialiased
        )
        self._is_antialiased = is_antialiased

    def render(
        self, signal: NDArray[np.float32], fs: float, style: PageStyle, like: Sequence[Drawing] = ()
    ) -> tuple[EcgImage, ...]:
        """Return the page of a record; ``signal`` is float32 (12, n_samples) in mV."""
        page = draw(stacked_layout(style), signal, fs, style, LEADS, *like)
        return (page if style.grid or self._is_antialiased else cleaned(page),)


@lru_cache(maxsize=16)
def stacked_layout(style: PageStyle) -> Layout:
    """Return the layout of every record."""
    return strips_layout(LEADS, ROOMS_MM, BOTTOM_MM, style)


def strips_layout(leads: Sequence[str], rooms_mm: Sequence[float], bottom_mm: float, style: PageStyle) -> Layout:
    """Return a layout of one strip of 10 s for each lead.

    Parameters
    ----------
    leads : sequence of str
        Name of each row.
    rooms_mm : sequence of float
        Room above each baseline at 10 mm/mV.
    bottom_mm : float
        Room below the last.
    style : PageStyle
    """
    baselines = np.cumsum([room(part, style) for part in rooms_mm]).tolist()
    return Layout(
        width_mm=LEFT_MM + STRIP_S * style.mm_per_s + RIGHT_MM,
        height_mm=baselines[-1] + room(bottom_mm, style),
        strips=tuple(Strip(lead, LEFT_MM, y, 0.0, STRIP_S) for lead, y in zip(leads, baselines, strict=True)),
        pulses=tuple(baselines),
        separators=(),
        grid=style.grid,
    )
