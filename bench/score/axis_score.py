"""The score of one axis."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.score import agreement
from bench.score.agreement import LEVEL
from bench.score.answer_table import accepting, answer_table, kinds_of_truth
from bench.score.association import association
from bench.score.bootstrap import patient_numbers
from bench.score.kappa import kappa, kappa_columns
from bench.score.proportion import sign_flip
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from taxonomy.axis import ISCHEMIA, ISCHEMIA_STAGE, ISCHEMIA_TERRITORY, Axis, AxisValue
from taxonomy.reading import unanswered
from taxonomy.truth import Truth

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Majority:
    """A majority value in words, and the share of the scored cases that accept it."""

    value: str
    accuracy: float


@dataclass(frozen=True)
class StrictScore:
    """The figures of an axis with the primary value as the only right one; the baseline is chosen anew."""

    accuracy: float
    baseline: float
    difference: float
    kappa: float | None


@dataclass(frozen=True)
class AxisScore:
    """The score of one axis, over the labelled cases whose call did not fail.

    Every value that the labels support is right (``Truth.accepts``).

    Attributes
    ----------
    axis : str
    text_inferable : bool
    n, unlabelled, failed : int
        Scored cases, asked cases without a truth on this axis, and labelled cases whose call failed.
    accuracy, baseline : float or None
        Share of right answers, and of cases where the better of the two majority values is right; None when n is 0.
        On ``other_findings`` an answer is right when the whole set is.
    accuracy_interval : (float, float) or None
        95%, bootstrap over patients; Clopper-Pearson for shares of 0 and 1.
    baseline_value : str
    baseline_trained, baseline_here : Majority or None
        The training split's majority value, and that of the scored cases themselves.
    difference : float or None
        Accuracy minus baseline.
    interval : (float, float) or None
        95%: Tango's score interval under 20 discordant pairs, else bootstrap over patients.
    p, p_holm : float or None
        Exact sign-flip test by patients (McNemar's where every patient has one record), and the same with Holm's
        correction over the axes.
    s : int or None
        Right answers whose value is not the training majority's; on ``other_findings`` the findings that were found.
    knows_p, knows_p_holm : float or None
        Whether S is larger than that of shuffled answers, and the same with Holm's correction.
    names_n : int
        Cases whose right values do not hold the training majority.
    names_p, names_p_holm : float or None
        As ``knows_p``, among those cases alone.
    kappa : float or None
        Cohen's, with accepted values; on ``other_findings`` the mean over the findings with ten positives.
    kappa_interval : (float, float) or None
        95%, bootstrap over patients.
    knowable : float or None
        The kappa that so many cases show in 80% of tries; None where they are too few for any.
    by_construction : bool
        Whether the reader answers from the very measurement that made a truth: the axis enters no mean and no
        correction.
    strict : StrictScore or None
    verdict : str
        ``knows it`` or ``nothing shown``, and how it stands to the prior; ``by construction``; ``no case`` when n is 0,
        ``not asked`` where the axis is not asked for or not offered.
    balanced_accuracy, macro_f1 : float or None
        None on ``other_findings`` and where undefined; an accepted answer counts as the true value.
    micro_f1 : float or None
        On ``other_findings`` only, over all findings of all cases, without those that may stand and need not.
    entropy_ratio : float or None
        H(answers) / H(primary truth), near 0 for a reader that recites one value.
    mutual_information : float or None
        In bits, of answers and primary truth.
    top_two_share : float or None
        Share of the two most frequent answers.
    no_answer : mapping of str to int
        Cases without an answer, by kind; they count as wrong.
    auroc, calibration_error : float or None
        One-versus-rest mean over the values that occur; expected calibration error of the answer.
    text_ceiling : float or None
        Accuracy of a reader that sees only the measurements, on the scored cases with a recording.
    text_ceiling_n : int
        Those cases.
    """

    axis: str
    text_inferable: bool
    n: int
    unlabelled: int
    failed: int
    baseline_value: str
    accuracy: float | None = None
    accuracy_interval: Interval = None
    baseline: float | None = None
    baseline_trained: Majority | None = None
    baseline_here: Majority | None = None
    difference: float | None = None
    interval: Interval = None
    p: float | None = None
    p_holm: float | None = None
    s: int | None = None
    knows_p: float | None = None
    knows_p_holm: float | None = None
    names_n: int = 0
    names_p: float | None = None
    names_p_holm: float | None = None
    kappa: float | None = None
    kappa_interval: Interval = None
    knowable: float | None = None
    by_construction: bool = False
    strict: StrictScore | None = None
    verdict: str = "no case"
    balanced_accuracy: float | None = None
    macro_f1: float | None = None
    micro_f1: float | None = None
    entropy_ratio: float | None = None
    mutual_information: float | None = None
    top_two_share: float | None = None
    no_answer: Mapping[str, int] | None = None
    auroc: float | None = None
    calibration_error: float | None = None
    text_ceiling: float | None = None
    text_ceiling_n: int = 0

    @property
    def knows(self) -> bool:
        """Whether the answers go with the truth, the prior taken out."""
        return not self.by_construction and self.knows_p_holm is not None and self.knows_p_holm < LEVEL


@dataclass(frozen=True, eq=False)
class AxisAnswers:
    """Truth, answers and baseline of one axis, as arrays over its scored cases.

    Attributes
    ----------
    position : int64 array (n,)
        Index among all cases.
    values : tuple of value or None
        The answers.
    truths : tuple of Truth
    trained, here : value
        The majority value of the training split, and of the cases themselves.
    right, baseline_right : bool array (n,)
        By the accepted values; the baseline is the majority here, which is never the worse one.
    """

    axis: Axis
    cases: tuple[ScoredCase, ...]
    position: NDArray[np.int64]
    values: tuple[AxisValue | None, ...]
    truths: tuple[Truth, ...]
    trained: AxisValue
    here: AxisValue
    right: NDArray[np.bool_]
    baseline_right: NDArray[np.bool_]
    unlabelled: int
    failed: int

    @property
    def discordant(self) -> tuple[int, int]:
        """The cases in which only the reader is right, and those in which only the baseline is."""
        return int(np.sum(self.right & ~self.baseline_right)), int(np.sum(~self.right & self.baseline_right))

    @cached_property
    def kappa_columns(self) -> dict[str, NDArray[np.float64]]:
        """The columns whose sums give kappa, each float64 (n,)."""
        return kappa_columns(self.axis, self.values, self.truths)

    def holds_by_construction(self, measured: Collection[str]) -> bool:
        """Tell whether a truth rests on what the reader measured itself."""
        return any(truth.holds_by_construction(self.axis.name, measured) for truth in self.truths)


def answers_on(axis: Axis, cases: Sequence[ScoredCase], trained: AxisValue) -> AxisAnswers:
    """Return the arrays of one axis; unlabelled cases and failed calls are only counted."""
    labelled = [(position, case) for position, case in enumerate(cases) if case.true(axis.name) is not None]
    scored = [(position, case) for position, case in labelled if case.reading.outcome != "failed"]
    values, truths = tuple(case.answer(axis.name) for _, case in scored), tuple(case.truth for _, case in scored)
    here = majority_here(axis, truths, trained)
    return AxisAnswers(
        axis=axis,
        cases=tuple(case for _, case in scored),
        position=np.array([position for position, _ in scored], dtype=np.int64),
        values=values,
        truths=truths,
        trained=trained,
        here=here,
        right=np.array([case.is_right(axis.name) for _, case in scored], dtype=np.bool_),
        baseline_right=np.array([truth.accepts(axis.name, here) for truth in truths], dtype=np.bool_),
        unlabelled=sum(axis.name in case.asked for case in cases) - len(labelled),
        failed=len(labelled) - len(scored),
    )


def majority_here(axis: Axis, truths: Sequence[Truth], trained: AxisValue) -> AxisValue:
    """Return the value that most of the truths accept; the trained majority wins a tie, then the first by name.

    It is the better of the two majorities, and so the baseline: always answering what is common here must not beat it.
    """
    _, distinct = kinds_of_truth(axis, truths)
    held = {value for truth in distinct for value in truth.right_values(axis.name)} - {trained}
    candidates = [trained, *sorted(held, key=value_in_words)]
    return candidates[int(np.argmax(accepting(axis, truths, candidates)))]


def axis_score(answers: AxisAnswers, seed: int = 0) -> AxisScore:
    """Return the score of one axis, without the figures that need other axes or resampling."""
    axis, n = answers.axis, len(answers.truths)
    common = (axis.name, axis.text_inferable, n, answers.unlabelled, answers.failed, value_in_words(answers.here))
    if not n:
        return AxisScore(*common)
    patients = [case.patient_id for case in answers.cases]
    folds = [case.fold for case in answers.cases]
    found = association(axis, answers.values, answers.truths, answers.trained, patients, folds, seed)
    return AxisScore(
        *common,
        accuracy=rounded(answers.right.mean()),
        baseline=rounded(answers.baseline_right.mean()),
        baseline_trained=_majority(answers, answers.trained),
        baseline_here=_majority(answers, answers.here),
        difference=rounded(answers.right.mean() - answers.baseline_right.mean()),
        p=sign_flip(_gain_by_patient(answers)),
        s=found.s,
        knows_p=found.p,
        names_n=found.names_n,
        names_p=found.names_p,
        kappa=None if found.kappa is None else rounded(found.kappa),
        strict=strict_score(answers),
        **_agreement(answers),
    )


def strict_score(answers: AxisAnswers) -> StrictScore:
    """Return the figures with the primary value as the only right one."""
    axis, truths = answers.axis, tuple(truth.strict for truth in answers.truths)
    accuracy = float(answer_table(axis, answers.values, truths, None).right.mean())
    (accepted,) = accepting(axis, truths, [majority_here(axis, truths, answers.trained)])
    baseline = float(accepted) / len(truths)
    agreed = kappa(axis, answers.values, truths)
    return StrictScore(
        accuracy=rounded(accuracy),
        baseline=rounded(baseline),
        difference=rounded(accuracy - baseline),
        kappa=None if agreed is None else rounded(agreed),
    )


def value_in_words(value: AxisValue) -> str:
    """Return a value as it is shown, a set as its findings."""
    return " + ".join(sorted(value)) or "no finding" if isinstance(value, frozenset) else value


def _majority(answers: AxisAnswers, value: AxisValue) -> Majority:
    (count,) = accepting(answers.axis, answers.truths, [value])
    return Majority(value_in_words(value), rounded(count / len(answers.truths)))


def _gain_by_patient(answers: AxisAnswers) -> NDArray[np.int64]:
    patients = patient_numbers([case.patient_id for case in answers.cases])
    gain = answers.right.astype(np.int64) - answers.baseline_right
    return np.bincount(patients, gain).round().astype(np.int64)


def _agreement(answers: AxisAnswers) -> dict[str, Any]:
    """Return the figures of the answers that are compared with nothing."""
    codes: dict[AxisValue | None, int] = {None: -1}

    def coded(values: Iterable[AxisValue | None]) -> agreement.ValueCodes:
        return np.array([codes.setdefault(value, len(codes)) for value in values], dtype=np.int64)

    single, primary = not answers.axis.is_set, coded(truth.values[answers.axis.name] for truth in answers.truths)
    answer = coded(answers.values)
    credited = np.where(answers.right, answer, primary)
    bits = agreement.entropy(primary)
    return {
        "balanced_accuracy": rounded(agreement.balanced_accuracy(credited, answer)) if single else None,
        "macro_f1": rounded(agreement.macro_f1(credited, answer)) if single else None,
        "micro_f1": None if single else rounded(micro_f1(answers)),
        "entropy_ratio": rounded(agreement.entropy(answer) / bits) if bits else None,
        "mutual_information": rounded(agreement.mutual_information(primary, answer)),
        "top_two_share": rounded(agreement.top_two_share(answer)),
        "no_answer": _no_answer(answers),
    }


def micro_f1(answers: AxisAnswers) -> float:
    """Return 2 TP / (2 TP + FP + FN) over all findings of all cases; 1 when there is none."""
    shared = predicted = true = 0
    for demanded, case in zip(answers.truths, answers.cases, strict=True):
        truth, answer = case.true(answers.axis.name), case.answer(answers.axis.name) or frozenset()
        assert isinstance(truth, frozenset) and isinstance(answer, frozenset)
        counted = answer - (demanded.allowed - truth)
        shared, predicted, true = shared + len(truth & answer), predicted + len(counted), true + len(truth)
    return 2 * shared / (predicted + true) if predicted + true else 1.0


def _no_answer(answers: AxisAnswers) -> dict[str, int]:
    kinds = Counter(
        _why(unanswered(case.reading), answers.axis)
        for case, value in zip(answers.cases, answers.values, strict=True)
        if value is None
    )
    return dict(sorted(kinds.items()))


def _why(kinds: Mapping[str, str], axis: Axis) -> str:
    parts = (ISCHEMIA_STAGE.name, ISCHEMIA_TERRITORY.name) if axis == ISCHEMIA else (axis.name,)
    return next((kinds[part] for part in parts if part in kinds), "missing")
