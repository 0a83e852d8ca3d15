"""Tables, and numbers as text, for pages and for the terminal."""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

Bounds = tuple[float, float] | list[float] | None


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; its cells are escaped."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Return text with everything escaped that Markdown or HTML would interpret."""
    escaped = escape(text, quote=False)
    for char in "\\|`*[]":  # the backslash first, or one of a stranger's would undo the next escape
        escaped = escaped.replace(char, "\\" + char)
    return escaped.replace("\n", " ")


def harmless(text: str) -> str:
    """Return text on one line, with everything written out that a terminal would obey rather than show."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def quoted(text: str, most: int = 600) -> str:
    """Return what a stranger wrote on one line, shortened, for a cell of a table: no address in it becomes a link."""
    line = harmless(text)
    for live, dead in (("://", ": //"), ("www.", "www ."), ("@", " @ ")):
        line = line.replace(live, dead)
    return line if len(line) <= most else line[: most - 3].rstrip() + "..."


def page(parts: Sequence[str]) -> str:
    """Return a Markdown page made of parts, separated by blank lines."""
    return "\n\n".join(parts) + "\n"


def terminal_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    title: str = "",
    left: Collection[str] = ("axis", "verdict"),
    styles: Mapping[str, str] | None = None,
) -> "Table":
    """Return a table for the terminal.

    Parameters
    ----------
    headings, rows : sequence
    title : str
    left : collection of str
        Headings of text columns; the others hold numbers and are right-aligned.
    styles : mapping of str to str, optional
        Colour of the last cell, by its first word.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in left else "right")
    for row in rows:
        style = (styles or {}).get(row[-1].split(" ")[0] if row[-1] else "", "")
        table.add_row(*(Text(cell) for cell in row[:-1]), Text(row[-1], style=style))
    return table


def percent(value: float | None) -> str:
    """Return a share in percent with one decimal, ``-`` for none."""
    return "-" if value is None else f"{100 * value:.1f}%"


def share(value: float, bounds: Bounds) -> str:
    """Return a share with its interval, in percent."""
    return percent(value) + (f" [{percent(bounds[0])}, {percent(bounds[1])}]" if bounds else "")


def chance(p: float | None) -> str:
    """Return a p value, ``-`` for none."""
    return "-" if p is None else f"{p:.3f}" if p >= 0.001 else "<0.001"


def difference(value: float | None, bounds: Bounds) -> str:
    """Return a difference of shares with its interval, in points; ``-`` for none."""
    if value is None:
        return "-"
    said = f"{100 * value:+.1f}"
    return said if bounds is None else f"{said} [{100 * bounds[0]:+.1f}, {100 * bounds[1]:+.1f}]"


def within(value: float, bounds: Bounds, digits: int = 3) -> str:
    """Return a figure with its interval."""
    said = f"{value:.{digits}f}"
    return f"{said} [{bounds[0]:.{digits}f}, {bounds[1]:.{digits}f}]" if bounds else said


def number(value: float | None) -> str:
    """Return a figure with three decimals, ``-`` for none."""
    return "-" if value is None else f"{value:.3f}"


def size_note(n: int, is_simulated: bool) -> str:
    """Return a note on the number of ECGs, and on what they are."""
    if is_simulated:
        return f"n = {n:,} phantoms, simulated ECGs of known truth: no result on patients."
    return f"n = {n:,} ECGs."
