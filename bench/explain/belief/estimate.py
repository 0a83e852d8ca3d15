"""A mean with its interval over patients, since the records of one patient are not independent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.dataset import RecordId
from bench.score.bootstrap import expanded, interval, patient_numbers, ratio, resampled_sums
from bench.score.rounding import rounded

DRAWS = 1000
"""Resamples of the patients."""


@dataclass(frozen=True)
class Estimate:
    """A mean.

    Attributes
    ----------
    value, low, high : float
        The mean, and its 95% interval over patients, as wide as by Student's t where they are few.
    n : int
        Patients.
    """

    value: float
    low: float
    high: float
    n: int


def estimate(values: Sequence[float | None], patients: Sequence[RecordId], seed: int = 0) -> Estimate | None:
    """Return the mean of what is there with its interval; None of nothing.

    Parameters
    ----------
    values : sequence of float or None
        One for each record; None where it is not defined.
    patients : sequence of int or str
        Whose each record is.
    seed : int
        Of the resamples.
    """
    there = [(value, patient) for value, patient in zip(values, patients, strict=True) if value is not None]
    if not there:
        return None
    column = np.array([value for value, _ in there], dtype=np.float64)
    numbers = patient_numbers([patient for _, patient in there])
    sums = resampled_sums({"sum": column, "n": np.ones(len(column))}, numbers, DRAWS, seed)
    n = len(np.unique(numbers))
    bounds = interval(ratio(sums["sum"], sums["n"]), expanded(n))
    if bounds is None:
        return None
    return Estimate(rounded(float(column.mean())), *bounds, n)


def above(values: Sequence[float | None], null: Sequence[float | None]) -> list[float | None]:
    """Return by how much each value is above that of a null, record by record; None where either is missing."""
    return [None if a is None or b is None else a - b for a, b in zip(values, null, strict=True)]
