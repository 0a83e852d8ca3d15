"""Linear and small-MLP probes of an axis on frozen features: folds 1 to 8 teach, fold 9 chooses, fold 10 tells."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.score.probability import Z, area_and_influence, logit_interval
from bench.score.rounding import rounded
from taxonomy.axis import AxisValue

COMPONENTS = 256
"""Principal components that a probe sees at most, so that wide features are not favoured."""

CANDIDATES: Mapping[str, tuple[float, ...]] = {"linear": (0.001, 0.03, 1.0), "mlp": (0.1, 10.0)}
"""Strengths of a probe that fold 9 chooses among: C of a logistic regression, alpha of a perceptron."""

HIDDEN = 64
"""Units of the perceptron's one hidden layer."""

LEAST = 5
"""Records of a value in the training folds from which it is probed."""


@dataclass(frozen=True, eq=False)
class SplitRows:
    """Records of one split.

    Attributes
    ----------
    rows : int64 array
        Their rows among the features.
    patients : int64 array
    """

    rows: NDArray[np.int64]
    patients: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LabelledSplits:
    """The three splits of the records with a label on an axis."""

    train: SplitRows
    validation: SplitRows
    test: SplitRows


@dataclass(frozen=True, eq=False)
class FittedProbe:
    """What a probe says on fold 10.

    Attributes
    ----------
    kind : str
        ``linear`` or ``mlp``.
    validation : float
        Macro AUROC on fold 9 by which its strength was chosen.
    auroc : float
        Macro over the values (one against the others) that fold 10 has.
    interval : (float, float)
        95%, DeLong with patients clustered.
    influence : float64 array (n_patients,)
        For differences between probes of the same records.
    accuracy : float
    """

    kind: str
    validation: float
    auroc: float
    interval: tuple[float, float]
    influence: NDArray[np.float64]
    accuracy: float


def reduced(features: NDArray[np.float32], train: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return standardised principal components of features, fitted on the training rows, float64 (n, <= COMPONENTS)."""
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    count = min(COMPONENTS, len(train) - 1, features.shape[1])
    steps = make_pipeline(StandardScaler(), PCA(count, random_state=0), StandardScaler())
    steps.fit(features[train].astype(np.float64))
    return np.asarray(steps.transform(features.astype(np.float64)), dtype=np.float64)


def fitted_probes(
    x: NDArray[np.float64], values: Sequence[AxisValue | None], folds: LabelledSplits
) -> dict[str, FittedProbe]:
    """Return the linear and the MLP probe of an axis, each at the strength that fold 9 chose.

    Parameters
    ----------
    x : float64 array (n, components)
    values : sequence of str, frozenset or None
        The truth of every row; a set asks for each of its members.
    folds : LabelledSplits

    Returns
    -------
    dict of str to FittedProbe
        Empty where fold 10 or fold 9 has nothing to tell apart.
    """
    truth, names = _hot(values, folds.train.rows)
    is_set = any(isinstance(value, frozenset) for value in values)
    if len(names) < (1 if is_set else 2):
        return {}
    found = {}
    for kind, strengths in CANDIDATES.items():
        tried = []
        for strength in strengths:
            chances = _fitted(kind, strength, x[folds.train.rows], truth[folds.train.rows], is_set)
            area = _macro(truth, chances(x), folds.validation)
            if area is not None:
                tried.append((area[0], chances))
        if not tried:
            continue
        validation, best = max(tried, key=lambda one: one[0])
        told = _macro(truth, best(x), folds.test)
        if told is None:
            continue
        accuracy = _accuracy(truth, best(x), folds.test, is_set)
        found[kind] = FittedProbe(kind, rounded(validation), rounded(told[0]), logit_interval(*told), told[1], accuracy)
    return found


def best_probe(probes: Mapping[str, FittedProbe]) -> FittedProbe | None:
    """Return the probe that fold 9 likes best."""
    return max(probes.values(), key=lambda one: one.validation, default=None)


def area_difference(one: FittedProbe, other: FittedProbe) -> tuple[float, tuple[float, float]]:
    """Return by how much one area is larger, with its 95% interval; both are of the same records."""
    apart = one.influence - other.influence
    count, value = len(apart), one.auroc - other.auroc
    error = math.sqrt(float((apart**2).sum()) * count / max(1, count - 1))
    return rounded(value), (rounded(value - Z * error), rounded(value + Z * error))


def _hot(values: Sequence[AxisValue | None], train: NDArray[np.int64]) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which value each row has, bool (n, values), for the values that training has enough of."""
    sets = [value if isinstance(value, frozenset) else frozenset({value} if value else ()) for value in values]
    names = sorted({name for one in sets for name in one})
    truth = np.array([[name in one for name in names] for one in sets]).reshape(len(sets), -1)
    counts = truth[train].sum(axis=0)
    kept = [n for n, count in enumerate(counts) if LEAST <= count <= len(train) - LEAST]
    return truth[:, kept], [names[n] for n in kept]


def _fitted(kind: str, strength: float, x: NDArray[np.float64], truth: NDArray[np.bool_], is_set: bool) -> Any:  # noqa: ANN401
    """Return a function from features to a probability for each value."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.neural_network import MLPClassifier

    if kind == "linear":
        model = OneVsRestClassifier(LogisticRegression(C=strength, max_iter=300))
    else:
        model = MLPClassifier((HIDDEN,), alpha=strength, max_iter=100, random_state=0)
    rows = slice(None) if is_set else truth.any(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x[rows], truth[rows].astype(np.int64))
    return lambda seen: np.asarray(model.predict_proba(seen), dtype=np.float64).reshape(len(seen), -1)


def _macro(
    truth: NDArray[np.bool_], chances: NDArray[np.float64], fold: SplitRows
) -> tuple[float, NDArray[np.float64]] | None:
    told, said = truth[fold.rows], chances[fold.rows]
    occurring = [k for k in range(told.shape[1]) if 0 < told[:, k].sum() < len(told)]
    if not occurring:
        return None
    patients = np.unique(fold.patients, return_inverse=True)[1]
    areas = [area_and_influence(told[:, k], said[:, k], patients) for k in occurring]
    return float(np.mean([area for area, _ in areas])), np.mean([influence for _, influence in areas], axis=0)


def _accuracy(truth: NDArray[np.bool_], chances: NDArray[np.float64], fold: SplitRows, is_set: bool) -> float:
    told, said = truth[fold.rows], chances[fold.rows]
    right = ((said >= 0.5) == told).all(axis=1) if is_set else told[np.arange(len(told)), said.argmax(axis=1)]
    return rounded(float(right.mean()))
