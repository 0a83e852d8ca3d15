"""Agreement of two readers with each other, whatever is true: Cohen's kappa (1960) on every axis, with its interval.

Two people who agree in little cannot both be right; what two agree in is a ceiling for what a single one's answers can
tell. Axes are compared on the cases that both answered: 'cannot tell' is no value to agree in, and the rest is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.score.answer_table import members
from bench.score.bootstrap import patient_numbers, resampled_sums
from bench.score.kappa import FEWEST_POSITIVES, kappa_interval, kappa_of_sums
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from taxonomy.axis import AXES, DERIVED, Axis, AxisValue

Columns = dict[str, NDArray[np.float64]]
CasePair = tuple[ScoredCase, ScoredCase]


@dataclass(frozen=True)
class AxisAgreement:
    """How far two readers agree on one axis.

    Attributes
    ----------
    axis : str
    n : int
        Cases on which both gave an answer.
    left_out : int
        Cases on which one of them or both gave none.
    same : float
        Share of the ``n`` with the very same answer; on ``other_findings`` the same set.
    kappa : float or None
        Beyond chance; on ``other_findings`` the mean over the findings that one or both named in ten cases or more.
        None where it is not defined, such as where both gave one and the same answer throughout.
    interval : (float, float) or None
        95%, over resamples of the patients.
    """

    axis: str
    n: int
    left_out: int
    same: float
    kappa: float | None
    interval: tuple[float, float] | None


def agreement(pairs: Sequence[CasePair], draws: int, seed: int = 0) -> tuple[AxisAgreement, ...]:
    """Return the agreement of two readers on every axis that both were asked and both answered somewhere.

    Parameters
    ----------
    pairs : sequence of (ScoredCase, ScoredCase)
        Both readers' readings of each record that both read.
    draws, seed : int
        Of the resamples.
    """
    asked = [axis for axis in (*AXES, *DERIVED) if pairs and all(axis.name in case.asked for case in pairs[0])]
    found = [_on_axis(axis, pairs, draws, seed) for axis in asked]
    return tuple(one for one in found if one is not None)


def _on_axis(axis: Axis, pairs: Sequence[CasePair], draws: int, seed: int) -> AxisAgreement | None:
    both = [(first.answer(axis.name), second.answer(axis.name), first.patient_id) for first, second in pairs]
    kept = [(a, b, patient) for a, b, patient in both if a is not None and b is not None]
    if not kept:
        return None
    first, second = [a for a, _, _ in kept], [b for _, b, _ in kept]
    columns = _columns(axis, first, second)
    observed = kappa_of_sums({name: np.array([column.sum()]) for name, column in columns.items()})
    kappa = None if observed is None or not np.isfinite(observed[0]) else rounded(float(observed[0]))
    within = None
    if kappa is not None:
        resampled = kappa_of_sums(resampled_sums(columns, patient_numbers([p for _, _, p in kept]), draws, seed))
        assert resampled is not None
        within = kappa_interval(columns, resampled)
    same = sum(a == b for a, b in zip(first, second, strict=True)) / len(kept)
    return AxisAgreement(axis.name, len(kept), len(both) - len(kept), rounded(same), kappa, within)


def _columns(axis: Axis, first: Sequence[AxisValue], second: Sequence[AxisValue]) -> Columns:
    """Return columns as :func:`bench.score.kappa.kappa_columns` has them, the second reader in the truth's place."""
    if axis.is_set:
        return _finding_columns(axis, first, second)
    columns = {
        "value n": np.ones(len(first)),
        "value right": _flags([a == b for a, b in zip(first, second, strict=True)]),
    }
    for value in sorted({*map(str, first), *map(str, second)}):
        place = axis.values.index(value)
        columns[f"value said {place}"] = _flags([one == value for one in first])
        columns[f"value fits {place}"] = _flags([one == value for one in second])
    return columns


def _finding_columns(axis: Axis, first: Sequence[AxisValue], second: Sequence[AxisValue]) -> Columns:
    said, fits = members(first, axis) > 0, members(second, axis) > 0
    columns: Columns = {}
    for k in np.flatnonzero((said | fits).sum(axis=0) >= FEWEST_POSITIVES):
        parts = {
            "n": np.ones(len(said), bool),
            "right": said[:, k] == fits[:, k],
            "said yes": said[:, k],
            "fits yes": fits[:, k],
            "said no": ~said[:, k],
            "fits no": ~fits[:, k],
        }
        columns |= {f"{axis.values[k]} {part}": held.astype(np.float64) for part, held in parts.items()}
    return columns


def _flags(held: Sequence[bool]) -> NDArray[np.float64]:
    return np.array(held, dtype=np.float64)
