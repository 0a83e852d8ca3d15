"""Ask a reader every case that has no answer yet, and hand on each answer as it comes."""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.progress import Report
from bench.view import Asked, Asking, Cases
from readers.contract import Reader
from readers.guest import Crash, Result, attempt
from taxonomy.error import RunError
from taxonomy.reading import Failure, Reading

HOPELESS = 5
"""Cases that crash one after the other, with none answered before, after which a run stops."""

Keep = Callable[[Asking, Reading], None]


@dataclass(frozen=True, eq=False)
class Questions:
    """What is asked of a reader, and what it has answered already.

    Attributes
    ----------
    cases : Cases
    askings : sequence of Asking
        All of a run, in its order.
    answered : mapping of Asked to Reading
    again : collection of Asked
        What is asked although there is a reading, which the new one replaces.
    """

    cases: Cases
    askings: Sequence[Asking]
    answered: Mapping[Asked, Reading]
    again: Collection[Asked] = ()

    @property
    def left(self) -> list[Asking]:
        """What is still to be asked."""
        return [one for one in self.askings if one.asked not in self.answered or one.asked in self.again]


def ask_all(reader: Reader, questions: Questions, keep: Keep, report: Report) -> dict[Asked, Reading]:
    """Ask everything that is left.

    Parameters
    ----------
    reader : Reader
    questions : Questions
    keep : callable
        Called with each asking and its reading before the next is asked for.
    report : callable

    Returns
    -------
    dict of Asked to Reading
        Every reading, earlier ones among them.

    Raises
    ------
    taxonomy.error.RunError
        When the reader fails on everything.
    taxonomy.error.StopReading
        When the reader says that nothing further can be answered.
    """
    readings, left, total = dict(questions.answered), questions.left, len(questions.askings)
    done, crashed, answered = total - len(left), 0, 0
    for asking, reading in ask(reader, questions.cases, left):
        crash = reading.error is not None and reading.error.kind == "crash"
        crashed, answered = crashed + crash, answered + (not crash)
        keep(asking, reading)
        readings[asking.asked] = reading
        done += 1
        report(done, total)
        if crashed >= min(HOPELESS, total) and not answered and reading.error:
            last = reading.error.message.strip().splitlines()[-1]
            raise RunError(
                f"reader {reader.name!r} crashed on each of the first {crashed} cases ({last}); "
                "'bench check-reader' tells more, and a run's readings.jsonl holds the tracebacks"
            )
    return readings


def ask(reader: Reader, cases: Cases, askings: Sequence[Asking]) -> Iterator[tuple[Asking, Reading]]:
    """Yield a reading for each asking; a crash costs the case that causes it, whatever the reader had in hand."""
    position = 0
    while position < len(askings):
        for reading in _stream(reader, cases, askings[position:]):
            yield askings[position], reading
            position += 1
        while position < len(askings):
            reading = _alone(reader, cases, askings[position])
            yield askings[position], reading
            position += 1
            if reading.error is not None and reading.error.kind == "crash":
                break


def _stream(reader: Reader, cases: Cases, askings: Sequence[Asking]) -> Iterator[Reading]:
    """Yield readings in one stream until the reader crashes or stops."""
    begun = attempt(lambda: iter(reader.read(cases.each(askings))))
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


def _alone(reader: Reader, cases: Cases, asking: Asking) -> Reading:
    """Ask for one case by itself, which finds the one that a batch crashed on."""
    case = cases.case(asking)
    outcome = attempt(lambda: next(iter(reader.read([case]))))
    if isinstance(outcome, Crash):
        return Reading(error=Failure("crash", outcome.traceback))
    return _checked(outcome)


def _checked(outcome: Result[Reading]) -> Reading:
    if isinstance(outcome.value, Reading):
        return outcome.value
    return Reading(error=Failure("crash", f"the reader yielded a {type(outcome.value).__name__}, not a Reading"))
