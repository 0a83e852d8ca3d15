"""The normalised score of the PhysioNet/CinC Challenge 2021: partial credit for every pair of a label and an answer.

Of one record every pair of a label and an answer has the weight of the two classes, divided by the number of classes
that are either. The sum over the records is scaled so that naming the labels exactly is 1 and sinus rhythm for
everyone is 0; it can fall below 0. ``challenge_score.json`` has the weights, the codes, what says a class, and sources.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.domains.domain import Domain
from bench.domains.result import Figure
from bench.score.bootstrap import expanded, interval, resampled_sums
from bench.score.rounding import rounded
from taxonomy.axis import CONDUCTION, OTHER_FINDINGS, AxisValue
from taxonomy.decision import GIVEN
from taxonomy.reading import STATEMENT, Reading

Classes = frozenset[int]
"""Scored classes by their place in the table."""


@dataclass(frozen=True)
class ScoredClass:
    """One class: its SNOMED CT codes, the Challenge's short name, what says it, and why nothing does."""

    codes: tuple[str, ...]
    short: str
    said_by: tuple[Mapping[str, str], ...]
    unsaid: str = ""

    def is_said(self, values: Mapping[str, AxisValue | None], statements: frozenset[str]) -> bool:
        """Tell whether answers on the axes, or statements, say it."""
        return any(
            all(_holds(axis, value, values, statements) for axis, value in said.items()) for said in self.said_by
        )


def _holds(axis: str, value: str, values: Mapping[str, AxisValue | None], statements: frozenset[str]) -> bool:
    if axis == STATEMENT:
        return value in statements
    findings = values.get(OTHER_FINDINGS.name)
    found = isinstance(findings, frozenset) and value in findings
    if axis == "finding":
        return found
    return values.get(axis) == value or (axis == CONDUCTION.name and found)


@dataclass(frozen=True, eq=False)
class ChallengeTable:
    """The scored classes, their weights (float64, classes by classes) and the place of sinus rhythm."""

    classes: tuple[ScoredClass, ...]
    weights: NDArray[np.float64]
    normal: int
    source: str

    def of_codes(self, codes: Iterable[str]) -> Classes:
        """Return the scored classes among SNOMED CT codes; equivalent codes are one class."""
        held = frozenset(codes)
        return frozenset(k for k, one in enumerate(self.classes) if not held.isdisjoint(one.codes))

    def said(self, values: Mapping[str, AxisValue | None], statements: frozenset[str] = frozenset()) -> Classes:
        """Return the scored classes that answers and statements say."""
        return frozenset(k for k, one in enumerate(self.classes) if one.is_said(values, statements))

    def answer(self, reading: Reading) -> Classes:
        """Return the scored classes that a reading says, none where it has no answer."""
        if reading.error:
            return frozenset()
        chances = reading.probabilities.get(STATEMENT, {})
        return self.said(reading.values, frozenset(code for code, chance in chances.items() if chance >= GIVEN))

    def answers(self, readings: Iterable[Reading]) -> list[Classes]:
        """Return the scored classes that each reading says; answers repeat, and equal ones are looked at once."""
        known: dict[object, Classes] = {}
        found = []
        for reading in readings:
            given = frozenset(one for one, p in reading.probabilities.get(STATEMENT, {}).items() if p >= GIVEN)
            key = reading.error is None, frozenset(reading.values.items()), given
            if key not in known:
                known[key] = self.answer(reading)
            found.append(known[key])
        return found

    def sayable(self, readings: Iterable[Reading]) -> Classes:
        """Return the classes for which these readings have words, whether or not they use them."""
        axes, statements = set[str](), set[str]()
        for reading in readings:
            axes.update(axis for axis, value in reading.values.items() if value is not None)
            statements.update(reading.probabilities.get(STATEMENT, ()))

        def has_words(said: Mapping[str, str]) -> bool:
            return all(
                value in statements if axis == STATEMENT else _axis(axis) in axes for axis, value in said.items()
            )

        return frozenset(k for k, one in enumerate(self.classes) if any(map(has_words, one.said_by)))

    def credit(self, labels: Classes, answer: Classes) -> float:
        """Return what one record adds to the score before it is scaled."""
        if not labels or not answer:
            return 0.0
        pairs = self.weights[np.ix_(sorted(labels), sorted(answer))]
        return float(pairs.sum()) / len(labels | answer)


def _axis(name: str) -> str:
    return OTHER_FINDINGS.name if name == "finding" else name


@dataclass(frozen=True)
class PublishedScore:
    """A published score, on records that are not these."""

    where: str
    score: float
    source: str


@cache
def challenge_table() -> ChallengeTable:
    """Return the Challenge's table of 2021."""
    said = _content()
    classes = tuple(
        ScoredClass(tuple(one["codes"]), one["short"], tuple(one["said_by"]), one.get("unsaid", ""))
        for one in said["classes"]
    )
    normal = next(k for k, one in enumerate(classes) if said["normal"] in one.codes)
    return ChallengeTable(classes, np.array(said["weights"], dtype=np.float64), normal, said["source"])


def published_scores() -> tuple[PublishedScore, ...]:
    """Return the published scores to stand beside."""
    said = _content()
    return tuple(PublishedScore(one["where"], one["score"], said["published_source"]) for one in said["published"])


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((files("bench.domains") / "challenge_score.json").read_text(encoding="utf-8"))
    return content


@runtime_checkable
class Coded(Protocol):
    """A dataset whose records have SNOMED CT codes."""

    def codes(self, ecg_id: RecordId) -> tuple[str, ...]:
        """Return a record's codes."""
        ...


def challenge_labels(domain: Domain) -> Mapping[RecordId, Classes] | None:
    """Return the scored classes of every record: of its codes, else of its statements; None where it has neither."""
    table, dataset = challenge_table(), domain.dataset
    if isinstance(dataset, Coded):
        return {record.ecg_id: table.of_codes(dataset.codes(record.ecg_id)) for record in domain.records}
    truths = domain.truths
    if not truths or any(truth.statements is None for truth in truths.values()):
        return None
    # Statements name no axis of the heart; the truth on that one comes from a column of its own.
    return {
        ecg_id: table.said({"axis": truth.values.get("axis")}, truth.statements or frozenset())
        for ecg_id, truth in truths.items()
    }


@dataclass(frozen=True, eq=False)
class Credits:
    """What each record adds: for its answer, an exact one, sinus rhythm, and one right as far as there are words.

    Each float64 (n,).
    """

    observed: NDArray[np.float64]
    correct: NDArray[np.float64]
    inactive: NDArray[np.float64]
    reachable: NDArray[np.float64]

    @property
    def columns(self) -> dict[str, NDArray[np.float64]]:
        """They by name."""
        return dict(vars(self))


def challenge_credits(labels: Sequence[Classes], answers: Sequence[Classes], sayable: Classes) -> Credits:
    """Return what each record adds; ``sayable`` are the classes for which there are words."""
    table = challenge_table()
    normal = frozenset({table.normal})

    # Pairs of labels and an answer repeat, and those of 45,000 records take long one by one.
    known: dict[tuple[Classes, Classes], float] = {}

    def each(said: Iterable[Classes]) -> NDArray[np.float64]:
        pairs = list(zip(labels, said, strict=True))
        known.update({pair: table.credit(*pair) for pair in set(pairs) - known.keys()})
        return np.array([known[pair] for pair in pairs], dtype=np.float64)

    return Credits(each(answers), each(labels), each([normal] * len(labels)), each([own & sayable for own in labels]))


def normalised(sums: Mapping[str, NDArray[np.float64]], of: str = "observed") -> NDArray[np.float64]:
    """Return the score of every resample from the sums of the credits; NaN where sinus rhythm is all that is right."""
    span = sums["correct"] - sums["inactive"]
    gained = sums[of] - sums["inactive"]
    return np.divide(gained, span, out=np.full_like(span, np.nan), where=np.abs(span) > 1e-12)


def normalised_score(found: Credits, patients: NDArray[np.int64], draws: int, seed: int) -> Figure:
    """Return the normalised score with its interval over patients."""
    sums = {name: np.array([column.sum()]) for name, column in found.columns.items()}
    value = float(normalised(sums)[0]) if len(found.observed) else float("nan")
    if not np.isfinite(value):
        return Figure(None, withheld="no record has a scored class other than sinus rhythm")
    people = len(np.unique(patients))
    if people < 2:
        return Figure(rounded(value), withheld="no interval: the patients are not told apart, or are one")
    drawn = resampled_sums(found.columns, patients, draws, seed)
    return Figure(rounded(value), interval(normalised(drawn), expanded(people)))


def reachable_score(found: Credits) -> float | None:
    """Return the score of an answer that names every scored label for which there are words, and nothing else."""
    sums = {name: np.array([column.sum()]) for name, column in found.columns.items()}
    value = float(normalised(sums, "reachable")[0]) if len(found.observed) else float("nan")
    return rounded(value) if np.isfinite(value) else None
