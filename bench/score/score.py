"""Scores a run: every axis against its baseline, then danger, findings per ECG and probabilities."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.dataset.record import by_id
from bench.score.agreement import LEVEL, holm
from bench.score.axis_score import AxisAnswers, AxisScore, answers_on, axis_score
from bench.score.bootstrap import interval, patient_numbers, ratio, resampled_sums
from bench.score.kappa import kappa_interval, kappa_of_sums, knowable_kappa
from bench.score.probability import AxisProbabilities, axis_probabilities, probability_score
from bench.score.proportion import FEW_DISCORDANT, share_interval, tango
from bench.score.repeat import repeat_score
from bench.score.result import MeanDifference, MeanKappa, Score
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from bench.score.superclass import superclass_score
from bench.score.usage import usage_total
from taxonomy.axis import AXES, DERIVED, INDEPENDENT, AxisValue, with_derived
from taxonomy.danger import DangerTable, danger_table
from taxonomy.error import FileError
from taxonomy.reading import Reading

FINDING_AXES = ("rate", "rhythm", "axis", "conduction", "ischemia_stage")
"""Axes whose abnormal value counts as one finding; territory and diagnosis restate the others."""


BELOW = ", below the prior's accuracy"


@dataclass(frozen=True)
class ScoreSettings:
    """Parameters of a score.

    Attributes
    ----------
    draws, seed : int
        Of the bootstrap.
    danger : DangerTable
    text_ceiling : mapping of str to (float, int)
        Accuracy of the measurement-only reader on the scored cases with a recording, and their number, by axis.
    measured : frozenset of str
        Axes on which the reader answers from this project's own measurement.
    """

    draws: int = 2000
    seed: int = 0
    danger: DangerTable = field(default_factory=danger_table)
    text_ceiling: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    measured: frozenset[str] = frozenset()


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
        Majority value of each axis in the training split; of normality and ischemia it follows where it is missing.
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
    prior = {name: value for name, value in with_derived(baseline).items() if value is not None}
    answers = [answers_on(axis, ordered, prior[axis.name]) for axis in (*AXES, *DERIVED)]
    drawn = _resampled(answers, ordered, settings)
    chances = [axis_probabilities(on_axis) for on_axis in answers]
    plain = [_axis(on_axis, chance, drawn, settings) for on_axis, chance in zip(answers, chances, strict=True)]
    axes = corrected(plain[: len(AXES)])
    # Alone, each would be told without correction, and a reader that knows nothing be told to know one in 7% of runs.
    normality, ischemia = corrected(plain)[len(AXES) :]
    failed = Counter(
        case.reading.error.kind for case in ordered if case.reading.error and case.reading.outcome == "failed"
    )
    predicted, true = _findings(ordered)
    return Score(
        n=len(ordered),
        failed=dict(sorted(failed.items())),
        ranked=not failed,
        axes=axes,
        kappa=_mean_kappa((*axes, ischemia), drawn),
        text_inferable=_mean_difference(axes, drawn, True),
        waveform_only=_mean_difference(axes, drawn, False),
        findings_predicted=predicted,
        findings_true=true,
        superclass=superclass_score(ordered, settings.danger, settings.draws, settings.seed),
        probability=probability_score(ordered, chances),
        normality=normality if normality.n else None,
        ischemia=ischemia if ischemia.n else None,
        usage=usage_total(reading for case in ordered for reading in repeated.get(case.ecg_id, (case.reading,))),
        repeats=repeat_score(ordered, repeated, settings.draws, settings.seed),
        draws=settings.draws,
        seed=settings.seed,
    )


Draws = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Resampled:
    """Figures of every axis in the same resamples of the patients, each by axis, float64 (draws,)."""

    accuracy: Mapping[str, Draws]
    gain: Mapping[str, Draws]
    kappa: Mapping[str, Draws]


def _resampled(answers: Sequence[AxisAnswers], cases: Sequence[ScoredCase], settings: ScoreSettings) -> _Resampled:
    columns: dict[str, NDArray[np.float64]] = {}
    for on_axis in answers:
        right, baseline = on_axis.right.astype(np.float64), on_axis.baseline_right.astype(np.float64)
        parts = {"n": np.ones(len(right)), "right": right, "gain": right - baseline}
        kappas = {f"kappa {part}": column for part, column in on_axis.kappa_columns.items()}
        for part, column in {**parts, **kappas}.items():
            columns[f"{on_axis.axis.name} {part}"] = np.zeros(len(cases))
            columns[f"{on_axis.axis.name} {part}"][on_axis.position] = column
    patients = patient_numbers([case.patient_id for case in cases])
    sums = resampled_sums(columns, patients, settings.draws, settings.seed)
    names = [on_axis.axis.name for on_axis in answers]
    kappas_by_axis = {name: _defined(kappa_of_sums(_parts(sums, f"{name} kappa "))) for name in names}
    return _Resampled(
        accuracy={name: ratio(sums[f"{name} right"], sums[f"{name} n"]) for name in names},
        gain={name: ratio(sums[f"{name} gain"], sums[f"{name} n"]) for name in names},
        kappa={name: drawn for name, drawn in kappas_by_axis.items() if drawn is not None},
    )


def _defined(drawn: Draws | None) -> Draws | None:
    """Return resampled kappas, zeros where none is defined: agreement by chance is certain, and kappa is 0."""
    return np.zeros_like(drawn) if drawn is not None and np.isnan(drawn).all() else drawn


def _parts(sums: Mapping[str, Draws], start: str) -> dict[str, Draws]:
    return {name.removeprefix(start): drawn for name, drawn in sums.items() if name.startswith(start)}


def _axis(answers: AxisAnswers, chances: AxisProbabilities, drawn: _Resampled, settings: ScoreSettings) -> AxisScore:
    """Return the score of one axis, without what other axes correct."""
    axis, name = axis_score(answers, settings.seed), answers.axis.name
    if not axis.n:
        return axis
    (wins, losses), n = answers.discordant, axis.n
    ceiling, ceiling_n = settings.text_ceiling.get(name, (None, 0))
    return replace(
        axis,
        accuracy_interval=share_interval(int(answers.right.sum()), n, interval(drawn.accuracy[name])),
        interval=tango(wins, losses, n) if wins + losses < FEW_DISCORDANT else interval(drawn.gain[name]),
        kappa_interval=None if axis.kappa is None else kappa_interval(answers.kappa_columns, drawn.kappa[name]),
        by_construction=answers.holds_by_construction(settings.measured),
        auroc=chances.auroc,
        calibration_error=chances.calibration_error,
        text_ceiling=None if ceiling is None else rounded(ceiling),
        text_ceiling_n=ceiling_n,
    )


def corrected(axes: Sequence[AxisScore]) -> tuple[AxisScore, ...]:
    """Return the axes of one family of tests with Holm's corrections and their verdicts.

    An axis that holds by construction, or has no case, takes no part.
    """
    members = [axis for axis in axes if axis.n and not axis.by_construction]
    p_holm, knows, names = (
        _holm({axis.axis: getattr(axis, test) for axis in members}) for test in ("p", "knows_p", "names_p")
    )
    finished = []
    for axis in axes:
        name, tests = axis.axis, len(members)
        shown = knowable_kappa(axis.n, axis.names_n, tests) if axis in members else None
        axis = replace(
            axis,
            p=None if axis.p is None else rounded(axis.p),
            knows_p=None if axis.knows_p is None else rounded(axis.knows_p),
            names_p=None if axis.names_p is None else rounded(axis.names_p),
            p_holm=p_holm.get(name),
            knows_p_holm=knows.get(name),
            names_p_holm=names.get(name),
            knowable=None if shown is None else rounded(shown),
        )
        finished.append(replace(axis, verdict=verdict(axis)))
    return tuple(finished)


def _holm(p: Mapping[str, float | None]) -> dict[str, float]:
    tested = {name: value for name, value in p.items() if value is not None}
    return {name: rounded(value) for name, value in zip(tested, holm(list(tested.values())), strict=True)}


def verdict(axis: AxisScore) -> str:
    """Return in words whether an axis shows knowledge, and how it stands to the prior's accuracy."""
    if not axis.n:
        return "no case" if axis.unlabelled or axis.failed else "not asked"
    if axis.by_construction or axis.difference is None or axis.p_holm is None:
        return "by construction"
    differs = axis.p_holm < LEVEL
    below = BELOW if differs and axis.difference < 0 else ""
    if axis.knows:
        return "knows it, beats the prior" if differs and axis.difference > 0 else f"knows it{below}"
    could = "too few to show any" if axis.knowable is None else f"could have shown kappa {axis.knowable:.2f}"
    return f"nothing shown{below or f' (n = {axis.n}, {could})'}"


def _mean_kappa(axes: Sequence[AxisScore], drawn: _Resampled) -> MeanKappa | None:
    names = [axis.name for axis in INDEPENDENT]
    averaged = {
        axis.axis: axis.kappa
        for axis in axes
        if axis.axis in names and axis.kappa is not None and not axis.by_construction
    }
    if not averaged:
        return None
    ordered = tuple(name for name in names if name in averaged)
    mean = float(np.mean([averaged[name] for name in ordered]))
    resampled = interval(np.mean([drawn.kappa[name] for name in ordered], axis=0))
    ends = [axis.kappa_interval for axis in axes if axis.axis in averaged and axis.kappa_interval]
    if resampled and resampled[0] == resampled[1] and len(ends) == len(averaged):
        # What no resample varies is not known for certain either.
        resampled = (
            rounded(float(np.mean([low for low, _ in ends]))),
            rounded(float(np.mean([high for _, high in ends]))),
        )
    return MeanKappa(ordered, rounded(mean), resampled)


def _mean_difference(axes: Sequence[AxisScore], drawn: _Resampled, text_inferable: bool) -> MeanDifference | None:
    averaged = {
        axis.axis: axis.difference
        for axis in axes
        if axis.text_inferable is text_inferable and axis.difference is not None and not axis.by_construction
    }
    if not averaged:
        return None
    draws = np.mean([drawn.gain[name] for name in averaged], axis=0)
    return MeanDifference(len(averaged), rounded(float(np.mean(list(averaged.values())))), interval(draws))


def _findings(cases: Sequence[ScoredCase]) -> tuple[float, float]:
    """Return the predicted and the true number of findings per ECG, over the cases whose call did not fail."""
    answered = [case for case in cases if case.reading.outcome != "failed"]
    if not answered:
        return 0.0, 0.0
    predicted = [findings_named({axis.name: case.answer(axis.name) for axis in AXES}) for case in answered]
    true = [findings_named({axis.name: case.true(axis.name) for axis in AXES}) for case in answered]
    return rounded(float(np.mean(predicted))), rounded(float(np.mean(true)))


def findings_named(values: Mapping[str, AxisValue | None]) -> int:
    """Return how many abnormal findings the values of an ECG name: on :data:`FINDING_AXES`, and each other finding."""
    return sum(_count(axis, value) for axis, value in values.items())


def _count(axis: str, value: AxisValue | None) -> int:
    if isinstance(value, frozenset):
        return len(value)
    return int(axis in FINDING_AXES and value is not None and value != _NEGATIVE[axis])


_NEGATIVE = {axis.name: axis.negative for axis in AXES}
