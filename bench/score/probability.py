"""Scores of probabilities: area under the ROC curve, average precision, F1, calibration.

Superclasses follow PTB-XL's convention (Strodthoff et al. 2021): multi-label over all diagnostic statements, without
the records that have none. Intervals of an area are DeLong's (1988) clustered by patient (Obuchowski 1997), on the
logit scale: unlike a percentile bootstrap they are unbiased for a macro area with rare classes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.score.axis_score import AxisAnswers
from bench.score.bootstrap import patient_numbers
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from taxonomy.reading import SUPERCLASS
from taxonomy.statement import SUPERCLASSES

BINS = 10
"""Equal-width bins of the expected calibration error (Naeini et al. 2015)."""

Z = 1.959963984540054


@dataclass(frozen=True)
class ProbabilityScore:
    """The score of the probabilities of the five superclasses.

    Attributes
    ----------
    n : int
        Records with a diagnostic statement and probabilities.
    auroc, average_precision, f1 : mapping of str to float
        By superclass that occurs, and ``macro``; F1 at a threshold of 0.5.
    intervals : mapping of str to (float, float)
        95%, of each area.
    calibration_error : float
        Over all pairs of record and superclass.
    reliability : tuple of (float, float, int)
        For each non-empty bin: mean probability, share of positives, number of pairs.
    """

    n: int
    auroc: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    average_precision: Mapping[str, float]
    f1: Mapping[str, float]
    calibration_error: float
    reliability: tuple[tuple[float, float, int], ...]


def probability_score(cases: Sequence[ScoredCase]) -> ProbabilityScore | None:
    """Return the superclass figures; None without probabilities or without a class of both outcomes."""
    labelled = [case for case in cases if case.truth.superclasses and _complete(case)]
    truth = np.array([[name in case.truth.superclasses for name in SUPERCLASSES] for case in labelled]).reshape(-1, 5)
    chance = np.array([[case.reading.probabilities[SUPERCLASS][name] for name in SUPERCLASSES] for case in labelled])
    occurring = [k for k in range(5) if 0 < truth[:, k].sum() < len(truth)]
    if not occurring:
        return None
    patients = patient_numbers([case.patient_id for case in labelled])
    areas = [area_and_influence(truth[:, k], chance[:, k], patients) for k in occurring]
    names = [SUPERCLASSES[k] for k in occurring]
    auroc = {name: area for name, (area, _) in zip(names, areas, strict=True)}
    influence = {name: pull for name, (_, pull) in zip(names, areas, strict=True)}
    auroc["macro"] = float(np.mean(list(auroc.values())))
    influence["macro"] = np.mean(list(influence.values()), axis=0)
    precision = {SUPERCLASSES[k]: average_precision(truth[:, k], chance[:, k]) for k in occurring}
    f1 = {SUPERCLASSES[k]: _f1(truth[:, k], chance[:, k] >= 0.5) for k in occurring}
    error, reliability = calibration(chance.ravel(), truth.ravel())
    return ProbabilityScore(
        n=len(labelled),
        auroc={name: rounded(area) for name, area in auroc.items()},
        intervals={name: logit_interval(auroc[name], influence[name]) for name in auroc},
        average_precision=_with_macro(precision),
        f1=_with_macro(f1),
        calibration_error=error,
        reliability=reliability,
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


def calibration(
    chance: NDArray[np.float64], true: NDArray[np.bool_]
) -> tuple[float, tuple[tuple[float, float, int], ...]]:
    """Return the expected calibration error and the (mean probability, share of positives, number) of each bin."""
    bins = np.minimum((chance * BINS).astype(int), BINS - 1)
    table = []
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            table.append((rounded(chance[inside].mean()), rounded(true[inside].mean()), int(inside.sum())))
    error = sum(abs(mean - share) * count for mean, share, count in table) / len(chance)
    return rounded(error), tuple(table)


def axis_probabilities(answers: AxisAnswers) -> tuple[float | None, float | None]:
    """Return an axis's macro one-versus-rest area and the calibration error of its most probable value.

    Both None where fewer than two values occur, the axis is a set, or a case has no probabilities for it.
    """
    name = answers.axis.name
    chances = [case.reading.probabilities.get(name) for case in answers.cases]
    if answers.axis.is_set or not chances or not all(chances):
        return None, None
    score = np.array([[chance.get(value, 0.0) for value in answers.axis.values] for chance in chances if chance])
    truth = np.array([[case.true(name) == value for value in answers.axis.values] for case in answers.cases])
    occurring = [k for k in range(score.shape[1]) if 0 < truth[:, k].sum() < len(truth)]
    best = score.argmax(axis=1)
    error, _ = calibration(score.max(axis=1), truth[np.arange(len(best)), best])
    if not occurring:
        return None, error
    everyone = np.arange(len(truth))
    areas = [area_and_influence(truth[:, k], score[:, k], everyone)[0] for k in occurring]
    return rounded(float(np.mean(areas))), error


def _complete(case: ScoredCase) -> bool:
    return case.reading.outcome == "answered" and case.reading.probabilities.get(SUPERCLASS, {}).keys() >= {
        *SUPERCLASSES
    }


def _f1(truth: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> float:
    return float(2 * np.sum(truth & predicted) / (truth.sum() + predicted.sum()))


def _with_macro(figures: Mapping[str, float]) -> dict[str, float]:
    named = {name: rounded(value) for name, value in figures.items()}
    return named | {"macro": rounded(float(np.mean(list(figures.values()))))}
