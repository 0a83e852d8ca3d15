"""A reader's answers under every condition with the truth, and figures that compare conditions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record, RecordId
from bench.score.agreement import mcnemar
from bench.score.bootstrap import interval, patient_numbers, ratio, resampled_sums
from bench.score.rounding import rounded
from measurements import Measurements
from taxonomy.axis import AxisValue, with_derived
from taxonomy.reading import Reading
from taxonomy.truth import Truth

DRAWS, SEED = 2000, 0


@dataclass(frozen=True, eq=False)
class AskedCase:
    """One record asked under every condition.

    Attributes
    ----------
    ecg_id, patient_id : RecordId
    truth : Truth
    readings : mapping of str to Reading
        By condition, without conditions that were not asked or whose call failed.
    foreign : mapping of str to Measurements
        Another patient's measurements in the prompt, by condition that shows such.
    """

    ecg_id: RecordId
    patient_id: RecordId
    truth: Truth
    readings: Mapping[str, Reading]
    foreign: Mapping[str, Measurements]

    def answer(self, condition: str, axis: str) -> AxisValue | None:
        """Return the answer on an axis, None without one."""
        reading = self.readings[condition]
        return None if reading.error else reading.values.get(axis)

    def right(self, condition: str, axis: str) -> bool:
        """Tell whether the answer is the truth."""
        return self.answer(condition, axis) == self.truth.values[axis]


@dataclass(frozen=True, eq=False)
class ConditionReadings:
    """Readings under one condition and the measurements for each prompt, by ``ecg_id``."""

    readings: Mapping[RecordId, Reading]
    quoted: Mapping[RecordId, Measurements]


def asked_case(
    record: Record, truth: Truth, asked: Mapping[str, ConditionReadings], serves: Mapping[str, str | None]
) -> AskedCase:
    """Return a record with its answers under every condition; failed calls are left out.

    Parameters
    ----------
    record : Record
    truth : Truth
    asked : mapping of str to ConditionReadings
        By condition.
    serves : mapping of str to str or None
        For each condition, the asked condition whose answers are used.
    """
    ecg_id, swapped = record.ecg_id, serves["crossed"]
    readings = {name: asked[used].readings.get(ecg_id) for name, used in serves.items() if used}
    answered = {name: reading for name, reading in readings.items() if reading and reading.outcome != "failed"}
    quoted = asked[swapped].quoted if swapped else {}
    foreign = {"crossed": quoted[ecg_id]} if ecg_id in quoted else {}
    truth = replace(truth, values=with_derived(truth.values))
    return AskedCase(ecg_id, record.patient_id, truth, answered, foreign)


@dataclass(frozen=True)
class Figure:
    """One figure of the evidence with its 95% interval.

    Attributes
    ----------
    n : int
        Cases.
    value : float
    interval : (float, float) or None
        Bootstrap over patients; the exact binomial bound for a share of 0 or 1.
    p : float or None
        Exact McNemar test, for differences of accuracy.
    p_holm : float or None
        Corrected over the axes.
    """

    n: int
    value: float
    interval: tuple[float, float] | None
    p: float | None = None
    p_holm: float | None = None


def accuracy_difference(cases: tuple[AskedCase, ...], axis: str, first: str, second: str) -> Figure | None:
    """Return the accuracy under ``first`` minus that under ``second``, over the labelled cases answered under both."""
    both = _with(cases, axis, (first, second))
    if not both:
        return None
    a, b = (np.array([case.right(name, axis) for case in both]) for name in (first, second))
    values = a.astype(np.float64) - b
    return Figure(len(both), rounded(values.mean()), _interval(both, values), rounded(mcnemar(a, b)))


def accuracy(cases: tuple[AskedCase, ...], axis: str, condition: str) -> Figure | None:
    """Return the share of right answers over the labelled cases."""
    labelled = _with(cases, axis, (condition,))
    return share_figure(labelled, np.array([case.right(condition, axis) for case in labelled]))


def moved(cases: tuple[AskedCase, ...], axis: str, first: str, second: str) -> Figure | None:
    """Return the share of answers that differ between two conditions, over all cases, labelled or not."""
    both = tuple(case for case in cases if {first, second} <= case.readings.keys())
    return share_figure(both, np.array([case.answer(first, axis) != case.answer(second, axis) for case in both]))


def share_figure(cases: tuple[AskedCase, ...], happened: NDArray[np.bool_]) -> Figure | None:
    """Return a share of cases; for 0 or 1 the interval is exact (Clopper and Pearson 1934)."""
    if not len(cases):
        return None
    n, value = len(cases), float(happened.mean())
    bound = 1 - 0.025 ** (1 / n)
    if value in (0.0, 1.0):
        return Figure(n, value, (0.0, rounded(bound)) if value == 0 else (rounded(1 - bound), 1.0))
    return Figure(n, rounded(value), _interval(cases, happened.astype(np.float64)))


def ratio_of(
    cases: tuple[AskedCase, ...], numerator: NDArray[np.float64], denominator: NDArray[np.float64]
) -> Figure | None:
    """Return the ratio of two sums over cases; None unless the denominator is positive in 97.5% of the resamples."""
    sums = resampled_sums({"numerator": numerator, "denominator": denominator}, _patients(cases), DRAWS, SEED)
    if not len(cases) or denominator.sum() <= 0 or np.quantile(sums["denominator"], 0.025) <= 0:
        return None
    resampled = ratio(sums["numerator"], sums["denominator"])
    return Figure(len(cases), rounded(numerator.sum() / denominator.sum()), interval(resampled))


def _with(cases: tuple[AskedCase, ...], axis: str, conditions: tuple[str, ...]) -> tuple[AskedCase, ...]:
    return tuple(
        case for case in cases if case.truth.values[axis] is not None and set(conditions) <= case.readings.keys()
    )


def _interval(cases: tuple[AskedCase, ...], values: NDArray[np.float64]) -> tuple[float, float] | None:
    sums = resampled_sums({"value": values, "n": np.ones(len(values))}, _patients(cases), DRAWS, SEED)
    return interval(ratio(sums["value"], sums["n"]))


def _patients(cases: tuple[AskedCase, ...]) -> NDArray[np.int64]:
    return patient_numbers([case.patient_id for case in cases])
