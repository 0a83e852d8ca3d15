"""Ask a reader about a probe set: what is left of it, one stream, each reading kept as it arrives."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from bench.progress import Report
from bench.run.questionnaire import END
from bench.tracing.answered import NONE_ANSWERED, Answers, Asked
from readers.contract import Case, Reader
from readers.isolation import Crash, Result, attempt
from taxonomy.error import RunError
from taxonomy.reading import Reading

Item = TypeVar("Item", bound=Asked)


def readings_of(
    reader: Reader,
    probe_set: Sequence[Item],
    case_of: Callable[[Item], Case],
    report: Report,
    answers: Answers = NONE_ANSWERED,
) -> list[Reading]:
    """Return the reading of every part of a probe set, those that are answered already among them.

    Parameters
    ----------
    reader : Reader
    probe_set : sequence of Tracing or DegradedPage
    case_of : callable
        Returns the case of one of them, when the reader asks for it.
    report : callable
    answers : Answers
        What is answered already, and where new readings are kept.

    Raises
    ------
    taxonomy.error.RunError
        When the reader crashes, or returns too few or too many readings.
    """
    earlier = [answers.of(asked) for asked in probe_set]
    left = [asked for asked, reading in zip(probe_set, earlier, strict=True) if reading is None]
    readings: list[Reading] = []
    for outcome in _outcomes(reader, map(case_of, left)) if left else ():
        if isinstance(outcome, Crash):
            raise RunError(f"reader {reader.name!r} did not read the probe set: {outcome.words}")
        if len(readings) < len(left):
            answers.keep(left[len(readings)], outcome.value)
        readings.append(outcome.value)
        report(len(probe_set) - len(left) + len(readings), len(probe_set))
    if len(readings) != len(left):
        counts = f"{len(readings)} readings for {len(left)} cases"
        raise RunError(f"reader {reader.name!r} did not read the probe set: {counts}")
    new = iter(readings)
    return [next(new) if reading is None else reading for reading in earlier]


def _outcomes(reader: Reader, cases: Iterable[Case]) -> Iterator[Result[Reading] | Crash]:
    """Yield readings until the reader ends or crashes; what is done with them is no part of its crash."""
    begun = attempt(lambda: iter(reader.read(cases)))
    while not isinstance(begun, Crash):
        outcome = attempt(lambda: next(begun.value, END))
        if isinstance(outcome, Result) and outcome.value is END:
            return
        yield outcome  # type: ignore[misc]  # END is gone
        if isinstance(outcome, Crash):
            return
    yield begun


def failure(readings: Sequence[Reading]) -> str:
    """Return in words how many calls failed, and by what the first of them."""
    errors = [reading.error for reading in readings if reading.error is not None and reading.outcome == "failed"]
    return f"{len(errors)} of {len(readings)} calls failed, the first by {errors[0].kind} ({errors[0].message[:200]})"
