"""A record on calibrated paper with tables beneath: what is true of it, what was measured, what readers said."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers.explained import PAPERS, PRINT, ColourPage, drawn_on_paper
from renderers.legend import over, text_lines_of, write
from renderers.page import INK_COLOUR, PAPER
from renderers.style import PageStyle

TITLE_MM, TEXT_MM, LINE_MM = 4.0, 2.9, 4.1
"""Size of the letters of the title and of all others, and from one line of these to the next."""

MARGIN_MM, GAP_MM, ROW_MM = 10.0, 4.0, 1.2
"""Bare paper at either side, between two tables or columns, and around the text of a row."""

WRONG, MUTED = (176, 0, 32), (85, 85, 95)
"""Colours of a wrong answer, which has a cross too, and of headings."""

RULE, HEAD_RULE = (233, 222, 220), (130, 120, 120)

CROSS, TICK = "\N{BALLOT X}", "\N{CHECK MARK}"

MOST_LINES = 6
"""Lines of a text above the paper, and of a cell."""


@dataclass(frozen=True)
class Cell:
    """A text in a table; ``is_right`` is None where it is no answer that could be judged."""

    text: str
    is_right: bool | None = None

    @property
    def shown(self) -> str:
        """The text behind its mark."""
        mark = "" if self.is_right is None else f"{TICK if self.is_right else CROSS} "
        return mark + self.text


@dataclass(frozen=True)
class PaperTable:
    """A table beneath the paper.

    Attributes
    ----------
    headings : tuple of str
    widths_mm : tuple of float
        Of the columns.
    rows : tuple of tuple of Cell
    """

    headings: tuple[str, ...]
    widths_mm: tuple[float, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Caption:
    """What stands around the paper.

    Attributes
    ----------
    title : str
    texts : tuple of str
        Below it, each from a line of its own on.
    stacks : tuple of tuple of PaperTable
        Columns of tables beneath the paper, from left to right.
    notes : tuple of str
        Beneath the tables.
    """

    title: str
    texts: tuple[str, ...] = ()
    stacks: tuple[tuple[PaperTable, ...], ...] = ()
    notes: tuple[str, ...] = ()


class _Band:
    """A band of paper on which texts and rules are placed from above, before its height is known."""

    def __init__(self, width_mm: float) -> None:
        self.width_mm = width_mm
        self.words: list[tuple[tuple[int, int, int], float, tuple[str, float, float]]] = []
        self.rules: list[tuple[tuple[int, int, int], float, float, float]] = []

    def write(
        self, text: str, left: float, base: float, size: float = TEXT_MM, colour: tuple[int, int, int] = INK_COLOUR
    ) -> None:
        self.words.append((colour, size, (text, left, base)))

    def paragraph(self, text: str, top: float) -> float:
        """Write a text over the whole width, and return where it ends."""
        lines = text_lines_of(text, self.width_mm - 2 * MARGIN_MM, TEXT_MM, MOST_LINES)
        for line in lines:
            self.write(line, MARGIN_MM, top + TEXT_MM)
            top += LINE_MM
        return top

    def table(self, table: PaperTable, left: float, top: float) -> float:
        """Write a table, and return where it ends."""
        width = sum(table.widths_mm)
        places = [left + sum(table.widths_mm[:place]) for place in range(len(table.widths_mm))]
        head = [
            text_lines_of(said, wide - GAP_MM / 2, TEXT_MM, 2)
            for said, wide in zip(table.headings, table.widths_mm, strict=True)
        ]
        for lines, x in zip(head, places, strict=True):
            for number, line in enumerate(lines):
                self.write(line, x, top + TEXT_MM + number * LINE_MM, colour=MUTED)
        top += max(map(len, head), default=0) * LINE_MM + ROW_MM / 2
        self.rules.append((HEAD_RULE, left, left + width, top))
        for row in table.rows:
            top += ROW_MM
            top = self._row(row, table, places, top)
            self.rules.append((RULE, left, left + width, top))
        return top

    def _row(self, row: Sequence[Cell], table: PaperTable, places: Sequence[float], top: float) -> float:
        most = 1
        for cell, x, wide in zip(row, places, table.widths_mm, strict=True):
            lines = text_lines_of(cell.shown, wide - GAP_MM / 2, TEXT_MM, MOST_LINES)
            colour = WRONG if cell.is_right is False else INK_COLOUR
            for number, line in enumerate(lines):
                self.write(line, x, top + TEXT_MM + number * LINE_MM, colour=colour)
            most = max(most, len(lines))
        return top + (most - 1) * LINE_MM + TEXT_MM + ROW_MM

    def drawn(self, height_mm: float, style: PageStyle) -> NDArray[np.uint8]:
        """Return the band, uint8 (height, width, 3)."""
        px = style.px_per_mm
        size = round(height_mm * px), round(self.width_mm * px)
        page = np.full((*size, 3), PAPER, dtype=np.uint8)
        for colour, left, right, y in self.rules:
            page[round(y * px), round(left * px) : round(right * px)] = colour
        for colour in dict.fromkeys(colour for colour, _, _ in self.words):
            ink = np.zeros(size, dtype=np.uint8)
            for letters in dict.fromkeys(letters for own, letters, _ in self.words if own == colour):
                same = [word for own, other, word in self.words if (own, other) == (colour, letters)]
                write(ink, same, letters, style)
            page = over(page, ink, colour)
        return page


def captioned(
    signal: NDArray[np.float32], fs: float, caption: Caption, paper: str = "3x4", style: PageStyle | None = None
) -> ColourPage:
    """Draw a record with its caption.

    Parameters
    ----------
    signal : float32 array (12, n_samples) in mV
        In the order of ``LEADS``; NaN samples are gaps.
    fs : float
        Sampling rate in Hz.
    caption : Caption
    paper : str
        ``6x2`` or ``3x4``.
    style : PageStyle, optional
        That of :func:`renderers.explained.legible_style` where none is given.

    Raises
    ------
    taxonomy.error.RenderError
        When the signal has another shape or an infinite sample, or there is no such paper.
    """
    layout, style, image = drawn_on_paper(signal, fs, paper, style)
    half = " Half the usual gain." if style.mm_per_mv < PRINT.mm_per_mv else ""
    shown = f"Shown: {PAPERS[paper]}.{half}"
    bands = [
        _head(caption, layout.width_mm, style),
        image.rgb(),
        _foot(caption, shown, layout.width_mm, style),
    ]
    return ColourPage(np.concatenate(bands), style.px_per_mm, image.strips)


def _head(caption: Caption, width_mm: float, style: PageStyle) -> NDArray[np.uint8]:
    band, top = _Band(width_mm), 4.0
    for line in text_lines_of(caption.title, width_mm - 2 * MARGIN_MM, TITLE_MM, 2):
        band.write(line, MARGIN_MM, top + TITLE_MM, TITLE_MM)
        top += TITLE_MM + 1.8
    top += 0.6
    for text in caption.texts:
        top = band.paragraph(text, top)
    return band.drawn(top + 2.0, style)


def _foot(caption: Caption, shown: str, width_mm: float, style: PageStyle) -> NDArray[np.uint8]:
    band, left, ends = _Band(width_mm), MARGIN_MM, [GAP_MM]
    for stack in caption.stacks:
        top = GAP_MM
        for table in stack:
            top = band.table(table, left, top) + GAP_MM
        left += max((sum(table.widths_mm) for table in stack), default=0.0) + GAP_MM
        ends.append(top)
    top = max(ends)
    for note in (*caption.notes, shown):
        top = band.paragraph(note, top)
    return band.drawn(top + GAP_MM, style)
