"""The answers of one arm as arrays, over one domain's records or those of several as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.domains.challenge_score import (
    Classes,
    Credits,
    challenge_credits,
    challenge_labels,
    challenge_table,
    normalised,
)
from bench.domains.domain import ZERO_SHOT, Answered, Domain
from bench.domains.domain_class import chances, domain_classes, outcomes
from bench.score.axis_score import AxisAnswers, answers_on
from bench.score.bootstrap import patient_numbers, ratio, resampled_sums
from bench.score.kappa import kappa_of_sums
from bench.score.label_figures import label_columns, macro_f1
from bench.score.probability import BINS
from bench.score.scored_case import ScoredCase
from taxonomy.axis import AXES, DERIVED, INDEPENDENT, ISCHEMIA, NORMALITY, AxisValue, with_derived
from taxonomy.reading import Reading
from taxonomy.truth import Truth

Sums = Mapping[str, NDArray[np.float64]]

UNANSWERED = Reading()
"""Of a record that an arm has no reading of: it counts as wrong, so that leaving rows out never helps."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """The answered records of one arm; failed calls are left out.

    Attributes
    ----------
    cases : tuple of ScoredCase
        Ids and patients tell their domain, since two domains may have the same.
    lenient : tuple of Truth or None
        By lenient labels, where every domain has them.
    labels : tuple of Classes or None
        Of the Challenge; None where a dataset has neither codes nor statements.
    left_out : int
    answered_by : tuple of str
        Which network answered each case, where several did; empty for one.
    """

    cases: tuple[ScoredCase, ...]
    lenient: tuple[Truth, ...] | None
    labels: tuple[Classes, ...] | None
    left_out: int
    answered_by: tuple[str, ...] = ()

    @cached_property
    def networks(self) -> NDArray[np.int64]:
        """The number of the network that answered each case, int64 (n,)."""
        names = self.answered_by or ("",) * len(self.cases)
        return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.int64)

    @cached_property
    def patients(self) -> NDArray[np.int64]:
        """The patient of each case, int64 (n,)."""
        return patient_numbers([case.patient_id for case in self.cases])

    @property
    def people(self) -> int:
        """Number of patients."""
        return len({case.patient_id for case in self.cases})

    @cached_property
    def outcome(self) -> NDArray[np.int8]:
        """The outcome of every class, int8 (n, classes)."""
        return outcomes(domain_classes(), [case.truth for case in self.cases])

    @cached_property
    def lenient_outcome(self) -> NDArray[np.int8] | None:
        """The same by lenient labels."""
        return None if self.lenient is None else outcomes(domain_classes(), self.lenient)

    @cached_property
    def chance(self) -> NDArray[np.float64]:
        """The probability of every class, NaN for none, float64 (n, classes)."""
        return chances(domain_classes(), [case.reading for case in self.cases])

    @cached_property
    def axes(self) -> Mapping[str, AxisAnswers]:
        """The answers on each axis that is answered and labelled, by its name."""
        found = {axis.name: answers_on(axis, self.cases, axis.negative or frozenset()) for axis in (*AXES, *DERIVED)}
        return {name: one for name, one in found.items() if one.truths}

    @cached_property
    def telling(self) -> Mapping[str, AxisAnswers]:
        """Those of the axes on which not one value is right for every record: there kappa is 0 for everyone."""
        return {name: one for name, one in self.axes.items() if one.axis.is_set or not one.baseline_right.all()}

    @property
    def compared(self) -> list[ScoredCase]:
        """The cases, asked for those axes only."""
        return [replace(case, asked=case.asked & self.telling.keys()) for case in self.cases]

    @cached_property
    def credits(self) -> Credits | None:
        """What each record adds to the Challenge's score."""
        if self.labels is None:
            return None
        answers = challenge_table().answers(case.reading for case in self.cases)
        return challenge_credits(self.labels, answers, self.sayable)

    @cached_property
    def sayable(self) -> Classes:
        """The Challenge's classes for which the readings have words."""
        return challenge_table().sayable(case.reading for case in self.cases)

    @cached_property
    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Columns (n,) whose sums over cases give kappa, macro-F1, calibration and the Challenge's score."""
        n = len(self.cases)
        columns: dict[str, NDArray[np.float64]] = {"n": np.ones(n)}
        for name, on_axis in self.telling.items():
            for part, column in on_axis.kappa_columns.items():
                columns[f"kappa {name} {part}"] = _placed(on_axis, column, n)
        columns |= {f"label {name}": column for name, column in self._labels[0].items()}
        columns |= {f"bin {name}": column for name, column in self._bins().items()}
        if self.credits is not None:
            columns |= {f"challenge {name}": column for name, column in self.credits.columns.items()}
        return columns

    @cached_property
    def _labels(self) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
        own = [one for name, one in self.axes.items() if name not in (NORMALITY.name, ISCHEMIA.name)]
        return label_columns(own, len(self.cases))

    @cached_property
    def pairs(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
        """The pairs of a case and a single class that have a probability, their truth and it, each (n, classes).

        A class without a negative is left out: there a source says what it finds, and never that it found nothing.
        """
        single = [k for k, one in enumerate(domain_classes()) if not one.is_joined]
        outcome, chance = self.outcome[:, single], self.chance[:, single]
        return (outcome >= 0) & ~np.isnan(chance) & (outcome == 0).any(axis=0), outcome == 1, chance

    def _bins(self) -> dict[str, NDArray[np.float64]]:
        counted, true, chance = self.pairs
        held = np.where(counted, chance, 0.0)
        number = np.where(counted, np.minimum((held * BINS).astype(int), BINS - 1), -1)
        columns = {}
        for place in range(BINS):
            inside = number == place
            columns[f"n {place}"] = inside.sum(axis=1).astype(np.float64)
            columns[f"chance {place}"] = (inside * held).sum(axis=1)
            columns[f"true {place}"] = (inside & true).sum(axis=1).astype(np.float64)
        return columns

    @cached_property
    def sums(self) -> Sums:
        """The columns' sums, each float64 (1,)."""
        return {name: np.array([column.sum()]) for name, column in self.columns.items()}

    def resampled(self, draws: int, seed: int) -> Sums:
        """Return the columns' sums over resamples of the patients: the same for every sheet of the same cases."""
        return resampled_sums(self.columns, self.patients, draws, seed)

    def kappa(self, sums: Sums, axis: str) -> NDArray[np.float64]:
        """Return the kappa of an axis from sums, NaN where it is not defined."""
        start = f"kappa {axis} "
        own = {name.removeprefix(start): one for name, one in sums.items() if name.startswith(start)}
        found = kappa_of_sums(own)
        return np.full(len(sums["n"]), np.nan) if found is None else found

    @cached_property
    def independent(self) -> tuple[str, ...]:
        """The axes of the mean kappa: independent ones whose kappa is defined."""
        names = [axis.name for axis in INDEPENDENT if axis.name in self.telling]
        return tuple(name for name in names if np.isfinite(self.kappa(self.sums, name)[0]))

    def mean_kappa(self, sums: Sums) -> NDArray[np.float64]:
        """Return the mean kappa from sums; where chance is certain in a resample an axis has 0."""
        if not self.independent:
            return np.full(len(sums["n"]), np.nan)
        found = [np.nan_to_num(self.kappa(sums, name)) for name in self.independent]
        return np.asarray(np.mean(found, axis=0), dtype=np.float64)

    def macro_f1(self, sums: Sums, axis: str = "") -> NDArray[np.float64]:
        """Return the macro-F1 from sums over the labels of one axis or of all, NaN where there is none."""
        names = [name for name in self._labels[1] if not axis or name.startswith(f"{axis} ")]
        if not names:
            return np.full(len(sums["n"]), np.nan)
        return macro_f1(_part(sums, "label "), names, _part(self.sums, "label "))

    def calibration(self, sums: Sums) -> NDArray[np.float64]:
        """Return the expected calibration error from sums, NaN without probabilities."""
        own = _part(sums, "bin ")
        gaps = np.sum([np.abs(own[f"chance {k}"] - own[f"true {k}"]) for k in range(BINS)], axis=0)
        return ratio(gaps, np.sum([own[f"n {k}"] for k in range(BINS)], axis=0))

    def challenge(self, sums: Sums) -> NDArray[np.float64]:
        """Return the Challenge's normalised score from sums, NaN where it is not defined."""
        own = _part(sums, "challenge ")
        return normalised(own) if own else np.full(len(sums["n"]), np.nan)


def _part(sums: Sums, start: str) -> dict[str, NDArray[np.float64]]:
    return {name.removeprefix(start): one for name, one in sums.items() if name.startswith(start)}


def _placed(on_axis: AxisAnswers, values: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    column = np.zeros(n)
    column[on_axis.position] = values
    return column


def sheet_of(parts: Sequence[Answered], kept: Sequence[frozenset[RecordId]] | None = None) -> Sheet:
    """Return the sheet of one arm over one domain or several.

    Parameters
    ----------
    parts : sequence of Answered
        Of one arm and protocol, each of another domain.
    kept : sequence of frozenset of int or str, optional
        The records of each to keep; all that did not fail when not given.
    """
    asked = frozenset[str]().union(*(answered_axes(one.readings) for one in parts))
    cases: list[ScoredCase] = []
    lenient: list[Truth] | None = []
    labels: list[Classes] | None = []
    answered_by: list[str] = []
    left_out = 0
    for number, one in enumerate(parts):
        own = [record for record in one.domain.records if _did_answer(one, record.ecg_id)]
        left_out += len(one.domain.records) - len(own)
        if kept is not None:
            own = [record for record in own if record.ecg_id in kept[number]]
        read, truths = one.readings, labelled_truths(one.domain)
        cases += [
            ScoredCase(
                ecg_id=f"{number} {record.ecg_id}",
                patient_id=f"{number} {record.patient_id}",
                sex=record.sex,
                age=record.age,
                truth=truths[record.ecg_id],
                reading=read.get(record.ecg_id, UNANSWERED),
                asked=asked,
            )
            for record in own
        ]
        answered_by += [_network(one, number, record.ecg_id) for record in own]
        loosely, codes = one.domain.lenient_truths, challenge_labels(one.domain)
        lenient = None if lenient is None or loosely is None else [*lenient, *(loosely[r.ecg_id] for r in own)]
        labels = None if labels is None or codes is None else [*labels, *(codes[r.ecg_id] for r in own)]
    return Sheet(
        tuple(cases),
        None if lenient is None else tuple(map(as_labelled, lenient)),
        None if labels is None else tuple(labels),
        left_out,
        tuple(answered_by),
    )


def _network(one: Answered, number: int, ecg_id: RecordId) -> str:
    """Return what tells the network that answered: a reader that is asked as it is is the same on every domain."""
    return "" if one.protocol == ZERO_SHOT else f"{number} {one.networks.get(ecg_id, 0)}"


def _did_answer(one: Answered, ecg_id: RecordId) -> bool:
    return one.readings.get(ecg_id, UNANSWERED).outcome != "failed"


def answered_ids(one: Answered) -> frozenset[RecordId]:
    """Return the records whose call did not fail."""
    return frozenset(record.ecg_id for record in one.domain.records if _did_answer(one, record.ecg_id))


def answered_axes(readings: Mapping[RecordId, Reading]) -> frozenset[str]:
    """Return the axes that any reading answers, with what follows from them."""
    named: dict[str, AxisValue | None] = {}
    for reading in readings.values():
        named.update({axis: value for axis, value in reading.values.items() if value is not None})
    return frozenset(axis for axis, value in with_derived(named).items() if value is not None)


def labelled_truths(domain: Domain) -> Mapping[RecordId, Truth]:
    """Return the truths of a domain without what this project measured: that is no label of a hospital."""
    return {ecg_id: as_labelled(truth) for ecg_id, truth in domain.truths.items()}


def as_labelled(truth: Truth) -> Truth:
    """Return a truth without what this project measured itself, on which a reader may agree by construction."""
    if not truth.circular:
        return truth
    return replace(truth, values={axis: None if axis in truth.circular else v for axis, v in truth.values.items()})
