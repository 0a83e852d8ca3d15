"""An answer as a model writes it: the other direction of :mod:`taxonomy.parsing`, and where in it each value stands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from taxonomy.axis import AxisValue, axis_named
from taxonomy.schema import NESTED
from taxonomy.target import DENSE, SPARSE, TargetFormat


@dataclass(frozen=True)
class Written:
    """An answer in words.

    Attributes
    ----------
    text : str
        One JSON object on one line.
    spans : mapping of str to (int, int)
        Axis name to where its value begins and ends in ``text``, quotes or brackets included; an axis that the format
        leaves out has none.
    """

    text: str
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def until(self, axis: str) -> str:
        """Return the text up to and with the value of an axis."""
        return self.text[: self.spans[axis][1]]


@dataclass
class _Writer:
    """Text that grows, and remembers where values were put."""

    text: str
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    def key(self, name: str) -> None:
        self.text += f"{'' if self.text.endswith('{') else ', '}{json.dumps(name)}: "

    def value(self, axis: str, value: AxisValue | None) -> None:
        start = len(self.text)
        self.text += json.dumps(sorted(value) if isinstance(value, frozenset) else value)
        self.spans[axis] = (start, len(self.text))


def written(
    values: Mapping[str, AxisValue | None], form: TargetFormat = DENSE, reasoning: str | None = None
) -> Written:
    """Return the answer that a reader of these values writes.

    Parameters
    ----------
    values : mapping of str to value or None
        By axis. None stands for a value that nobody knows: ``null`` in a dense answer, left out of a sparse one.
    form : TargetFormat
        A sparse answer leaves out what is normal.
    reasoning : str, optional
        Goes before the values.
    """
    writer = _Writer("{")
    if reasoning is not None:
        writer.key("reasoning")
        writer.text += json.dumps(reasoning)
    for key, parts in _members(form).items():
        said = {part: axis for part, axis in parts.items() if _is_written(axis, values, form)}
        if not said:
            continue
        writer.key(key)
        if key not in NESTED:
            writer.value(key, values.get(key))
            continue
        writer.text += "{"
        for part, axis in said.items():
            writer.key(part)
            writer.value(axis, values.get(axis))
        writer.text += "}"
    return Written(writer.text + "}", writer.spans)


def _members(form: TargetFormat) -> dict[str, dict[str, str]]:
    """Return the keys of an answer in their order, each with its axes by key (one of the same name for a plain one)."""
    home = {axis.name: key for key, parts in NESTED.items() for axis in parts.values()}
    found: dict[str, dict[str, str]] = {}
    for name in form.axes:
        key = home.get(name, name)
        found[key] = {part: axis.name for part, axis in NESTED[key].items()} if key in NESTED else {name: name}
    return found


def _is_written(axis: str, values: Mapping[str, AxisValue | None], form: TargetFormat) -> bool:
    if form is not SPARSE:
        return True
    value = values.get(axis)
    return value is not None and value != normal_value(axis)


def normal_value(axis: str) -> AxisValue | None:
    """Return the value of an axis on which nothing is found: the empty set for findings."""
    named = axis_named(axis)
    return frozenset() if named.is_set else named.negative


def axis_order(form: TargetFormat) -> tuple[str, ...]:
    """Return the axes of a format in the order in which an answer gives them."""
    return tuple(axis for parts in _members(form).values() for axis in parts.values())
