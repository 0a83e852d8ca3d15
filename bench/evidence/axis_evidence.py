"""The evidence on each axis: the tests, the verdict that they give, and the figures that are shown beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.dataset import RecordId
from bench.dataset.record import by_id
from bench.evidence.answer import AskedCase, answered, numbers_under
from bench.evidence.conditions import crossed_draws
from bench.evidence.figure import (
    DRAWS,
    SEED,
    Figure,
    accuracy,
    difference,
    median_figure,
    patients_of,
    ratio_of,
    right,
)
from bench.evidence.knowledge import AxisTests, Setting, axis_tests
from bench.evidence.lead_loss import LeadLoss, lead_loss
from bench.evidence.published import claims, image_sensitivity, reliance
from bench.evidence.verdict import Known, Reason, reasons, verdict
from bench.score.agreement import LEVEL, holm
from bench.score.bootstrap import patient_numbers, resampled_sums
from bench.score.kappa import kappa, kappa_columns, kappa_interval, kappa_of_sums, knowable_kappa
from bench.score.rounding import rounded
from taxonomy.axis import Axis, AxisValue

Answers = Mapping[RecordId, Mapping[str, AxisValue | None]]


@dataclass(frozen=True)
class AxisEvidence:
    """The evidence on one axis.

    Attributes
    ----------
    axis : str
    text_inferable : bool
    n : int
        Labelled cases.
    verdict : str
    reasons : tuple of Reason
        What the verdict rests on; empty where no test shows anything.
    tests : AxisTests
    kappa : Figure or None
        Cohen's kappa in ``full``.
    knowable : float or None
        Kappa that so many cases would show in 80% of tries; None where they could show none.
    answered : float or None
        Share of labelled cases answered in ``full``.
    prior : float or None
        Accuracy of the majority value.
    text_ceiling, image_ceiling : float or None
        Accuracy of the reader that sees only the numbers, and of the one that reads the same image or signal.
    accuracies : mapping of str to Figure
        By condition, against the truth of the record whose image is shown; of several draws of ``crossed`` the median.
    crossed_numbers : Figure or None
        Accuracy under ``crossed`` against the truth of the patient whose numbers are shown.
    gain : Figure or None
        Waveform gain: full minus blank image.
    reliance, image_sensitivity, claims : Figure or None
        Of :mod:`bench.evidence.published`.
    recoverable : Figure or None
        (accuracy - text ceiling) / (image ceiling - text ceiling).
    lead_loss : LeadLoss or None
    by_construction : bool
        Whether truths on the axis are made of the very measurement that the reader answers with.
    level : float
        At which the verdict was given, over all axes.
    """

    axis: str
    text_inferable: bool
    n: int
    verdict: str
    reasons: tuple[Reason, ...]
    tests: AxisTests
    kappa: Figure | None
    knowable: float | None
    answered: float | None
    prior: float | None
    text_ceiling: float | None
    image_ceiling: float | None
    accuracies: Mapping[str, Figure]
    crossed_numbers: Figure | None = None
    gain: Figure | None = None
    reliance: Figure | None = None
    image_sensitivity: Figure | None = None
    claims: Figure | None = None
    recoverable: Figure | None = None
    lead_loss: LeadLoss | None = None
    by_construction: bool = False
    level: float = LEVEL


@dataclass(frozen=True, eq=False)
class Ceilings:
    """Answers of reference readers to the same cases, by ``ecg_id`` and axis.

    Attributes
    ----------
    text, image : mapping of RecordId to mapping of str to value or None
        Of the text and the image ceiling; empty for none.
    """

    text: Answers
    image: Answers


def axis_evidence(
    cases: Sequence[AskedCase], axes: Sequence[Axis], setting: Setting, ceilings: Ceilings
) -> tuple[AxisEvidence, ...]:
    """Return the evidence on each of the axes, whatever the order of the cases."""
    ordered = tuple(sorted(cases, key=lambda case: by_id(case.own.ecg_id)))
    tests = axis_tests(axes, ordered, setting)
    found = [
        _axis(axis, ordered, one, _Shared(setting, ceilings, len(axes))) for axis, one in zip(axes, tests, strict=True)
    ]
    p = iter(holm([one.lead_loss.p for one in found if one.lead_loss]))
    return tuple(
        replace(one, lead_loss=replace(one.lead_loss, p_holm=rounded(next(p)))) if one.lead_loss else one
        for one in found
    )


@dataclass(frozen=True, eq=False)
class _Shared:
    setting: Setting
    ceilings: Ceilings
    axes: int


def _axis(axis: Axis, cases: tuple[AskedCase, ...], tests: AxisTests, shared: _Shared) -> AxisEvidence:
    name, serves, ceilings = axis.name, shared.setting.serves, shared.ceilings
    labelled, draws = answered(cases, name, ("full",)), crossed_draws(serves)
    level = shared.setting.level
    known = known_of(axis, labelled, tests, shared.axes, level)
    found = reasons(tests, level)
    prior = shared.setting.prior[name]
    return AxisEvidence(
        axis=name,
        text_inferable=axis.text_inferable,
        n=known.n,
        verdict=verdict(found, known),
        reasons=found,
        tests=tests,
        kappa=known.kappa if level == LEVEL else _kappa(axis, labelled),
        knowable=known.knowable,
        answered=known.answered,
        prior=_mean([case.own.truth.accepts(name, prior) for case in labelled]),
        text_ceiling=_mean([_is_right(case, name, ceilings.text) for case in labelled]),
        image_ceiling=_mean([_is_right(case, name, ceilings.image) for case in labelled]) if ceilings.image else None,
        accuracies=_accuracies(cases, name, serves),
        crossed_numbers=median_figure([accuracy(cases, name, draw, numbers_under(draw)) for draw in draws]),
        gain=_gain(cases, name),
        reliance=median_figure([reliance(cases, name, draw) for draw in draws]),
        image_sensitivity=median_figure([image_sensitivity(cases, name, draw) for draw in draws]),
        claims=claims(cases, name, "text-only"),
        recoverable=_recoverable(labelled, name, ceilings),
        lead_loss=lead_loss(cases, name),
        by_construction=any(case.own.truth.holds_by_construction(name, shared.setting.measures) for case in labelled),
        level=level,
    )


def known_of(axis: Axis, labelled: tuple[AskedCase, ...], tests: AxisTests, axes: int, level: float = LEVEL) -> Known:
    """Return what is known of an axis where no test shows anything.

    Parameters
    ----------
    axis : Axis
    labelled : tuple of AskedCase
        Cases with a truth on the axis, asked in ``full``.
    tests : AxisTests
    axes : int
        Axes over which the tests are corrected.
    level : float
        Of the verdict.
    """
    n, abnormal = len(labelled), tests.knows.names_n if tests.knows else 0
    return Known(
        n=n,
        answered=_mean([case.answer("full", axis.name) is not None for case in labelled]),
        kappa=_kappa(axis, labelled, level),
        knowable=knowable_kappa(n, abnormal, axes, level) if n else None,
    )


def _kappa(axis: Axis, labelled: tuple[AskedCase, ...], level: float = LEVEL) -> Figure | None:
    answers, truths = [case.answer("full", axis.name) for case in labelled], [case.own.truth for case in labelled]
    found, columns = kappa(axis, answers, truths), kappa_columns(axis, answers, truths)
    if found is None:
        return None
    resampled = kappa_of_sums(resampled_sums(columns, patient_numbers(patients_of(labelled)), DRAWS, SEED))
    return Figure(
        len(labelled), rounded(found), None if resampled is None else kappa_interval(columns, resampled, level)
    )


def _accuracies(cases: tuple[AskedCase, ...], axis: str, serves: Mapping[str, str | None]) -> dict[str, Figure]:
    draws = crossed_draws(serves)
    found = {name: accuracy(cases, axis, used) for name, used in serves.items() if used and name not in draws}
    if draws:
        found["crossed"] = median_figure([accuracy(cases, axis, draw) for draw in draws])
    return {name: figure for name in serves if (figure := found.get(name))}


def _gain(cases: tuple[AskedCase, ...], axis: str) -> Figure | None:
    both = answered(cases, axis, ("full", "blank-image"))
    return difference(patients_of(both), right(both, axis, "full"), right(both, axis, "blank-image"))


def _mean(happened: Sequence[bool]) -> float | None:
    return rounded(float(np.mean(happened))) if happened else None


def _is_right(case: AskedCase, axis: str, answers: Answers) -> bool:
    return case.own.truth.accepts(axis, answers[case.own.ecg_id].get(axis))


def _recoverable(cases: tuple[AskedCase, ...], axis: str, ceilings: Ceilings) -> Figure | None:
    if not cases or not ceilings.image:
        return None
    own = right(cases, axis, "full")
    text, image = (
        np.array([_is_right(case, axis, answers) for case in cases], dtype=np.float64)
        for answers in (ceilings.text, ceilings.image)
    )
    return ratio_of(patients_of(cases), own - text, image - text)
