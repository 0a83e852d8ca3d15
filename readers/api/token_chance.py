"""Probabilities of the allowed values of each axis, from the log-probabilities of the tokens of an answer.

An endpoint that serves ``logprobs`` tells, at every token of its answer, the likeliest tokens that could have stood
there. The values of an axis part at some token: the probability of a value is the mass of the tokens there that begin
it and no other. Tokens may hold half a word, or a quote, a space and a word in one; they are compared as bytes with
what the answer would be.

At each place, a token belongs to

- one value, when its text fits that value alone;
- several values, when it ends before they part: the chosen one is followed to the next token, the mass of any other is
  shared out evenly among those it fits, as nothing tells more;
- no value, or an unknown one: other words, and what lies below the likeliest tokens that are told;
- another layout before the value (a line break for a space), which says nothing on the value and is left out.

What belongs to values is normalised. Where less than ``TOLD_FROM`` of the mass belongs to one value each, the
probabilities of the axis are partial. A set (``other_findings``) has none: its values come one after another, so that
the mass at a token tells what comes next and not what is in the set.
"""

import json
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from taxonomy.axis import DIAGNOSIS, Axis, axis_named
from taxonomy.place import Place, value_places
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import superclass_probabilities
from taxonomy.synonym import meaning
from taxonomy.target import SPARSE, TargetFormat

TOP = 20
"""Alternatives that are asked for at each token: the most that OpenAI's API and, by default, vLLM give."""

TOLD_FROM = 0.9
"""Share of the mass that must belong to one value each; with less, the probabilities are partial."""

ROUNDING = 0.02
"""By how much the probabilities of one token may exceed 1 in sum, by rounding."""

SPACE = b" \t\r\n"

NOT_SENT = "the server sends no logprobs in the form of its API"
NO_PROBABILITIES = "the server's logprobs are no log-probabilities: those of one token exceed 1 in sum"
NOT_SPELLED = "the tokens that the server tells do not spell its answer"
NOT_WRITTEN = "a sparse answer that leaves out what is normal tells none of it (with a schema it writes every axis)"

MALFORMED = (KeyError, TypeError, ValueError, AttributeError)
"""Exceptions of reading logprobs of another format."""


@dataclass(frozen=True)
class SpelledToken:
    """A token of an answer.

    Attributes
    ----------
    text : bytes
    chances : mapping of bytes to float
        Probability of each token that is told for its place, its own included, by text.
    """

    text: bytes
    chances: Mapping[bytes, float]


@dataclass(frozen=True)
class ValueChances:
    """Probabilities of the values of the axes of one answer.

    Attributes
    ----------
    probabilities : mapping of str to mapping of str to float
        By axis and value, as of :class:`~taxonomy.reading.Reading`.
    partial : tuple of str
        Axes where less than ``TOLD_FROM`` of the mass belongs to one value each.
    problem : str
        Why there are none; empty where there are any.
    """

    probabilities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    partial: tuple[str, ...] = ()
    problem: str = ""


def spelled_tokens(logprobs: Mapping[str, Any] | None) -> tuple[SpelledToken, ...]:
    """Return the tokens in the ``logprobs`` of a choice of chat completions; none where there are none to be read."""
    try:
        return tuple(_token(entry) for entry in (logprobs or {}).get("content") or ())
    except MALFORMED:
        return ()


def _token(entry: Mapping[str, Any]) -> SpelledToken:
    chances: dict[bytes, float] = {}
    for other in entry.get("top_logprobs") or ():
        text = _text(other)
        # Two tokens may have one text; which of them is written tells nothing.
        chances[text] = chances.get(text, 0.0) + _chance(other)
    own = _text(entry)
    chances.setdefault(own, _chance(entry))
    return SpelledToken(own, chances)


def _text(entry: Mapping[str, Any]) -> bytes:
    written = entry.get("bytes")
    return bytes(written) if isinstance(written, list) else _bytes(str(entry["token"]))


def _chance(entry: Mapping[str, Any]) -> float:
    """Return a probability; infinite for what is none, so that its token counts as wrong."""
    number = entry["logprob"]
    if isinstance(number, bool) or not isinstance(number, int | float) or math.isnan(number) or number > ROUNDING:
        return math.inf
    return math.exp(number)


def value_chances(tokens: Sequence[SpelledToken], reading: Reading, form: TargetFormat) -> ValueChances:
    """Return the probability of every allowed value of every axis with one value.

    Parameters
    ----------
    tokens : sequence of SpelledToken
        Of the whole response, or of more: special tokens, and thinking that is no part of the text.
    reading : Reading
        Of the response; its ``raw`` is the text.
    form : TargetFormat
        A sparse answer has probabilities only where it writes every axis, normal ones too.
    """
    if not tokens:
        return ValueChances(problem=NOT_SENT)
    if any(sum(token.chances.values()) > 1 + ROUNDING for token in tokens):
        return ValueChances(problem=NO_PROBABILITIES)
    text = reading.raw or ""
    places = value_places(text, form)
    single = {name for name in form.axes if not axis_named(name).is_set}
    if form is SPARSE and not single <= places.keys():
        return ValueChances(problem=NOT_WRITTEN)
    probabilities, partial = dict[str, Mapping[str, float]](), list[str]()
    spelled = _Spelled.of(tokens, text, places)
    if spelled is None:
        return ValueChances(problem=NOT_SPELLED)
    for axis, (key, colon) in spelled.places.items():
        value = reading.values.get(axis)
        if not isinstance(value, str):
            continue
        mass = spelled.mass((key, colon), axis_named(axis), value, form)
        if mass.of_values:
            probabilities[axis] = mass.shares(axis_named(axis))
            partial += [axis] if mass.told < TOLD_FROM else []
    if DIAGNOSIS.name in probabilities:
        probabilities[SUPERCLASS] = superclass_probabilities(probabilities[DIAGNOSIS.name])
    return ValueChances(probabilities, tuple(partial))


@dataclass
class _Mass:
    """The mass at the tokens of one value: of each value, of what several share, and of nothing that is known."""

    values: dict[str, float] = field(default_factory=dict)
    shared: float = 0.0
    unknown: float = 0.0

    @property
    def of_values(self) -> float:
        """The mass that belongs to values."""
        return math.fsum(self.values.values())

    @property
    def told(self) -> float:
        """Share of the mass that belongs to one value each."""
        return (self.of_values - self.shared) / (self.of_values + self.unknown)

    def add(self, values: Sequence[str], mass: float) -> None:
        """Add mass that belongs to one of these values, or to none that is known."""
        for value in values:
            self.values[value] = self.values.get(value, 0.0) + mass / len(values)
        self.shared += mass if len(values) > 1 else 0.0
        self.unknown += mass if not values else 0.0

    def shares(self, axis: Axis) -> dict[str, float]:
        """Return the probability of each value of the axis."""
        return {value: round(self.values.get(value, 0.0) / self.of_values, 6) for value in axis.values}


@dataclass(frozen=True)
class _Spelled:
    """The tokens of an answer, in line with its values.

    Attributes
    ----------
    tokens : sequence of SpelledToken
    starts : sequence of int
        Where each begins in ``text``.
    text : bytes
        What they spell.
    places : mapping of str to (int, int)
        By axis, where its key and the layout before its value begin in ``text``.
    """

    tokens: Sequence[SpelledToken]
    starts: Sequence[int]
    text: bytes
    places: Mapping[str, tuple[int, int]]

    @classmethod
    def of(cls, tokens: Sequence[SpelledToken], answer: str, places: Mapping[str, Place]) -> "_Spelled | None":
        """Return the tokens in line with an answer, None where they spell none of it.

        Compared is what stands from the first key to the last value, where it is written last: before it, thinking may
        have been taken out of the answer, or a letter be spelled by several tokens; behind it may stand more tokens.
        """
        if not places:
            return cls(tokens, (), b"", {})
        first, last = min(place.key for place in places.values()), max(place.end for place in places.values())
        text = b"".join(token.text for token in tokens)
        begin = text.rfind(_bytes(answer[first:last]))
        if begin < 0:
            return None
        at = {
            axis: (begin + len(_bytes(answer[first : one.key])), begin + len(_bytes(answer[first : one.colon])))
            for axis, one in places.items()
        }
        return cls(tokens, [0, *accumulate(len(token.text) for token in tokens)][:-1], text, at)

    def mass(self, place: tuple[int, int], axis: Axis, value: str, form: TargetFormat) -> _Mass:
        """Return the mass of the axis's values, where ``value`` is the one that was written.

        What is not told of a token of the key counts as unknown, too: it might have gone on into the value.
        """
        key, colon = place
        literals, mass, reaching = _literals(axis, form), _Mass(), 1.0
        first = bisect_right(self.starts, key) - 1
        for token, start in zip(self.tokens[first:], self.starts[first:], strict=True):
            mass.unknown += reaching * max(0.0, 1 - sum(token.chances.values()))
            for text, chance in token.chances.items():
                begun = None if text == token.text else self._begun(colon, start, text)
                if begun == b"":
                    mass.unknown += reaching * chance
                elif begun is not None:
                    mass.add(_fitting(begun, literals, axis), reaching * chance)
            reaching *= token.chances[token.text]
            begun = self._begun(colon, start, token.text)
            if begun and not {*_fitting(begun, literals, axis)} - {value}:
                mass.add([value], reaching)
                break
        return mass

    def _begun(self, colon: int, start: int, text: bytes) -> bytes | None:
        """Return how much of a value stands written after a token, empty for nothing yet; None for another layout."""
        before = self.text[start:colon]
        if len(text) <= len(before):
            return b"" if before.startswith(text) else None
        if not text.startswith(before):
            return None
        return (self.text[colon:start] + text[len(before) :]).lstrip(SPACE)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _literals(axis: Axis, form: TargetFormat) -> dict[bytes, str]:
    """Return the value of each spelling in JSON, in lower case."""
    spelled = {json.dumps(value): value for value in axis.values}
    spelled |= {written.replace("/", "\\/"): value for written, value in spelled.items()}
    if form is SPARSE and axis.negative:
        spelled["null"] = axis.negative
    return {written.lower().encode(): value for written, value in spelled.items()}


def _fitting(begun: bytes, literals: Mapping[bytes, str], axis: Axis) -> list[str]:
    """Return the values that what is written may become, in the order of the axis."""
    plain = begun.lower().replace(b" ", b"_").replace(b"-", b"_") if begun.startswith(b'"') else begun.lower()
    fits = {value for written, value in literals.items() if written.startswith(plain) or plain.startswith(written)}
    if not fits and begun.startswith(b'"') and b'"' in begun[1:]:
        named = meaning(axis, begun[1:].partition(b'"')[0].decode("utf-8", "replace"))
        fits = {named} if named else set()
    return [value for value in axis.values if value in fits]
