"""Progress on standard error: a live line on a terminal, and a plain line now and then in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TextIO

from bench.cli.stream import undisturbed
from bench.progress import Progress
from taxonomy.redaction import redacted

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

FIRST_S, EVERY_S = 10.0, 30.0
"""Seconds after which a log is first told how far the work is, and seconds from line to line."""

WIDE, FEWEST = 100, 12
"""Columns of a terminal from which the rate is shown too, and characters of the title at least."""


class LogProgress(Progress):
    """Writes a line now and then: no carriage return, and no control sequence.

    Parameters
    ----------
    what, unit : str
        Title, and what is counted.
    log : text stream
    clock : callable
        Returns seconds.
    """

    def __init__(self, what: str, unit: str, log: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._unit, self._log, self._clock = what, unit, log, clock
        self._begun = clock()
        self._next = self._begun + FIRST_S
        self._before: int | None = None
        self._note, self._is_told = "", False

    def __call__(self, done: int, total: int) -> None:
        """Write a line, where it is time for one; what was there when the work began is no part of the rate."""
        if self._before is None:
            self._before = max(done - 1, 0)
        now = self._clock()
        if now < self._next and not (self._is_told and done == total):
            return
        self._next, self._is_told = now + EVERY_S, done < total
        rate = (done - self._before) / (now - self._begun) if now > self._begun else 0.0
        said = [f"{done:,} of {total:,} {self._unit}", *([self._note] if self._note else [])]
        if rate:
            said += [f"{rate:,.{1 if rate < 100 else 0}f} {self._unit}/s"]
            said += [f"{timedelta(seconds=round((total - done) / rate))} left"] if done < total else []
        self._log.write(f"{redacted(self._what)}: {', '.join(said)}\n")
        self._log.flush()

    def note(self, text: str) -> None:
        """Take a figure into the next lines."""
        self._note = text


class LiveProgress(Progress):
    """One line on a terminal: title, count, note, rate and remaining time; what gives way to a narrow one is the title.

    Parameters
    ----------
    bars : rich.progress.Progress
    what, unit : str
        Title, and what is counted.
    """

    def __init__(self, bars: "Bars", what: str, unit: str) -> None:
        self._bars, self._what, self._unit = bars, redacted(what), unit
        self._task = bars.add_task("", total=None, rate="", note="", count="")
        self._show()

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done."""
        task = self._bars.tasks[0]
        speed = task.finished_speed or task.speed
        rate = f"{speed:.1f} {self._unit}/s" if speed and self._bars.console.width >= WIDE else ""
        self._bars.update(self._task, completed=done, total=total, rate=rate, count=f"{done}/{total}")
        self._show()

    def note(self, text: str) -> None:
        """Show a figure beside the count."""
        self._bars.update(self._task, note=text)
        self._show()

    def _show(self) -> None:
        """Show as much of the title as there is room for."""
        told = self._bars.tasks[0].fields
        room = (
            self._bars.console.width - sum(len(told[name]) + 1 for name in ("count", "note", "rate")) - len(" 0:00:00")
        )
        room = max(room, FEWEST)
        title = self._what if len(self._what) <= room else f"{self._what[: room - 3]}..."
        self._bars.update(self._task, description=title)


@contextmanager
def progress(what: str, unit: str = "records") -> Iterator[Progress]:
    """Show how far a piece of work is, at which rate, and how long it will take, on standard error."""
    if not sys.stderr.isatty():
        yield LogProgress(what, unit, sys.stderr)
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TextColumn, TimeRemainingColumn

    fields = ("description", "fields[count]", "fields[note]", "fields[rate]")
    columns = [TextColumn(f"{{task.{field}}}", markup=False) for field in fields]
    for column in columns:
        column.get_table_column().no_wrap = True
    with undisturbed(), Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
        yield LiveProgress(bars, what, unit)
