"""What hiding parts of one recording did to an answer, and the map that it makes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.explain.hiding.target import AnswerKind, Target
from bench.explain.maps.cell import Cells
from bench.explain.maps.part import Part, combined, spread
from bench.score.rounding import rounded


@dataclass(frozen=True)
class Effect:
    """What one part gives to an answer.

    Attributes
    ----------
    part : Part
    value : float or None
        By how much the answer falls without it; None where a call failed.
    error : float or None
        Standard error, where the value is a mean over draws.
    """

    part: Part
    value: float | None
    error: float | None = None


@dataclass(frozen=True)
class Explanation:
    """What moved the answer to one recording.

    Attributes
    ----------
    ecg_id : int or str
    method : str
    target : Target
    kind : {"probability", "hard", "logit"}
        What the answer is.
    whole : float or None
        The answer to the whole recording.
    effects : tuple of Effect
    questions : int
        How many were asked, that of the whole recording among them.
    gain : float
        By what factor the rest of a lead grew at most for a reader that scales each lead by its spread: such a reader
        sees other changes beside what is hidden.
    missing : mapping of str to str
        Segments that the recording does not have, each with the reason.
    """

    ecg_id: RecordId
    method: str
    target: Target
    kind: AnswerKind
    whole: float | None
    effects: tuple[Effect, ...]
    questions: int
    gain: float = 1.0
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, float]:
        """The effects by the names of their parts, without failed calls."""
        return {effect.part.name: effect.value for effect in self.effects if effect.value is not None}

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, numbers rounded."""
        effects = [
            {
                **{name: value for name, value in asdict(effect.part).items() if value},
                "value": _plain(effect.value),
                **({} if effect.error is None else {"error": _plain(effect.error)}),
            }
            for effect in self.effects
        ]
        return {**asdict(self), "whole": _plain(self.whole), "gain": rounded(self.gain), "effects": effects}

    def map(self, cells: Cells, fs: float) -> NDArray[np.float32]:
        """Return the effects at each sample of what was masked, float32 (12, n_samples).

        Each part's value is spread evenly over its samples; 12 leads and all segments that were hidden by themselves
        are combined as :func:`bench.explain.maps.part.combined` does.
        """
        if self.method == TWO_WAY:
            return combined(self.values, cells)
        return spread([(one.part, one.value) for one in self.effects if one.value is not None], cells, fs)


TWO_WAY = "leads_and_segments"
"""The method that hides the 12 leads and the 6 segments, each by itself: 18 questions."""


def effects_of(
    parts: Sequence[Part], values: NDArray[np.float64], errors: NDArray[np.float64] | None = None
) -> tuple[Effect, ...]:
    """Return the effects of parts; NaN becomes None."""
    shown = [None] * len(parts) if errors is None else [known(error) for error in errors.tolist()]
    return tuple(
        Effect(part, known(value), error) for part, value, error in zip(parts, values.tolist(), shown, strict=True)
    )


def known(value: float) -> float | None:
    """Return a finite number, else None."""
    return value if np.isfinite(value) else None


def _plain(value: float | None) -> float | None:
    return None if value is None else rounded(value)
