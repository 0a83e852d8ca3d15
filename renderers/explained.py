"""A record on calibrated paper with what weighed in an answer behind its traces, six leads x 2 or three x 4.

With its legend a page fits on A4 (297 x 210 mm, less the margins of a printer) and says its resolution: printed in its
size it runs at 25 mm/s.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.image import EcgImage, Strip
from renderers.ink import MM_PER_INCH
from renderers.layout import Layout, columns_layout
from renderers.legend import (
    BAR_HEIGHT_MM,
    BAR_MM,
    BAR_TOP_MM,
    TEXT_MM,
    Bracket,
    Label,
    Legend,
    bar_left_mm,
    foot,
    head,
    on_white,
    width_mm,
)
from renderers.original import LEVELS
from renderers.page import draw
from renderers.printed import COLUMN_S, RHYTHM_LEAD, ROWS
from renderers.shade import depths, inked
from renderers.style import LEADS, PageStyle
from renderers.trace import on_page, overlap
from taxonomy.error import RenderError, unknown_name

SMOOTHED_S = 0.04
"""Seconds over which a map is averaged before it is drawn, one small square: single samples cannot be seen."""

FULL_SHARE = 99.5
"""Percentile of what is not 0 in a map that has the full colour, so that one sample does not pale all others."""

PRINT = PageStyle(px_per_mm=8)
"""Resolution of print, 203 dots per inch."""

HALF_STANDARD, TOO_NEAR_MM = 0.5, 5.0
"""Share of the usual gain at which a record is drawn whose rows would overlap by more than that otherwise, as
electrocardiographs do; of 200 records of PTB-XL 30% on the 6 x 2 paper."""

SIX_ROWS = tuple(zip(LEADS[:6], LEADS[6:], strict=True))

PAPERS: Mapping[str, str] = {
    "6x2": "limb leads from 0 to 5 s, chest leads from 5 to 10 s",
    "3x4": "3 x 4 leads of 2.5 s, and lead II over 10 s",
}
"""The arrangements of leads, and what they show of a recording of 10 s."""


@dataclass(frozen=True, eq=False)
class Overlay:
    """What is told of a record beside its traces.

    Attributes
    ----------
    relevance : float32 array (12, n_values)
        In the order of ``LEADS``, from the beginning of the recording: above 0 what speaks for the answer, below 0 what
        speaks against it.
    fs : float
        Its rate in Hz, that of the network.
    finding, method, verdict : str
        What is explained, by which method, and whether its maps may be believed.
    brackets : tuple of Bracket
        Segments of one beat.
    notes : tuple of str
        Said below, such as why a segment is missing.

    Raises
    ------
    taxonomy.error.RenderError
        When the map has another shape or a value that is not finite, or ``fs`` is not positive.
    """

    relevance: NDArray[np.float32]
    fs: float
    finding: str
    method: str
    verdict: str
    brackets: tuple[Bracket, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.relevance.ndim != 2 or self.relevance.shape[0] != len(LEADS) or self.relevance.shape[1] < 2:
            raise RenderError(f"a map must be (12, n_values), not {self.relevance.shape}")
        if not np.isfinite(self.relevance).all():
            lead = LEADS[int(np.argmin(np.isfinite(self.relevance).all(axis=1)))]
            raise RenderError(f"a map must be finite; that of lead {lead} is not")
        if not self.fs > 0:
            raise RenderError(f"the rate of a map must be positive, not {self.fs}")

    @property
    def is_signed(self) -> bool:
        """Whether anything speaks against the answer."""
        return bool((self.relevance < 0).any())

    @cached_property
    def smooth(self) -> NDArray[np.float32]:
        """The mean over :data:`SMOOTHED_S` around each value, float32 (12, n_values)."""
        width = 2 * (round(SMOOTHED_S * self.fs) // 2) + 1
        padded = np.pad(self.relevance.astype(np.float64), ((0, 0), (width // 2, width // 2)), mode="edge")
        around = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
        mean: NDArray[np.float32] = around.mean(axis=2).astype(np.float32)
        return mean

    @cached_property
    def full(self) -> float:
        """The value that has the full colour, one for all leads; 0 where the map is 0 everywhere."""
        sizes = np.abs(self.smooth)
        return float(np.percentile(sizes[sizes > 0], FULL_SHARE)) if sizes.any() else 0.0

    @cached_property
    def depth(self) -> NDArray[np.float32]:
        """The depth of the colour, float32 (12, n_values) from -1 to 1."""
        return np.clip(self.smooth / self.full, -1, 1) if self.full else np.zeros_like(self.smooth)

    def seen(self, strips: Sequence[Strip]) -> float | None:
        """Return the share of the map that lies within the strips of a page; None where it is 0 everywhere."""
        inside = np.zeros(self.relevance.shape, dtype=np.bool_)
        for strip in strips:
            inside[LEADS.index(strip.lead), round(strip.start_s * self.fs) : round(strip.end_s * self.fs)] = True
        sizes = np.abs(self.relevance.astype(np.float64))
        return float(sizes[inside].sum() / sizes.sum()) if sizes.any() else None


@dataclass(frozen=True, eq=False)
class ColourPage:
    """A page in full colour.

    Attributes
    ----------
    rgb : uint8 array (height, width, 3)
    px_per_mm : int
    strips : tuple of Strip
        Where each trace lies on the paper, which begins ``HEAD_MM`` below the upper edge.
    """

    rgb: NDArray[np.uint8]
    px_per_mm: int
    strips: tuple[Strip, ...]

    def png(self) -> bytes:
        """Return the page as PNG that says its resolution."""
        from PIL import Image

        out, dots = io.BytesIO(), self.px_per_mm * MM_PER_INCH
        Image.fromarray(self.rgb).save(out, "PNG", dpi=(dots, dots), compress_level=4)
        return out.getvalue()


@lru_cache(maxsize=16)
def paper_layout(name: str, style: PageStyle) -> Layout:
    """Return the layout of an arrangement of leads (:data:`PAPERS`).

    Rows are nearer to each other than on the page that is shown to models: with its legend a page fits on A4.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is none of that name.
    """
    if name not in PAPERS:
        raise unknown_name("arrangement of leads", name, PAPERS)
    if name == "6x2":
        return columns_layout(SIX_ROWS, 5.0, (25.0, 25.0, 20.0), style)
    return columns_layout(ROWS, COLUMN_S, (35.0, 35.0, 25.0), style, RHYTHM_LEAD)


def legible_style(signal: NDArray[np.float32], fs: float, paper: str, style: PageStyle = PRINT) -> PageStyle:
    """Return a style, at half its gain where the rows of a record would overlap by more than :data:`TOO_NEAR_MM`."""
    found = paper_layout(paper, style)
    lines = on_page(found, [signal[LEADS.index(strip.lead)] for strip in found.strips], fs, style).lines
    apart = overlap(found.strips, lines, style.pen_mm) <= TOO_NEAR_MM
    return style if apart else replace(style, mm_per_mv=style.mm_per_mv * HALF_STANDARD)


def drawn_on_paper(
    signal: NDArray[np.float32], fs: float, paper: str, style: PageStyle | None = None
) -> tuple[Layout, PageStyle, EcgImage]:
    """Return a record on paper before anything is added, with its layout and style; parameters as of :func:`explained`.

    Raises
    ------
    taxonomy.error.RenderError
        When the signal has another shape or an infinite sample, or there is no such paper.
    """
    if signal.ndim != 2 or signal.shape[0] != len(LEADS) or signal.shape[1] < 2:
        raise RenderError(f"a signal must be (12, n_samples), not {signal.shape}")
    if np.isinf(signal).any():
        raise RenderError("a signal must not hold infinite samples")
    style = style or legible_style(signal, fs, paper)
    layout = paper_layout(paper, style)
    return layout, style, draw(layout, signal, fs, style, LEADS)


def explained(
    signal: NDArray[np.float32], fs: float, overlay: Overlay, paper: str = "6x2", style: PageStyle | None = None
) -> ColourPage:
    """Draw a record with its overlay.

    Parameters
    ----------
    signal : float32 array (12, n_samples) in mV
        In the order of ``LEADS``. NaN samples are gaps; what the map says of them is shown along the baseline.
    fs : float
        Sampling rate in Hz.
    overlay : Overlay
    paper : str
        ``6x2`` or ``3x4``.
    style : PageStyle, optional
        That of :func:`legible_style` where none is given.

    Raises
    ------
    taxonomy.error.RenderError
        When the signal has another shape or an infinite sample, or there is no such paper.
    """
    layout, style, image = drawn_on_paper(signal, fs, paper, style)
    rows = [LEADS.index(strip.lead) for strip in image.strips]
    depth = depths(
        image.indices.shape,
        image.strips,
        [(signal[row], fs) for row in rows],
        [(overlay.depth[row], overlay.fs) for row in rows],
        style,
    )
    column = layout.strips[0]
    brackets = [found for one in overlay.brackets if (found := _on_paper(one, column, style))]
    middle = inked(image.indices, depth, style)
    texts = (f"{overlay.method}; verdict: {overlay.verdict}", *overlay.notes, _shown(overlay, paper, layout, style))
    band = head(middle.shape[1], brackets, style)
    _guide(middle, image.indices, brackets, column.baseline_mm, style)
    return ColourPage(
        np.concatenate([on_white(band), middle, _foot(middle.shape[1], overlay, texts, style)]),
        style.px_per_mm,
        image.strips,
    )


def _shown(overlay: Overlay, paper: str, layout: Layout, style: PageStyle) -> str:
    share = overlay.seen(layout.strips)
    seen = "the map is 0 everywhere" if share is None else f"{100 * share:.0f}% of the map"
    half = " Half the usual gain." if style.mm_per_mv < PRINT.mm_per_mv else ""
    return f"Shown: {PAPERS[paper]}, {seen}; mean over {1000 * SMOOTHED_S:.0f} ms; one scale for all leads.{half}"


def _on_paper(one: Bracket, strip: Strip, style: PageStyle) -> tuple[str, float, float] | None:
    begin, end = max(one.begin_s, strip.start_s), min(one.end_s, strip.end_s)
    if end <= begin:
        return None
    place = strip.x_mm - strip.start_s * style.mm_per_s
    return one.name, place + begin * style.mm_per_s, place + end * style.mm_per_s


GUIDE_COLOUR = (110, 110, 120)
GUIDE_DASH_MM, GUIDE_CLEAR_MM = 0.75, 1.0
"""Length of a dash and of the gap behind it, and the distance that they keep from ink."""


def _guide(
    page: NDArray[np.uint8],
    indices: NDArray[np.uint8],
    brackets: Sequence[tuple[str, float, float]],
    baseline_mm: float,
    style: PageStyle,
) -> None:
    """Draw a dashed line from each end of a bracket down to the first trace below it, and past no name of a lead."""
    px = style.px_per_mm
    clear = round(GUIDE_CLEAR_MM * px)
    for x in sorted({round(edge * px) for _, begin, end in brackets for edge in (begin, end)}):
        rows = np.arange(round(baseline_mm * px))
        around = indices[: len(rows), max(0, x - clear) : x + clear + 1] % LEVELS
        inky = np.flatnonzero(around.any(axis=1))
        end = max(0, int(inky[0]) - clear) if len(inky) else len(rows)
        dashes = rows[:end][(rows[:end] // round(GUIDE_DASH_MM * px)) % 2 == 0]
        page[dashes, x] = GUIDE_COLOUR


def _foot(width: int, overlay: Overlay, texts: Sequence[str], style: PageStyle) -> NDArray[np.uint8]:
    """Return the band below the paper, uint8 (height, width, 3): words, and the scale of colours."""
    scale = np.linspace(-1.0 if overlay.is_signed else 0.0, 1.0, 1000) * bool(overlay.full)
    left = bar_left_mm(width, style)
    return foot(width, Legend(overlay.finding, texts, _labels(overlay, left), scale), style)


def _labels(overlay: Overlay, left: float) -> list[Label]:
    """Return what stands above and below the scale of colours."""
    above, below = BAR_TOP_MM - 1.3, BAR_TOP_MM + BAR_HEIGHT_MM + 3.4
    if not overlay.full:
        return [("nothing is coloured", left, above)]
    said = [("speaks for the answer", 1.0, above), ("0", 0.0, below), (f"{overlay.full:.2g} or more", 1.0, below)]
    if overlay.is_signed:
        said = [
            ("against (striped)", 0.0, above),
            ("for (plain)", 1.0, above),
            (f"-{overlay.full:.2g} or less", 0.0, below),
            ("0", 0.5, below),
            (f"{overlay.full:.2g} or more", 1.0, below),
        ]
    return [(text, left + place * (BAR_MM - width_mm(text, TEXT_MM)), base) for text, place, base in said]
