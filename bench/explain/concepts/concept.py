"""Concepts: properties of a recording in a cardiologist's words, told from its measurements, patient and labels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.dataset import Cohort, Record
from bench.explain.counterfactual.donor_pool import bears
from measurements import Measurement, Measurements
from taxonomy.error import unknown_name
from taxonomy.threshold import PR_LIMIT, QRS_LIMITS, QTC_LIMITS, axis_of, rate_of
from taxonomy.truth import Truth

OLD_FROM = 65
"""Age in years from which the control concept holds: it halves the patients of PTB-XL, whose median is 62."""


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of a record: its patient, what was measured, and its truth."""

    record: Record
    numbers: Measurements
    truth: Truth


@dataclass(frozen=True, eq=False)
class Concept:
    """A property that a recording has or has not.

    Attributes
    ----------
    name, meaning : str
    of : callable
        Tells of the facts of a record whether it has it; None where that is unknown.
    is_control : bool
        Whether it is a property of the patient, on which no answer should rest.
    """

    name: str
    meaning: str
    of: Callable[[Facts], bool | None]
    is_control: bool = False


def _measured(name: str, holds: Callable[[float], bool]) -> Callable[[Facts], bool | None]:
    def of(facts: Facts) -> bool | None:
        found: Measurement = getattr(facts.numbers, name)
        return None if found.value is None else holds(found.value)

    return of


def _long_qtc(facts: Facts) -> bool | None:
    sex, qtc = facts.record.sex, facts.numbers.qtc_bazett.value
    if sex is None or qtc is None:
        return None
    return qtc >= QTC_LIMITS[sex == "female"]


def _old(facts: Facts) -> bool | None:
    return None if facts.record.age is None else facts.record.age >= OLD_FROM


def _female(facts: Facts) -> bool | None:
    return None if facts.record.sex is None else facts.record.sex == "female"


CONCEPTS: Mapping[str, Concept] = {
    concept.name: concept
    for concept in (
        Concept("long_pr", f"PR interval above {PR_LIMIT} ms", _measured("pr", lambda ms: ms > PR_LIMIT)),
        Concept(
            "wide_qrs", f"QRS complex of {QRS_LIMITS[1]} ms or more", _measured("qrs", lambda ms: ms >= QRS_LIMITS[1])
        ),
        Concept("left_axis", "left axis deviation", _measured("qrs_axis", lambda angle: axis_of(angle) == "left")),
        Concept("right_axis", "right axis deviation", _measured("qrs_axis", lambda angle: axis_of(angle) == "right")),
        Concept("slow_rate", "bradycardia", _measured("heart_rate", lambda rate: rate_of(rate) == "bradycardia")),
        Concept("fast_rate", "tachycardia", _measured("heart_rate", lambda rate: rate_of(rate) == "tachycardia")),
        Concept("long_qtc", f"QTc of {QTC_LIMITS[0]} ms (men) or {QTC_LIMITS[1]} ms (women) or more", _long_qtc),
        Concept("age", f"{OLD_FROM} years or older", _old, is_control=True),
        Concept("sex", "a woman", _female, is_control=True),
    )
}
"""By name; limits are those of :mod:`taxonomy.threshold`."""

CONTROLS = tuple(name for name, concept in CONCEPTS.items() if concept.is_control)


def concept_named(name: str) -> Concept:
    """Return a concept of the table, or a finding as a concept, such as ``conduction=lbbb``.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is none; the message names the nearest.
    """
    axis, is_finding, value = name.partition("=")
    if is_finding:
        return Concept(name, f"labelled {value} on {axis}", lambda facts: bears(facts.truth, axis, value))
    if name not in CONCEPTS:
        raise unknown_name("concept", name, CONCEPTS)
    return CONCEPTS[name]


def facts_of(cohort: Cohort) -> list[Facts]:
    """Return the facts of each record of a cohort; they are measured."""
    numbers, truths = cohort.measure(), cohort.truths()
    return [Facts(record, numbers[record.ecg_id], truths[record.ecg_id]) for record in cohort]
