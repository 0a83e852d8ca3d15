"""Tables that fit the terminal: nothing of a row is cut off, and figures are not broken while there is another way."""

import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Column, Table

PLAIN = 80
"""Columns of a table where there is no terminal: those of the narrowest that is common."""

WIDEST = 140
"""Columns of a table at most: wider ones are hard to follow along a line."""

NAME, WORDS = 24, 13
"""Columns that are left to names and to words, such as a verdict, before figures give way."""

_EQUALS = "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"
"""Stands for an equals sign while a line is wrapped: ``n = 66`` stays on one."""

NARROW = 7
"""Columns that are left to words beside what is to stay whole."""


def room() -> int:
    """Return how many columns a table may take: those of the terminal, or 80 where there is none."""
    return min(WIDEST, shutil.get_terminal_size().columns) if sys.stdout.isatty() else PLAIN


def fit(table: "Table", width: int, spare: Collection[str] = ()) -> list[str]:
    """Make a table fit a width, as far as it is not as narrow as that already.

    Blanks between columns go first, then the spare columns one by one; an interval goes below its figure; and at last
    names and words are broken over lines, which alone never loses a thing.

    Parameters
    ----------
    table : Table
        Changed in place.
    width : int
    spare : collection of str
        Headings of columns that it can do without, the first to go first.

    Returns
    -------
    list of str
        Headings of the columns that were left out.
    """
    left_out = []
    if _needed(table) > width:
        table.padding = (0, 1, 0, 0)
    for heading in spare:
        if _needed(table) > width and heading in (column.header for column in table.columns):
            left_out.append(heading)
            table.columns = [column for column in table.columns if column.header != heading]
    if _needed(table) > width:
        for column in table.columns:
            column._cells = [_stacked(cell) for cell in column._cells]
            column.header = _stacked(column.header)
    fits = _needed(table) <= width
    keeps_whole = fits or _least(table) <= width
    for place, column in enumerate(table.columns):
        column._index = place  # rich pads by it, and would cut a column that is the last in its stead
        column.overflow = "fold"
        is_name = not place and _widest(column) <= NAME
        column.no_wrap = keeps_whole if column.no_wrap else fits and (is_name or column.justify != "left")
    return left_out


def _needed(table: "Table") -> int:
    """Return the columns that a table needs so that names and words are broken at most, and no figure is."""
    gaps = sum(table.padding[1::2]) * (len(table.columns) - 1)
    return gaps + sum(_width(column, is_first=not place) for place, column in enumerate(table.columns))


def _least(table: "Table") -> int:
    """Return the columns that a table needs where only those stay whole that are to, and any other is very narrow."""
    gaps = sum(table.padding[1::2]) * (len(table.columns) - 1)
    return gaps + sum(_widest(column) if column.no_wrap else NARROW for column in table.columns)


def _width(column: "Column", is_first: bool) -> int:
    widest = _widest(column)
    if column.justify != "left" or column.no_wrap:
        return widest
    return min(widest, NAME if is_first else WORDS)


def _widest(column: "Column") -> int:
    from rich.cells import cell_len

    return max((cell_len(line) for cell in (column.header, *column.cells) for line in _lines(cell)), default=0)


def _lines(cell: object) -> list[str]:
    return str(getattr(cell, "plain", cell)).splitlines()


def _stacked(cell: "RenderableType") -> "RenderableType":
    """Return a cell whose interval stands below its figure."""
    from rich.text import Text

    text = str(getattr(cell, "plain", cell))
    if not text.endswith("]") or " [" not in text:
        return cell
    return Text(text.replace(" [", "\n["), style=getattr(cell, "style", ""))


def pair_lines(pairs: Iterable[tuple[str, str]], column: int, width: int) -> Iterator[str]:
    """Return a line for each thing and its figure, which begins at a column and goes on below it where it is long.

    Parameters
    ----------
    pairs : iterable of (str, str)
    column, width : int
    """
    for what, figure in pairs:
        whole = figure.replace(" = ", _EQUALS)
        lines = textwrap.wrap(whole, max(20, width - column), break_long_words=False, break_on_hyphens=False) or [""]
        if len(what) >= column:
            yield what
            what = ""
        heads = [what, *[""] * (len(lines) - 1)]
        for head, line in zip(heads, lines, strict=True):
            yield f"{head:<{column}}{line.replace(_EQUALS, ' = ')}".rstrip()
