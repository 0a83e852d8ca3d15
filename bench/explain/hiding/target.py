"""The answer that is explained: how sure a reader is of one value, or whether it says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from taxonomy.axis import AXES, DERIVED, with_derived
from taxonomy.error import unknown_name
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import SUPERCLASSES

AnswerKind = Literal["probability", "hard", "logit"]
"""A probability, 1 or 0 that the value is said, or the logit of an open network."""


@dataclass(frozen=True)
class Target:
    """One value of an axis, or of ``superclass``.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such axis or value; the message names the nearest.
    """

    axis: str
    value: str

    def __post_init__(self) -> None:
        known = {axis.name: axis.values for axis in (*AXES, *DERIVED)} | {SUPERCLASS: SUPERCLASSES}
        if self.axis not in known:
            raise unknown_name("axis", self.axis, known)
        if self.value not in known[self.axis]:
            raise unknown_name(f"value of {self.axis}", self.value, known[self.axis])

    @property
    def name(self) -> str:
        """Such as ``conduction lbbb``."""
        return f"{self.axis} {self.value}"

    def probability(self, reading: Reading) -> float | None:
        """Return the probability of the value, None where the reading has none; the least, where it is partial."""
        return reading.probabilities.get(self.axis, {}).get(self.value)

    def is_said(self, reading: Reading) -> bool:
        """Tell whether the reading says the value; no answer says none."""
        found = with_derived(reading.values).get(self.axis)
        return self.value in found if isinstance(found, frozenset) else found == self.value


def answer_kind(target: Target, wholes: Sequence[Reading]) -> AnswerKind:
    """Return ``probability`` where every reading of a whole recording has one, known in full, else ``hard``."""
    answered = [reading for reading in wholes if reading.outcome != "failed"]
    has_all = bool(answered) and all(
        target.probability(reading) is not None and target.axis not in reading.partial for reading in answered
    )
    return "probability" if has_all else "hard"


def answers_of(readings: Sequence[Reading], target: Target, kind: AnswerKind) -> NDArray[np.float64]:
    """Return the answers, float64 (n,): NaN for a failed call; no answer is a 0, since the value is not said."""
    return np.array([_answer(reading, target, kind) for reading in readings], dtype=np.float64)


def _answer(reading: Reading, target: Target, kind: AnswerKind) -> float:
    if reading.outcome == "failed":
        return float("nan")
    if kind == "hard":
        return float(target.is_said(reading))
    return target.probability(reading) or 0.0
