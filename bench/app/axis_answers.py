"""What a reader says of one ECG on every axis, beside what is true."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from bench.app.chosen_ecg import ChosenEcg
from bench.app.local_readers import LocalReader
from bench.progress import SILENT, Observer
from bench.report.own_reading import number_rows
from bench.report.table import harmless
from bench.study import ask
from bench.view import View
from taxonomy.axis import AXES, Axis, AxisValue
from taxonomy.reading import Reading

NO_VALUE = "none"
"""Said of an empty set of findings."""

MOST_WORDS = 300
"""Letters of a reader's reason for no answer that are shown."""


@dataclass(frozen=True)
class Bar:
    """The probability of one value.

    Attributes
    ----------
    value : str
    probability : float
    is_answered, is_true : bool
    """

    value: str
    probability: float
    is_answered: bool
    is_true: bool


@dataclass(frozen=True)
class AxisAnswer:
    """What a reader says on one axis.

    Attributes
    ----------
    axis, question : str
        Its name, and what it asks in a clinician's words.
    answer : str or None
        None without one.
    truth : str or None
        None where nothing is known.
    is_right : bool or None
        Whether the truth accepts the answer; None where nothing is known.
    bars : tuple of Bar
        The likeliest value first; none where the reader gives no probabilities.
    problem : str
        Why there is no answer, where that is known.
    """

    axis: str
    question: str
    answer: str | None
    truth: str | None
    is_right: bool | None
    bars: tuple[Bar, ...]
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a reader says of one ECG.

    Attributes
    ----------
    reader : str
    axes : tuple of AxisAnswer
        All eight.
    numbers : tuple of (str, str)
        What was measured on the signal, and in words why where nothing was.
    reading : Reading
    problem : str
        Why there is no answer at all, in a sentence; else empty.
    seconds : float
        That it took.
    """

    reader: str
    axes: tuple[AxisAnswer, ...]
    numbers: tuple[tuple[str, str], ...]
    reading: Reading
    problem: str
    seconds: float


def answers_of(reader: LocalReader, ecg: ChosenEcg, observer: Observer = SILENT) -> Answers:
    """Ask a reader about an ECG, as ``bench read`` and ``bench run`` ask it.

    Raises
    ------
    taxonomy.error.BenchError
        When the ECG cannot be read, or the reader cannot answer any question.
    """
    begun = time.perf_counter()
    reading = ask(reader.reader, ecg.cohort, View(), observer)[ecg.record.ecg_id]
    failure = reading.error
    return Answers(
        reader.name,
        tuple(_on_axis(axis, reading, ecg) for axis in AXES),
        tuple(number_rows(ecg.cohort.measured(ecg.record))),
        reading,
        f"{reader.name} gives no answer: {harmless(failure.message)[:MOST_WORDS]}" if failure else "",
        time.perf_counter() - begun,
    )


def _on_axis(axis: Axis, reading: Reading, ecg: ChosenEcg) -> AxisAnswer:
    answer = reading.values.get(axis.name)
    truth = None if ecg.is_own else ecg.truth.values.get(axis.name)
    return AxisAnswer(
        axis.name,
        axis.question,
        _said(answer),
        _said(truth),
        None if truth is None else ecg.truth.accepts(axis.name, answer),
        _bars(reading.probabilities.get(axis.name, {}), answer, truth),
        harmless(reading.problems.get(axis.name, ""))[:MOST_WORDS],
    )


def _bars(chances: Mapping[str, float], answer: AxisValue | None, truth: AxisValue | None) -> tuple[Bar, ...]:
    ranked = sorted(chances.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Bar(value, chance, _is(value, answer), _is(value, truth)) for value, chance in ranked)


def _is(value: str, of: AxisValue | None) -> bool:
    return value in of if isinstance(of, frozenset) else value == of


def _said(value: AxisValue | None) -> str | None:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or NO_VALUE
    return value
