"""What stands above and below the paper of an explained page: names over one beat, words and the scale of colours."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from renderers.ink import MM_PER_INCH, POINTS_PER_INCH, draw_lines
from renderers.page import INK_COLOUR, PAPER
from renderers.shade import FOR, coloured
from renderers.style import PageStyle

if TYPE_CHECKING:
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

HEAD_MM, FOOT_MM = 9.0, 21.0
"""Height of the bands above and below the paper."""

TITLE_MM, TEXT_MM, LINE_MM = 3.6, 2.7, 3.7
"""Size of the letters of the first line and of the others, and from one line to the next."""

NAME_MM, NAME_GAP_MM, NAME_FOOT_MM = 2.6, 1.5, 3.2
"""Size of a segment's name, the least distance between two, and the foot of names below the page's edge."""

BRACKET_MM, TICK_MM, APART_MM = 7.6, 0.9, 0.15
"""Where brackets lie below the page's edge, how far their ends reach down, and the gap at each end."""

BAR_MM, BAR_HEIGHT_MM, BAR_TOP_MM = 62.0, 4.0, 6.5
"""Length and height of the scale of colours, and its upper edge below that of the foot."""

CUT, MOST_LETTERS = "...", 1000
"""What stands for the rest of a text, and the letters of one that are looked at: the foot holds fewer."""

MEASURED_PX_PER_MM = 10
"""Resolution at which texts are measured."""

Label = tuple[str, float, float]
"""A text, with its left edge and its baseline in mm."""


@dataclass(frozen=True)
class Bracket:
    """A named stretch of one beat, in seconds from the beginning of the recording."""

    name: str
    begin_s: float
    end_s: float


@cache
def font(height_mm: float) -> "FontProperties":
    """Return the letters of every page in a size."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(family="DejaVu Sans", size=height_mm / MM_PER_INCH * POINTS_PER_INCH)


def writable(text: str) -> str:
    """Return text on one line, with a question mark for each letter that the font lacks or that is not seen."""
    from matplotlib.font_manager import findfont, get_font

    glyphs = get_font(findfont(font(TEXT_MM)))
    line = " ".join(text.split())
    return "".join(char if char.isprintable() and glyphs.get_char_index(ord(char)) else "?" for char in line)


@lru_cache(maxsize=4096)
def width_mm(text: str, height_mm: float) -> float:
    """Return how wide a text is."""
    return float(_measure().get_text_width_height_descent(text, font(height_mm), False)[0]) / MEASURED_PX_PER_MM


@cache
def _measure() -> "RendererAgg":
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(1, 1, MEASURED_PX_PER_MM * MM_PER_INCH)


def wrapped(text: str, most_mm: float, height_mm: float = TEXT_MM) -> list[str]:
    """Return text in lines of a width, broken between words; a longer word is cut."""
    lines: list[str] = []
    for word in writable(text).split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width_mm(joined, height_mm) <= most_mm:
            lines[-1] = joined
        else:
            lines.append(_cut(word, most_mm, height_mm))
    return lines


def _cut(text: str, most_mm: float, height_mm: float) -> str:
    if width_mm(text, height_mm) <= most_mm:
        return text
    # The first letter count that is too wide, by bisection: a stranger's text may be long.
    longest = bisect_left(range(len(text)), True, key=lambda count: width_mm(text[:count] + CUT, height_mm) > most_mm)
    return text[: max(0, longest - 1)].rstrip() + CUT


def write(ink: NDArray[np.uint8], words: Sequence[Label], height_mm: float, style: PageStyle) -> None:
    """Write texts on a band.

    Parameters
    ----------
    ink : uint8 array (height, width)
        Coverage of the band; the texts are added.
    words : sequence of (str, float, float)
        Each text with its left edge and its baseline, in mm from the upper left corner.
    height_mm : float
        Size of the letters.
    style : PageStyle
    """
    from matplotlib.backends.backend_agg import RendererAgg

    px = style.px_per_mm
    agg = RendererAgg(ink.shape[1], ink.shape[0], px * MM_PER_INCH)
    context = agg.new_gc()
    for text, left, base in words:
        if text:
            agg.draw_text(context, left * px, base * px, text, font(height_mm), 0)
    np.maximum(ink, np.asarray(agg.buffer_rgba())[:, :, 3], out=ink)


def head(width_px: int, brackets: Sequence[tuple[str, float, float]], style: PageStyle) -> NDArray[np.uint8]:
    """Return the band above the paper: a bracket over each segment of one beat, and its name.

    Parameters
    ----------
    width_px : int
        Of the page.
    brackets : sequence of (str, float, float)
        Name, begin and end in mm from the left edge, in order.
    style : PageStyle

    Returns
    -------
    uint8 array (height, width)
        Coverage by ink.
    """
    ink = np.zeros((round(HEAD_MM * style.px_per_mm), width_px), dtype=np.uint8)
    places = name_places(brackets, width_px / style.px_per_mm)
    lines = []
    for (_, begin, end), (left, right) in zip(brackets, places, strict=True):
        gap = min(APART_MM, (end - begin) / 4)
        ends, middle = (begin + gap, end - gap), (begin + end) / 2
        foot = BRACKET_MM + TICK_MM
        lines.append(np.array([(ends[0], foot), (ends[0], BRACKET_MM), (ends[1], BRACKET_MM), (ends[1], foot)]))
        lines.append(np.array([(middle, BRACKET_MM), ((left + right) / 2, NAME_FOOT_MM + 0.7)]))
    draw_lines(ink, lines, PageStyle(px_per_mm=style.px_per_mm, pen_mm=0.25))
    named = zip(brackets, places, strict=True)
    write(ink, [(name, left, NAME_FOOT_MM) for (name, _, _), (left, _) in named], NAME_MM, style)
    return ink


def name_places(brackets: Sequence[tuple[str, float, float]], page_mm: float) -> list[tuple[float, float]]:
    """Return the left and right edge of each bracket's name, in mm: as near to its middle as the others let it.

    Names stand in one line in the order of their brackets, so that neither they nor the lines that lead to them meet
    (least squares under an order: pool adjacent violators, Barlow et al. 1972).
    """
    if not brackets:
        return []
    widths = np.array([width_mm(name, NAME_MM) for name, _, _ in brackets])
    middles = np.array([(begin + end) / 2 for _, begin, end in brackets])
    steps = (widths[1:] + widths[:-1]) / 2 + NAME_GAP_MM
    offsets = np.concatenate([[0.0], np.cumsum(steps)])
    pools: list[tuple[float, int]] = []
    for wish in (middles - offsets).tolist():
        pools.append((wish, 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (one, n), (other, m) = pools[-2:]
            pools[-2:] = [((one * n + other * m) / (n + m), n + m)]
    starts = np.concatenate([np.full(n, mean) for mean, n in pools])
    starts = np.clip(starts, 1 + widths[0] / 2, page_mm - 1 - widths[-1] / 2 - offsets[-1])
    found = starts + offsets
    return list(zip((found - widths / 2).tolist(), (found + widths / 2).tolist(), strict=True))


def text_lines(title: str, texts: Sequence[str], most_mm: float) -> list[str]:
    """Return the lines of the foot below its first: as many as there is room for, the last one cut where more follow.

    Parameters
    ----------
    title : str
        First line, in larger letters.
    texts : sequence of str
        Each begins a line of its own.
    most_mm : float
        Width.
    """
    room = int((FOOT_MM - 1.5 - TITLE_MM) // LINE_MM)
    lines = [line for text in texts for line in wrapped(text[:MOST_LETTERS], most_mm)]
    if len(lines) > room:
        lines = [*lines[: room - 1], _cut(lines[room - 1] + " " + CUT, most_mm, TEXT_MM)]
    return [_cut(writable(title[:MOST_LETTERS]), most_mm, TITLE_MM), *lines]


def text_lines_of(text: str, most_mm: float, height_mm: float, most: int) -> list[str]:
    """Return a text in lines of a width, so many at most, the last one cut where more follow."""
    lines = wrapped(text[:MOST_LETTERS], most_mm, height_mm)
    return lines if len(lines) <= most else [*lines[: most - 1], _cut(lines[most - 1] + " " + CUT, most_mm, height_mm)]


@dataclass(frozen=True, eq=False)
class Legend:
    """What the band below the paper says.

    Attributes
    ----------
    title : str
    texts : sequence of str
        Below it, each from a line of its own on.
    labels : sequence of (str, float, float)
        What stands beside the scale of colours.
    scale : float64 array (n,)
        Depths of the scale, from its left to its right end.
    colour : (int, int, int)
        Of what is above 0.
    """

    title: str
    texts: Sequence[str]
    labels: Sequence[Label]
    scale: NDArray[np.float64]
    colour: tuple[int, int, int] = FOR


def foot(width_px: int, legend: Legend, style: PageStyle) -> NDArray[np.uint8]:
    """Return the band below paper of that width, uint8 (height, width_px, 3)."""
    px, left = style.px_per_mm, bar_left_mm(width_px, style)
    low, high = BAR_TOP_MM, BAR_TOP_MM + BAR_HEIGHT_MM
    depth = np.zeros((round(FOOT_MM * px), width_px), dtype=np.float32)
    first, length = round(left * px), round(BAR_MM * px)
    depth[round(low * px) : round(high * px), first : first + length] = _between(legend.scale, length)
    ink = np.zeros(depth.shape, dtype=np.uint8)
    box = np.array([(left, low), (left + BAR_MM, low), (left + BAR_MM, high), (left, high), (left, low)])
    draw_lines(ink, [box], PageStyle(px_per_mm=px, pen_mm=0.25))
    title, *others = text_lines(legend.title, legend.texts, left - 12.0)
    write(ink, [(title, 5.0, 1.5 + TITLE_MM)], TITLE_MM, style)
    below = [(line, 5.0, 1.5 + TITLE_MM + row * LINE_MM) for row, line in enumerate(others, start=1)]
    write(ink, [*below, *legend.labels], TEXT_MM, style)
    return over(coloured(on_white(np.zeros_like(ink)), depth, px, legend.colour), ink)


def _between(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    return np.interp(np.linspace(0, len(values) - 1, count), np.arange(len(values)), values)


def bar_left_mm(width_px: int, style: PageStyle) -> float:
    """Return where the scale of colours begins, in mm from the left edge."""
    return width_px / style.px_per_mm - BAR_MM - 9.0


def on_white(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ink as it looks on bare paper, uint8 (height, width, 3)."""
    return over(np.full((*ink.shape, 3), PAPER, dtype=np.uint8), ink)


def over(
    page: NDArray[np.uint8], ink: NDArray[np.uint8], colour: tuple[int, int, int] = INK_COLOUR
) -> NDArray[np.uint8]:
    """Return a page with ink on it, uint8 (height, width, 3); ``ink`` is its coverage."""
    share = (ink / np.float32(255))[:, :, None]
    mixed = page * (1 - share) + np.array(colour, dtype=np.float32) * share
    return np.rint(mixed).astype(np.uint8)
