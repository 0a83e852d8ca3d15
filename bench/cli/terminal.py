"""Output of the command line: messages, progress bars and tables."""

import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from bench.cli.stream import undisturbed
from bench.progress import Observer, Report
from taxonomy.redaction import redacted

if TYPE_CHECKING:
    from rich.table import Table


@contextmanager
def progress(what: str, unit: str = "records") -> Iterator[Report]:
    """Show a progress bar with rate and remaining time on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with undisturbed(), Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, rate="")

        def report(done: int, total: int) -> None:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:.1f} {unit}/s" if speed else "")

        yield report


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
