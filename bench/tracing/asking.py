"""Ask a reader about a probe set: what is left of it, one stream, each reading kept as it arrives and told of."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from bench.progress import SILENT, Observer
from bench.run.failed_call import failed_share
from bench.run.options import RunOptions, within
from bench.run.questionnaire import CasesOf, ask
from bench.storage import held
from bench.tracing.answered import Asked, answered_tracings
from bench.view import View
from readers.contract import Reader
from readers.session import CheckedReader
from taxonomy.error import NothingAnswered, RunError
from taxonomy.reading import Reading

READINGS = "readings.jsonl"

Item = TypeVar("Item", bound=Asked)


@contextmanager
def probing(run: RunOptions, built: Reader, folder: Path, observer: Observer) -> Iterator[tuple[Reader, Path]]:
    """Hold a probe's folder; yield the reader as it is to be asked, and the file that keeps its readings.

    Parameters
    ----------
    run : RunOptions
    built : Reader
        Of the run.
    folder : Path
        The same for the same probe, so that one that was stopped goes on.
    observer : Observer

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be made, or another process holds it.
    """
    reader = within(built, run.limits.session(folder, folder.name, 0.0, observer.say))
    with held(folder):
        yield reader, folder / READINGS


def readings_of(  # noqa: PLR0913  # what is asked of whom, and where it is kept
    reader: Reader,
    probe_set: Sequence[Item],
    cases: CasesOf[Item],
    view: View,
    unit: str,
    observer: Observer = SILENT,
    kept: Path | None = None,
) -> list[Reading]:
    """Return the reading of every part of a probe set, those that are answered already among them.

    Parameters
    ----------
    reader : Reader
    probe_set : sequence of Tracing or DegradedPage
    cases : CasesOf
        Gives the case of each when the reader asks for it.
    view : View
        Settled for the reader.
    unit : str
        What is asked about, such as ``"tracings"``.
    observer : Observer
    kept : Path, optional
        A file of readings: those that it holds are not asked again, and new ones are appended.

    Raises
    ------
    taxonomy.error.RunError
        When the reader yields too few or too many readings. A crash costs only what it was asked about, a failed call.
    taxonomy.error.StopReading
        When the reader can be asked nothing that is left, such as for want of a key.
    """
    with answered_tracings(kept, reader, view) as answers:
        earlier = [answers.of(asked) for asked in probe_set]
        left = [asked for asked, reading in zip(probe_set, earlier, strict=True) if reading is None]
        there, total = len(probe_set) - len(left), len(probe_set)
        if there:
            observer.say(f"resuming: {there} of {total} readings are there")
        if left and isinstance(reader, CheckedReader):
            reader.check()
        readings: list[Reading] = []
        with observer.progress(f"{reader.name}, {total} {unit}", unit) as report:
            for asked, reading in ask(reader, cases, left):
                answers.keep(asked, reading)
                readings.append(reading)
                report(there + len(readings), total)
    if kept and readings and (said := failed_share(readings)) and len(left) > len(_failed(readings)):
        observer.say(f"{said}: the same command asks them again")
    new = iter(readings)
    return [next(new) if reading is None else reading for reading in earlier]


def unread(reader: Reader, what: str, readings: Sequence[Reading]) -> RunError:
    """Return the error for a reader that did not read what a probe compares everything with.

    Parameters
    ----------
    reader : Reader
    what : str
        ``"the tracings"``.
    readings : sequence of Reading
    """
    kind = NothingAnswered if len(_failed(readings)) == len(readings) else RunError
    return kind(f"reader {reader.name!r} did not read {what}: {failed_share(readings)}")


def _failed(readings: Sequence[Reading]) -> list[Reading]:
    return [reading for reading in readings if reading.outcome == "failed"]
