"""Ask a reader every case that has no answer yet, and hand on each answer as it comes."""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.progress import Report
from bench.view import Cases, Question, QuestionKey
from readers.contract import Reader
from readers.isolation import Crash, Result, attempt
from taxonomy.error import RunError
from taxonomy.reading import Failure, Reading

HOPELESS = 5
"""Cases that crash one after the other, with none answered before, after which a run stops."""

Keep = Callable[[Question, Reading], None]


@dataclass(frozen=True, eq=False)
class Questionnaire:
    """What is asked of a reader, and what it has answered already.

    Attributes
    ----------
    cases : Cases
    questions : sequence of Question
        All of a run, in its order.
    answered : mapping of QuestionKey to Reading
    again : collection of QuestionKey
        What is asked although there is a reading, which the new one replaces.
    """

    cases: Cases
    questions: Sequence[Question]
    answered: Mapping[QuestionKey, Reading]
    again: Collection[QuestionKey] = ()

    @property
    def left(self) -> list[Question]:
        """What is still to be asked."""
        return [one for one in self.questions if one.key not in self.answered or one.key in self.again]


def ask_all(reader: Reader, questions: Questionnaire, keep: Keep, report: Report) -> dict[QuestionKey, Reading]:
    """Ask everything that is left.

    Parameters
    ----------
    reader : Reader
    questions : Questionnaire
    keep : callable
        Called with each question and its reading before the next is asked for.
    report : callable

    Returns
    -------
    dict of QuestionKey to Reading
        Every reading, earlier ones among them.

    Raises
    ------
    taxonomy.error.RunError
        When the reader fails on everything.
    taxonomy.error.StopReading
        When the reader says that nothing further can be answered.
    """
    readings, left, total = dict(questions.answered), questions.left, len(questions.questions)
    done, crashed, answered = total - len(left), 0, 0
    for question, reading in ask(reader, questions.cases, left):
        crash = reading.error is not None and reading.error.kind == "crash"
        crashed, answered = crashed + crash, answered + (not crash)
        keep(question, reading)
        readings[question.key] = reading
        done += 1
        report(done, total)
        if crashed >= min(HOPELESS, total) and not answered and reading.error:
            last = reading.error.message.strip().splitlines()[-1]
            raise RunError(
                f"reader {reader.name!r} crashed on each of the first {crashed} cases ({last}); "
                "'bench check-reader' tells more, and a run's readings.jsonl holds the tracebacks"
            )
    return readings


def ask(reader: Reader, cases: Cases, questions: Sequence[Question]) -> Iterator[tuple[Question, Reading]]:
    """Yield a reading for each question; a crash costs the case that causes it, whatever the reader had in hand."""
    position = 0
    while position < len(questions):
        for reading in _stream(reader, cases, questions[position:]):
            yield questions[position], reading
            position += 1
        while position < len(questions):
            reading = _alone(reader, cases, questions[position])
            yield questions[position], reading
            position += 1
            if reading.error is not None and reading.error.kind == "crash":
                break


def _stream(reader: Reader, cases: Cases, questions: Sequence[Question]) -> Iterator[Reading]:
    """Yield readings in one stream until the reader crashes or stops."""
    begun = attempt(lambda: iter(reader.read(cases.each(questions))))
    if isinstance(begun, Crash):
        return
    try:
        for _ in questions:
            outcome = attempt(lambda: next(begun.value))
            if isinstance(outcome, Crash):
                return
            yield _checked(outcome)
    finally:
        if isinstance(begun.value, Generator):
            begun.value.close()


def _alone(reader: Reader, cases: Cases, question: Question) -> Reading:
    """Ask for one case by itself, which finds the one that a batch crashed on."""
    case = cases.case(question)
    outcome = attempt(lambda: next(iter(reader.read([case]))))
    if isinstance(outcome, Crash):
        return Reading(error=Failure("crash", outcome.traceback))
    return _checked(outcome)


def _checked(outcome: Result[Reading]) -> Reading:
    if isinstance(outcome.value, Reading):
        return outcome.value
    return Reading(error=Failure("crash", f"the reader yielded a {type(outcome.value).__name__}, not a Reading"))
