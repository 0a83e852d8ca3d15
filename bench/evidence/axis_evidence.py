"""From answers under every condition to what a reader reads, axis by axis."""

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
from bench.view.lead_mask import MASKED_AXES
from measurements import Measurements
from taxonomy.axis import AXES, Axis, AxisValue
from taxonomy.truth import axis_of, rate_of

SIGNIFICANT = 0.05
UNMOVED = 0.2
"""Share of answers that a change may move, by the upper end of its interval, for a reader to count as unmoved."""

HALF = 0.5
"""Share of cases below which a reader that answers them is said to give no answer."""

CLAIMS = re.compile(
    r"\b(the (tracing|trace|ecg|image) shows|leads? (I{1,3}|aV[RLF]|V[1-6])\b|in V[1-6]\b|[PTQ] waves?|QRS complex|"
    r"ST[- ](elevation|depression|segment)|visible|seen in)",
    re.IGNORECASE,
)
"""Words by which an answer claims to have seen a trace; an approximation of the judged claims of arXiv 2603.03437."""


@dataclass(frozen=True)
class AxisEvidence:
    """What the ablation says of one axis.

    Attributes
    ----------
    axis : str
    text_inferable : bool
    n : int
        Labelled cases.
    prior : float or None
        Accuracy of the training folds' majority value.
    text_ceiling, image_ceiling : float or None
        Accuracy of the reader that sees the numbers only, and of the one that reads the same image or signal.
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
        Share of answers that another patient's image, or numbers, or image of the same truth, changes.
    copy_rate : Figure or None
        Of ``wrong-measurements``, where the foreign number says otherwise: share of answers that follow it; rate and
        axis only.
    recoverable : Figure or None
        (accuracy - text ceiling) / (image ceiling - text ceiling).
    right_leads : Figure or None
        Other leads masked minus relevant leads masked.
    claims : Figure or None
        Hallucinated Visual Reasoning Rate (arXiv 2603.03437): of the answers that do not change without the image,
        those that claim to have seen it.
    power : float or None
        Smallest gain that this n can show: that of the fewest discordant pairs with a significant exact McNemar test
        after Holm's correction, all in one direction.
    answered : float or None
        Share of labelled cases that have an answer under ``full``.
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
    """Readers of the same cases that bound what can be read.

    Attributes
    ----------
    prior : mapping of str to value
        Majority value of each axis.
    text, image : mapping of RecordId to mapping of str to value or None
        ConditionReadings of the text ceiling and of the image ceiling, by ``ecg_id`` and axis.
    """

    prior: Mapping[str, AxisValue]
    text: Mapping[RecordId, Mapping[str, AxisValue | None]]
    image: Mapping[RecordId, Mapping[str, AxisValue | None]]


def axis_evidence(
    cases: Sequence[AskedCase], ceilings: Ceilings, axes: Sequence[Axis] = AXES
) -> tuple[AxisEvidence, ...]:
    """Return the evidence on every axis that was asked for.

    Parameters
    ----------
    cases : sequence of AskedCase
    ceilings : Ceilings
    axes : sequence of Axis
    """
    asked = tuple(sorted(cases, key=lambda case: by_id(case.ecg_id)))
    found = [replace(part, power=_power(part.n, len(axes))) for part in (_axis(axis, asked, ceilings) for axis in axes)]
    for name in ("gain", "reliance", "text_reliance", "right_leads"):
        found = _corrected(found, name)
    return tuple(replace(part, verdict=verdict(part)) for part in found)


def verdict(found: AxisEvidence) -> str:
    """Say in plain words where the answers on an axis come from.

    The test is whether answers get worse with another patient's trace, or with another patient's numbers: a reader that
    only notices that a page is blank is moved by neither. Without such a loss, a reader that leaves most cases without
    an answer gives none, answers that are moved by neither recite the prior, and else the cases are too few to tell.
    """
    trace, text = _loses(found.reliance), _loses(found.text_reliance)
    if trace and text:
        return "reads the trace and copies the prompt"
    if trace:
        return "reads the trace"
    if text:
        return "copies the prompt"
    if found.answered is not None and found.answered < HALF:
        return "gives no answer"
    swaps = [figure for figure in (found.moved_by_image, found.moved_by_text) if figure]
    if swaps and all(figure.interval and figure.interval[1] < UNMOVED for figure in swaps):
        return "recites the prior"
    return f"cannot tell: n = {found.n}"


def _loses(figure: Figure | None) -> bool:
    return figure is not None and figure.value > 0 and figure.p_holm is not None and figure.p_holm < SIGNIFICANT


def _axis(asked: Axis, cases: tuple[AskedCase, ...], ceilings: Ceilings) -> AxisEvidence:
    axis = asked.name
    accuracies = {name: figure for name in ABLATION if (figure := accuracy(cases, axis, name))}
    labelled = tuple(case for case in cases if case.truth.values[axis] is not None and "full" in case.readings)
    without = "text-only" if any("text-only" in case.readings for case in cases) else "blank-image"
    return AxisEvidence(
        axis=axis,
        text_inferable=asked.text_inferable,
        n=len(labelled),
        prior=_mean([case.truth.values[axis] == ceilings.prior[axis] for case in labelled]),
        text_ceiling=_mean([_is_right(case, axis, ceilings.text) for case in labelled]),
        image_ceiling=_mean([_is_right(case, axis, ceilings.image) for case in labelled]) if ceilings.image else None,
        accuracies=accuracies,
        gain=accuracy_difference(cases, axis, "full", "blank-image"),
        reliance=accuracy_difference(cases, axis, "full", "wrong-image"),
        text_reliance=accuracy_difference(cases, axis, "full", "wrong-measurements"),
        image_sensitivity=moved(cases, axis, "full", without),
        moved_by_image=moved(cases, axis, "full", "wrong-image"),
        moved_by_text=moved(cases, axis, "full", "wrong-measurements"),
        moved_by_same_truth=moved(cases, axis, "full", "same-truth-image"),
        copy_rate=_copy_rate(cases, axis),
        recoverable=_recoverable(labelled, axis, ceilings),
        right_leads=_right_leads(cases, axis),
        claims=_claims(cases, axis, without),
        answered=_mean([case.answer("full", axis) is not None for case in labelled]),
    )


def _mean(happened: Sequence[bool]) -> float | None:
    return rounded(float(np.mean(happened))) if happened else None


def _is_right(case: AskedCase, axis: str, answers: Mapping[RecordId, Mapping[str, AxisValue | None]]) -> bool:
    return answers[case.ecg_id].get(axis) == case.truth.values[axis]


def _said(axis: str, numbers: Measurements) -> str | None:
    """Return what a number says on the axis that it carries."""
    value = numbers.heart_rate.value if axis == "rate" else numbers.qrs_axis.value
    if value is None:
        return None
    return rate_of(value) if axis == "rate" else axis_of(value)


def _copy_rate(cases: tuple[AskedCase, ...], axis: str) -> Figure | None:
    if axis not in {"rate", "axis"}:
        return None
    rows = []
    for case in cases:
        told = case.told.get("wrong-measurements")
        foreign = _said(axis, told) if told and "wrong-measurements" in case.readings else None
        if foreign is not None and case.truth.values[axis] not in (None, foreign):
            rows.append((case, case.answer("wrong-measurements", axis) == foreign))
    return share_figure(tuple(case for case, _ in rows), np.array([copied for _, copied in rows])) if rows else None


def _recoverable(cases: tuple[AskedCase, ...], axis: str, ceilings: Ceilings) -> Figure | None:
    if not cases or not ceilings.image:
        return None
    own = np.array([case.right("full", axis) for case in cases], dtype=np.float64)
    text, image = (
        np.array([_is_right(case, axis, answers) for case in cases], dtype=np.float64)
        for answers in (ceilings.text, ceilings.image)
    )
    return ratio_of(cases, own - text, image - text)


def _right_leads(cases: tuple[AskedCase, ...], axis: str) -> Figure | None:
    masked = "ischemia_territory" if axis == "ischemia_stage" else axis
    if masked not in MASKED_AXES:
        return None
    return accuracy_difference(cases, axis, f"other-leads-masked:{masked}", f"relevant-leads-masked:{masked}")


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


def _corrected(found: list[AxisEvidence], name: str) -> list[AxisEvidence]:
    """Return the evidence with one figure's p corrected over the axes."""
    figures = [getattr(part, name) for part in found]
    p = iter(holm([figure.p for figure in figures if figure]))
    return [
        part if figure is None else replace(part, **{name: replace(figure, p_holm=rounded(next(p)))})
        for part, figure in zip(found, figures, strict=True)
    ]
