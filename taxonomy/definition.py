"""What each value means, and which of several values is asked for: the source of prompts and of reasoning targets."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from taxonomy import threshold
from taxonomy.axis import CONDUCTION, DIAGNOSIS, OTHER_FINDINGS, RHYTHM, Axis
from taxonomy.statement import statements, subclasses
from taxonomy.truth import CONDUCTION_PRECEDENCE, DIAGNOSIS_ORDER, RHYTHM_PRECEDENCE


def definitions(axis: Axis) -> dict[str, str]:
    """Return the definition of each value of an axis, in order of precedence where one of several is asked for.

    The definition of a conduction disturbance is the same on ``other_findings`` as on ``conduction``.
    """
    written = _table()["definitions"]
    known = {**(written[CONDUCTION.name] if axis is OTHER_FINDINGS else {}), **written[axis.name]}
    return {value: known[value] for value in by_precedence(axis)}


def by_precedence(axis: Axis) -> tuple[str, ...]:
    """Return the values of an axis, those first that win where several apply, as the truth's rules have it."""
    if axis is DIAGNOSIS:
        return _diagnoses()
    if axis in (RHYTHM, CONDUCTION):
        order = RHYTHM_PRECEDENCE if axis is RHYTHM else CONDUCTION_PRECEDENCE
        winning = [value for _, value in order]
    else:
        winning = [value for value in _table()["definitions"][axis.name] if value in axis.values]
    return tuple(dict.fromkeys([*winning, *axis.values]))


def choice(axis: Axis) -> str:
    """Return the words for how one of several values is chosen, empty for an axis on which only one can apply."""
    written: str = _table()["choices"].get(axis.name, "")
    return written


def superclass_title(superclass: str) -> str:
    """Return the words for a superclass of diagnoses."""
    title: str = _table()["superclasses"][superclass]
    return title


def spoken(axis: Axis, value: str) -> str:
    """Return the words for a value inside a sentence, such as ``first-degree AV block``."""
    names = _table()["names"]
    known = {**(names[CONDUCTION.name] if axis is OTHER_FINDINGS else {}), **names.get(axis.name, {})}
    written: str = known.get(value) or (definitions(axis)[value] if axis is DIAGNOSIS else value.replace("_", " "))
    return written


def _diagnoses() -> tuple[str, ...]:
    """Return the diagnoses by superclass in order of precedence, then by row of PTB-XL's table."""
    rows: dict[str, int] = {}
    for statement in statements().values():
        if statement.subclass:
            rows.setdefault(statement.subclass, statement.row)
    return tuple(sorted(DIAGNOSIS.values, key=lambda code: (DIAGNOSIS_ORDER.index(subclasses()[code]), rows[code])))


def _limits() -> dict[str, str]:
    """Return the numbers that the definitions quote."""
    slow, fast = threshold.RATE_LIMITS
    extreme, left, right = threshold.AXIS_LIMITS
    incomplete, complete = threshold.QRS_LIMITS
    numbers = {
        "rate_low": slow,
        "rate_high": fast,
        "axis_extreme": extreme,
        "axis_left": left,
        "axis_right": right,
        "qrs_incomplete": incomplete,
        "qrs_below_complete": complete - 1,
        "qrs_complete": complete,
        "pr_long": threshold.PR_LIMIT,
        "pr_pre_excited": threshold.PRE_EXCITED_PR,
        "qtc_men": threshold.QTC_LIMITS[0],
        "qtc_women": threshold.QTC_LIMITS[1],
        "q_ms": threshold.Q_WAVE_LIMITS[0],
        "q_mv": threshold.Q_WAVE_LIMITS[1],
        "low_limb": threshold.LOW_VOLTAGE_LIMITS[0],
        "low_chest": threshold.LOW_VOLTAGE_LIMITS[1],
    }
    return {name: f"{number:g}" for name, number in numbers.items()}


@cache
def _table() -> Mapping[str, Any]:
    data: dict[str, Any] = json.loads((files("taxonomy") / "definitions.json").read_text(encoding="utf-8"))
    limits = _limits()
    filled = {
        axis: {value: Template(text).substitute(limits) for value, text in values.items()}
        for axis, values in data["definitions"].items()
    }
    return data | {"definitions": filled}
