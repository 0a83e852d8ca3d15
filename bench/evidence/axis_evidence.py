"""Derives from the answers under every condition what a reader reads on each axis."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.dataset import RecordId
from bench.dataset.record import by_id
from bench.evidence.answer import AskedCase, Figure, accuracy, accuracy_difference, moved, ratio_of, share_figure
from bench.evidence.conditions import ABLATION
from bench.score.agreement import holm
from bench.score.rounding import rounded
from bench.score.score import SIGNIFICANT
from measurements import Measurements
from taxonomy.axis import AXES, Axis, AxisValue
from taxonomy.threshold import axis_of, rate_of

UNMOVED = 0.2
"""Upper interval bound on the share of changed answers below which a reader counts as unmoved."""

HALF = 0.5
"""Share of answered cases below which a reader is said to give no answer."""

CLAIMS = re.compile(
    r"\b(the (tracing|trace|ecg|image) shows|leads? (I{1,3}|aV[RLF]|V[1-6])\b|in V[1-6]\b|[PTQ] waves?|QRS complex|"
    r"ST[- ](elevation|depression|segment)|visible|seen in)",
    re.IGNORECASE,
)
"""Wording that claims to have seen a trace; approximates the judged claims of arXiv 2603.03437."""


@dataclass(frozen=True)
class AxisEvidence:
    """The evidence on one axis.

    Attributes
    ----------
    axis : str
    text_inferable : bool
    n : int
        Labelled cases.
    prior : float or None
        Accuracy of the training split's majority value.
    text_ceiling, image_ceiling : float or None
        Accuracy of the reader that sees only the numbers, and of the one that reads the same image or signal.
    accuracies : mapping of str to Figure
        By condition.
    gain : Figure or None
        Waveform gain: full minus blank image.
    reliance : Figure or None
        Visual Reliance Score (arXiv 2603.03437): full minus wrong image.
    text_reliance : Figure or None
        Full minus wrong measurements.
    image_sensitivity : Figure or None
        Share of answers that change without the image (arXiv 2603.03437).
    moved_by_image, moved_by_text, moved_by_same_truth : Figure or None
        Share of answers changed by another patient's image, numbers, or image with the same truth.
    copy_rate : Figure or None
        Share of answers under ``crossed`` that follow the foreign number where it contradicts the truth;
        rate and axis only.
    recoverable : Figure or None
        (accuracy - text ceiling) / (image ceiling - text ceiling).
    right_leads : Figure or None
        Accuracy with other leads masked minus accuracy with relevant leads masked.
    claims : Figure or None
        Hallucinated Visual Reasoning Rate (arXiv 2603.03437): share of answers that claim to have seen the image,
        among those that do not change without it.
    power : float or None
        Smallest gain detectable with n cases: from the fewest discordant pairs, all in one direction, that make the
        exact McNemar test significant after Holm's correction.
    answered : float or None
        Share of labelled cases answered under ``full``.
    verdict : str
    """

    axis: str
    text_inferable: bool
    n: int
    prior: float | None
    text_ceiling: float | None
    image_ceiling: float | None
    accuracies: Mapping[str, Figure]
    gain: Figure | None = None
    reliance: Figure | None = None
    text_reliance: Figure | None = None
    image_sensitivity: Figure | None = None
    moved_by_image: Figure | None = None
    moved_by_text: Figure | None = None
    moved_by_same_truth: Figure | None = None
    copy_rate: Figure | None = None
    recoverable: Figure | None = None
    right_leads: Figure | None = None
    claims: Figure | None = None
    power: float | None = None
    answered: float | None = None
    verdict: str = ""


@dataclass(frozen=True, eq=False)
class Ceilings:
    """Reference readers on the same cases.

    Attributes
    ----------
    prior : mapping of str to value
        Majority value of each axis.
    text, image : mapping of RecordId to mapping of str to value or None
        Answers of the text and the image ceiling, by ``ecg_id`` and axis.
    """

    prior: Mapping[str, AxisValue]
    text: Mapping[RecordId, Mapping[str, AxisValue | None]]
    image: Mapping[RecordId, Mapping[str, AxisValue | None]]


def axis_evidence(
    cases: Sequence[AskedCase], ceilings: Ceilings, axes: Sequence[Axis] = AXES
) -> tuple[AxisEvidence, ...]:
    """Return the evidence on each of the axes."""
    ordered = tuple(sorted(cases, key=lambda case: by_id(case.ecg_id)))
    evidence = [_axis(axis, ordered, ceilings, len(axes)) for axis in axes]
    for name in ("gain", "reliance", "text_reliance", "right_leads"):
        evidence = _corrected(evidence, name)
    return tuple(replace(on_axis, verdict=verdict(on_axis)) for on_axis in evidence)


def verdict(evidence: AxisEvidence) -> str:
    """Say in plain words where the answers on an axis come from.

    The test is whether accuracy drops with another patient's trace or another patient's numbers; a reader that only
    notices a blank page is affected by neither. Without a drop, a reader that leaves most cases unanswered gives no
    answer, one whose answers neither swap changes recites the prior, and otherwise the cases are too few to tell.
    """
    trace, text = _loses(evidence.reliance), _loses(evidence.text_reliance)
    if trace and text:
        return "reads the trace and copies the prompt"
    if trace:
        return "reads the trace"
    if text:
        return "copies the prompt"
    if evidence.answered is not None and evidence.answered < HALF:
        return "gives no answer"
    swaps = [figure for figure in (evidence.moved_by_image, evidence.moved_by_text) if figure]
    if swaps and all(figure.interval and figure.interval[1] < UNMOVED for figure in swaps):
        return "recites the prior"
    return f"cannot tell: n = {evidence.n}"


def _loses(figure: Figure | None) -> bool:
    return figure is not None and figure.value > 0 and figure.p_holm is not None and figure.p_holm < SIGNIFICANT


def _axis(scored: Axis, cases: tuple[AskedCase, ...], ceilings: Ceilings, axes: int) -> AxisEvidence:
    axis = scored.name
    accuracies = {name: figure for name in ABLATION if (figure := accuracy(cases, axis, name))}
    labelled = tuple(case for case in cases if case.truth.values[axis] is not None and "full" in case.readings)
    without = "text-only" if any("text-only" in case.readings for case in cases) else "blank-image"
    return AxisEvidence(
        axis=axis,
        text_inferable=scored.text_inferable,
        n=len(labelled),
        prior=_mean([case.truth.values[axis] == ceilings.prior[axis] for case in labelled]),
        text_ceiling=_mean([_is_right(case, axis, ceilings.text) for case in labelled]),
        image_ceiling=_mean([_is_right(case, axis, ceilings.image) for case in labelled]) if ceilings.image else None,
        accuracies=accuracies,
        gain=accuracy_difference(cases, axis, "full", "blank-image"),
        reliance=accuracy_difference(cases, axis, "full", "wrong-image"),
        text_reliance=accuracy_difference(cases, axis, "full", "crossed"),
        image_sensitivity=moved(cases, axis, "full", without),
        moved_by_image=moved(cases, axis, "full", "wrong-image"),
        moved_by_text=moved(cases, axis, "full", "crossed"),
        moved_by_same_truth=moved(cases, axis, "full", "same-truth-image"),
        copy_rate=_copy_rate(cases, axis),
        recoverable=_recoverable(labelled, axis, ceilings),
        claims=_claims(cases, axis, without),
        power=_power(len(labelled), axes),
        answered=_mean([case.answer("full", axis) is not None for case in labelled]),
    )


def _mean(happened: Sequence[bool]) -> float | None:
    return rounded(float(np.mean(happened))) if happened else None


def _is_right(case: AskedCase, axis: str, answers: Mapping[RecordId, Mapping[str, AxisValue | None]]) -> bool:
    return answers[case.ecg_id].get(axis) == case.truth.values[axis]


def _implied(axis: str, numbers: Measurements) -> str | None:
    """Return the value of ``rate`` or ``axis`` that the measurements imply."""
    value = numbers.heart_rate.value if axis == "rate" else numbers.qrs_axis.value
    if value is None:
        return None
    return rate_of(value) if axis == "rate" else axis_of(value)


def _copy_rate(cases: tuple[AskedCase, ...], axis: str) -> Figure | None:
    if axis not in {"rate", "axis"}:
        return None
    rows = []
    for case in cases:
        shown = case.foreign.get("crossed")
        foreign = _implied(axis, shown) if shown and "crossed" in case.readings else None
        if foreign is not None and case.truth.values[axis] not in (None, foreign):
            rows.append((case, case.answer("crossed", axis) == foreign))
    return share_figure(tuple(case for case, _ in rows), np.array([copied for _, copied in rows]))


def _recoverable(cases: tuple[AskedCase, ...], axis: str, ceilings: Ceilings) -> Figure | None:
    if not cases or not ceilings.image:
        return None
    own = np.array([case.right("full", axis) for case in cases], dtype=np.float64)
    text, image = (
        np.array([_is_right(case, axis, answers) for case in cases], dtype=np.float64)
        for answers in (ceilings.text, ceilings.image)
    )
    return ratio_of(cases, own - text, image - text)


def _claims(cases: tuple[AskedCase, ...], axis: str, without: str) -> Figure | None:
    unmoved = tuple(
        case
        for case in cases
        if {"full", without} <= case.readings.keys()
        and case.readings[without].raw
        and case.answer("full", axis) == case.answer(without, axis)
    )
    return share_figure(unmoved, np.array([bool(CLAIMS.search(case.readings[without].raw or "")) for case in unmoved]))


def _power(n: int, axes: int) -> float | None:
    fewest = next(count for count in range(1, 64) if 2 * 0.5**count * axes < SIGNIFICANT)
    return None if n < fewest else rounded(fewest / n)


def _corrected(evidence: list[AxisEvidence], name: str) -> list[AxisEvidence]:
    """Return the evidence with the p of one figure corrected over the axes."""
    figures = [getattr(on_axis, name) for on_axis in evidence]
    p = iter(holm([figure.p for figure in figures if figure]))
    return [
        on_axis if figure is None else replace(on_axis, **{name: replace(figure, p_holm=rounded(next(p)))})
        for on_axis, figure in zip(evidence, figures, strict=True)
    ]
