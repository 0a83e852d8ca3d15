"""Bootstrap intervals over patients, since the records of one patient are not independent."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.score.agreement import LEVEL
from bench.score.rounding import rounded

Columns = Mapping[str, NDArray[np.float64]]
BLOCK_SIZE = 4_000_000
"""Patients times draws held in memory at a time."""


def patient_numbers(patients: Sequence[RecordId]) -> NDArray[np.int64]:
    """Return each case's patient as a number from 0 to n_patients - 1, int64 (n_cases,)."""
    return np.unique(np.array(patients), return_inverse=True)[1].astype(np.int64)


def resampled_sums(
    columns: Columns, patients: NDArray[np.int64], draws: int, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Return the sum of each column over ``draws`` resamples of the patients.

    Shares, means and their differences follow from these sums without another pass over the cases: the non-parametric
    cluster bootstrap (Efron and Tibshirani 1993; Field and Welsh 2007).

    Parameters
    ----------
    columns : mapping of str to float64 array (n_cases,)
    patients : int64 array (n_cases,)
        Patient of each case.
    draws, seed : int

    Returns
    -------
    dict of str to float64 array (draws,)
    """
    names, group = np.unique(patients, return_inverse=True)
    count = len(names)
    stacked = np.stack(list(columns.values()), axis=1)
    totals = np.zeros((count, stacked.shape[1]))
    np.add.at(totals, group, stacked)
    rng = np.random.default_rng(seed)
    sums = np.empty((draws, stacked.shape[1]))
    step = max(1, BLOCK_SIZE // max(count, 1))
    for start in range(0, draws, step):
        block = min(step, draws - start)
        drawn = rng.integers(0, count, (block, count), dtype=np.int32)
        drawn += np.arange(block, dtype=np.int32)[:, None] * count
        weights = np.bincount(drawn.ravel(), minlength=block * count).reshape(block, count)
        sums[start : start + block] = weights.astype(np.float64) @ totals
    return dict(zip(columns, sums.T, strict=True))


def ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``numerator / denominator``, NaN where the denominator of a resample is 0."""
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)


def interval(draws: NDArray[np.float64], level: float = LEVEL) -> tuple[float, float] | None:
    """Return the percentile interval over the resamples where the statistic is defined, None without any.

    Parameters
    ----------
    draws : float64 array (draws,)
    level : float
        What it leaves out, half on either side: 0.05 of an interval of 95%.
    """
    valid = draws[np.isfinite(draws)]
    if not len(valid):
        return None
    low, high = np.quantile(valid, [level / 2, 1 - level / 2])
    return rounded(low), rounded(high)


def expanded(patients: int) -> float:
    """Return the level at which percentiles over so few patients hold the truth in 95%, or nearly.

    The expanded percentile interval of Hesterberg (2015), as wide as by Student's t. At seven patients percentiles as
    they are held it in 87% of simulated answers by lot, and these in 93%; at ten in 90% and 94% of normal values, and
    in 85% and 90% of exponential ones. Of one patient there is none to widen.
    """
    from scipy.stats import norm, t

    if patients < 2:
        return LEVEL
    reach = t.ppf(1 - LEVEL / 2, patients - 1) * np.sqrt(patients / (patients - 1))
    return float(2 * norm.cdf(-reach))
