"""A drawn page: its traces and names over its static parts, and the palette of ink and paper."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.image import Box, Drawing, EcgImage
from renderers.ink import draw_lines
from renderers.label import write_label, write_label_at
from renderers.layout import Layout
from renderers.original import LEVELS, Name, Original, Sheet, Window, empty_sheet
from renderers.style import PageStyle
from renderers.trace import Placed, in_place, on_page, overlap
from taxonomy.error import RenderError

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


def draw(  # noqa: PLR0913  # a record, its page, and the page that it is drawn like
    layout: Layout,
    signal: NDArray[np.float32],
    fs: float,
    style: PageStyle,
    leads: Sequence[str],
    like: Drawing | None = None,
) -> EcgImage:
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
    like : Drawing, optional
        The page of the whole record where this one is a masked copy of it: its traces, pulses and names stay where
        they stand there, so that only what is masked differs.

    Raises
    ------
    taxonomy.error.RenderError
        When ``like`` is a page of another layout or scale.
    """
    samples = [signal[leads.index(strip.lead)] for strip in layout.strips]
    placed = (
        on_page(layout, samples, fs, style) if like is None else in_place(_as(like, layout, style), samples, fs, style)
    )
    sheet = static_sheet(replace(placed.layout, strips=()), style)
    ink = sheet.ink.copy()
    draw_lines(ink, placed.lines, style)
    if like is None:
        traced = zip(placed.layout.strips, placed.lines, strict=True)
        names = tuple(write_label(ink, strip, line, style) for strip, line in traced)
    else:
        named = zip(placed.layout.strips, like.names, strict=True)
        names = tuple(write_label_at(ink, strip.lead, box, style.px_per_mm) for strip, box in named)
    labels = [(strip.lead, box) for strip, box in zip(placed.layout.strips, names, strict=True)]
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
        names=names,
        pulses=placed.layout.pulses,
    )


def _original(placed: Placed, labels: Sequence[tuple[str, Box]], style: PageStyle) -> Original:
    px = style.px_per_mm
    names = tuple(Name(lead, box[0] / px, box[3] / px) for lead, box in labels)
    return Original(replace(placed.layout, strips=()), tuple(placed.lines), names, style)


def _as(like: Drawing, layout: Layout, style: PageStyle) -> Layout:
    """Return a layout with the traces and pulses where they stand on another page."""
    scale = (like.px_per_mm, like.mm_per_s, like.mm_per_mv)
    same = [strip.lead for strip in like.strips] == [strip.lead for strip in layout.strips]
    if not same or len(like.names) != len(layout.strips) or scale != (style.px_per_mm, style.mm_per_s, style.mm_per_mv):
        raise RenderError("a masked record is drawn like a page of the same record by the same renderer, at one scale")
    return replace(layout, strips=like.strips, pulses=like.pulses)


@lru_cache(maxsize=16)
def static_sheet(layout: Layout, style: PageStyle) -> Sheet:
    """Return the grid, pulses, separators and scale of a page, drawn once per layout and style."""
    px = style.px_per_mm
    return empty_sheet(layout, style, Window(0, 0, round(layout.width_mm * px), round(layout.height_mm * px), px))
