"""Ask a reader about a probe set: what is left of it, one stream, each reading kept as it arrives."""

from collections.abc import Sequence
from typing import TypeVar

from bench.progress import Report
from bench.run.questionnaire import CasesOf, ask
from bench.tracing.answered import NONE_ANSWERED, Answers, Asked
from readers.contract import Reader
from taxonomy.reading import Reading

Item = TypeVar("Item", bound=Asked)


def readings_of(
    reader: Reader,
    probe_set: Sequence[Item],
    cases: CasesOf[Item],
    report: Report,
    answers: Answers = NONE_ANSWERED,
) -> list[Reading]:
    """Return the reading of every part of a probe set, those that are answered already among them.

    Parameters
    ----------
    reader : Reader
    probe_set : sequence of Tracing or DegradedPage
    cases : CasesOf
        Gives the case of each when the reader asks for it.
    report : callable
    answers : Answers
        What is answered already, and where new readings are kept.

    Raises
    ------
    taxonomy.error.RunError
        When the reader yields too few or too many readings. A crash costs only what it was asked about, a failed call.
    """
    earlier = [answers.of(asked) for asked in probe_set]
    left = [asked for asked, reading in zip(probe_set, earlier, strict=True) if reading is None]
    readings: list[Reading] = []
    for asked, reading in ask(reader, cases, left):
        answers.keep(asked, reading)
        readings.append(reading)
        report(len(probe_set) - len(left) + len(readings), len(probe_set))
    new = iter(readings)
    return [next(new) if reading is None else reading for reading in earlier]


def failure(readings: Sequence[Reading]) -> str:
    """Return in words how many calls failed, and by what the first of them."""
    errors = [reading.error for reading in readings if reading.error is not None and reading.outcome == "failed"]
    return f"{len(errors)} of {len(readings)} calls failed, the first by {errors[0].kind} ({errors[0].message[:200]})"
