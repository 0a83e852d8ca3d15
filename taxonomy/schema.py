"""The JSON schema of an answer, derived from the axes."""

from collections.abc import Callable, Mapping
from typing import Any

from taxonomy.axis import ISCHEMIA_STAGE, ISCHEMIA_TERRITORY, Axis, axis_named
from taxonomy.error import FileError
from taxonomy.outside import Bounds, outside_json
from taxonomy.target import DENSE, SPARSE, TargetFormat

NESTED = {"ischemia": {"stage": ISCHEMIA_STAGE, "territory": ISCHEMIA_TERRITORY}}
"""Axes that share one object of the answer."""

REASONING = "at most four sentences on what {source}"
"""What the reasoning is asked to hold; the source is what the case shows."""

TRACING = "the tracing shows"
NUMBERS = "the measurements say"
GROUNDS = "the answer rests on"
"""What a reader is asked to reason on: the tracing where there is an image, else the numbers, else whatever it has."""


def answer_schema(form: TargetFormat = DENSE, source: str = TRACING) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of an answer.

    Portable across providers: every field is required, and there are no extra properties and no numeric or length
    limits; ``taxonomy.parsing`` validates. Only ``sparse`` admits null, for what is normal.

    Parameters
    ----------
    form : TargetFormat
    source : str
        What the reasoning is about: :data:`TRACING`, :data:`NUMBERS` or :data:`GROUNDS`.
    """
    one = _nullable if form is SPARSE else _named
    reasoning = {"type": "string", "description": REASONING.format(source=source)}
    return _object({**({"reasoning": reasoning} if form.reasoning else {}), **_properties(form, one)})


def follows(text: str, schema: Mapping[str, Any]) -> bool:
    """Tell whether a text is what a server that enforces a schema of an answer writes: its JSON, and nothing else.

    Thinking before it, closed by ``</think>``, is no part of it.

    Parameters
    ----------
    text : str
    schema : mapping
        As of :func:`answer_schema`.
    """
    try:
        return _fits(outside_json(text.rpartition("</think>")[2], "the answer", bounds=Bounds(once=True)), schema)
    except FileError:
        return False


def _fits(data: object, schema: Mapping[str, Any]) -> bool:
    """Tell whether data fits a schema of the few keywords that :func:`answer_schema` writes."""
    if "properties" in schema:
        parts = schema["properties"]
        if not isinstance(data, dict) or data.keys() != parts.keys():
            return False
        return all(_fits(data[name], part) for name, part in parts.items())
    if schema["type"] == "array":
        return isinstance(data, list) and all(_fits(item, schema["items"]) for item in data)
    if "enum" in schema:
        return data in schema["enum"]
    return isinstance(data, str)


def answer_keys(form: TargetFormat) -> dict[str, dict[str, str]]:
    """Return the keys of an answer in order, each with its axes by inner key (its own name for a plain key)."""
    home = {axis.name: key for key, parts in NESTED.items() for axis in parts.values()}
    keys: dict[str, dict[str, str]] = {}
    for name in form.axes:
        key = home.get(name, name)
        keys[key] = {part: axis.name for part, axis in NESTED[key].items()} if key in NESTED else {name: name}
    return keys


def _properties(form: TargetFormat, one: Callable[[Axis], dict[str, Any]]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, parts in answer_keys(form).items():
        axes = {part: axis_named(name) for part, name in parts.items()}
        inner = {part: _many(axis) if axis.is_set else one(axis) for part, axis in axes.items()}
        properties[key] = _object(inner) if key in NESTED else inner[key]
    return properties


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _nullable(axis: Axis) -> dict[str, Any]:
    return {"type": ["string", "null"], "enum": [*axis.values, None], "description": axis.question}


def _named(axis: Axis) -> dict[str, Any]:
    return {"type": "string", "enum": list(axis.values), "description": axis.question}


def _many(axis: Axis) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "enum": list(axis.values)}, "description": axis.question}
