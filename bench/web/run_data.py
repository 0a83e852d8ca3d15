"""A run as data for a page: what it is, and the table of its cases with a column for each axis.

The form is documented in ``docs/viewing.md``; values are told as numbers into a list of each axis, so that thousands of
cases stay small.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bench.dataset import Cohort, RecordId
from bench.run.scoring import scored_cases
from bench.run.settings import RunSettings
from bench.score.scored_case import ScoredCase
from bench.view import QuestionKey, condition_named
from taxonomy.axis import AXES, DERIVED, Axis, AxisValue
from taxonomy.reading import Reading
from taxonomy.truth import Truth

SHOWN = (*AXES, *DERIVED)

RIGHT, RIGHT_BEYOND, WRONG, UNLABELLED, FAILED, WAITING, NOT_ASKED = "r", "R", "w", "u", "f", ".", "-"
"""The state of an axis of a case: right; right where the majority answer is wrong; wrong; no truth; the call failed;
not answered yet; not asked of this reader."""


@dataclass(frozen=True, eq=False)
class RunTable:
    """The answers of a run beside the truth of its records.

    Attributes
    ----------
    settings : RunSettings
    readings : mapping of QuestionKey to Reading
    cohort : Cohort or None
        None where its dataset is not at hand: answers are then shown without truth.
    """

    settings: RunSettings
    readings: Mapping[QuestionKey, Reading]
    cohort: Cohort | None

    @cached_property
    def cases(self) -> Mapping[RecordId, ScoredCase]:
        """The first reading of each record with its truth, by id; without truth where the dataset is not at hand."""
        readings = {key: reading for key, reading in self.readings.items() if not key.repeat}
        if self.cohort is not None:
            cases = scored_cases(readings, self.cohort, offer=self.settings.offer)
        else:
            asked = self.settings.offer.axes
            cases = [
                ScoredCase(key.ecg_id, key.ecg_id, None, None, Truth({}), reading, asked)
                for key, reading in readings.items()
            ]
        return {case.ecg_id: case for case in cases}

    @cached_property
    def baselines(self) -> Mapping[str, AxisValue]:
        """The majority answer of each axis; none where the dataset is not at hand."""
        return self.cohort.dataset.baselines if self.cohort else {}

    def scored(self, ecg_id: RecordId, repeat: int) -> ScoredCase | None:
        """Return one repeat of a case with its truth; None where it has no reading."""
        reading = self.readings.get(QuestionKey(ecg_id, repeat))
        first = self.cases.get(ecg_id)
        return None if reading is None or first is None else replace(first, reading=reading)

    def state(self, case: ScoredCase | None, axis: str) -> str:
        """Return the state of an axis of a case, one letter."""
        if axis not in self.settings.offer.axes:
            return NOT_ASKED
        if case is None:
            return WAITING
        if case.reading.outcome == "failed":
            return FAILED
        if case.true(axis) is None:
            return UNLABELLED
        if not case.is_right(axis):
            return WRONG
        return RIGHT if case.truth.accepts(axis, self.baselines.get(axis)) else RIGHT_BEYOND

    def to_json(self) -> dict[str, Any]:
        """Return the table as plain JSON data."""
        ids = self.settings.ids
        cases = [self.cases.get(ecg_id) for ecg_id in ids]
        asked = [axis for axis in SHOWN if axis.name in self.settings.offer.axes]
        return {
            "ids": list(ids),
            "age": [case and case.age for case in cases],
            "sex": [case and case.sex for case in cases],
            "error": [case.reading.error.kind if case and case.reading.error else None for case in cases],
            "axes": [self._axis(axis, cases) for axis in asked],
        }

    def _axis(self, axis: Axis, cases: Sequence[ScoredCase | None]) -> dict[str, Any]:
        truths = [case.true(axis.name) if case else None for case in cases]
        answers = [case.answer(axis.name) if case else None for case in cases]
        found = Counter(value for value in (*truths, *answers) if value is not None)
        order = {name: place for place, name in enumerate(axis.values)}
        values = sorted(found, key=lambda value: [order.get(name, len(order)) for name in names(value)])
        place: dict[AxisValue | None, int] = {value: number for number, value in enumerate(values)}
        prior = self.baselines.get(axis.name)
        return {
            "name": axis.name,
            "question": axis.question,
            "is_set": axis.is_set,
            "prior": None if prior is None else names(prior),
            "values": [names(value) for value in values],
            "truth": [place.get(value, -1) for value in truths],
            "answer": [place.get(value, -1) for value in answers],
            "state": "".join(self.state(case, axis.name) for case in cases),
        }


def names(value: AxisValue) -> list[str]:
    """Return a value as a list of names: one, or those of a set."""
    return sorted(value) if isinstance(value, frozenset) else [value]


def run_json(settings: RunSettings, readings: Mapping[QuestionKey, Reading]) -> dict[str, Any]:
    """Return what a run is and how far it has come, as plain JSON data."""
    shown = condition_named(settings.condition)
    costs = [one.usage.cost for one in readings.values() if one.usage.cost is not None and not one.usage.reused]
    return {
        "title": settings.title,
        "reader": settings.reader,
        "dataset": settings.dataset,
        "is_simulated": settings.is_simulated,
        "split": settings.split,
        "condition": shown.name,
        "shows": shown.shows,
        "form": settings.form,
        "renderer": settings.renderer,
        "repeats": settings.repeats,
        "records": len(settings.ids),
        "questions": len(settings.ids) * settings.repeats,
        "answered": len(readings),
        "failed": sum(one.outcome == "failed" for one in readings.values()),
        "cost": sum(costs) if costs else None,
        "run_id": settings.run_id,
    }
