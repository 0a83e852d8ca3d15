"""Scores a run: every axis against its baseline, then danger, findings per ECG and probabilities."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.dataset.record import by_id
from bench.score.agreement import holm
from bench.score.axis_score import AxisAnswers, AxisScore, answers_on, axis_score
from bench.score.bootstrap import interval, patient_numbers, ratio, resampled_sums
from bench.score.probability import axis_probabilities, probability_score
from bench.score.repeat import repeat_score
from bench.score.result import MeanDifference, Score
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from bench.score.superclass import superclass_score
from bench.score.usage import usage_total
from taxonomy.axis import AXES, NORMALITY, AxisValue
from taxonomy.danger import DangerTable, danger_table
from taxonomy.error import FileError
from taxonomy.reading import Reading

FINDING_AXES = ("rate", "rhythm", "axis", "conduction", "ischemia_stage")
"""Axes whose abnormal value counts as one finding; territory and diagnosis restate the others."""

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class ScoreSettings:
    """Parameters of a score.

    Attributes
    ----------
    draws, seed : int
        Of the bootstrap.
    danger : DangerTable
    text_ceiling : mapping of str to float
        Accuracy of the measurement-only reader on the same cases, by axis.
    """

    draws: int = 2000
    seed: int = 0
    danger: DangerTable = field(default_factory=danger_table)
    text_ceiling: Mapping[str, float] = field(default_factory=dict)


def score(
    cases: Sequence[ScoredCase],
    baseline: Mapping[str, AxisValue],
    settings: ScoreSettings | None = None,
    repeated: Mapping[RecordId, Sequence[Reading]] | None = None,
) -> Score:
    """Score a run.

    Parameters
    ----------
    cases : sequence of ScoredCase
        The score does not depend on their order.
    baseline : mapping of str to value
        Majority value of each axis, and of normality, in the training split.
    settings : ScoreSettings, optional
    repeated : mapping of RecordId to sequence of Reading, optional
        All readings of each case that was asked several times, by ``ecg_id``.

    Raises
    ------
    FileError
        When there is no case.
    """
    settings, repeated = settings or ScoreSettings(), repeated or {}
    if not cases:
        raise FileError("there is no case to score")
    ordered = sorted(cases, key=lambda case: by_id(case.ecg_id))
    answers = [answers_on(axis, ordered, baseline[axis.name]) for axis in (*AXES, NORMALITY)]
    unadjusted = [axis_score(on_axis, baseline[on_axis.axis.name]) for on_axis in answers]
    gains = _resampled_differences(answers, ordered, settings)
    axes = _finished(answers[:-1], unadjusted[:-1], gains, settings)
    (normality,) = _finished(answers[-1:], unadjusted[-1:], gains, settings)
    failed = Counter(
        case.reading.error.kind for case in ordered if case.reading.error and case.reading.outcome == "failed"
    )
    predicted, true = _findings(ordered)
    return Score(
        n=len(ordered),
        failed=dict(sorted(failed.items())),
        ranked=not failed,
        axes=axes,
        text_inferable=_mean_difference(axes, gains, True),
        waveform_only=_mean_difference(axes, gains, False),
        findings_predicted=predicted,
        findings_true=true,
        superclass=superclass_score(ordered, settings.danger, settings.draws, settings.seed),
        probability=probability_score(ordered),
        normality=normality if normality.n else None,
        usage=usage_total(reading for case in ordered for reading in repeated.get(case.ecg_id, (case.reading,))),
        repeats=repeat_score(ordered, repeated, settings.draws, settings.seed),
        draws=settings.draws,
        seed=settings.seed,
    )


def _resampled_differences(
    answers: Sequence[AxisAnswers], cases: Sequence[ScoredCase], settings: ScoreSettings
) -> dict[str, NDArray[np.float64]]:
    """Return accuracy minus baseline in every resample of the patients, by axis."""
    columns: dict[str, NDArray[np.float64]] = {}
    for on_axis in answers:
        scored, gain = np.zeros(len(cases)), np.zeros(len(cases))
        scored[on_axis.position] = 1
        gain[on_axis.position] = on_axis.right.astype(np.float64) - on_axis.baseline_right
        columns |= {f"{on_axis.axis.name} n": scored, f"{on_axis.axis.name} gain": gain}
    patients = patient_numbers([case.patient_id for case in cases])
    sums = resampled_sums(columns, patients, settings.draws, settings.seed)
    names = [on_axis.axis.name for on_axis in answers]
    return {name: ratio(sums[f"{name} gain"], sums[f"{name} n"]) for name in names}


def _finished(
    answers: Sequence[AxisAnswers],
    unadjusted: Sequence[AxisScore],
    gains: Mapping[str, NDArray[np.float64]],
    settings: ScoreSettings,
) -> tuple[AxisScore, ...]:
    corrected = iter(holm([axis.p for axis in unadjusted if axis.p is not None]))
    axes = []
    for on_axis, axis in zip(answers, unadjusted, strict=True):
        if axis.p is None or axis.difference is None:
            axes.append(axis)
            continue
        p_holm = next(corrected)
        auroc, error = axis_probabilities(on_axis)
        ceiling = settings.text_ceiling.get(axis.axis)
        axes.append(
            replace(
                axis,
                p=rounded(axis.p),
                p_holm=rounded(p_holm),
                verdict=_verdict(p_holm, axis.difference),
                interval=interval(gains[axis.axis]),
                auroc=auroc,
                calibration_error=error,
                text_ceiling=None if ceiling is None else rounded(ceiling),
            )
        )
    return tuple(axes)


def _verdict(p_holm: float, difference: float) -> str:
    if p_holm >= SIGNIFICANT:
        return "at prior"
    return "above prior" if difference > 0 else "below prior"


def _mean_difference(
    axes: Sequence[AxisScore], gains: Mapping[str, NDArray[np.float64]], text_inferable: bool
) -> MeanDifference | None:
    averaged = [axis for axis in axes if axis.text_inferable is text_inferable and axis.difference is not None]
    if not averaged:
        return None
    mean = np.mean([axis.difference for axis in averaged if axis.difference is not None])
    draws = np.mean([gains[axis.axis] for axis in averaged], axis=0)
    return MeanDifference(len(averaged), rounded(float(mean)), interval(draws))


def _findings(cases: Sequence[ScoredCase]) -> tuple[float, float]:
    """Return the predicted and the true number of findings per ECG, over the cases whose call did not fail."""
    answered = [case for case in cases if case.reading.outcome != "failed"]
    if not answered:
        return 0.0, 0.0
    predicted = [sum(_count(axis.name, case.answer(axis.name)) for axis in AXES) for case in answered]
    true = [sum(_count(axis.name, case.true(axis.name)) for axis in AXES) for case in answered]
    return rounded(float(np.mean(predicted))), rounded(float(np.mean(true)))


def _count(axis: str, value: AxisValue | None) -> int:
    if isinstance(value, frozenset):
        return len(value)
    return int(axis in FINDING_AXES and value is not None and value != _NEGATIVE[axis])


_NEGATIVE = {axis.name: axis.negative for axis in AXES}
