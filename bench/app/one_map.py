"""What moved one answer about one ECG: the map, what hiding it does, and whether it may be believed.

One map is held against what ``bench explain`` holds maps against: the energy of the signal, random order and random
weights. A verdict is on a method and a reader and takes many patients: :func:`judge` asks a dataset for them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.app.axis_answers import Answers
from bench.app.chosen_ecg import ChosenEcg
from bench.app.local_readers import LocalReader
from bench.dataset import Dataset, Signal
from bench.explain.belief.belief import BeliefOptions, belief, truth_of
from bench.explain.belief.judging import Figures, Row, judged, map_of
from bench.explain.belief.sample import Positive, answer_about, region_of
from bench.explain.belief.verdict import CORRELATION_LIMIT
from bench.explain.maps.method import METHODS, Answer, method_named
from bench.progress import SILENT, Observer
from bench.report.explain_gallery import SEEN_S, beat_named
from bench.report.table import harmless
from measurements.segment import BeatSegments
from readers.head import MEASURED
from readers.isolation import Crash, attempt
from readers.network import Network, OpenReader, Output
from renderers.explained import Overlay, explained, legible_style, paper_layout
from renderers.page import draw
from renderers.style import LEADS
from taxonomy.axis import AXES
from taxonomy.error import BenchError, ReaderError, RunError, unknown_name

PAPER = "6x2"

USUAL_METHOD = "integrated_gradients"
"""Half a second for a map, and no layer to choose."""

QUICK_METHODS = tuple(method.name for method in METHODS if not method.is_slow)
"""Methods that take a few seconds for a map."""

JUDGED_EACH = 1
"""Patients of each finding on whom a method is judged: over all findings more than a verdict needs, in a minute."""

NOT_JUDGED = "not judged yet"

Outcome = Literal["better", "worse", "unknown"]


@dataclass(frozen=True)
class Explainable:
    """An answer that can be explained.

    Attributes
    ----------
    output : (str, str)
        The axis and the value.
    is_answered : bool
        Whether it is what the reader said; what speaks for another value can be asked too.
    probability : float or None
    """

    output: Output
    is_answered: bool
    probability: float | None

    @property
    def name(self) -> str:
        """``AXIS=VALUE``, as after ``--target`` of ``bench explain``."""
        return "=".join(self.output)

    @property
    def label(self) -> str:
        """What a person chooses it by."""
        axis, value = self.output
        said = "answered, " if self.is_answered else ""
        chance = "" if self.probability is None else f" ({said}{self.probability:.2f})"
        return f"{axis}: {value}{chance}"


@dataclass(frozen=True)
class Check:
    """A figure of a map beside that of something that knows nothing.

    Attributes
    ----------
    what, beside : str
        What is measured, and what it is compared with.
    value, null : float or None
    outcome : {"better", "worse", "unknown"}
        Than what it is compared with.
    fault : str
        What a worse outcome says of the map.
    decides : bool
        Whether a verdict rests on it.
    """

    what: str
    beside: str
    value: float | None
    null: float | None
    outcome: Outcome
    fault: str
    decides: bool = False


@dataclass(frozen=True, eq=False)
class OneMap:
    """A map of one answer about one ECG.

    Attributes
    ----------
    reader, method : str
    output : (str, str)
    png : bytes
        The ECG on 6 x 2 paper with the map behind its traces.
    figures : Figures
        As ``bench explain`` takes them of every answer.
    checks : tuple of Check
    says : str
        What the checks say of this map, in a sentence.
    seconds : float
        That it took.
    """

    reader: str
    method: str
    output: Output
    png: bytes
    figures: Figures
    checks: tuple[Check, ...]
    says: str
    seconds: float

    @property
    def is_refuted(self) -> bool:
        """Whether something on which a verdict rests is no better than its null, on this ECG."""
        return any(check.decides and check.outcome == "worse" for check in self.checks)


def plain_page(ecg: ChosenEcg) -> bytes:
    """Return an ECG on 6 x 2 paper, without a map, as PNG; raises BenchError where it cannot be read."""
    signal = ecg.record.signal()
    style = legible_style(signal.mv, signal.fs, PAPER)
    return draw(paper_layout(PAPER, style), signal.mv, signal.fs, style, LEADS).png()


def explainable(reader: LocalReader, answers: Answers) -> tuple[Explainable, ...]:
    """Return the answers of a reader that can be explained, findings that it named first, then what else it said.

    None of a reader that shows no network, and none on axes that are answered from measured numbers.
    """
    if not isinstance(reader.reader, OpenReader):
        return ()
    axes = {axis.name: axis for axis in AXES if axis.name not in MEASURED}
    found = [
        Explainable((head, value), _is_said(answers, head, value), _chance(answers, head, value))
        for head, value in reader.reader.network().outputs
        if head in axes
    ]
    return tuple(sorted(found, key=lambda one: (not one.is_answered, one.output[1] == axes[one.output[0]].negative)))


def explain(  # noqa: PLR0913  # an answer, how it is explained, and who is told
    reader: LocalReader,
    ecg: ChosenEcg,
    target: str,
    method: str = USUAL_METHOD,
    verdict: str = NOT_JUDGED,
    observer: Observer = SILENT,
) -> OneMap:
    """Return what moved one answer, and whether this map does better than what knows nothing.

    Parameters
    ----------
    reader : LocalReader
    ecg : ChosenEcg
    target : str
        Such as ``conduction=lbbb``.
    method : str
        One of :data:`QUICK_METHODS`.
    verdict : str
        On the method and the reader, which is drawn below the picture.
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        When the reader is a black box, there is no such value or method, or the ECG cannot be shown to the network.
    """
    begun = time.perf_counter()
    if method not in QUICK_METHODS:
        raise unknown_name("method", method, QUICK_METHODS)
    network, chosen = _network(reader), method_named(method)
    head, _, value = target.partition("=")
    output = (head, value)
    network.place(*output)
    with observer.progress("the map", "steps") as report:
        signal, beats, answer = _shown(network, ecg, output)
        report(1, 3)
        relevance = map_of(answer, chosen)
        report(2, 3)
        one = Positive(ecg.record.ecg_id, ecg.record.patient_id, output, answer, region_of(answer, output))
        (figures,) = judged([one], [chosen])
        report(3, 3)
    brackets, notes = beat_named(beats, SEEN_S[PAPER])
    overlay = Overlay(
        relevance, network.fs, f"{head}: what speaks for {value}", f"{reader.name}, {method}", harmless(verdict),
        brackets, notes,
    )  # fmt: skip
    checks = checks_of(figures)
    page = explained(signal.mv, signal.fs, overlay, PAPER)
    return OneMap(reader.name, method, output, page.png(), figures, checks, told(checks), time.perf_counter() - begun)


def checks_of(figures: Figures) -> tuple[Check, ...]:
    """Return the figures of a map beside their nulls, those on which a verdict rests first."""
    energy = figures.energy
    found = [
        _above(
            "falls faster, while what the map points at is hidden, than in random order",
            "hiding what is loud",
            (figures.deletion, energy.deletion),
            "hiding what it points at harms the answer no more than hiding whatever is loud",
            decides=True,
        ),
        Check(
            "looks like the map of the same network with random weights, beyond loudness",
            "from here on it shows the ECG, and not what was learned",
            figures.random,
            CORRELATION_LIMIT,
            _outcome(None if figures.random is None else CORRELATION_LIMIT - figures.random),
            "the same network without anything learned gives a map that looks alike",
            decides=True,
        ),
        _above(
            "comes back faster, while only what the map points at is shown, than in random order",
            "showing what is loud",
            (figures.insertion, energy.insertion),
            "showing what it points at brings the answer back no faster than showing whatever is loud",
        ),
    ]
    if figures.mass is not None:
        found.append(
            _above(
                "share of the map where a cardiologist looks for it",
                "share of the ECG that is such a place",
                (figures.mass, figures.area),
                "it lies where a cardiologist looks no more than by chance",
            )
        )
    return tuple(found)


def told(checks: Sequence[Check]) -> str:
    """Return what the checks of one map say, in words."""
    deciding = [check for check in checks if check.decides]
    faults = [check.fault for check in deciding if check.outcome == "worse"]
    if faults:
        return f"Do not believe this map: {', and '.join(faults)}."
    if any(check.outcome == "unknown" for check in deciding):
        return "Nothing can be said of this map: what it would be held against cannot be measured on this ECG."
    return (
        "Nothing speaks against this map here, and one ECG proves nothing: whether maps of this method deserve belief "
        "is a verdict over many patients."
    )


def _above(what: str, beside: str, pair: tuple[float | None, float | None], fault: str, decides: bool = False) -> Check:
    value, null = pair
    apart = None if value is None or null is None else value - null
    return Check(what, beside, value, null, _outcome(apart), fault, decides)


def _outcome(apart: float | None) -> Outcome:
    if apart is None:
        return "unknown"
    return "better" if apart > 0 else "worse"


def judge(reader: LocalReader, dataset: Dataset, method: str, observer: Observer = SILENT) -> Row:
    """Return the verdict on a method and a reader, by right answers about the test records of a dataset.

    As ``bench explain`` does with ``--each 1``: known truth, deletion above the signal's energy, and random weights.

    Raises
    ------
    taxonomy.error.BenchError
        When the reader is a black box, or the dataset holds no finding that it finds.
    """
    _network(reader)
    options = BeliefOptions(methods=(method,), each=JUDGED_EACH)
    try:
        with observer.progress("known truth: a network that is taught what was planted"):
            truth = truth_of(dataset, options)
    except RunError as error:  # too few recordings: the verdict then says that there is no known truth
        observer.say(str(error))
        truth = []
    return belief(reader.reader, dataset.cohort("test"), options, truth, observer=observer).rows[0]


def _network(reader: LocalReader) -> Network:
    if not isinstance(reader.reader, OpenReader):
        raise ReaderError(
            f"reader {reader.name!r} is a black box, which no map of this page explains: choose one with a network, "
            f"such as resnet1d, or run 'bench explain --reader {reader.name}', which hides parts of what it is shown"
        )
    return reader.reader.network()


def _shown(network: Network, ecg: ChosenEcg, output: Output) -> tuple[Signal, tuple[BeatSegments, ...], Answer]:
    """Return the recording, its beats and the answer; a network may refuse what it is shown."""
    found = attempt(lambda: answer_about(network, ecg.record, output), BenchError)
    if isinstance(found, Crash):
        raise ReaderError(f"the network cannot be shown this ECG: {found.sentence}")
    return found.value


def _is_said(answers: Answers, head: str, value: str) -> bool:
    said = answers.reading.values.get(head)
    return value in said if isinstance(said, frozenset) else value == said


def _chance(answers: Answers, head: str, value: str) -> float | None:
    return answers.reading.probabilities.get(head, {}).get(value)
