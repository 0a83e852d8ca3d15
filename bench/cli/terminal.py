"""Output of the command line: messages, progress bars and tables."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import click

from bench.cli.called import named
from bench.cli.fitting import fit, pair_lines, room
from bench.cli.json_output import is_json_asked
from bench.cli.progress import progress as progress
from bench.progress import Observer
from taxonomy.printable import printable
from taxonomy.redaction import redacted

if TYPE_CHECKING:
    from rich.table import Table


TERMINAL = Observer(say=lambda line: click.echo(printable(redacted(named(line))), err=True), progress=progress)
"""Shows progress, and prints messages to standard error."""

ALOUD = Observer(say=lambda line: click.echo(named(line)), progress=progress)
"""Shows progress, and prints messages to standard output: they are the output of a training."""


def show(table: "Table", spare: Collection[str] = (), most: int = 0) -> None:
    """Print a table, plain text where the output is no terminal, no wider than the terminal or 80 columns.

    Where JSON is asked for, it prints none.

    Parameters
    ----------
    table : Table
    spare : collection of str
        Headings of the columns that a narrow terminal does without, the first to go first; a line below names them.
    most : int
        Columns at most; 0 for as many as there are.
    """
    if is_json_asked():
        return
    from rich.console import Console

    width = min(most or room(), room())
    left_out = fit(table, width, spare)
    Console(width=width, highlight=False, soft_wrap=False).print(table)
    if left_out:
        click.echo(f"left out to fit {width} columns: {', '.join(left_out)}")


def show_pairs(pairs: Iterable[tuple[str, str]], column: int) -> None:
    """Print things and their figures, which begin at a column and go on below it; none where JSON is asked for."""
    if is_json_asked():
        return
    for line in pair_lines(pairs, column, room()):
        click.echo(line)
