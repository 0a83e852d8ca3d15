"""The superclass confusion, danger-weighted error and critical errors, overall and by subgroup."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.score.bootstrap import interval, patient_numbers, ratio, resampled_sums
from bench.score.proportion import share_interval
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from taxonomy.danger import CRITICAL, DangerTable
from taxonomy.statement import SUPERCLASSES

AGE_BANDS: Mapping[str, Callable[[float], bool]] = {
    "<40": lambda age: age < 40,
    "40-60": lambda age: 40 <= age < 60,
    "60-75": lambda age: 60 <= age <= 75,
    ">75": lambda age: age > 75,
}
"""Age bands in years; 40 and 60 belong to the upper band, 75 to the lower one."""


@dataclass(frozen=True)
class DangerScore:
    """The danger of the errors of a group of cases.

    Attributes
    ----------
    n : int
        Cases with a true superclass whose call did not fail.
    dwe : float
        Danger-weighted error, the mean danger of the answers.
    dwe_interval : (float, float)
        95%, bootstrap over patients.
    critical : int
        Answers of danger 3.
    critical_share : float
    critical_interval : (float, float)
        Clopper-Pearson for shares of 0 and 1.
    """

    n: int
    dwe: float
    dwe_interval: tuple[float, float]
    critical: int
    critical_share: float
    critical_interval: tuple[float, float]


@dataclass(frozen=True)
class SuperclassScore:
    """The confusion of superclasses and its danger.

    Attributes
    ----------
    confusion : tuple of 5 rows of 6 int
        True class by answered class; the last column is no answer. An answer that is the class of an accepted
        diagnosis is its own true class.
    balanced_accuracy : float
        Mean recall.
    hard_answer_auc : float
        Mean over classes of (recall + specificity) / 2, the 'AUC' of hard answers in the ECG-VLM literature.
    overall : DangerScore
    groups : mapping of str to DangerScore
        By sex and by age band, without empty groups.
    danger_table : str
        Name and version of the table.
    """

    confusion: tuple[tuple[int, ...], ...]
    balanced_accuracy: float
    hard_answer_auc: float
    overall: DangerScore
    groups: Mapping[str, DangerScore]
    danger_table: str


def superclass_score(cases: Sequence[ScoredCase], table: DangerTable, draws: int, seed: int) -> SuperclassScore | None:
    """Return the superclass figures, None when no case has a true superclass."""
    labelled = [case for case in cases if case.truth.superclass and case.reading.outcome != "failed"]
    if not labelled:
        return None
    names: list[str | None] = [*SUPERCLASSES, None]
    pairs = np.array([(names.index(case.true_superclass()), names.index(case.superclass())) for case in labelled])
    confusion = np.zeros((5, 6), dtype=np.int64)
    np.add.at(confusion, (pairs[:, 0], pairs[:, 1]), 1)
    danger = table.costs()[pairs[:, 0], pairs[:, 1]]
    groups = _groups(labelled)
    scores = _danger_scores(danger, patient_numbers([case.patient_id for case in labelled]), groups, (draws, seed))
    recall, auc = _hard_answers(confusion)
    return SuperclassScore(
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
        balanced_accuracy=recall,
        hard_answer_auc=auc,
        overall=scores.pop("all"),
        groups=scores,
        danger_table=f"{table.name} {table.version}",
    )


def _groups(cases: Sequence[ScoredCase]) -> dict[str, NDArray[np.float64]]:
    groups = {"all": [True] * len(cases)}
    groups |= {sex: [case.sex == sex for case in cases] for sex in ("male", "female")}
    for band, holds in AGE_BANDS.items():
        groups[f"age {band}"] = [case.age is not None and holds(case.age) for case in cases]
    return {name: np.array(members, dtype=np.float64) for name, members in groups.items() if any(members)}


def _danger_scores(
    danger: NDArray[np.float64],
    patients: NDArray[np.int64],
    groups: Mapping[str, NDArray[np.float64]],
    resampling: tuple[int, int],
) -> dict[str, DangerScore]:
    critical = (danger >= CRITICAL).astype(np.float64)
    columns: dict[str, NDArray[np.float64]] = {}
    for name, inside in groups.items():
        columns |= {f"{name} n": inside, f"{name} danger": inside * danger, f"{name} critical": inside * critical}
    sums = resampled_sums(columns, patients, *resampling)
    scores = {}
    for name, inside in groups.items():
        n, count = int(inside.sum()), int((inside * critical).sum())
        whole = sums[f"{name} n"]
        scores[name] = DangerScore(
            n=n,
            dwe=rounded(float((inside * danger).sum()) / n),
            dwe_interval=interval(ratio(sums[f"{name} danger"], whole)) or (0.0, 0.0),
            critical=count,
            critical_share=rounded(count / n),
            critical_interval=share_interval(count, n, interval(ratio(sums[f"{name} critical"], whole))),
        )
    return scores


def _hard_answers(confusion: NDArray[np.int64]) -> tuple[float, float]:
    total, recalls, areas = confusion.sum(), [], []
    for k in range(5):
        true = confusion[k].sum()
        if true:
            recall = confusion[k, k] / true
            recalls.append(recall)
            if total > true:
                specificity = 1 - (confusion[:, k].sum() - confusion[k, k]) / (total - true)
                areas.append((recall + specificity) / 2)
    return rounded(float(np.mean(recalls))), rounded(float(np.mean(areas))) if areas else 0.5
