"""The score of one axis."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.score import agreement
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from taxonomy.axis import Axis, AxisValue
from taxonomy.reading import unanswered


@dataclass(frozen=True)
class AxisScore:
    """The score of one axis, over the labelled cases whose call did not fail.

    Attributes
    ----------
    axis : str
    text_inferable : bool
    n, unlabelled, failed : int
        Scored cases, cases without a truth on this axis, and labelled cases whose call failed.
    accuracy, baseline : float or None
        Share of correct answers, and of cases where the training split's majority value is correct; None when n is 0.
        On ``other_findings`` an answer is correct when the whole set is.
    baseline_value : str
    difference : float or None
        Accuracy minus baseline.
    interval : (float, float) or None
        95%, bootstrap over patients.
    p, p_holm : float or None
        Exact McNemar test, and the same with Holm's correction over the axes.
    verdict : str
        ``above prior``, ``at prior`` or ``below prior``, from ``p_holm`` < 0.05 and the sign; ``no case`` when n is 0.
    balanced_accuracy, macro_f1, kappa : float or None
        None on ``other_findings`` and where undefined.
    micro_f1 : float or None
        On ``other_findings`` only, over all findings of all cases.
    entropy_ratio : float or None
        H(answers) / H(truth), near 0 for a reader that recites one value.
    mutual_information : float or None
        In bits, of answers and truth.
    top_two_share : float or None
        Share of the two most frequent answers.
    no_answer : mapping of str to int
        Cases without an answer, by kind; they count as wrong.
    auroc, calibration_error : float or None
        One-versus-rest mean over the values that occur; expected calibration error of the answer.
    text_ceiling : float or None
        Accuracy on the same cases of a reader that sees only the measurements.
    """

    axis: str
    text_inferable: bool
    n: int
    unlabelled: int
    failed: int
    baseline_value: str
    accuracy: float | None = None
    baseline: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    p_holm: float | None = None
    verdict: str = "no case"
    balanced_accuracy: float | None = None
    macro_f1: float | None = None
    kappa: float | None = None
    micro_f1: float | None = None
    entropy_ratio: float | None = None
    mutual_information: float | None = None
    top_two_share: float | None = None
    no_answer: Mapping[str, int] | None = None
    auroc: float | None = None
    calibration_error: float | None = None
    text_ceiling: float | None = None


@dataclass(frozen=True, eq=False)
class AxisAnswers:
    """Truth, answers and baseline of one axis, as arrays over its scored cases.

    Attributes
    ----------
    position : int64 array (n,)
        Index among all cases.
    truth, answer : int64 array (n,)
        Codes of the values; -1 for no answer.
    right, baseline_right : bool array (n,)
    """

    axis: Axis
    cases: tuple[ScoredCase, ...]
    position: NDArray[np.int64]
    truth: NDArray[np.int64]
    answer: NDArray[np.int64]
    right: NDArray[np.bool_]
    baseline_right: NDArray[np.bool_]
    unlabelled: int
    failed: int


def answers_on(axis: Axis, cases: Sequence[ScoredCase], baseline: AxisValue) -> AxisAnswers:
    """Return the arrays of one axis; unlabelled cases and failed calls are only counted."""
    labelled = [(position, case) for position, case in enumerate(cases) if case.true(axis.name) is not None]
    scored = [(position, case) for position, case in labelled if case.reading.outcome != "failed"]
    codes: dict[AxisValue, int] = {}
    truth = [codes.setdefault(case.true(axis.name) or frozenset(), len(codes)) for _, case in scored]
    values = [case.answer(axis.name) for _, case in scored]
    answer = [-1 if value is None else codes.setdefault(value, len(codes)) for value in values]
    truth_codes, answer_codes = np.array(truth, dtype=np.int64), np.array(answer, dtype=np.int64)
    return AxisAnswers(
        axis=axis,
        cases=tuple(case for _, case in scored),
        position=np.array([position for position, _ in scored], dtype=np.int64),
        truth=truth_codes,
        answer=answer_codes,
        right=truth_codes == answer_codes,
        baseline_right=truth_codes == codes.get(baseline, -2),
        unlabelled=len(cases) - len(labelled),
        failed=len(labelled) - len(scored),
    )


def axis_score(answers: AxisAnswers, baseline: AxisValue) -> AxisScore:
    """Return the score of one axis, without the figures that need other axes or resampling."""
    axis = answers.axis
    shown = " + ".join(sorted(baseline)) or "no finding" if isinstance(baseline, frozenset) else baseline
    common = (axis.name, axis.text_inferable, len(answers.truth), answers.unlabelled, answers.failed, shown)
    if not len(answers.truth):
        return AxisScore(*common)
    truth_entropy = agreement.entropy(answers.truth)
    single = not axis.is_set
    kappa = agreement.kappa(answers.truth, answers.answer) if single else None
    return AxisScore(
        *common,
        accuracy=rounded(answers.right.mean()),
        baseline=rounded(answers.baseline_right.mean()),
        difference=rounded(answers.right.mean() - answers.baseline_right.mean()),
        p=agreement.mcnemar(answers.right, answers.baseline_right),
        balanced_accuracy=rounded(agreement.balanced_accuracy(answers.truth, answers.answer)) if single else None,
        macro_f1=rounded(agreement.macro_f1(answers.truth, answers.answer)) if single else None,
        kappa=None if kappa is None else rounded(kappa),
        micro_f1=None if single else rounded(micro_f1(answers)),
        entropy_ratio=rounded(agreement.entropy(answers.answer) / truth_entropy) if truth_entropy else None,
        mutual_information=rounded(agreement.mutual_information(answers.truth, answers.answer)),
        top_two_share=rounded(agreement.top_two_share(answers.answer)),
        no_answer=_no_answer(answers),
    )


def micro_f1(answers: AxisAnswers) -> float:
    """Return 2 TP / (2 TP + FP + FN) over all findings of all cases; 1 when there is none."""
    shared = predicted = true = 0
    for case in answers.cases:
        truth, answer = case.true(answers.axis.name), case.answer(answers.axis.name) or frozenset()
        assert isinstance(truth, frozenset) and isinstance(answer, frozenset)
        shared, predicted, true = shared + len(truth & answer), predicted + len(answer), true + len(truth)
    return 2 * shared / (predicted + true) if predicted + true else 1.0


def _no_answer(answers: AxisAnswers) -> dict[str, int]:
    kinds = Counter(
        unanswered(case.reading)[answers.axis.name]
        for case, answer in zip(answers.cases, answers.answer, strict=True)
        if answer < 0
    )
    return dict(sorted(kinds.items()))
