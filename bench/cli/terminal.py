"""Output of the command line: messages, progress bars and tables."""

import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from bench.cli.called import named
from bench.cli.fitting import fit, pair_lines, room
from bench.cli.json_output import is_json_asked
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


TERMINAL = Observer(say=lambda line: click.echo(redacted(named(line)), err=True), progress=progress)
"""Shows progress, and prints messages to standard error."""

ALOUD = Observer(say=lambda line: click.echo(named(line)), progress=progress)
"""Shows progress, and prints messages to standard output: they are the output of a training."""


def show(table: "Table", spare: Collection[str] = ()) -> None:
    """Print a table, plain text where the output is no terminal, no wider than the terminal or 80 columns.

    Where JSON is asked for, it prints none.

    Parameters
    ----------
    table : Table
    spare : collection of str
        Headings of the columns that a narrow terminal does without, the first to go first; a line below names them.
    """
    if is_json_asked():
        return
    from rich.console import Console

    width = room()
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
