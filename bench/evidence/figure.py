"""Figures of an ablation with their intervals: shares, differences between conditions, ratios."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.evidence.answer import AskedCase, Whose, answered, is_right, own
from bench.score.agreement import LEVEL, holm
from bench.score.bootstrap import interval as percentiles
from bench.score.bootstrap import patient_numbers, ratio, resampled_sums
from bench.score.proportion import FEW_DISCORDANT, share_interval, sign_flip, tango
from bench.score.rounding import rounded

DRAWS, SEED = 2000, 0


@dataclass(frozen=True)
class Figure:
    """One figure of the evidence with its 95% interval.

    Attributes
    ----------
    n : int
        Cases.
    value : float
    interval : (float, float) or None
        Bootstrap over patients; the exact binomial bound for a share of 0 or 1.
    p : float or None
        Of differences of accuracy.
    p_holm : float or None
        Corrected over the axes.
    """

    n: int
    value: float
    interval: tuple[float, float] | None
    p: float | None = None
    p_holm: float | None = None


def accuracy(cases: tuple[AskedCase, ...], axis: str, condition: str, whose: Whose = own) -> Figure | None:
    """Return the share of answers under a condition that are right of a record, over the labelled cases."""
    labelled = answered(cases, axis, (condition,), whose)
    return share_figure(patients_of(labelled), right(labelled, axis, condition, whose))


def right(cases: Sequence[AskedCase], axis: str, condition: str, whose: Whose = own) -> NDArray[np.float64]:
    """Return 1 for each case whose answer under a condition is right of a record, else 0, float64 (n,)."""
    return np.array([is_right(case, axis, condition, whose) for case in cases], dtype=np.float64)


def missing(cases: Sequence[AskedCase], axis: str, condition: str) -> NDArray[np.float64]:
    """Return 1 for each case without an answer under a condition, else 0, float64 (n,)."""
    return np.array([case.answer(condition, axis) is None for case in cases], dtype=np.float64)


def difference(
    patients: Sequence[RecordId], first: NDArray[np.float64], second: NDArray[np.float64], level: float = LEVEL
) -> Figure | None:
    """Return the mean of ``first`` minus that of ``second``, both of 0 and 1 over the same cases, with its exact p.

    The interval is Tango's where fewer than 20 pairs differ or all differ alike, else a bootstrap over patients.
    p is by sign flips of each patient's gain, McNemar's exact test where no patient repeats. The interval leaves out
    ``level``.
    """
    if not patients:
        return None
    values = first - second
    wins, losses = int(np.sum(values > 0)), int(np.sum(values < 0))
    few = wins + losses < FEW_DISCORDANT or len(values) in (wins, losses)
    interval = tango(wins, losses, len(values), level) if few else _interval(patients, values, level)
    gains = np.bincount(patient_numbers(patients), weights=values).round().astype(np.int64)
    return Figure(len(patients), rounded(values.mean()), interval, rounded(sign_flip(gains)))


def share_figure(patients: Sequence[RecordId], values: NDArray[np.float64]) -> Figure | None:
    """Return a mean of values from 0 to 1 over cases; for 0 or 1 the interval is exact (Clopper and Pearson 1934).

    Parameters
    ----------
    patients : sequence of RecordId
        Of each case.
    values : float64 array (n,)
    """
    if not len(patients):
        return None
    n, value = len(patients), float(values.mean())
    return Figure(n, rounded(value), share_interval(float(values.sum()), n, _interval(patients, values)))


def median_figure(figures: Sequence[Figure | None]) -> Figure | None:
    """Return the figure of the median value, of several draws of one condition; None for none."""
    found = sorted((figure for figure in figures if figure), key=lambda figure: figure.value)
    return found[len(found) // 2] if found else None


def ratio_of(
    patients: Sequence[RecordId], numerator: NDArray[np.float64], denominator: NDArray[np.float64]
) -> Figure | None:
    """Return the ratio of two sums over cases; None unless the denominator is positive in 97.5% of the resamples."""
    sums = resampled_sums({"numerator": numerator, "denominator": denominator}, patient_numbers(patients), DRAWS, SEED)
    if not len(patients) or denominator.sum() <= 0 or np.quantile(sums["denominator"], 0.025) <= 0:
        return None
    resampled = ratio(sums["numerator"], sums["denominator"])
    return Figure(len(patients), rounded(numerator.sum() / denominator.sum()), percentiles(resampled))


def corrected(figures: Sequence[Figure | None]) -> list[Figure | None]:
    """Return one figure of each axis with its p corrected over the axes."""
    p = iter(holm([figure.p for figure in figures if figure and figure.p is not None]))
    return [
        replace(figure, p_holm=rounded(next(p))) if figure and figure.p is not None else figure for figure in figures
    ]


def patients_of(cases: Sequence[AskedCase]) -> list[RecordId]:
    """Return the patient of each case."""
    return [case.own.patient_id for case in cases]


def _interval(
    patients: Sequence[RecordId], values: NDArray[np.float64], level: float = LEVEL
) -> tuple[float, float] | None:
    sums = resampled_sums({"value": values, "n": np.ones(len(values))}, patient_numbers(patients), DRAWS, SEED)
    return percentiles(ratio(sums["value"], sums["n"]), level)
