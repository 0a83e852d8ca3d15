"""What moves the hard answers of a reader to the records of a finding, by random joint masks that are pooled."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.explain.hiding.effect import known
from bench.explain.hiding.target import AnswerKind, Target
from bench.explain.maps.cell import Cells
from bench.explain.maps.part import Part, combined
from bench.explain.maps.ridge import LEVEL, SHUFFLES, Array, Fit, Pool, bootstrapped, shuffled
from bench.score.bootstrap import expanded, interval
from bench.score.rounding import rounded


@dataclass(frozen=True)
class PartEffect:
    """What a part gives to the answers of all recordings.

    Attributes
    ----------
    part : Part
    value : float
        By how much the answer falls where it is hidden, others hidden or not.
    low, high : float or None
        Bounds of the 95% interval over patients; None of a single patient.
    p : float
        Chance of so large an effect of any part where answers are shuffled within each recording.
    records : int
        Recordings in which the part was hidden by some masks and not by others.
    """

    part: Part
    value: float
    low: float | None
    high: float | None
    p: float
    records: int

    @property
    def is_above_null(self) -> bool:
        """Whether shuffled answers give so large an effect in fewer than 5% of shuffles."""
        return self.p < LEVEL


@dataclass(frozen=True)
class JointExplanation:
    """What moved the answers to the recordings of a finding.

    Attributes
    ----------
    target : Target
    kind : {"probability", "hard", "logit"}
    records, patients : int
        How many there are.
    masks, failed : int
        Answers to masks, and calls that failed.
    whole : float or None
        Mean answer to the whole recordings.
    shown : float or None
        Mean answer to the masked ones.
    penalty : float
        Of the ridge regression.
    explained : float
        Share of the variance of held-out answers that what is hidden explains; below 0 it explains none.
    null : float
        The effect that shuffled answers exceed in 5% of shuffles.
    effects : tuple of PartEffect
    gain : float
        As of :class:`bench.explain.hiding.effect.Explanation`.
    """

    target: Target
    kind: AnswerKind
    records: int
    patients: int
    masks: int
    failed: int
    whole: float | None
    shown: float | None
    penalty: float
    explained: float
    null: float
    effects: tuple[PartEffect, ...]
    gain: float = 1.0

    @property
    def values(self) -> dict[str, float]:
        """The effects by the names of their parts."""
        return {effect.part.name: effect.value for effect in self.effects}

    def map(self, cells: Cells) -> NDArray[np.float32]:
        """Return the effects on one recording as a map, float32 (12, n_samples): it is that of all of them.

        A cell has the product of what its lead, or the group that holds it, and its segment give, as
        :func:`bench.explain.maps.part.combined` tells.
        """
        leads = {
            lead: effect.value for effect in self.effects if not effect.part.segments for lead in effect.part.leads
        }
        return combined({**self.values, **leads}, cells)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, numbers rounded."""
        effects = [
            {**asdict(effect), "part": effect.part.name, "is_above_null": effect.is_above_null}
            for effect in self.effects
        ]
        return {**_rounded(asdict(self)), "effects": [_rounded(effect) for effect in effects]}


def _rounded(data: dict[str, Any]) -> dict[str, Any]:
    return {name: rounded(value) if isinstance(value, float) else value for name, value in data.items()}


def part_effects(parts: Sequence[Part], pool: Pool, fit: Fit, seed: int = 0) -> tuple[tuple[PartEffect, ...], float]:
    """Return what each part gives, with intervals and chances, and the effect that is above the null."""
    greatest = shuffled(pool, fit.penalty, seed).max(axis=1)
    draws = bootstrapped(pool, fit.penalty, seed) if pool.n_patients > 1 else None
    found = []
    for number, (part, value) in enumerate(zip(parts, fit.values.tolist(), strict=True)):
        moved = pool.records[np.abs(pool.hidden[:, number]) > 1e-9]
        bounds = interval(draws[:, number], expanded(pool.n_patients)) if draws is not None else None
        low, high = bounds or (None, None)
        p = float((1 + np.sum(greatest >= value - 1e-12)) / (1 + SHUFFLES))
        found.append(PartEffect(part, value, low, high, p, len(np.unique(moved))))
    return tuple(found), float(np.quantile(greatest, 1 - LEVEL))


def mean_known(values: Array) -> float | None:
    """Return the mean of what is known, None where nothing is."""
    valid = values[np.isfinite(values)]
    return known(float(valid.mean())) if len(valid) else None
