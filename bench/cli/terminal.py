"""Output of the command line: messages, progress bars and tables."""

import shutil
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from bench.cli.progress import progress as progress
from bench.progress import Observer
from taxonomy.redaction import redacted

if TYPE_CHECKING:
    from rich.table import Table


TERMINAL = Observer(say=lambda line: click.echo(redacted(line), err=True), progress=progress)
"""Shows progress, and prints messages to standard error."""

ALOUD = Observer(say=click.echo, progress=progress)
"""Shows progress, and prints messages to standard output: they are the output of a training."""


def show(table: "Table", spare: Collection[str] = (), most: int = 0) -> None:
    """Print a table, plain text where the output is no terminal; a narrow terminal gets a table as wide as it is.

    Parameters
    ----------
    table : Table
    spare : collection of str
        Headings of the columns that a narrow table does without; a line below names them.
    most : int
        Columns at most; 0 for those that tables are made for.
    """
    from rich.console import Console

    from bench.report.table import WIDTH

    most = most or WIDTH
    width = min(most, shutil.get_terminal_size().columns) if sys.stdout.isatty() else most
    left_out = [column.header for column in table.columns if column.header in spare] if width < most else []
    table.columns = [column for column in table.columns if column.header not in left_out]
    Console(width=width, highlight=False, soft_wrap=False).print(table)
    if left_out:
        click.echo(f"left out below {WIDTH} columns: {', '.join(map(str, left_out))}")
