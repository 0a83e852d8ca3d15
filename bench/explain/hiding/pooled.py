"""What parts give to the answers to several recordings, each explained by itself: the heat map of a finding."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.dataset import RecordId
from bench.explain.hiding.effect import Explanation
from bench.explain.maps.part import Part
from bench.score.bootstrap import expanded, interval, patient_numbers, ratio, resampled_sums
from bench.score.rounding import rounded

DRAWS = 1000


@dataclass(frozen=True)
class PooledEffect:
    """The mean effect of a part.

    Attributes
    ----------
    part : Part
    value : float
        Mean over the recordings that have the part.
    low, high : float or None
        Bounds of the 95% interval over patients; None of a single patient.
    records : int
        How many have it.
    """

    part: Part
    value: float
    low: float | None
    high: float | None
    records: int

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, numbers rounded."""
        data = {**asdict(self), "part": self.part.name}
        return {name: rounded(value) if isinstance(value, float) else value for name, value in data.items()}


def pooled(found: Sequence[Explanation], patients: Sequence[RecordId], seed: int = 0) -> tuple[PooledEffect, ...]:
    """Return the mean effect of each part, in the order in which parts first stand in the explanations.

    Parameters
    ----------
    found : sequence of Explanation
        By one method, of one target.
    patients : sequence of RecordId
        Of each.
    seed : int
        Of the resamples.
    """
    parts = {effect.part.name: effect.part for one in found for effect in one.effects}
    numbers = patient_numbers(patients) if found else np.zeros(0, np.int64)
    pools = []
    for name, part in parts.items():
        values = np.array([one.values.get(name, np.nan) for one in found])
        there = np.isfinite(values)
        if not there.any():
            continue
        low, high = None, None
        if len(np.unique(numbers[there])) > 1:
            columns = {"value": values[there], "one": np.ones(int(there.sum()))}
            sums = resampled_sums(columns, numbers[there], DRAWS, seed)
            level = expanded(len(np.unique(numbers[there])))
            low, high = interval(ratio(sums["value"], sums["one"]), level) or (None, None)
        pools.append(PooledEffect(part, float(values[there].mean()), low, high, int(there.sum())))
    return tuple(pools)
