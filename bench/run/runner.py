"""Ask a reader every case that has no answer yet, and put each answer on disk as it comes."""

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass

from bench.run.case import Asking, CaseBuilder
from bench.run.folder import Asked, RunFolder
from readers.guest import Crash, Result, attempt
from taxonomy.error import RunError
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
    folder: RunFolder,
    builder: CaseBuilder,
    askings: Sequence[Asking],
    report: Callable[[Step], None],
    again: Collection[Asked] = (),
) -> dict[Asked, Reading]:
    """Read every asking that the folder has no reading for.

    Parameters
    ----------
    folder : RunFolder
        Locked by the caller.
    builder : CaseBuilder
    askings : sequence of Asking
        All of the run, in its order.
    report : callable
        Called with a :class:`Step` after each reading.
    again : collection of Asked
        What is asked although there is a reading, which the new one replaces.

    Returns
    -------
    dict of Asked to Reading
        Every reading of the run.

    Raises
    ------
    RunError
        When the reader fails on everything, or the folder cannot be written.
    taxonomy.error.StopReading
        When the reader says that nothing further can be answered.
    """
    readings, _ = folder.every_reading()
    left = [asking for asking in askings if asking.asked not in readings or asking.asked in again]
    done, crashed, answered = len(askings) - len(left), 0, 0
    with folder.appending() as out:
        for asking, reading in ask(builder, left):
            crash = reading.error is not None and reading.error.kind == "crash"
            crashed, answered = crashed + crash, answered + (not crash)
            folder.append(out, asking.asked, builder.settings.case_id(asking.record.ecg_id), reading)
            readings[asking.asked] = reading
            done += 1
            report(Step(done, len(askings), crashed))
            if crashed >= min(HOPELESS, len(askings)) and not answered and reading.error:
                last = reading.error.message.strip().splitlines()[-1]
                raise RunError(
                    f"reader {builder.settings.reader!r} crashed on each of the first {crashed} cases ({last}); "
                    f"the tracebacks are in {folder.readings_path}, and 'bench check-reader' tells more"
                )
    return readings


def ask(builder: CaseBuilder, askings: Sequence[Asking]) -> Iterator[tuple[Asking, Reading]]:
    """Yield a reading for each asking; a crash costs the case that causes it, whatever the reader had in hand."""
    position = 0
    while position < len(askings):
        for reading in _stream(builder, askings[position:]):
            yield askings[position], reading
            position += 1
        while position < len(askings):
            reading = _alone(builder, askings[position])
            yield askings[position], reading
            position += 1
            if reading.error is not None and reading.error.kind == "crash":
                break


def _stream(builder: CaseBuilder, askings: Sequence[Asking]) -> Iterator[Reading]:
    """Yield readings in one stream until the reader crashes or stops."""
    begun = attempt(lambda: iter(builder.reader.read(builder.cases(askings))))
    if isinstance(begun, Crash):
        return
    try:
        for _ in askings:
            outcome = attempt(lambda: next(begun.value))
            if isinstance(outcome, Crash):
                return
            yield _checked(outcome)
    finally:
        if isinstance(begun.value, Generator):
            begun.value.close()


def _alone(builder: CaseBuilder, asking: Asking) -> Reading:
    """Ask for one case by itself, which finds the one that a batch crashed on."""
    case = builder.case(asking)
    outcome = attempt(lambda: next(iter(builder.reader.read([case]))))
    if isinstance(outcome, Crash):
        return Reading(error=Failure("crash", outcome.traceback))
    return _checked(outcome)


def _checked(outcome: Result[Reading]) -> Reading:
    if isinstance(outcome.value, Reading):
        return outcome.value
    return Reading(error=Failure("crash", f"the reader yielded a {type(outcome.value).__name__}, not a Reading"))
