"""A reader's answer to one case, or the reason why it is missing."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from html import escape
from typing import TYPE_CHECKING, Any, Literal, get_args

from taxonomy.axis import AXES, AXIS_NAMES, NORMALITY, AxisValue, axis_named
from taxonomy.error import ReadingError, unknown_name
from taxonomy.instrument import InstrumentCall, calls_from
from taxonomy.statement import SUPERCLASSES, statements

if TYPE_CHECKING:
    import pandas

FailureKind = Literal["refusal", "truncated", "empty", "content_filter", "unparseable", "transport", "quota", "crash"]
Outcome = Literal["answered", "no_answer", "failed"]

FAILED_CALLS = frozenset({"transport", "quota", "crash"})
"""Kinds of failure that are not answers: the case can be repeated. All others are scored as wrong."""

SUPERCLASS = "superclass"
"""Key of a reader's independent probabilities of the five superclasses."""

STATEMENT = "statement"
"""Key of a reader's independent probabilities of SCP-ECG statements."""


@dataclass(frozen=True)
class Failure:
    """Why a reading has no answer: the kind, and one sentence or the traceback of a crash.

    ``transport``, ``quota`` and ``crash`` are failed calls; the other kinds are answers that count as wrong.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such kind.
    """

    kind: FailureKind
    message: str

    def __post_init__(self) -> None:
        if self.kind not in get_args(FailureKind):
            raise unknown_name("kind of failure", str(self.kind), get_args(FailureKind))


@dataclass(frozen=True)
class Usage:
    """Tokens, cost and time of one answer.

    Attributes
    ----------
    input_tokens, output_tokens : int or None
        As billed, with cached and reasoning tokens.
    cached_tokens : int or None
        Input tokens that were read from the provider's cache.
    cost : float or None
        US dollars.
    seconds : float or None
        Wall time of the call.
    px_per_mm : float or None
        Resolution at which the model saw the images, on the side of the page where it is smaller.
    reused : bool or None
        True where another run paid for the same request.
    follows_schema : bool or None
        Whether the answer follows the schema that was sent; None where none was sent, or there is no answer.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None
    px_per_mm: float | None = None
    reused: bool | None = None
    follows_schema: bool | None = None


@dataclass(frozen=True, repr=False)
class Reading:
    """A reader's answer to one case.

    Attributes
    ----------
    values : mapping of str to value or None
        Axis name to answer; an axis that is absent or None is unanswered.
    probabilities : mapping of str to mapping of str to float
        Optional: axis name (or ``"superclass"``, ``"statement"``) to the probability of each value. They sum to 1 on an
        axis with one value, and are independent on ``other_findings``, ``superclass`` and ``statement``, and wherever
        statements decide an axis (:mod:`taxonomy.decision`).
    partial : frozenset of str
        Axes whose probabilities are known in part: of less than 0.9 of the mass it is known to which value it belongs.
    problems : mapping of str to str
        Axis name to the reason why its value is unreadable.
    raw : str or None
        The parsed text, if any.
    usage : Usage
        Tokens, cost and time.
    error : Failure or None
        Set when the case has no answer at all: such a reading has no values and no probabilities.
    calls : tuple of InstrumentCall
        What it did with instruments before it answered, in order.

    Raises
    ------
    ReadingError
        When an axis, a value or a probability is not in the taxonomy, or values stand beside an error.
    """

    values: Mapping[str, AxisValue | None] = field(default_factory=dict)
    probabilities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    partial: frozenset[str] = frozenset()
    problems: Mapping[str, str] = field(default_factory=dict)
    raw: str | None = None
    usage: Usage = field(default_factory=Usage)
    error: Failure | None = None
    calls: tuple[InstrumentCall, ...] = ()

    def __post_init__(self) -> None:
        if self.error is not None and (self.values or self.probabilities):
            raise ReadingError(f"a reading holds answers beside its error ({self.error.kind})")
        for name, value in self.values.items():
            if value is not None and not axis_named(name).holds(value):
                if axis_named(name).is_set and not isinstance(value, frozenset):
                    raise ReadingError(
                        f"axis {name!r} takes a frozenset of values, not {type(value).__name__} {value!r}"
                    )
                raise ReadingError(f"axis {name!r} has no value {_plain(value)!r}")
        for name, chances in self.probabilities.items():
            _check_probabilities(name, chances)
        for name in self.partial:
            if name not in self.probabilities:
                raise ReadingError(f"the probabilities of {name!r} are partial, and there are none")

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<Reading: {self.error.kind}>"
        answers = (f"{name}={_plain(value)}" for name, value in self.values.items() if value is not None)
        return f"<Reading {', '.join(answers) or 'without values'}>"

    def to_frame(self) -> "pandas.DataFrame":
        """Return one row per axis: the answer, its probability and what made it unreadable (needs pandas)."""
        import pandas

        def row(axis: str) -> dict[str, Any]:
            value = self.values.get(axis)
            chance = self.probabilities.get(axis, {}).get(value) if isinstance(value, str) else None
            return {"value": _plain(value), "probability": chance, "problem": self.problems.get(axis)}

        return pandas.DataFrame([row(axis.name) for axis in AXES], index=pandas.Index(AXIS_NAMES, name="axis"))

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)[1:-1])}</p>{self.to_frame().to_html()}"

    @property
    def outcome(self) -> Outcome:
        """``answered`` (right or wrong), ``no_answer`` (wrong) or ``failed`` (to be repeated)."""
        if self.error is None:
            return "answered"
        return "failed" if self.error.kind in FAILED_CALLS else "no_answer"

    def to_json(self) -> dict[str, Any]:
        """Return the reading as plain JSON data; sets become sorted lists."""
        data: dict[str, Any] = {"values": {name: _plain(value) for name, value in self.values.items()}}
        if self.probabilities:
            data["probabilities"] = {name: dict(chances) for name, chances in self.probabilities.items()}
        if self.partial:
            data["partial"] = sorted(self.partial)
        if self.problems:
            data["problems"] = dict(self.problems)
        if self.raw is not None:
            data["raw"] = self.raw
        usage = {name: value for name, value in vars(self.usage).items() if value is not None}
        if usage:
            data["usage"] = usage
        if self.error is not None:
            data["error"] = {"kind": self.error.kind, "message": self.error.message}
        if self.calls:
            data["calls"] = [call.to_json() for call in self.calls]
        return data

    @classmethod
    def from_json(cls, data: object) -> "Reading":
        """Return the reading that :meth:`to_json` wrote, every part checked as a stranger's.

        Raises
        ------
        ReadingError
            When the data has another form.
        """
        told = _part("a reading", data, [item.name for item in fields(cls)])
        if "values" not in told:
            raise ReadingError("a reading has no 'values'")
        raw = told.get("raw")
        if raw is not None and not isinstance(raw, str):
            raise ReadingError(f"the raw text of a reading is {_short(raw)}, no text")
        return cls(
            values={name: _frozen(name, value) for name, value in _part("values", told["values"]).items()},
            probabilities={
                name: _numbers(f"the probabilities of {name}", chances)
                for name, chances in _part("probabilities", told.get("probabilities", {})).items()
            },
            partial=_names("the partial probabilities", told.get("partial", [])),
            problems={name: _problem(name, said) for name, said in _part("problems", told.get("problems", {})).items()},
            raw=raw,
            usage=_usage(told.get("usage", {})),
            error=_failure(told["error"]) if "error" in told else None,
            calls=calls_from(told.get("calls", [])),
        )


def _part(what: str, data: object, names: Collection[str] = ()) -> Mapping[str, Any]:
    """Return a part of a reading's data that must be an object, with no other names than these where any are given."""
    if not isinstance(data, Mapping):
        raise ReadingError(f"{what} must be a JSON object, not {_short(data)}")
    for name in data:
        if names and name not in names:
            raise unknown_name(f"part of {what}", name, names)
    return data


def _numbers(what: str, data: object) -> Mapping[str, float]:
    numbers = _part(what, data)
    for name, value in numbers.items():
        if not _is_number(value):
            raise ReadingError(f"{what} hold {name!r} = {_short(value)}, no number")
    return numbers


def _names(what: str, data: object) -> frozenset[str]:
    if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
        raise ReadingError(f"{what} are {_short(data)}, no list of names")
    return frozenset(data)


def _problem(axis: str, said: object) -> str:
    axis_named(axis)
    if not isinstance(said, str):
        raise ReadingError(f"the problem of {axis} is {_short(said)}, no text")
    return said


def _usage(data: object) -> Usage:
    told = _part("usage", data, [item.name for item in fields(Usage)])
    for name, value in told.items():
        whole = name.endswith("_tokens")
        is_right = (
            isinstance(value, bool)
            if name in {"reused", "follows_schema"}
            else _is_number(value) and value >= 0 and (isinstance(value, int) or not whole)
        )
        if not is_right:
            raise ReadingError(f"the usage of a reading holds {name} = {_short(value)}")
    return Usage(**told)


def _failure(data: object) -> Failure:
    told = _part("the error of a reading", data, ("kind", "message"))
    for name in ("kind", "message"):
        if not isinstance(told.get(name), str):
            raise ReadingError(f"the error of a reading has no {name}")
    return Failure(told["kind"], told["message"])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _check_probabilities(name: str, chances: Mapping[str, float]) -> None:
    allowed = _classes(name)
    for value, chance in chances.items():
        if value not in allowed:
            raise ReadingError(f"{name!r} has no value {value!r} to give a probability")
        if not 0 <= chance <= 1:
            raise ReadingError(f"the probability of {name} {value!r} is {chance!r}, not between 0 and 1")


def _classes(name: str) -> Collection[str]:
    if name == STATEMENT:
        return statements()
    return SUPERCLASSES if name == SUPERCLASS else axis_named(name).values


def _plain(value: AxisValue | None) -> str | list[str] | None:
    return sorted(value) if isinstance(value, frozenset) else value


def _frozen(axis: str, value: object) -> AxisValue | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value) and len({*value}) == len(value):
        return frozenset(value)
    raise ReadingError(f"axis {axis!r} has no value {_short(value)}")


def unanswered(reading: Reading) -> dict[str, str]:
    """Return why each unanswered axis has no answer: the kind of failure, ``unreadable`` or ``missing``."""
    if reading.error is not None:
        return dict.fromkeys((axis.name for axis in (*AXES, NORMALITY)), reading.error.kind)
    return {
        axis.name: "unreadable" if axis.name in reading.problems else "missing"
        for axis in (*AXES, NORMALITY)
        if reading.values.get(axis.name) is None
    }
