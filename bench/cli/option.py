"""Options that several commands share, and how names on the command line become records."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from taxonomy.error import BenchError

Command = TypeVar("Command", bound=Callable[..., Any])


class SelectionError(BenchError):
    """Raised when the records that were asked for are not there."""


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


def parsed_ids(written: str) -> tuple[int, ...]:
    """Return the ids of ``--ids``.

    Raises
    ------
    SelectionError
        When a part is no whole number, or one stands twice.
    """
    parts = [part.strip() for part in written.split(",") if part.strip()]
    wrong = [part for part in parts if not part.isdecimal()]
    if wrong or not parts:
        raise SelectionError(f"--ids takes whole numbers parted by commas, not {wrong[0] if wrong else written!r}")
    ids = tuple(int(part) for part in parts)
    twice = [ecg_id for ecg_id in ids if ids.count(ecg_id) > 1]
    if twice:
        raise SelectionError(f"--ids names record {twice[0]} twice")
    return ids
