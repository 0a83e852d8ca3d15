"""The JSON that a reader is asked to write, derived from the axes in this one place."""

from typing import Any

from taxonomy.axis import AXES, ISCHEMIA_STAGE, ISCHEMIA_TERRITORY, OTHER_FINDINGS, Axis

NESTED = {"ischemia": {"stage": ISCHEMIA_STAGE, "territory": ISCHEMIA_TERRITORY}}
"""Axes that stand in one object of the answer."""


def answer_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a dense answer.

    Portable across providers: every field is required, a field that may be unknown is nullable rather than optional,
    no extra properties, no numeric or length limits. ``taxonomy.parsing`` validates on our side.
    """
    nested = {axis.name for parts in NESTED.values() for axis in parts.values()}
    properties: dict[str, Any] = {}
    for axis in AXES:
        if axis is ISCHEMIA_STAGE:
            properties["ischemia"] = _object({k: _one(part) for k, part in NESTED["ischemia"].items()})
        elif axis.name not in nested:
            properties[axis.name] = _many(axis) if axis is OTHER_FINDINGS else _one(axis)
    return _object(properties)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _one(axis: Axis) -> dict[str, Any]:
    return {
        "type": ["string", "null"],
        "enum": [*axis.values, None],
        "description": axis.question,
    }


def _many(axis: Axis) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "string", "enum": list(axis.values)},
        "description": axis.question,
    }
