"""Figures that show a reader collapsing onto the common labels: findings per ECG, macro-F1, share of the head labels.

A label is a value of an axis that was asked, or one finding. Of an answer that names only normality, its values are
the labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.dataset.record import by_id
from bench.score.axis_score import AxisAnswers, answers_on
from bench.score.bootstrap import interval, patient_numbers, ratio, resampled_sums
from bench.score.rounding import rounded
from bench.score.score import findings_named
from bench.score.scored_case import ScoredCase
from taxonomy.axis import AXES, NORMALITY, OTHER_FINDINGS, AxisValue, with_derived
from taxonomy.truth import Truth

HEAD = 2
"""The labels of an axis that count as its head."""

Columns = dict[str, NDArray[np.float64]]
Sums = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class BesideTruth:
    """A figure of the answers beside that of the truth on the same cases.

    Attributes
    ----------
    answered, true : float or None
        None where there is no label to count.
    difference : float or None
        Answered minus true.
    interval : (float, float) or None
        95%, of the difference, bootstrap over patients.
    """

    answered: float | None
    true: float | None
    difference: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class LabelFigures:
    """The figures of one reader over its labels.

    Attributes
    ----------
    findings : BesideTruth or None
        Abnormal findings per ECG (:func:`bench.score.score.findings_named`); None where they are not asked for.
    macro_f1 : float or None
        Unweighted mean over the labels of F1 = 2 TP / (answered + true), the averaged F1 of Opitz and Burst (2019,
        arXiv 1911.03347); an accepted answer counts as the true value.
    macro_f1_interval : (float, float) or None
        95%, bootstrap over patients.
    labels : int
        Those of the mean: true of a case at least.
    head_share : BesideTruth or None
        Share of the labels named that are among the two commonest of their axis in training, over all axes; None where
        no axis has a tail.
    head_by_axis : mapping of str to BesideTruth
    head_labels : mapping of str to tuple of str
        The two commonest labels in training, by axis.
    """

    findings: BesideTruth | None
    macro_f1: float | None
    macro_f1_interval: tuple[float, float] | None
    labels: int
    head_share: BesideTruth | None
    head_by_axis: Mapping[str, BesideTruth] = field(default_factory=dict)
    head_labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def head_labels(trained: Sequence[Truth]) -> dict[str, tuple[str, ...]]:
    """Return the two commonest labels of each axis in training, the first by name of those that are as common.

    Parameters
    ----------
    trained : sequence of Truth
        Of the training split, as far as labels tell it.

    Returns
    -------
    dict of str to tuple of str
        Without an axis on which two labels are all that there are: they have no tail.
    """
    heads = {}
    for axis in AXES:
        named = [label for truth in trained for label in _labels(truth.values.get(axis.name))]
        names, counts = np.unique(np.array(named, dtype=np.str_), return_counts=True)
        if len(names) > HEAD:
            heads[axis.name] = tuple(str(names[k]) for k in np.argsort(-counts, kind="stable")[:HEAD])
    return heads


def label_figures(
    cases: Sequence[ScoredCase],
    baseline: Mapping[str, AxisValue],
    heads: Mapping[str, tuple[str, ...]],
    draws: int = 2000,
    seed: int = 0,
) -> LabelFigures:
    """Return the figures of one reader over its labels.

    Parameters
    ----------
    cases : sequence of ScoredCase
        Calls that failed take no part. The figures do not depend on their order.
    baseline : mapping of str to value
        As of :func:`bench.score.score`.
    heads : mapping of str to tuple of str
        From :func:`head_labels`.
    draws, seed : int
        Of the bootstrap.
    """
    ordered = sorted((case for case in cases if case.reading.outcome != "failed"), key=lambda case: by_id(case.ecg_id))
    prior = with_derived(baseline)
    every = [answers_on(axis, ordered, prior[axis.name] or frozenset()) for axis in (*AXES, NORMALITY)]
    answers = [one for one in every[: len(AXES)] if one.truths] or [one for one in every[len(AXES) :] if one.truths]
    if not answers:
        return LabelFigures(None, None, None, 0, None)
    columns, names = label_columns(answers, len(ordered))
    own_heads = {one.axis.name: heads[one.axis.name] for one in answers if one.axis.name in heads}
    columns |= _head_columns(answers, own_heads, len(ordered))
    asks_findings = any(one.axis == OTHER_FINDINGS for one in answers)
    if asks_findings:
        columns |= _findings_columns(ordered)
    patients = patient_numbers([case.patient_id for case in ordered])
    sums = {name: np.array([column.sum()]) for name, column in columns.items()}
    drawn = resampled_sums(columns, patients, draws, seed)
    return LabelFigures(
        findings=_beside("findings", sums, drawn) if asks_findings else None,
        macro_f1=rounded(float(macro_f1(sums, names, sums)[0])) if names else None,
        macro_f1_interval=interval(macro_f1(drawn, names, sums)) if names else None,
        labels=len(names),
        head_share=_beside("head", sums, drawn) if own_heads else None,
        head_by_axis={name: _beside(f"head {name}", sums, drawn) for name in own_heads},
        head_labels=own_heads,
    )


def _labels(value: AxisValue | None) -> frozenset[str]:
    if isinstance(value, frozenset):
        return value
    return frozenset({value} if value else ())


def label_columns(answers: Sequence[AxisAnswers], n: int) -> tuple[Columns, list[str]]:
    """Return for each label that occurs in the truth where it was right, answered and true, and the labels' names.

    Parameters
    ----------
    answers : sequence of AxisAnswers
    n : int
        All cases, in which their positions lie.

    Returns
    -------
    columns : mapping of str to float64 array (n,)
        ``both``, ``named`` and ``true`` of each label.
    names : list of str
        ``axis label``.
    """
    columns: Columns = {}
    names = []
    for on_axis in answers:
        primary = [_labels(truth.values[on_axis.axis.name]) for truth in on_axis.truths]
        true, named = _credited(on_axis, primary)
        for label in sorted(frozenset().union(*primary)):
            name = f"{on_axis.axis.name} {label}"
            names.append(name)
            where_true, where_named = (np.array([label in labels for labels in side]) for side in (true, named))
            for part, where in (("both", where_true & where_named), ("named", where_named), ("true", where_true)):
                columns[f"{part} {name}"] = _placed(on_axis, where, n)
    return columns, names


def _credited(
    on_axis: AxisAnswers, primary: Sequence[frozenset[str]]
) -> tuple[list[frozenset[str]], list[frozenset[str]]]:
    """Return the true and the answered labels of every case; what the truth merely allows is neither."""
    name = on_axis.axis.name
    named = [_labels(value) for value in on_axis.values]
    if on_axis.axis.is_set:
        spare = [truth.allowed - labels for truth, labels in zip(on_axis.truths, primary, strict=True)]
        return list(primary), [labels - free for labels, free in zip(named, spare, strict=True)]
    answered = zip(on_axis.truths, on_axis.values, named, primary, strict=True)
    return list(primary), [true if truth.accepts(name, value) else own for truth, value, own, true in answered]


def _head_columns(answers: Sequence[AxisAnswers], heads: Mapping[str, tuple[str, ...]], n: int) -> Columns:
    """Return how many labels each case has, and how many of them are of the head: answered and true, by axis."""
    columns = {f"{part} {side} head": np.zeros(n) for part in ("all", "some") for side in ("answered", "true")}
    for on_axis in answers:
        name = on_axis.axis.name
        if name not in heads:
            continue
        head, truths = frozenset(heads[name]), [truth.values[name] for truth in on_axis.truths]
        for side, values in (("answered", on_axis.values), ("true", truths)):
            labels = [_labels(value) for value in values]
            for part, counted in (("all", labels), ("some", [own & head for own in labels])):
                column = _placed(on_axis, np.array([len(own) for own in counted]), n)
                columns[f"{part} {side} head {name}"] = column
                columns[f"{part} {side} head"] += column
    return columns


def _findings_columns(cases: Sequence[ScoredCase]) -> Columns:
    named = np.array([findings_named({axis.name: case.answer(axis.name) for axis in AXES}) for case in cases])
    true = np.array([findings_named({axis.name: case.true(axis.name) for axis in AXES}) for case in cases])
    ones = np.ones(len(cases))
    return {
        "all answered findings": ones,
        "some answered findings": named.astype(np.float64),
        "all true findings": ones,
        "some true findings": true.astype(np.float64),
    }


def _placed(on_axis: AxisAnswers, values: NDArray[np.generic], n: int) -> NDArray[np.float64]:
    column = np.zeros(n)
    column[on_axis.position] = values
    return column


def _beside(name: str, sums: Sums, drawn: Sums) -> BesideTruth:
    shares = [ratio(sums[f"some {side} {name}"], sums[f"all {side} {name}"])[0] for side in ("answered", "true")]
    answered, true = (None if np.isnan(share) else rounded(float(share)) for share in shares)
    if answered is None or true is None:
        return BesideTruth(answered, true, None, None)
    found = [ratio(drawn[f"some {side} {name}"], drawn[f"all {side} {name}"]) for side in ("answered", "true")]
    return BesideTruth(answered, true, rounded(float(shares[0] - shares[1])), interval(found[0] - found[1]))


def macro_f1(sums: Sums, names: Sequence[str], observed: Sums) -> NDArray[np.float64]:
    """Return the mean F1 of every resample, float64 (draws,); a label that is not in it keeps the F1 observed."""
    f1 = np.stack([_f1(sums, name) for name in names])
    kept = np.array([_f1(observed, name)[0] for name in names])[:, None]
    return np.asarray(np.mean(np.where(np.isnan(f1), np.nan_to_num(kept), f1), axis=0), dtype=np.float64)


def _f1(sums: Sums, name: str) -> NDArray[np.float64]:
    return ratio(2 * sums[f"both {name}"], sums[f"named {name}"] + sums[f"true {name}"])
