"""Ask a reader every case that has no answer yet, and put each answer on disk as it comes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import FileIO

from bench.dataset import Record
from bench.run.case import CaseBuilder
from bench.run.folder import RunError, RunFolder
from readers.guest import Crash, Result, attempt
from taxonomy.reading import Failure, Reading

HOPELESS = 5
"""Cases that crash one after the other, with none answered before, after which a run stops."""


@dataclass(frozen=True)
class Step:
    """How far a run is: cases done, cases in all, crashes in this session."""

    done: int
    total: int
    crashed: int


def ask_all(
    folder: RunFolder, builder: CaseBuilder, records: Sequence[Record], report: Callable[[Step], None]
) -> dict[int, Reading]:
    """Read every record that the folder has no reading for.

    Parameters
    ----------
    folder : RunFolder
        Locked by the caller.
    builder : CaseBuilder
    records : sequence of Record
        All of the run, in its order.
    report : callable
        Called with a :class:`Step` after each reading.

    Returns
    -------
    dict of int to Reading
        Every reading of the run by ``ecg_id``.

    Raises
    ------
    RunError
        When the reader fails on everything, or the folder cannot be written.
    """
    readings, _ = folder.readings()
    left = [record for record in records if record.ecg_id not in readings]
    crashed = answered = 0
    with folder.appending() as out:
        for record, reading in _answers(builder, left):
            crash = reading.error is not None and reading.error.kind == "crash"
            crashed, answered = crashed + crash, answered + (not crash)
            _keep(folder, out, builder, (record, reading))
            readings[record.ecg_id] = reading
            report(Step(len(readings), len(records), crashed))
            if crashed >= min(HOPELESS, len(records)) and not answered and reading.error:
                last = reading.error.message.strip().splitlines()[-1]
                raise RunError(
                    f"reader {builder.settings.reader!r} crashed on each of the first {crashed} cases ({last}); "
                    f"the tracebacks are in {folder.readings_path}, and 'bench check-reader' tells more"
                )
    return readings


def _keep(folder: RunFolder, out: FileIO, builder: CaseBuilder, answer: tuple[Record, Reading]) -> None:
    record, reading = answer
    folder.append(out, record.ecg_id, builder.settings.case_id(record.ecg_id), reading)


def _answers(builder: CaseBuilder, records: Sequence[Record]) -> Iterator[tuple[Record, Reading]]:
    """Yield a reading for each record; a crash costs the case that causes it, whatever the reader had in hand."""
    position = 0
    while position < len(records):
        for reading in _stream(builder, records[position:]):
            yield records[position], reading
            position += 1
        while position < len(records):
            reading = _alone(builder, records[position])
            yield records[position], reading
            position += 1
            if reading.error is not None and reading.error.kind == "crash":
                break


def _stream(builder: CaseBuilder, records: Sequence[Record]) -> Iterator[Reading]:
    """Yield readings in one stream until the reader crashes or stops."""
    begun = attempt(lambda: iter(builder.reader.read(builder.cases(records))))
    if isinstance(begun, Crash):
        return
    for _ in records:
        outcome = attempt(lambda: next(begun.value))
        if isinstance(outcome, Crash):
            return
        yield _checked(outcome)


def _alone(builder: CaseBuilder, record: Record) -> Reading:
    """Ask for one case by itself, which finds the one that a batch crashed on."""
    case = builder.case(record)
    outcome = attempt(lambda: next(iter(builder.reader.read([case]))))
    if isinstance(outcome, Crash):
        return Reading(error=Failure("crash", outcome.traceback))
    return _checked(outcome)


def _checked(outcome: Result[Reading]) -> Reading:
    if isinstance(outcome.value, Reading):
        return outcome.value
    return Reading(error=Failure("crash", f"the reader yielded a {type(outcome.value).__name__}, not a Reading"))
