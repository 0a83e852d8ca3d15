"""Parse the text that a model wrote into a reading.

Models wrap their JSON in prose and code fences, leave trailing commas, and use synonyms, wrong case and extra keys. All
of these are accepted. Nothing is repaired: anything else is a scored failure with its reason, never a guess. So are an
unknown value, an axis with two values, an object that is cut off or malformed, and an axis that a sparse answer leaves
out beside a key that means nothing, since that key may be its name.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from taxonomy.axis import AXIS_NAMES, NORMALITY, UNLISTED, Axis, AxisValue, axis_named
from taxonomy.reading import Failure, Reading
from taxonomy.schema import NESTED
from taxonomy.synonym import folded, key_meaning, meaning
from taxonomy.target import DENSE, SPARSE, TargetFormat

NO_FINDING = frozenset({"", "none", "no", "normal", "nil", "no_other_findings", "no_further_findings"})
"""Words for an empty set of findings."""

ASIDES = frozenset({"reasoning", "rationale", "explanation", "analysis", "comment", "comments", "notes", "confidence"})
"""Keys that say nothing on an axis, and may stand in any answer."""

MOST_DEEP = 20
"""Objects and lists inside each other; an answer in a wrapper has three or four."""

MOST_LENIENT = 20_000
"""Characters at the end of a response where JSON5 is tried, which takes 10 microseconds for each."""

_OPENING = re.compile(r"""\{(?=\s*(?:["'\u201c\u2018}/]|\w+\s*(?::|\Z)|\Z))""")
"""A brace that opens an object, not one of prose: a key, even one that is cut off or in typographic quotes, a comment,
its end or nothing at all follows."""

_PLAIN = frozenset({*AXIS_NAMES, NORMALITY.name})
_NULL = re.compile(r"([:\[,]\s*)None\b")
_EMPTY = re.compile(r"(?:```\w*)?\{\}(?:```)?")
_KEY = re.compile(r""",?\s*["']+\w""")


@dataclass(frozen=True, repr=False)
class _Object:
    """The keys and values of a JSON object, as often as they are written."""

    pairs: Sequence[tuple[str, object]]

    def __repr__(self) -> str:
        return repr(dict(self.pairs))


@dataclass
class _Said:
    """What an object says: every value that is written for each axis, and the keys that mean nothing."""

    values: dict[str, list[object]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    reasoning: str | None = None

    def add(self, axis: str, value: object) -> None:
        self.values.setdefault(axis, []).append(value)


def parse(text: str, form: TargetFormat = DENSE) -> Reading:
    """Read the answer that a model wrote.

    The answer is the last JSON object that names an axis of the format; drafts and quoted examples come before it.
    Where that object, or any after it, is cut off or malformed, or ``<think>`` is not closed, there is no answer.
    Prose is not judged: an example that a refusal quotes counts as its answer, since no rule tells refusals safely.

    Parameters
    ----------
    text : str
        The whole response.
    form : TargetFormat
        Format of the answer: axes that a sparse answer leaves out are normal, all of them where an empty object is the
        whole answer; a flat or binary answer may be a bare word on the last line.

    Returns
    -------
    Reading
        With ``raw`` set; ``error`` of kind ``empty``, ``truncated`` or ``unparseable`` where there is no answer;
        ``problems`` for each axis with an unreadable value.
    """
    said = _answer(text, form)
    if isinstance(said, Failure):
        return Reading(raw=text, error=said)
    values, problems = _read_axes(said, form)
    return Reading(values=values, problems=problems, raw=text)


def written_reasoning(text: str, form: TargetFormat = DENSE) -> str | None:
    """Return the reasoning of an answer, or None where it holds none or is no answer."""
    said = _answer(text, form)
    return None if isinstance(said, Failure) else said.reasoning


def answer_bounds(text: str, form: TargetFormat = DENSE) -> tuple[int, int] | None:
    """Return the start and end of the object that is the answer; None where there is none in strict JSON."""
    if isinstance(_answer(text, form), Failure):
        return None
    thought = len(text) - len(text.rpartition("</think>")[2])
    for start, end in reversed(list(_objects(text[thought:]))):
        assert end is not None
        data = _loaded(text[thought + start : thought + end], leniently=False)
        if data is None:
            return None
        if not _collected(data, _Said()).values.keys().isdisjoint(form.axes):
            return thought + start, thought + end
    return None


def read_value(axis: Axis, written: object) -> AxisValue:
    """Return the value of ``axis`` for a model's string or list.

    Raises
    ------
    ValueError
        When it names no value of the axis, or several for an axis with one value.
    """
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


def _read_axes(said: _Said, form: TargetFormat) -> tuple[dict[str, AxisValue | None], dict[str, str]]:
    values: dict[str, AxisValue | None] = {}
    problems: dict[str, str] = {}
    for axis in map(axis_named, form.axes):
        try:
            value = _value(axis, said, form)
        except ValueError as error:
            problems[axis.name] = str(error)
            continue
        if value is not None:
            values[axis.name] = value
        if axis.is_set and value is not None and UNLISTED in value:
            problems[axis.name] = f"{axis.name} holds names that are no finding: {_short(said.values[axis.name])}"
    return values, problems


def _value(axis: Axis, said: _Said, form: TargetFormat) -> AxisValue | None:
    """Return the one value that is said on an axis, or what its absence says; raises ValueError for any other."""
    written = said.values.get(axis.name, [])
    values = {None if one is None else read_value(axis, one) for one in written}
    if len(values) > 1:
        raise ValueError(f"{axis.name} is given twice with different values: {_short(written)}")
    if not written and form is SPARSE and said.unknown:
        raise ValueError(f"{axis.name} is left out beside {_short(said.unknown[0])}, which is no key of the answer")
    value = next(iter(values), None)
    if value is None and form is SPARSE:
        return frozenset() if axis.is_set else axis.negative
    return value


def _answer(text: str, form: TargetFormat) -> _Said | Failure:
    """Return what the last object says that names an axis of the format, or why there is none."""
    text = text.rpartition("</think>")[2]
    if not text.strip():
        return Failure("empty", "the response holds no text")
    if "<think>" in text:
        return Failure("truncated", "the thinking is not closed")
    for start, end in reversed(list(_objects(text))):
        if end is None:
            return Failure("truncated", "the object of the answer is not closed")
        data = _loaded(text[start:end], len(text) - start <= MOST_LENIENT)
        if data is None:
            return Failure("unparseable", "the object of the answer is malformed")
        said = _collected(data, _Said())
        if not said.values.keys().isdisjoint(form.axes):
            goes_on = _goes_on(text[end:])
            return Failure("unparseable", "the answer goes on after its object is closed") if goes_on else said
        if form is SPARSE and any(key_meaning(key) not in ASIDES for key, _ in data.pairs):
            return Failure("unparseable", "the last object holds no key of the answer")
    return _without_an_axis(text, form)


def _without_an_axis(text: str, form: TargetFormat) -> _Said | Failure:
    """Return what a text without an object that names an axis says: ``{}`` alone if sparse, else a bare word."""
    if form is SPARSE and _EMPTY.fullmatch("".join(text.split())):
        return _Said()
    if len(form.axes) > 1:
        return Failure("unparseable", "no complete JSON object that names an axis")
    axis, last = axis_named(form.axes[0]), text.strip().splitlines()[-1].strip(" .*`\"'")
    if meaning(axis, last) is None:
        return Failure("unparseable", "no answer of the form that was asked for")
    return _Said({axis.name: [last]})


def _collected(data: _Object, said: _Said) -> _Said:
    """Add to ``said`` what an object says that names an axis; else what those inside it say (it is a wrapper)."""
    named = [(key_meaning(key), key, value) for key, value in data.pairs]
    if not any(name in NESTED or name in _PLAIN for name, _, _ in named):
        for name, _, value in named:
            if isinstance(value, _Object) and name not in ASIDES:
                _collected(value, said)
        return said
    for name, key, value in named:
        if name in NESTED:
            _collect_parts(key, value, NESTED[name], said)
        elif name in _PLAIN:
            said.add(name, value)
        elif name not in ASIDES:
            said.unknown.append(key)
        elif name == "reasoning" and isinstance(value, str):
            said.reasoning = value
    return said


def _collect_parts(key: str, value: object, parts: dict[str, Axis], said: _Said) -> None:
    if not isinstance(value, _Object):
        denied = isinstance(value, str) and folded(value) in NO_FINDING
        for axis in parts.values():
            said.add(axis.name, "none" if denied else value)
        return
    for part, inner in value.pairs:
        if folded(part) in parts:
            said.add(parts[folded(part)].name, inner)
        else:
            said.unknown.append(f"{key}.{part}")


def _objects(text: str) -> Iterator[tuple[int, int | None]]:
    """Yield the start and end of every outermost object; one that is not closed is the last, and has no end."""
    end: int | None = 0
    while end is not None and (opening := _OPENING.search(text, end)) is not None:
        end = _closing(text, opening.start())
        yield opening.start(), end


def _closing(text: str, start: int) -> int | None:
    """Return the end of the object that starts there, ignoring braces inside strings; None where it has none."""
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
                return position + 1
        position += 1
    return None


def _goes_on(rest: str) -> bool:
    """Tell whether keys or a closing brace follow the object: a brace too many closed it, or one too few opens them."""
    rest = rest.lstrip("} \t\r\n")
    return _KEY.match(rest) is not None or min(_depths(rest, "{", "}")) < 0


def _loaded(written: str, leniently: bool) -> _Object | None:
    """Load a JSON object, else one of JSON5 (trailing commas, comments, single quotes) or with Python's ``None``."""
    if max(_depths(written, "[{", "]}")) > MOST_DEEP:
        return None
    try:
        return _as_object(json.loads(written, object_pairs_hook=_object, strict=False))
    except ValueError:
        if not leniently:
            return None
    import json5

    try:
        lenient = _NULL.sub(r"\1null", written)
        return _as_object(json5.loads(lenient, object_pairs_hook=_object, strict=False))
    except (ValueError, RecursionError):
        return None


def _object(pairs: Iterable[tuple[str, object]]) -> _Object:
    return _Object(tuple(pairs))


def _as_object(data: object) -> _Object | None:
    return data if isinstance(data, _Object) else None


def _depths(written: str, opening: str, closing: str) -> Iterator[int]:
    """Yield the depth at the start and after each bracket."""
    return accumulate((1 if char in opening else -1 for char in written if char in opening + closing), initial=0)


def _short(written: object) -> str:
    shown = repr(written)
    return shown if len(shown) <= 80 else shown[:77] + "..."
