"""A drawn page: its traces and names over its static parts, and the palette of ink and paper."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.image import EcgImage
from renderers.ink import draw_lines
from renderers.label import Box, write_label
from renderers.layout import Layout
from renderers.original import LEVELS, Name, Original, Sheet, Window, empty_sheet
from renderers.style import PageStyle
from renderers.trace import Placed, on_page, overlap

PAPER = (255, 250, 248)
LIGHT_LINE = (250, 208, 208)
DARK_LINE = (238, 150, 150)
INK_COLOUR = (15, 15, 25)


@cache
def palette() -> NDArray[np.uint8]:
    """Return the 48 colours, uint8 (48, 3): each paper colour from bare to fully inked."""
    share = np.linspace(0, 1, LEVELS)[None, :, None]
    papers = np.array([PAPER, LIGHT_LINE, DARK_LINE], dtype=np.float64)[:, None, :]
    mixed = papers * (1 - share) + np.array(INK_COLOUR, dtype=np.float64) * share
    return np.rint(mixed).astype(np.uint8).reshape(-1, 3)


def draw(layout: Layout, signal: NDArray[np.float32], fs: float, style: PageStyle, leads: Sequence[str]) -> EcgImage:
    """Draw a record on a page.

    Parameters
    ----------
    layout : Layout
        Positions on the page.
    signal : float32 array (n_leads, n_samples) in mV
        One row for each of ``leads``.
    fs : float
        Sampling rate in Hz.
    style : PageStyle
        Scale and pen.
    leads : sequence of str
        Names of the rows.
    """
    placed = on_page(layout, [signal[leads.index(strip.lead)] for strip in layout.strips], fs, style)
    sheet = static_sheet(replace(placed.layout, strips=()), style)
    ink = sheet.ink.copy()
    draw_lines(ink, placed.lines, style)
    labels = [
        (strip.lead, write_label(ink, strip, line, style))
        for strip, line in zip(placed.layout.strips, placed.lines, strict=True)
    ]
    return EcgImage(
        indices=sheet.paper + (ink >> 4),
        palette=palette() if layout.grid else palette()[:LEVELS],
        leads=tuple(dict.fromkeys(strip.lead for strip in layout.strips)),
        px_per_mm=style.px_per_mm,
        mm_per_s=style.mm_per_s,
        mm_per_mv=style.mm_per_mv,
        strips=placed.layout.strips,
        overlap_mm=overlap(layout.strips, placed.lines, style.pen_mm),
        held_mm=placed.held_mm,
        original=_original(placed, labels, style) if style.keeps_original else None,
    )


def _original(placed: Placed, labels: Sequence[tuple[str, Box]], style: PageStyle) -> Original:
    px = style.px_per_mm
    names = tuple(Name(lead, box[0] / px, box[3] / px) for lead, box in labels)
    return Original(replace(placed.layout, strips=()), tuple(placed.lines), names, style)


@lru_cache(maxsize=16)
def static_sheet(layout: Layout, style: PageStyle) -> Sheet:
    """Return the grid, pulses, separators and scale of a page, drawn once per layout and style."""
    px = style.px_per_mm
    return empty_sheet(layout, style, Window(0, 0, round(layout.width_mm * px), round(layout.height_mm * px), px))
