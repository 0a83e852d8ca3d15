"""Questionnaires: the questions of a run, asked one by one, with each reading kept as it arrives."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bench.dataset.lot import in_random_order
from bench.dataset.record import PageError
from bench.progress import SILENT, Observer, Report
from bench.view import Cases, Question, QuestionKey
from readers.contract import Case, Reader
from readers.isolation import Crash, Result, attempt
from taxonomy.error import NothingAnswered, RunError, StopReading
from taxonomy.reading import Failure, Reading

FAILURES_TO_STOP = 5
"""Crashes in a row, before any answer, after which a run stops."""

END = object()
"""Returned in place of a reading when a reader yields no more."""

Keep = Callable[[Question, Reading], None]

Asked = Generator[tuple[Question, Reading], None, None]
"""Questions with their readings, in whatever order they arrive."""

Source = Callable[[Reader, Cases, Sequence[Question]], Asked]
"""Asks a reader every question: :func:`ask` in this process, or an engine elsewhere."""

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)


class CasesOf(Protocol[Item_contra]):
    """What gives a reader the case of each question, such as :class:`bench.view.Cases`."""

    def each(self, questions: Iterable[Item_contra]) -> Iterator[Case]:
        """Yield the case of each question, lazily."""
        ...

    def case(self, question: Item_contra) -> Case:
        """Return the case of one question."""
        ...


@dataclass(frozen=True, eq=False)
class Questionnaire:
    """The questions to a reader, and the readings that exist already.

    Attributes
    ----------
    cases : Cases
    questions : sequence of Question
        Every question of the run, in order.
    answered : mapping of QuestionKey to Reading
    again : collection of QuestionKey
        Questions to ask again: the new reading replaces the old one.
    """

    cases: Cases
    questions: Sequence[Question]
    answered: Mapping[QuestionKey, Reading]
    again: Collection[QuestionKey] = ()

    @property
    def left(self) -> list[Question]:
        """Questions that are still to be asked."""
        return [one for one in self.questions if one.key not in self.answered or one.key in self.again]


def questions_of(cases: Cases, repeats: int = 1) -> list[Question]:
    """Return every record's questions in the order in which they are asked: by lot, a record's repeats together.

    A public order of ids would tell a reader which record it sees; the order follows from the view's seed and
    condition alone, so that a run that was killed goes on in it.
    """
    records = in_random_order(cases.cohort, cases.view.seed, cases.view.condition)
    return [Question(record, repeat) for record in records for repeat in range(repeats)]


def ask_all(
    reader: Reader, questions: Questionnaire, keep: Keep, report: Report, source: Source | None = None
) -> dict[QuestionKey, Reading]:
    """Ask every question that is left.

    Parameters
    ----------
    reader : Reader
    questions : Questionnaire
    keep : callable
        Called with each question and its reading, before the next question is asked.
    report : callable
    source : callable, optional
        :func:`ask` when not given.

    Returns
    -------
    dict of QuestionKey to Reading
        Every reading, including earlier ones.

    Raises
    ------
    taxonomy.error.NothingAnswered
        When the reader crashes on every case.
    taxonomy.error.RunError
        When it yields fewer or more readings than cases.
    taxonomy.error.StopReading
        When the reader can answer no further case.
    """
    readings, left, total = dict(questions.answered), questions.left, len(questions.questions)
    done, crashed, answered = total - len(left), 0, 0
    with closing((source or ask)(reader, questions.cases, left)) as asked:
        for question, reading in asked:
            crash = reading.error is not None and reading.error.kind == "crash"
            crashed, answered = crashed + crash, answered + (not crash)
            keep(question, reading)
            readings[question.key] = reading
            done += 1
            report(done, total)
            if crashed >= min(FAILURES_TO_STOP, total) and not answered and reading.error:
                last = reading.error.message.strip().splitlines()[-1]
                raise NothingAnswered(
                    f"reader {reader.name!r} crashed on each of the first {crashed} cases ({last}); "
                    "'bench check-reader' tells more, and so do the tracebacks in the readings.jsonl of a run"
                )
    return readings


def ask_cohort(reader: Reader, cases: Cases, observer: Observer = SILENT) -> dict[QuestionKey, Reading]:
    """Ask a reader once about every record; nothing is kept on disk. Raises as :func:`ask_all`."""
    questions = Questionnaire(cases, questions_of(cases), {})
    with observer.progress(f"{reader.name}, {cases.view.shown.name}") as report:
        return ask_all(reader, questions, lambda question, reading: None, report)


def ask(reader: Reader, cases: CasesOf[Item], questions: Sequence[Item]) -> Generator[tuple[Item, Reading], None, None]:
    """Yield a reading for each question; a crash costs only the case that causes it, even in a batch.

    A page that cannot be shown to the reader is no answer of it, with the reason.
    """
    position = 0
    while position < len(questions):
        begun, cut = position, _Cut()
        for reading in _stream(reader, cases, questions[position:], cut):
            yield questions[position], reading
            position += 1
        if cut.reason and position - begun == cut.after:
            yield questions[position], _unshown(cut.reason)
            position += 1
            continue
        while position < len(questions):
            reading = _alone(reader, cases, questions[position])
            yield questions[position], reading
            position += 1
            if reading.error is not None and reading.error.kind == "crash":
                break


@dataclass
class _Cut:
    """Why a stream ended at a case that cannot be shown, and after how many; empty where it did not."""

    reason: str = ""
    after: int = 0


def _unshown(reason: str) -> Reading:
    return Reading(error=Failure("refusal", reason))


def _stream(reader: Reader, cases: CasesOf[Item], questions: Sequence[Item], cut: _Cut) -> Iterator[Reading]:
    """Yield readings in one stream until the reader crashes or stops, or a case cannot be shown."""
    drawn = 0

    def counted() -> Iterator[Case]:
        nonlocal drawn
        shown = cases.each(questions)
        while True:
            try:
                case = next(shown, None)
            except PageError as error:
                cut.reason, cut.after = str(error), drawn
                return
            if case is None:
                return
            drawn += 1
            yield case

    begun = attempt(lambda: iter(reader.read(counted())))
    if isinstance(begun, Crash):
        return
    try:
        for number in range(1, len(questions) + 1):
            outcome = attempt(lambda: next(begun.value, END))
            if isinstance(outcome, Crash):
                return
            if outcome.value is END:
                if cut.reason and number > drawn:
                    return
                raise _miscounted(reader, f"{number - 1} readings for {len(questions)} cases")
            if number > drawn:
                raise _ahead(reader, outcome.value, number, drawn)
            if number == len(questions) and _goes_on(begun.value):
                raise _miscounted(reader, f"more than {number} readings for {number} cases")
            yield _checked(outcome)
    finally:
        if isinstance(begun.value, Generator):
            begun.value.close()


def _goes_on(readings: Iterator[object]) -> bool:
    """Tell whether a reader that has answered every case yields still more; how it ends otherwise does not matter."""
    try:
        more = attempt(lambda: next(readings, END))
    except StopReading:
        return False
    return isinstance(more, Result) and more.value is not END


def _miscounted(reader: Reader, counts: str) -> RunError:
    return RunError(f"reader {reader.name!r} yielded {counts}: it must yield one for each, in their order")


def _ahead(reader: Reader, yielded: object, number: int, drawn: int) -> RunError:
    """Return the error for what a reader yielded before it took the case: a dict, for one, yields its keys."""
    if not isinstance(yielded, Reading):
        return _miscounted(reader, f"a {type(yielded).__name__}, not a Reading")
    return _miscounted(
        reader, f"{number} readings for the first {drawn} cases" if drawn else "a reading before it took a case"
    )


def _alone(reader: Reader, cases: CasesOf[Item], question: Item) -> Reading:
    """Ask one question by itself, to find the case on which a batch crashed."""
    try:
        case = cases.case(question)
    except PageError as error:
        return _unshown(str(error))
    outcome = attempt(lambda: next(iter(reader.read([case]))))
    if isinstance(outcome, Crash):
        return Reading(error=Failure("crash", outcome.traceback))
    return _checked(outcome)


def _checked(outcome: Result[Any]) -> Reading:
    if isinstance(outcome.value, Reading):
        return outcome.value
    return Reading(error=Failure("crash", f"the reader yielded a {type(outcome.value).__name__}, not a Reading"))
