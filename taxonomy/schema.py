"""The JSON schema of an answer, derived from the axes."""

from typing import Any

from taxonomy.axis import AXES, ISCHEMIA_STAGE, ISCHEMIA_TERRITORY, OTHER_FINDINGS, Axis, axis_named
from taxonomy.target import DENSE, SPARSE, TargetFormat

NESTED = {"ischemia": {"stage": ISCHEMIA_STAGE, "territory": ISCHEMIA_TERRITORY}}
"""Axes that share one object of the answer."""

REASONING = "at most four sentences: what the tracing shows, lead by lead where it matters"


def answer_schema(form: TargetFormat = DENSE) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of an answer.

    Portable across providers: every field is required, a field that may be unknown (or, in ``sparse``, normal) is
    nullable, and there are no extra properties and no numeric or length limits; ``taxonomy.parsing`` validates. A dense
    answer begins with ``reasoning``, so that a constrained model can reason before it commits to values.
    """
    if form is DENSE:
        return _object({"reasoning": {"type": "string", "description": REASONING}, **_every_axis()})
    if form is SPARSE:
        return _object(_every_axis())
    return _object({name: _named(axis_named(name)) for name in form.axes})


def _every_axis() -> dict[str, Any]:
    nested = {axis.name for parts in NESTED.values() for axis in parts.values()}
    properties: dict[str, Any] = {}
    for axis in AXES:
        if axis is ISCHEMIA_STAGE:
            properties["ischemia"] = _object({key: _nullable(part) for key, part in NESTED["ischemia"].items()})
        elif axis.name not in nested:
            properties[axis.name] = _many(axis) if axis is OTHER_FINDINGS else _nullable(axis)
    return properties


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _nullable(axis: Axis) -> dict[str, Any]:
    return {"type": ["string", "null"], "enum": [*axis.values, None], "description": axis.question}


def _named(axis: Axis) -> dict[str, Any]:
    return {"type": "string", "enum": list(axis.values), "description": axis.question}


def _many(axis: Axis) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "enum": list(axis.values)}, "description": axis.question}
