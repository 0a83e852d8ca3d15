"""Reasoning targets: sentences that say of a record what its labels and its printed numbers support, and no more."""

from collections.abc import Mapping

from measurements import Measurements
from taxonomy.axis import AXIS as QRS_AXIS
from taxonomy.axis import (
    CONDUCTION,
    DIAGNOSIS,
    ISCHEMIA_STAGE,
    ISCHEMIA_TERRITORY,
    OTHER_FINDINGS,
    RATE,
    RHYTHM,
    Axis,
    AxisValue,
)
from taxonomy.definition import spoken
from taxonomy.threshold import axis_of, rate_of

Values = Mapping[str, AxisValue | None]


def reasoning(values: Values, numbers: Measurements | None) -> str:
    """Return four sentences at most: rhythm, axis and conduction, ischemia and findings, diagnosis.

    Nothing is said on an axis without a label, nor of any lead: labels name none.

    Parameters
    ----------
    values : mapping of str to value or None
        The truth by axis.
    numbers : Measurements or None
        The record's own as its prompt prints them; a number is quoted where it agrees with its axis.
    """
    sentences = (
        [_value(RHYTHM, values), _with_number(RATE, values, _rate(values, numbers))],
        [_with_number(QRS_AXIS, values, _angle(values, numbers)), _value(CONDUCTION, values)],
        [_ischemia(values), _findings(values)],
        [_diagnosis(values)],
    )
    return " ".join(_sentence(text) for parts in sentences if (text := "; ".join(part for part in parts if part)))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _value(axis: Axis, values: Values) -> str:
    value = values.get(axis.name)
    return spoken(axis, value) if isinstance(value, str) else ""


def _with_number(axis: Axis, values: Values, number: str) -> str:
    said = _value(axis, values)
    return f"{said} ({number})" if said and number else said


def _rate(values: Values, numbers: Measurements | None) -> str:
    printed = None if numbers is None else numbers.heart_rate.printed
    return "" if printed is None or rate_of(printed) != values.get(RATE.name) else f"{printed} per minute"


def _angle(values: Values, numbers: Measurements | None) -> str:
    printed = None if numbers is None else numbers.qrs_axis.printed
    return "" if printed is None or axis_of(printed) != values.get(QRS_AXIS.name) else f"{printed} degrees"


def _ischemia(values: Values) -> str:
    stage, territory = _value(ISCHEMIA_STAGE, values), _value(ISCHEMIA_TERRITORY, values)
    if values.get(ISCHEMIA_STAGE.name) == ISCHEMIA_STAGE.negative or not (stage and territory):
        return stage
    return f"{stage} ({territory})"


def _findings(values: Values) -> str:
    findings = values.get(OTHER_FINDINGS.name)
    if not isinstance(findings, frozenset):
        return ""
    return ", ".join(spoken(OTHER_FINDINGS, finding) for finding in sorted(findings)) or "no other finding"


def _diagnosis(values: Values) -> str:
    said = _value(DIAGNOSIS, values)
    return f"diagnosis: {said}" if said else ""
