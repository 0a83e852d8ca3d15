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
from bench.app.drawn_map import drawn_map
from bench.app.local_readers import LocalReader
from bench.dataset import Dataset
from bench.explain.belief.belief import BeliefOptions, belief, truth_of
from bench.explain.belief.judging import Figures, Row
from bench.explain.belief.verdict import CORRELATION_LIMIT
from bench.progress import SILENT, Observer
from bench.report.explain_gallery import SEEN_S, beat_named
from bench.report.table import harmless
from readers.head import MEASURED
from readers.network import OpenReader, Output
from renderers.explained import Overlay, explained, legible_style, paper_layout
from renderers.page import draw
from renderers.style import LEADS
from taxonomy.axis import AXES
from taxonomy.error import ReaderError, RunError

PAPER = "6x2"

USUAL_METHOD = "integrated_gradients"
"""Half a second for a map, and no layer to choose."""

JUDGED_EACH = 1
"""Patients of each finding on whom a method is judged: over all findings more than a verdict needs, in a minute."""

NOT_JUDGED = "not judged yet"

BLACK_BOX = (
    "reader {name!r} is a black box: its weights cannot be drawn at random, so that its maps can be refuted, and never "
    "be called faithful"
)

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


def explainable(reader: LocalReader, ecg: ChosenEcg, answers: Answers) -> tuple[Explainable, ...]:
    """Return the values that can be explained, findings that the reader named first, then what else it said.

    Of a network, those of its outputs; of a black box those of which it gives a probability, unless it is shown no
    trace or a page, of which nothing can be hidden.
    """
    axes = {axis.name: axis for axis in AXES}
    if isinstance(reader.reader, OpenReader):
        outputs = [one for one in reader.reader.network().outputs if one[0] in axes and one[0] not in MEASURED]
    elif ecg.is_page or {"signal", "image"}.isdisjoint(reader.reader.inputs):
        outputs = []
    else:
        outputs = [(axis, value) for axis in axes for value in answers.reading.probabilities.get(axis, {})]
    found = [
        Explainable((head, value), _is_said(answers, head, value), _chance(answers, head, value))
        for head, value in outputs
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
        One of :func:`bench.app.drawn_map.methods_for`.
    verdict : str
        On the method and the reader, which is drawn below the picture.
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        When there is no such value or method, or the ECG cannot be shown to the reader.
    """
    begun = time.perf_counter()
    head, _, value = target.partition("=")
    found = drawn_map(reader, ecg, (head, value), method, observer)
    brackets, notes = beat_named(found.beats, SEEN_S[PAPER])
    overlay = Overlay(
        found.relevance, found.fs, f"{head}: what speaks for {value}", f"{reader.name}, {method}", harmless(verdict),
        brackets, notes,
    )  # fmt: skip
    checks = checks_of(found.figures, reader.is_open)
    page = explained(found.signal.mv, found.signal.fs, overlay, PAPER)
    return OneMap(
        reader.name, method, (head, value), page.png(), found.figures, checks, told(checks), time.perf_counter() - begun
    )


def checks_of(figures: Figures, has_weights: bool = True) -> tuple[Check, ...]:
    """Return the figures of a map beside their nulls, those on which a verdict rests first.

    Parameters
    ----------
    figures : Figures
    has_weights : bool
        Whether the reader shows weights that can be drawn at random.
    """
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
    if not has_weights:
        del found[1]
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
    if not reader.is_open:
        raise ReaderError(BLACK_BOX.format(name=reader.name))
    options = BeliefOptions(methods=(method,), each=JUDGED_EACH)
    try:
        with observer.progress("known truth: a network that is taught what was planted"):
            truth = truth_of(dataset, options)
    except RunError as error:  # too few recordings: the verdict then says that there is no known truth
        observer.say(str(error))
        truth = []
    return belief(reader.reader, dataset.cohort("test"), options, truth, observer=observer).rows[0]


def _is_said(answers: Answers, head: str, value: str) -> bool:
    said = answers.reading.values.get(head)
    return value in said if isinstance(said, frozenset) else value == said


def _chance(answers: Answers, head: str, value: str) -> float | None:
    return answers.reading.probabilities.get(head, {}).get(value)
