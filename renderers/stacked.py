"""Twelve strips of ten seconds, one below the other: four times the width per lead of the printed page."""

import numpy as np
from numpy.typing import NDArray

from renderers.grid import cleaned
from renderers.image import EcgImage, Strip
from renderers.page import LEFT_MM, RIGHT_MM, Layout, draw
from renderers.style import LEADS, PageStyle

STRIP_S = 10.0
LEAST_MM, MOST_MM = 15.0, 60.0
"""Bounds of the distance between two baselines, which depends on the traces and falls on 5 mm lines."""

CLEAR_MM = 5.0
"""Space between two traces for the lead's name."""


class Stacked:
    """One long strip for each lead."""

    name = "stacked"
    description = "twelve strips of 10 s, one under the other, without a grid"

    def render(self, signal: NDArray[np.float32], fs: float, style: PageStyle) -> tuple[EcgImage, ...]:
        """Return the page of a record; ``signal`` is float32 (12, n_samples) in mV."""
        page = draw(stacked_layout(signal, LEADS, style), signal, fs, style, LEADS)
        return (page if style.grid else cleaned(page),)


def stacked_layout(signal: NDArray[np.float32], leads: tuple[str, ...], style: PageStyle) -> Layout:
    """Return a layout with row distances that fit the amplitudes of a record.

    Parameters
    ----------
    signal : float32 array (n_leads, n_samples) in mV
    leads : tuple of str
        Name of each row.
    style : PageStyle
    """
    above, below = (extent * style.mm_per_mv for extent in _extents(signal))
    rooms = [above[0] + 2 * CLEAR_MM, *(below[:-1] + above[1:] + CLEAR_MM)]
    baselines = np.cumsum([_on_grid(room) for room in rooms])
    bottom = _on_grid(below[-1] + 2 * CLEAR_MM)
    strips = [Strip(lead, LEFT_MM, float(y), 0.0, STRIP_S) for lead, y in zip(leads, baselines, strict=True)]
    return Layout(
        width_mm=LEFT_MM + STRIP_S * style.mm_per_s + RIGHT_MM,
        height_mm=float(baselines[-1]) + bottom,
        strips=tuple(strips),
        pulses=tuple(float(y) for y in baselines),
        separators=(),
        grid=style.grid,
    )


def _extents(signal: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the extent of each row above 0 mV (at least the 1 mV of the pulse) and below it, float64 (n_leads,)."""
    finite = np.where(np.isfinite(signal), signal, 0).astype(np.float64)
    return np.maximum(finite.max(axis=1), 1.0), np.maximum(-finite.min(axis=1), 0.0)


def _on_grid(room: float) -> float:
    return float(np.clip(5 * np.ceil(room / 5), LEAST_MM, MOST_MM))
