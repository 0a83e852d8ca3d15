"""The answers of one reader under every condition, beside the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record, RecordId
from bench.score.agreement import mcnemar
from bench.score.bootstrap import interval, patient_numbers, ratio, resampled_sums
from bench.score.rounding import rounded
from measurements import Measurements
from taxonomy.axis import AxisValue, with_normality
from taxonomy.reading import Reading
from taxonomy.truth import Truth

DRAWS, SEED = 2000, 0


@dataclass(frozen=True, eq=False)
class AskedCase:
    """One record that was asked under every condition.

    Attributes
    ----------
    ecg_id, patient_id : RecordId
    truth : Truth
    readings : mapping of str to Reading
        By condition; one that could not be asked, or failed, is left out.
    told : mapping of str to Measurements
        The numbers that stood in the prompt, by condition, where they were another patient's.
    """

    ecg_id: RecordId
    patient_id: RecordId
    truth: Truth
    readings: Mapping[str, Reading]
    told: Mapping[str, Measurements]

    def answer(self, condition: str, axis: str) -> AxisValue | None:
        """Return what was answered on an axis, None for no answer."""
        reading = self.readings[condition]
        return None if reading.error else reading.values.get(axis)

    def right(self, condition: str, axis: str) -> bool:
        """Tell whether the answer is the truth."""
        return self.answer(condition, axis) == self.truth.values[axis]


@dataclass(frozen=True, eq=False)
class ConditionReadings:
    """Readings under one condition, and the numbers that each prompt said, by ``ecg_id``."""

    readings: Mapping[RecordId, Reading]
    told: Mapping[RecordId, Measurements]


def asked_case(
    record: Record, truth: Truth, found: Mapping[str, ConditionReadings], serves: Mapping[str, str | None]
) -> AskedCase:
    """Return a record with its answers under every condition; failed calls are left out.

    Parameters
    ----------
    record : Record
    truth : Truth
    found : mapping of str to ConditionReadings
        By condition that was asked.
    serves : mapping of str to str or None
        For each condition, the one whose answers serve for it.
    """
    ecg_id, swapped = record.ecg_id, serves["wrong-measurements"]
    given = {name: found[used].readings.get(ecg_id) for name, used in serves.items() if used}
    answered = {name: reading for name, reading in given.items() if reading and reading.outcome != "failed"}
    told = {"wrong-measurements": found[swapped].told[ecg_id]} if swapped and ecg_id in found[swapped].told else {}
    truth = replace(truth, values=with_normality(truth.values))
    return AskedCase(ecg_id, record.patient_id, truth, answered, told)


@dataclass(frozen=True)
class Figure:
    """One figure of the evidence with its 95% interval.

    Attributes
    ----------
    n : int
        Cases.
    value : float
    interval : (float, float) or None
        Bootstrap over patients; where nothing varies, the exact binomial bound stands for the missing side.
    p : float or None
        Exact McNemar, for differences of accuracy.
    p_holm : float or None
        Corrected over the axes.
    """

    n: int
    value: float
    interval: tuple[float, float] | None
    p: float | None = None
    p_holm: float | None = None


def accuracy_difference(cases: tuple[AskedCase, ...], axis: str, first: str, second: str) -> Figure | None:
    """Return the accuracy under ``first`` minus that under ``second``, over the labelled cases that have both."""
    both = _with(cases, axis, (first, second))
    if not both:
        return None
    a, b = (np.array([case.right(name, axis) for case in both]) for name in (first, second))
    values = a.astype(np.float64) - b
    return Figure(len(both), rounded(values.mean()), _interval(both, values), rounded(mcnemar(a, b)))


def accuracy(cases: tuple[AskedCase, ...], axis: str, condition: str) -> Figure | None:
    """Return the share of right answers over the labelled cases."""
    asked = _with(cases, axis, (condition,))
    return share_figure(asked, np.array([case.right(condition, axis) for case in asked])) if asked else None


def moved(cases: tuple[AskedCase, ...], axis: str, first: str, second: str) -> Figure | None:
    """Return the share of answers that differ between two conditions, over all cases: no truth is needed."""
    both = tuple(case for case in cases if {first, second} <= case.readings.keys())
    return (
        share_figure(both, np.array([case.answer(first, axis) != case.answer(second, axis) for case in both]))
        if both
        else None
    )


def share_figure(cases: tuple[AskedCase, ...], happened: NDArray[np.bool_]) -> Figure | None:
    """Return a share of cases; of none or all of n, the exact bound (Clopper and Pearson 1934) stands in."""
    if not len(cases):
        return None
    n, value = len(cases), float(happened.mean())
    bound = 1 - 0.025 ** (1 / n)
    if value in (0.0, 1.0):
        return Figure(n, value, (0.0, rounded(bound)) if value == 0 else (rounded(1 - bound), 1.0))
    return Figure(n, rounded(value), _interval(cases, happened.astype(np.float64)))


def ratio_of(cases: tuple[AskedCase, ...], part: NDArray[np.float64], whole: NDArray[np.float64]) -> Figure | None:
    """Return the ratio of two sums over cases; None where the whole is not above zero in 97.5% of the resamples."""
    sums = resampled_sums({"part": part, "whole": whole}, _patients(cases), DRAWS, SEED)
    if not len(cases) or whole.sum() <= 0 or np.quantile(sums["whole"], 0.025) <= 0:
        return None
    return Figure(len(cases), rounded(part.sum() / whole.sum()), interval(ratio(sums["part"], sums["whole"])))


def _with(cases: tuple[AskedCase, ...], axis: str, conditions: tuple[str, ...]) -> tuple[AskedCase, ...]:
    return tuple(
        case for case in cases if case.truth.values[axis] is not None and set(conditions) <= case.readings.keys()
    )


def _interval(cases: tuple[AskedCase, ...], values: NDArray[np.float64]) -> tuple[float, float] | None:
    sums = resampled_sums({"value": values, "n": np.ones(len(values))}, _patients(cases), DRAWS, SEED)
    return interval(ratio(sums["value"], sums["n"]))


def _patients(cases: tuple[AskedCase, ...]) -> NDArray[np.int64]:
    return patient_numbers([case.patient_id for case in cases])
