"""Linear and small-MLP probes of an axis on frozen features: fitted on train, chosen on val, reported on test."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.score.area import Z, area_and_influence, logit_interval
from bench.score.rounding import rounded
from taxonomy.axis import AxisValue

COMPONENTS = 256
"""Principal components that a probe sees at most, so that wide features have no advantage."""

CANDIDATES: Mapping[str, tuple[float, ...]] = {"linear": (0.001, 0.03, 1.0), "mlp": (0.1, 10.0)}
"""Regularisation strengths tried on the validation split: C of a logistic regression, alpha of a perceptron."""

HIDDEN = 64
"""Units of the perceptron's one hidden layer."""

LEAST = 5
"""Training records with, and without, a value that a probe of it needs."""


@dataclass(frozen=True, eq=False)
class SplitRows:
    """The labelled records of one split.

    Attributes
    ----------
    rows : int64 array
        Row indices into the features.
    patients : int64 array
        Patient number of each.
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
    """A fitted probe's figures on the test split.

    Attributes
    ----------
    kind : str
        ``linear``, ``mlp`` or ``attentive``.
    validation : float
        Macro AUROC on the validation split, by which its strength or epoch was chosen.
    auroc : float
        Macro one-versus-rest over the values that occur in the test split.
    interval : (float, float)
        95%, DeLong clustered by patient.
    influence : float64 array (n_patients,)
        Of each patient on ``auroc``, for differences between probes of the same records.
    accuracy : float
    """

    kind: str
    validation: float
    auroc: float
    interval: tuple[float, float]
    influence: NDArray[np.float64]
    accuracy: float


def reduced(features: NDArray[np.float32], train: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return standardised principal components fitted on the training rows, float64 (n, <= COMPONENTS)."""
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    count = min(COMPONENTS, len(train) - 1, features.shape[1])
    steps = make_pipeline(StandardScaler(), PCA(count, random_state=0), StandardScaler())
    steps.fit(features[train].astype(np.float64))
    return np.asarray(steps.transform(features.astype(np.float64)), dtype=np.float64)


def fitted_probes(
    x: NDArray[np.float64], values: Sequence[AxisValue | None], splits: LabelledSplits
) -> dict[str, FittedProbe]:
    """Return the linear and the MLP probe of an axis, each at its best strength on the validation split.

    Parameters
    ----------
    x : float64 array (n, components)
    values : sequence of str, frozenset or None
        True value of every row; each member of a set is a value.
    splits : LabelledSplits

    Returns
    -------
    dict of str to FittedProbe
        Empty where the validation or the test split has a single outcome.
    """
    truth, names = one_hot(values, splits.train.rows)
    is_set = any(isinstance(value, frozenset) for value in values)
    if len(names) < (1 if is_set else 2):
        return {}
    probes = {}
    for kind, strengths in CANDIDATES.items():
        tried = []
        for strength in strengths:
            chances = _fitted(kind, strength, x[splits.train.rows], truth[splits.train.rows], is_set)
            area = macro_area(truth, chances(x), splits.validation)
            if area is not None:
                tried.append((area[0], chances))
        if not tried:
            continue
        _, best = max(tried, key=lambda candidate: candidate[0])
        probe = fitted_probe(kind, best(x), truth, splits, is_set)
        if probe is not None:
            probes[kind] = probe
    return probes


def fitted_probe(
    kind: str, chances: NDArray[np.float64], truth: NDArray[np.bool_], splits: LabelledSplits, is_set: bool
) -> FittedProbe | None:
    """Return a probe's figures from its probabilities; None where validation or test has a single outcome.

    Parameters
    ----------
    kind : str
    chances : float64 array (n, values)
        At least of the validation and the test split.
    truth : bool array (n, values)
    splits : LabelledSplits
    is_set : bool
        Whether several values hold at once.
    """
    validation, on_test = (macro_area(truth, chances, part) for part in (splits.validation, splits.test))
    if validation is None or on_test is None:
        return None
    area, interval = rounded(on_test[0]), logit_interval(*on_test)
    accuracy = _accuracy(truth, chances, splits.test, is_set)
    return FittedProbe(kind, rounded(validation[0]), area, interval, on_test[1], accuracy)


def best_probe(probes: Mapping[str, FittedProbe]) -> FittedProbe | None:
    """Return the probe with the best area on the validation split, None without any."""
    return max(probes.values(), key=lambda fitted: fitted.validation, default=None)


def area_difference(first: FittedProbe, second: FittedProbe) -> tuple[float, tuple[float, float]]:
    """Return the first area minus the second, with its 95% interval; both are of the same records."""
    influence = first.influence - second.influence
    count, value = len(influence), first.auroc - second.auroc
    error = math.sqrt(float((influence**2).sum()) * count / max(1, count - 1))
    return rounded(value), (rounded(value - Z * error), rounded(value + Z * error))


def one_hot(values: Sequence[AxisValue | None], train: NDArray[np.int64]) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which value each row has, bool (n, values), and the values frequent enough in training."""
    sets = [value if isinstance(value, frozenset) else frozenset({value} if value else ()) for value in values]
    names = sorted({name for members in sets for name in members})
    truth = np.array([[name in members for name in names] for members in sets]).reshape(len(sets), -1)
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


def macro_area(
    truth: NDArray[np.bool_], chances: NDArray[np.float64], split: SplitRows
) -> tuple[float, NDArray[np.float64]] | None:
    """Return the macro area over the values that vary in a split, and each patient's influence; None without any."""
    labels, predicted = truth[split.rows], chances[split.rows]
    occurring = [k for k in range(labels.shape[1]) if 0 < labels[:, k].sum() < len(labels)]
    if not occurring:
        return None
    patients = np.unique(split.patients, return_inverse=True)[1]
    areas = [area_and_influence(labels[:, k], predicted[:, k], patients) for k in occurring]
    return float(np.mean([area for area, _ in areas])), np.mean([influence for _, influence in areas], axis=0)


def _accuracy(truth: NDArray[np.bool_], chances: NDArray[np.float64], split: SplitRows, is_set: bool) -> float:
    labels, predicted = truth[split.rows], chances[split.rows]
    right = (
        ((predicted >= 0.5) == labels).all(axis=1)
        if is_set
        else labels[np.arange(len(labels)), predicted.argmax(axis=1)]
    )
    return rounded(float(right.mean()))
