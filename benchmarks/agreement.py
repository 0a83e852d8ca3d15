"""Figures of resnet1d's probabilities, and their differences with intervals: for the other scripts of this folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset.measurement_cache import UNMEASURED
from bench.score.bootstrap import interval, resampled_sums
from bench.score.kappa import kappa_columns, kappa_of_sums
from readers.head import Heads, Limits, fitted_reading
from readers.resnet1d.loss import macro_auroc
from readers.training_target import targets
from taxonomy.axis import INDEPENDENT, AxisValue, with_derived
from taxonomy.reading import SUPERCLASS
from taxonomy.truth import Truth

DRAWS, SEED = 2000, 7

Draws = NDArray[np.float64]
"""The observed figure, then those of the resamples of the patients."""


@dataclass(frozen=True, eq=False)
class Answered:
    """A model's probabilities of records, float64 (n, all heads), and the values that it answers."""

    rows: NDArray[np.float64]
    heads: Heads
    values: Sequence[Mapping[str, AxisValue | None]]

    @property
    def chances(self) -> Mapping[str, NDArray[np.float64]]:
        """The probabilities of every head, float64 (n, values)."""
        return by_head(self.rows, self.heads)

    def at(self, rows: NDArray[np.int64]) -> "Answered":
        """Return the answers of some records."""
        return Answered(self.rows[rows], self.heads, [self.values[row] for row in rows])


def answered(rows: NDArray[np.float64], heads: Heads, limits: Limits) -> Answered:
    """Return the answers of records on every axis and derived axis, decided at the limits."""
    chances, values = by_head(rows, heads), []
    for row in range(len(rows)):
        each = {head: dict(zip(heads[head], part[row].tolist(), strict=True)) for head, part in chances.items()}
        values.append(with_derived(fitted_reading(UNMEASURED, each, limits=limits).values))
    return Answered(rows, heads, values)


def by_head(rows: NDArray[np.float64], heads: Heads) -> Mapping[str, NDArray[np.float64]]:
    """Return the part of each head of all outputs, float64 (n, all heads)."""
    ends = np.cumsum([len(values) for values in heads.values()])[:-1]
    return dict(zip(heads, np.split(rows, ends, axis=1), strict=True))


def figures(found: Answered, truths: Sequence[Truth], patients: NDArray[np.int64]) -> dict[str, Draws]:
    """Return superclass macro AUROC, kappa on each of the ranking's questions and their mean.

    Parameters
    ----------
    found : Answered
    truths : sequence of Truth
    patients : int64 array (n,)
        From 0 to their number less 1.
    """
    hot, known = targets(truths)
    rows = known[SUPERCLASS]
    among = np.unique(patients[rows], return_inverse=True)[1]
    areas = superclass_areas(found.chances[SUPERCLASS][rows], hot[SUPERCLASS][rows], among)
    agreement = kappas(found.values, truths, patients)
    return {"superclass macro AUROC": areas, **{f"kappa, {name}": draws for name, draws in agreement.items()}}


def kappas(
    answers: Sequence[Mapping[str, AxisValue | None]], truths: Sequence[Truth], patients: NDArray[np.int64]
) -> dict[str, Draws]:
    """Return kappa on each of the ranking's questions and their mean."""
    found = {}
    for axis in INDEPENDENT:
        rows = [row for row, truth in enumerate(truths) if truth.values[axis.name] is not None]
        columns = kappa_columns(axis, [answers[row].get(axis.name) for row in rows], [truths[row] for row in rows])
        whole = {name: np.zeros(len(truths)) for name in columns}
        for name, column in columns.items():
            whole[name][rows] = column
        observed = kappa_of_sums({name: np.array([column.sum()]) for name, column in whole.items()})
        drawn = kappa_of_sums(resampled_sums(whole, patients, DRAWS, SEED)) if columns else None
        if observed is not None and drawn is not None:
            found[axis.name] = np.concatenate([observed, drawn])
    return {**found, "mean": np.asarray(np.mean(list(found.values()), axis=0))}


def superclass_areas(chance: NDArray[np.float64], hot: NDArray[np.float32], patients: NDArray[np.int64]) -> Draws:
    """Return the macro AUROC."""
    rng, rows = np.random.default_rng(SEED), [np.flatnonzero(patients == one) for one in range(patients.max() + 1)]
    draws = [np.concatenate([rows[one] for one in rng.integers(0, len(rows), len(rows))]) for _ in range(DRAWS)]
    return np.array([macro_auroc(hot[draw], chance[draw]) for draw in [np.arange(len(patients)), *draws]])


def difference_row(title: str, before: Draws, after: Draws) -> str:
    """Return a row: both figures with their intervals, and the difference with its own."""
    difference = after - before
    cells = [f"{draws[0]:.3f}{_between(draws, '.3f')}" for draws in (before, after)]
    return f"| {title} | {cells[0]} | {cells[1]} | {difference[0]:+.3f}{_between(difference, '+.3f')} |"


def _between(draws: Draws, form: str) -> str:
    ends = interval(draws[1:])
    return f" [{ends[0]:{form}}, {ends[1]:{form}}]" if ends else ""
