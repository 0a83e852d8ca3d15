"""Areas under the ROC curve and average precision, of one class and of several.

Intervals of an area are DeLong's (1988) clustered by patient (Obuchowski 1997), on the logit scale: unlike a percentile
bootstrap they are unbiased for a macro area with rare classes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.score.rounding import rounded

Z = 1.959963984540054

ENOUGH = 10
"""Positives, and negatives, below which a class's figures are withheld."""

GIVEN = 0.5
"""Probability from which F1 counts a class as predicted."""

LOWEST, HIGHEST = -1.0, 2.0
"""Scores of a positive and of a negative without a probability: below and above every probability."""


@dataclass(frozen=True)
class ClassArea:
    """The figures of one class; None where it has fewer than 10 positives or 10 negatives.

    Attributes
    ----------
    positives, negatives : int
    auroc, average_precision, f1 : float or None
        F1 at a threshold of 0.5.
    interval : (float, float) or None
        95%, of the area.
    """

    positives: int
    negatives: int
    auroc: float | None = None
    interval: tuple[float, float] | None = None
    average_precision: float | None = None
    f1: float | None = None


@dataclass(frozen=True)
class MacroArea:
    """The mean of the figures of several classes, and their number."""

    classes: int
    auroc: float
    interval: tuple[float, float]
    average_precision: float
    f1: float


@dataclass(frozen=True)
class AreaTable:
    """The figures of the classes that have probabilities.

    Attributes
    ----------
    of : str
        ``superclass``, ``statement`` or an axis.
    n : int
        Cases with a truth.
    without : int
        Cases without a probability, which rank worst in every class.
    classes : mapping of str to ClassArea
        Those that occur.
    macro : MacroArea or None
        Over the classes that are not withheld.
    macro_of_all : MacroArea or None
        Over every class that has a positive and a negative, however few, as published work reports it; None where a
        class has no probabilities.
    missing : tuple of str
        Classes that occur and have no probabilities in any case.
    """

    of: str
    n: int
    without: int
    classes: Mapping[str, ClassArea]
    macro: MacroArea | None
    macro_of_all: MacroArea | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Truth and probabilities of several classes.

    Attributes
    ----------
    of : str
    names : tuple of str
        The k classes.
    truth : int8 array (n, k)
        1 for a positive, 0 for a negative, -1 for neither.
    chance : float64 array (n, k)
        NaN where there is no probability.
    patients : int64 array (n,)
        From 0 to n_patients - 1.
    """

    of: str
    names: tuple[str, ...]
    truth: NDArray[np.int8]
    chance: NDArray[np.float64]
    patients: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Figures:
    area: float
    influence: NDArray[np.float64]
    precision: float
    f1: float


def area_table(scores: ClassScores) -> AreaTable | None:
    """Return the figures of each class and their means; None where no case has a probability.

    A case without a probability ranks worst: below all where it is a positive, above all where it is a negative, so
    that leaving cases out never helps.
    """
    given = ~np.isnan(scores.chance)
    if not given.any():
        return None
    classes: dict[str, ClassArea] = {}
    figures: dict[str, _Figures] = {}
    missing = []
    for k, name in enumerate(scores.names):
        positives, negatives = int((scores.truth[:, k] == 1).sum()), int((scores.truth[:, k] == 0).sum())
        if not positives:
            continue
        if not given[:, k].any():
            missing.append(name)
            continue
        if negatives:
            figures[name] = _class_figures(scores, k)
        classes[name] = _class_area(positives, negatives, figures.get(name))
    return AreaTable(
        of=scores.of,
        n=len(scores.truth),
        without=int((~given.any(axis=1)).sum()),
        classes=classes,
        macro=_macro([found for name, found in figures.items() if classes[name].auroc is not None]),
        macro_of_all=None if missing else _macro(list(figures.values())),
        missing=tuple(missing),
    )


def _class_figures(scores: ClassScores, k: int) -> _Figures:
    counted = scores.truth[:, k] >= 0
    truth, chance = scores.truth[counted, k] == 1, scores.chance[counted, k]
    ranked = np.where(np.isnan(chance), np.where(truth, LOWEST, HIGHEST), chance)
    area, influence = area_and_influence(truth, ranked, scores.patients[counted])
    everyone = np.zeros(int(scores.patients.max()) + 1)
    everyone[: len(influence)] = influence
    return _Figures(area, everyone, average_precision(truth, ranked), _f1(truth, ranked >= GIVEN))


def _class_area(positives: int, negatives: int, found: _Figures | None) -> ClassArea:
    if found is None or min(positives, negatives) < ENOUGH:
        return ClassArea(positives, negatives)
    return ClassArea(
        positives,
        negatives,
        auroc=rounded(found.area),
        interval=logit_interval(found.area, found.influence),
        average_precision=rounded(found.precision),
        f1=rounded(found.f1),
    )


def _macro(found: Sequence[_Figures]) -> MacroArea | None:
    if not found:
        return None
    area = float(np.mean([one.area for one in found]))
    return MacroArea(
        classes=len(found),
        auroc=rounded(area),
        interval=logit_interval(area, np.mean([one.influence for one in found], axis=0)),
        average_precision=rounded(float(np.mean([one.precision for one in found]))),
        f1=rounded(float(np.mean([one.f1 for one in found]))),
    )


def area_and_influence(
    truth: NDArray[np.bool_], score: NDArray[np.float64], patients: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """Return the area under the ROC curve, and the influence of each patient on it.

    Parameters
    ----------
    truth : bool array (n,)
    score : float64 array (n,)
    patients : int64 array (n,)
        From 0 to n_patients - 1.

    Returns
    -------
    area : float
    influence : float64 array (n_patients,)
        Sum over a patient's records of (DeLong's structural component - area) / size of the record's class.
    """
    positive, negative = np.sort(score[truth]), np.sort(score[~truth])
    beaten = (np.searchsorted(negative, score, "left") + np.searchsorted(negative, score, "right")) / 2
    beating = len(positive) - (np.searchsorted(positive, score, "left") + np.searchsorted(positive, score, "right")) / 2
    component = np.where(truth, beaten / len(negative), beating / len(positive))
    area = float(component[truth].mean())
    size = np.where(truth, len(positive), len(negative))
    influence = np.bincount(patients, (component - area) / size, minlength=int(patients.max()) + 1)
    return area, influence.astype(np.float64)


def logit_interval(area: float, influence: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95% interval of an area from the patients' influences; the area itself if it is 0 or 1."""
    count = len(influence)
    if not 0 < area < 1 or count < 2:
        return rounded(area), rounded(area)
    error = math.sqrt(float((influence**2).sum()) * count / (count - 1))
    logit, half = math.log(area / (1 - area)), Z * error / (area * (1 - area))
    return rounded(1 / (1 + math.exp(half - logit))), rounded(1 / (1 + math.exp(-half - logit)))


def average_precision(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return average precision: the precision at each threshold, weighted by its gain in recall."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))
    precision, recall = hits[last] / (last + 1), hits[last] / hits[-1]
    return float((precision * np.diff(recall, prepend=0)).sum())


def _f1(truth: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> float:
    return float(2 * np.sum(truth & predicted) / (truth.sum() + predicted.sum()))
