"""Parse the text that a model wrote into a reading.

Models wrap their JSON in prose and code fences, leave trailing commas, and use synonyms, wrong case and extra keys. All
of these are accepted. Anything else is a scored failure with its reason, never a guess: an unknown value, a key with
two values, several values for one axis, a truncated object.
"""

import ast
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from taxonomy.axis import AXIS_NAMES, NORMALITY, UNLISTED, Axis, AxisValue, axis_named
from taxonomy.reading import Failure, Reading
from taxonomy.schema import NESTED
from taxonomy.synonym import folded, key_meaning, meaning
from taxonomy.target import DENSE, SPARSE, TargetFormat

NO_FINDING = frozenset({"", "none", "no", "normal", "nil", "no_other_findings", "no_further_findings"})
"""Words for an empty set of findings."""

MOST_UNCLOSED = 100
"""Unclosed braces after which parsing stops, since each costs a scan to the end of the response."""


class _Twice:
    """Marks a key that occurs in an object with different values."""


def parse(text: str, form: TargetFormat = DENSE) -> Reading:
    """Read the answer that a model wrote.

    The answer is the last complete JSON object that names an axis; drafts and quoted examples come before it.

    Parameters
    ----------
    text : str
        The whole response.
    form : TargetFormat
        Format of the answer: axes that a sparse answer leaves out are normal; a flat or binary answer may be a bare
        word on the last line.

    Returns
    -------
    Reading
        With ``raw`` set; ``error`` of kind ``empty`` or ``unparseable`` where there is no answer; ``problems`` for each
        axis with an unreadable value.
    """
    if not text.strip():
        return Reading(raw=text, error=Failure("empty", "the response holds no text"))
    answers = [answer for written in _objects(text) for answer in _answers(_loaded(written))]
    answer = answers[-1] if answers else _without_an_axis(text, form)
    if answer is None:
        return Reading(raw=text, error=Failure("unparseable", _MISSING[len(form.axes) == 1]))
    values, problems = _read_axes(_flattened(answer), form)
    return Reading(values=values, problems=problems, raw=text)


_MISSING = {False: "no complete JSON object that names an axis", True: "no answer of the form that was asked for"}


def _without_an_axis(text: str, form: TargetFormat) -> dict[str, object] | None:
    """Return the answer of a text without an object that names an axis: ``{}`` if sparse, else a bare word."""
    if form is SPARSE:
        return {} if any(_loaded(written) == {} for written in _objects(text)) else None
    if len(form.axes) > 1:
        return None
    axis, last = axis_named(form.axes[0]), text.strip().splitlines()[-1].strip(" .*`\"'")
    return {axis.name: last} if meaning(axis, last) else None


def read_value(axis: Axis, written: object) -> AxisValue:
    """Return the value of ``axis`` for a model's string or list.

    Raises
    ------
    ValueError
        When it names no value of the axis, or several for an axis with one value.
    """
    if written is _Twice:
        raise ValueError(f"{axis.name} is given twice with different values")
    if axis.is_set:
        return _read_set(axis, written)
    if isinstance(written, list) and len(written) == 1:
        written = written[0]
    value = meaning(axis, written) if isinstance(written, str) else None
    if value is None:
        raise ValueError(f"{axis.name} has no value {_short(written)}")
    return value


def _read_set(axis: Axis, written: object) -> frozenset[str]:
    if isinstance(written, str):
        written = [written] if meaning(axis, written) else written.replace(";", ",").split(",")
    if not isinstance(written, list) or not all(isinstance(item, str) for item in written):
        raise ValueError(f"{axis.name} must be a list of names, not {_short(written)}")
    items = [item for item in written if folded(item) not in NO_FINDING]
    return frozenset(meaning(axis, item) or UNLISTED for item in items)


def _read_axes(answer: dict[str, object], form: TargetFormat) -> tuple[dict[str, AxisValue | None], dict[str, str]]:
    values: dict[str, AxisValue | None] = {}
    problems: dict[str, str] = {}
    for axis in map(axis_named, form.axes):
        written = answer.get(axis.name)
        if written is None:
            if form is SPARSE:
                values[axis.name] = frozenset() if axis.is_set else axis.negative
            continue
        try:
            value = values[axis.name] = read_value(axis, written)
        except ValueError as error:
            problems[axis.name] = str(error)
        else:
            if axis.is_set and UNLISTED in value:
                problems[axis.name] = f"{axis.name} holds names that are no finding: {_short(written)}"
    return values, problems


def _flattened(answer: dict[str, object]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in _known(answer):
        parts = NESTED.get(key)
        if parts is None:
            _put(flat, key, value)
        elif isinstance(value, dict):
            named = {folded(part): inner for part, inner in value.items()}
            for part, axis in parts.items():
                if part in named:
                    _put(flat, axis.name, named[part])
        elif isinstance(value, str) and folded(value) in NO_FINDING:
            for axis in parts.values():
                _put(flat, axis.name, "none")
        elif value is not None:
            for axis in parts.values():
                _put(flat, axis.name, value)
    return flat


def _put(flat: dict[str, object], key: str, value: object) -> None:
    same = key not in flat or flat[key] == value
    flat[key] = value if same else _Twice


def _known(answer: dict[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in answer.items():
        name = key_meaning(key)
        if name in NESTED or name in AXIS_NAMES or name == NORMALITY.name:
            yield name, value


def _answers(data: dict[str, Any] | None) -> Iterator[dict[str, object]]:
    """Yield ``data`` if it names an axis, else the objects inside it that do (an answer in a wrapper)."""
    if data is None:
        return
    if any(True for _ in _known(data)):
        yield data
        return
    for inner in data.values():
        if isinstance(inner, dict):
            yield from _answers(inner)


def _objects(text: str) -> Iterator[str]:
    """Yield every outermost brace-balanced part of ``text``, ignoring braces inside strings."""
    start, unclosed = text.find("{"), 0
    while start >= 0 and unclosed < MOST_UNCLOSED:
        end = _closing(text, start)
        if end is None:
            unclosed += 1
            start = text.find("{", start + 1)
            continue
        yield text[start : end + 1]
        start = text.find("{", end + 1)


def _closing(text: str, start: int) -> int | None:
    depth, quote, position = 0, "", start
    while position < len(text):
        char = text[position]
        if quote:
            if char == "\\":
                position += 1
            elif char == quote:
                quote = ""
        elif char == '"' or (char == "'" and text[position - 1] in " {[:,\n\t"):
            quote = char
        elif char in "{}":
            depth += 1 if char == "{" else -1
            if depth == 0:
                return position
        position += 1
    return None


def _loaded(written: str) -> dict[str, Any] | None:
    """Load JSON, else JSON5 (trailing commas, comments, single quotes), else a Python literal (None, True)."""
    import json5

    loaders: tuple[Callable[[str], Any], ...] = (
        lambda text: json.loads(text, object_pairs_hook=_once),
        lambda text: json5.loads(text, object_pairs_hook=_once),
        ast.literal_eval,
    )
    for load in loaders:
        try:
            data = load(written)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return data if isinstance(data, dict) and all(isinstance(key, str) for key in data) else None
    return None


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, object]:
    data: dict[str, object] = {}
    for key, value in pairs:
        _put(data, key, value)
    return data


def _short(written: object) -> str:
    shown = repr(written)
    return shown if len(shown) <= 80 else shown[:77] + "..."
