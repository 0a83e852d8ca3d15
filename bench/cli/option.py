"""Options that several commands share, and how names on the command line become records."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from bench.run.options import Means

Command = TypeVar("Command", bound=Callable[..., Any])


def data_option(command: Command) -> Command:
    """Add ``--data``."""
    text = "PTB-XL folder; else $PTBXL_DIR, else the embedded sample of 488 real records."
    return click.option("--data", type=click.Path(path_type=Path), help=text)(command)


def selection_options(command: Command) -> Command:
    """Add ``--split``, ``--ids`` and ``--limit``."""
    for option in (
        click.option("--limit", type=click.IntRange(1), help="Take only the first N records."),
        click.option("--ids", metavar="ID,ID,...", help="Take these records instead of a split."),
        click.option("--split", default="test", show_default=True, help="train, val, test, all, or fold1 to fold10."),
    ):
        command = option(command)
    return command


def drawing_options(command: Command) -> Command:
    """Add ``--renderer``, ``--px-per-mm`` and ``--format``, left open for what a reader was trained on."""
    trained = ", or what the reader was trained on"
    for option in (
        click.option(
            "--format", default="", show_default="dense" + trained, help="Asked for: dense, sparse, flat or binary."
        ),
        click.option(
            "--px-per-mm",
            type=int,
            default=0,
            show_default="6" + trained,
            help="Resolution of the images.",
        ),
        click.option(
            "--renderer", default="", show_default="printed" + trained, help="printed, clean, stacked or leads."
        ),
    ):
        command = option(command)
    return command


def means_options(command: Command) -> Command:
    """Add what decides how an API is asked, and not what it answers."""
    for option in (
        click.option("--poll-seconds", type=click.FloatRange(0.01), default=30.0, hidden=True),
        click.option("--batch", is_flag=True, help="Ask by the provider's batch API: half the price, within a day."),
        click.option("--prices", type=click.Path(path_type=Path), help="A price table of your own (JSON)."),
        click.option("--max-cost", type=click.FloatRange(0), metavar="DOLLARS", help="Stop before this is passed."),
        click.option(
            "--concurrency",
            type=click.IntRange(1, 512),
            default=8,
            show_default=True,
            help="Requests in flight at most; fewer where the provider asks for it.",
        ),
    ):
        command = option(command)
    return command


def means_from(options: dict[str, Any]) -> "Means":
    """Take the options of :func:`means_options` out of a command's options."""
    from bench.run.options import Means

    names = ("concurrency", "max_cost", "prices", "batch", "poll_seconds")
    return Means(**{name: options.pop(name) for name in names})
