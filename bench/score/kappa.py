"""Kappa where a truth may have several right values, its interval, and the kappa that so many cases could show."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.score.agreement import LEVEL
from bench.score.answer_table import answer_table, demanded, members
from bench.score.bootstrap import interval
from bench.score.proportion import clopper_pearson
from bench.score.rounding import rounded
from taxonomy.axis import Axis, AxisValue
from taxonomy.truth import Truth

POWER = 0.8

FEWEST_POSITIVES = 10
"""Positives of a finding below which it has no kappa."""


def kappa(axis: Axis, answers: Sequence[AxisValue | None], truths: Sequence[Truth]) -> float | None:
    """Return Cohen's kappa (1960) where a truth may have several right values.

    Agreement by chance is the share of right answers that is expected when the answers are shuffled freely; where it is
    certain, kappa is 0. No answer is a value that is never right. On ``other_findings`` it is the mean over the
    findings with ten positives and a negative, present against absent; a case in which a finding may stand and need not
    is left out of that finding.
    """
    columns = kappa_columns(axis, answers, truths)
    found = kappa_of_sums({name: np.array([column.sum()]) for name, column in columns.items()})
    return None if found is None else float(np.nan_to_num(found[0]))


def kappa_columns(
    axis: Axis, answers: Sequence[AxisValue | None], truths: Sequence[Truth]
) -> dict[str, NDArray[np.float64]]:
    """Return the columns whose sums over (resampled) cases give kappa, each float64 (n,).

    Their names are ``"question part"``: one question, or one for each finding with ten positives; its parts are ``n``,
    ``right``, and for each value ``said`` and ``fits``.
    """
    if not answers:
        return {}
    if axis.is_set:
        return _finding_columns(axis, answers, truths)
    table = answer_table(axis, answers, truths, None)
    columns = {"value n": np.ones(len(answers)), "value right": table.right.astype(np.float64)}
    for code in range(table.accepts.shape[1]):
        if table.accepts[:, code].any():
            columns[f"value said {code}"] = (table.answer == code).astype(np.float64)
            columns[f"value fits {code}"] = table.accepts[table.kind, code].astype(np.float64)
    return columns


def _finding_columns(
    axis: Axis, answers: Sequence[AxisValue | None], truths: Sequence[Truth]
) -> dict[str, NDArray[np.float64]]:
    present, said = members([demanded(axis, truth) for truth in truths], axis) > 0, members(answers, axis) > 0
    optional = (members([truth.allowed for truth in truths], axis) > 0) & ~present
    answered = np.array([answer is not None for answer in answers])
    columns: dict[str, NDArray[np.float64]] = {}
    for k in np.flatnonzero(present.sum(axis=0) >= FEWEST_POSITIVES):
        counted = ~optional[:, k]
        # Where absence is never said, as in a source that names some findings only, nothing can be told from it.
        if not (counted & ~present[:, k]).any():
            continue
        silent = answered & ~said[:, k]
        parts = {
            "n": counted,
            "right": (said & present)[:, k] | (silent & ~present[:, k]),
            "said yes": said[:, k],
            "fits yes": present[:, k],
            "said no": silent,
            "fits no": ~present[:, k],
        }
        columns |= {f"{axis.values[k]} {part}": (held & counted).astype(np.float64) for part, held in parts.items()}
    return columns


def kappa_of_sums(sums: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64] | None:
    """Return kappa from the sums of :func:`kappa_columns`, one for each resample; None without a question.

    NaN where a resample holds no case, or agreement by chance is certain in it.
    """
    questions = dict.fromkeys(name.split(" ")[0] for name in sums)
    if not questions:
        return None
    found = [
        _kappa({name.split(" ", 1)[1]: s for name, s in sums.items() if name.startswith(f"{question} ")})
        for question in questions
    ]
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def _kappa(sums: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    n = np.where(sums["n"] > 0, sums["n"], np.nan)
    fits = (name for name in sums if name.startswith("fits "))
    expected = sum((sums[name] / n * (sums[f"said {name[5:]}"] / n) for name in fits), np.zeros_like(n))
    agreed = sums["right"] / n
    certain = expected >= 1 - 1e-12
    return np.where(certain, np.nan, (agreed - expected) / np.where(certain, 1.0, 1 - expected))


def kappa_interval(
    columns: Mapping[str, NDArray[np.float64]], resampled: NDArray[np.float64], level: float = LEVEL
) -> tuple[float, float] | None:
    """Return kappa's interval, that of the resamples; None where kappa is defined in none of them.

    Where every answer is right no resample varies that, and two cases of two would be a kappa of 1 for certain: there
    the lower end is the kappa of the least share of right answers that the exact interval holds.

    Parameters
    ----------
    columns : mapping of str to float64 array (n,)
        Of :func:`kappa_columns`.
    resampled : float64 array (draws,)
        Their kappa in resamples of the patients.
    level : float
        What the interval leaves out: 0.05 of one of 95%.
    """
    observed = kappa_of_sums({name: np.array([column.sum()]) for name, column in columns.items()})
    if observed is None or not observed[0] >= 1 - 1e-12:
        return interval(resampled, level)
    least = {
        name: np.array([clopper_pearson(int(column.sum()), int(column.sum()))[0] * column.sum()])
        for name, column in columns.items()
        if name.endswith(" right")
    }
    worst = kappa_of_sums({name: least.get(name, np.array([column.sum()])) for name, column in columns.items()})
    assert worst is not None
    return rounded(float(worst[0])), 1.0


def knowable_kappa(n: int, n_abnormal: int, tests: int, level: float = LEVEL) -> float | None:
    """Return the kappa that so many cases would show in 80% of tries, at a level over all tests; None where none is.

    Taken is a reader that answers rightly a random share q of the abnormal truths, and the prior to every other case.
    All abnormal values count as one, which is the hardest to show. k such answers are all right by chance with the
    probability C(n_abnormal, k) / C(n, k).

    Parameters
    ----------
    n, n_abnormal : int
        Cases, and those whose right values do not hold the prior.
    tests : int
        Of the family; the first of Holm's levels is taken.
    level : float
    """
    from scipy.special import betaincinv

    enough = _fewest_hits(n, n_abnormal, level / max(1, tests))
    if enough is None:
        return None
    q = float(betaincinv(enough, n_abnormal - enough + 1, POWER))
    abnormal = n_abnormal / n
    said = q * abnormal
    expected = said * abnormal + (1 - said) * (1 - abnormal)
    return (1 - abnormal + said - expected) / (1 - expected)


def _fewest_hits(n: int, n_abnormal: int, level: float) -> int | None:
    chance = 1.0
    for k in range(1, n_abnormal + 1):
        chance *= (n_abnormal - k + 1) / (n - k + 1)
        if chance <= level:
            return k
    return None
