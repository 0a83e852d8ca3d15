"""Write an answer as a model does, the inverse of :mod:`taxonomy.parsing`, with the position of each value."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from taxonomy.axis import AxisValue, axis_named
from taxonomy.schema import NESTED, answer_keys
from taxonomy.target import DENSE, SPARSE, TargetFormat


@dataclass(frozen=True)
class Written:
    """The text of an answer.

    Attributes
    ----------
    text : str
        One JSON object on one line.
    spans : mapping of str to (int, int)
        Axis name to the start and end of its value in ``text``, with quotes or brackets; an axis that is left out has
        none.
    """

    text: str
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def until(self, axis: str) -> str:
        """Return the text up to the end of an axis's value."""
        return self.text[: self.spans[axis][1]]


@dataclass
class _Writer:
    """A text under construction, with the positions of its values."""

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
    """Return the answer with these values.

    Parameters
    ----------
    values : mapping of str to value or None
        By axis. None is an unknown value: ``null`` in a dense answer, which no prompt asks for and no target holds;
        left out of a sparse one.
    form : TargetFormat
        A sparse answer leaves out normal values.
    reasoning : str, optional
        Goes before the values; only into an answer that is asked for it (:attr:`TargetFormat.reasoning`).
    """
    writer = _Writer("{")
    if reasoning is not None:
        writer.key("reasoning")
        writer.text += json.dumps(reasoning)
    for key, parts in answer_keys(form).items():
        shown = {part: axis for part, axis in parts.items() if _is_written(axis, values, form)}
        if not shown:
            continue
        writer.key(key)
        if key not in NESTED:
            writer.value(key, values.get(key))
            continue
        writer.text += "{"
        for part, axis in shown.items():
            writer.key(part)
            writer.value(axis, values.get(axis))
        writer.text += "}"
    return Written(writer.text + "}", writer.spans)


def _is_written(axis: str, values: Mapping[str, AxisValue | None], form: TargetFormat) -> bool:
    if form is not SPARSE:
        return True
    value = values.get(axis)
    return value is not None and value != normal_value(axis)


def normal_value(axis: str) -> AxisValue | None:
    """Return the normal value of an axis: its negative, or the empty set."""
    named = axis_named(axis)
    return frozenset() if named.is_set else named.negative


def axis_order(form: TargetFormat) -> tuple[str, ...]:
    """Return the axes of a format in the order of the answer."""
    return tuple(axis for parts in answer_keys(form).values() for axis in parts.values())
