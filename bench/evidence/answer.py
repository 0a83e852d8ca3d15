"""A reader's answers under every condition, with the truth of what was shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.dataset import Record, RecordId
from taxonomy.axis import DERIVED, AxisValue, with_derived
from taxonomy.reading import Reading
from taxonomy.truth import Truth

DERIVED_NAMES = frozenset(axis.name for axis in DERIVED)


@dataclass(frozen=True, eq=False)
class Source:
    """The record that an image, or the numbers of a prompt, are from."""

    ecg_id: RecordId
    patient_id: RecordId
    fold: RecordId
    truth: Truth


@dataclass(frozen=True, eq=False)
class AskedCase:
    """One record asked under every condition.

    Attributes
    ----------
    own : Source
        The record, whose image is shown wherever one is.
    readings : mapping of str to Reading
        By condition, without conditions that were not asked or whose call failed.
    numbers : mapping of str to Source
        Whose numbers were shown, by condition that shows another patient's.
    masked : tuple of str
        Leads that ``lead-mask`` blanked.
    """

    own: Source
    readings: Mapping[str, Reading]
    numbers: Mapping[str, Source] = field(default_factory=dict)
    masked: tuple[str, ...] = ()

    def answer(self, condition: str, axis: str) -> AxisValue | None:
        """Return the answer on an axis, None without one."""
        reading = self.readings[condition]
        if reading.error:
            return None
        return (with_derived(reading.values) if axis in DERIVED_NAMES else reading.values).get(axis)


Whose = Callable[[AskedCase], Source | None]
"""Picks the record whose truth answers are held against; None where the case has none."""


def own(case: AskedCase) -> Source:
    """Return the record whose image is shown."""
    return case.own


def numbers_under(condition: str) -> Whose:
    """Return what picks the record whose numbers are shown under a condition."""
    return lambda case: case.numbers.get(condition)


def answered(
    cases: tuple[AskedCase, ...], axis: str, conditions: tuple[str, ...], whose: Whose = own
) -> tuple[AskedCase, ...]:
    """Return the cases with a truth on the axis and an answer, or a refusal, under each of the conditions."""
    return tuple(
        case
        for case in cases
        if set(conditions) <= case.readings.keys() and (source := whose(case)) and source.truth.values[axis] is not None
    )


def is_right(case: AskedCase, axis: str, condition: str, whose: Whose = own) -> bool:
    """Tell whether the answer under a condition is right of that record."""
    source = whose(case)
    return source is not None and source.truth.accepts(axis, case.answer(condition, axis))


@dataclass(frozen=True, eq=False)
class ConditionReadings:
    """What was asked under one condition, by ``ecg_id``.

    Attributes
    ----------
    readings : mapping of RecordId to Reading
    numbers : mapping of RecordId to Source
        Whose numbers were shown, where they are another patient's.
    masked : mapping of RecordId to tuple of str
        The leads that were blanked.
    """

    readings: Mapping[RecordId, Reading]
    numbers: Mapping[RecordId, Source] = field(default_factory=dict)
    masked: Mapping[RecordId, tuple[str, ...]] = field(default_factory=dict)


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
    ecg_id = record.ecg_id
    used = {name: asked[served] for name, served in serves.items() if served}
    readings = {name: one.readings.get(ecg_id) for name, one in used.items()}
    return AskedCase(
        own=source_of(record, truth),
        readings={name: one for name, one in readings.items() if one and one.outcome != "failed"},
        numbers={name: one.numbers[ecg_id] for name, one in used.items() if ecg_id in one.numbers},
        masked=next((one.masked[ecg_id] for one in used.values() if ecg_id in one.masked), ()),
    )


def source_of(record: Record, truth: Truth) -> Source:
    """Return a record as the source of what is shown."""
    return Source(record.ecg_id, record.patient_id, record.fold, truth)
