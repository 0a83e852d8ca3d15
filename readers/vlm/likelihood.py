"""Probabilities of the allowed values of each axis, from the model's likelihood of each in its answer.

The answer is forced token by token up to an axis, with the model's own reasoning and earlier values, and every allowed
value is scored as a whole, with its closing quote. Each finding is scored alone against the empty list. In a sparse
answer, the normal value gets the probability that no abnormal one is written.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from readers.vlm.chat import Chat, Encoded
from readers.vlm.continuation import continuations
from readers.vlm.loading import Vlm
from taxonomy.axis import DIAGNOSIS, AxisValue, axis_named
from taxonomy.parsing import written_reasoning
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import superclass_probabilities
from taxonomy.target import SPARSE, TargetFormat
from taxonomy.writing import Written, axis_order, written

Chances = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Choice:
    """The continuations of an answer at an axis: its text up to each value, and its text without the axis."""

    texts: Mapping[str, str]
    neutral: str


@dataclass
class _Walk:
    """The state of one case while its axes are scored in order."""

    form: TargetFormat
    own: Mapping[str, AxisValue | None]
    reasoning: str | None
    fixed: dict[str, AxisValue | None]
    chances: Chances

    def choice(self, axis: str) -> Choice:
        """Return the possible continuations at an axis."""
        named = axis_named(axis)
        values: dict[str, AxisValue] = {v: frozenset({v}) if named.is_set else v for v in named.values}
        if named.is_set:
            values[""] = frozenset()
        answers = {name: self._written({axis: value}) for name, value in values.items()}
        return Choice(
            {value: answer.until(axis) for value, answer in answers.items() if axis in answer.spans},
            self._written({}).text,
        )

    def take(self, axis: str, scores: Mapping[str, float]) -> None:
        """Keep an axis's probabilities, and fix its value: the model's own, else the likeliest."""
        named = axis_named(axis)
        if named.is_set:
            none = scores[""] if "" in scores else _left(scores.values())
            self.chances[axis] = {value: _share(scores[value], none) for value in named.values}
            likeliest: AxisValue = frozenset(v for v, chance in self.chances[axis].items() if chance >= 0.5)
        else:
            complete = dict(scores)
            if self.form is SPARSE and named.negative:
                complete[named.negative] = _left(scores.values())
            self.chances[axis] = _normalised({value: complete[value] for value in named.values})
            likeliest = max(self.chances[axis], key=lambda value: self.chances[axis][value])
        own = self.own.get(axis)
        self.fixed[axis] = likeliest if own is None else own

    def says(self, axis: str) -> bool:
        """Fix an axis by the model's own value, and tell whether there is one."""
        if self.own.get(axis) is None:
            return False
        self.fixed[axis] = self.own[axis]
        return True

    def _written(self, more: Mapping[str, AxisValue]) -> Written:
        return written({**self.fixed, **more}, self.form, self.reasoning)


def value_probabilities(vlm: Vlm, prompts: Encoded, readings: Sequence[Reading], form: TargetFormat) -> list[Chances]:
    """Return, for each case, the probability of every allowed value of every axis of the format.

    Parameters
    ----------
    vlm : Vlm
    prompts : Encoded
    readings : sequence of Reading
        Readings of the model's own answers, whose values and reasoning precede each axis.
    form : TargetFormat

    Returns
    -------
    list of dict of str to dict of str to float
        As :attr:`taxonomy.reading.Reading.probabilities`; with the diagnosis also ``superclass``, the sums over its
        subclasses.
    """
    prefix = Prefix(vlm, prompts)
    walks = [_walk(form, reading) for reading in readings]
    for axis in axis_order(form):
        choices = [walk.choice(axis) for walk in walks]
        for walk, scores in zip(walks, prefix.scores(choices), strict=True):
            walk.take(axis, scores)
    for walk in walks:
        if DIAGNOSIS.name in walk.chances:
            walk.chances[SUPERCLASS] = superclass_probabilities(walk.chances[DIAGNOSIS.name])
    return [walk.chances for walk in walks]


def choice_at(vlm: Vlm, prompts: Encoded, reading: Reading, form: TargetFormat, axis: str) -> Choice:
    """Return the continuations among which a model chooses at an axis of one case, behind its own earlier answers.

    Parameters
    ----------
    vlm : Vlm
    prompts : Encoded
        Of one case.
    reading : Reading
        The model's own answer. What it does not say of an earlier axis is the likeliest value, as in
        :func:`value_probabilities`.
    form : TargetFormat
    axis : str
        One of the format.
    """
    walk, prefix = _walk(form, reading), None
    for earlier in axis_order(form)[: axis_order(form).index(axis)]:
        if not walk.says(earlier):
            prefix = prefix or Prefix(vlm, prompts)
            walk.take(earlier, prefix.scores([walk.choice(earlier)])[0])
    return walk.choice(axis)


def continued(chat: Chat, choice: Choice) -> tuple[dict[str, tuple[int, ...]], int]:
    """Return the tokens of each continuation by its value, and how many of them all share with the neutral one."""
    tokens = {value: chat.answer(text, ends=False).ids for value, text in choice.texts.items()}
    neutral = chat.answer(choice.neutral, ends=False).ids
    return tokens, _parting([*tokens.values(), neutral])


def _walk(form: TargetFormat, reading: Reading) -> _Walk:
    return _Walk(form, reading.values, written_reasoning(reading.raw or "", form), {}, {})


class Prefix:
    """Prompts behind which the values of an axis can be scored."""

    def __init__(self, vlm: Vlm, prompts: Encoded) -> None:
        self.chat, self.prompts = vlm.chat, continuations(vlm, prompts)

    def scores(self, choices: Sequence[Choice]) -> list[dict[str, float]]:
        """Return the log-likelihood of each value after each prompt, from the first token that differs."""
        found = [continued(self.chat, choice) for choice in choices]
        rows = [list(tokens.values()) for tokens, _ in found]
        scored = self.prompts.scores(rows, [shared for _, shared in found])
        return [dict(zip(tokens, row, strict=True)) for (tokens, _), row in zip(found, scored, strict=True)]


def _parting(rows: Sequence[Sequence[int]]) -> int:
    """Return the length of the rows' common prefix, in tokens."""
    return next((i for i, tokens in enumerate(zip(*rows, strict=False)) if len(set(tokens)) > 1), min(map(len, rows)))


def _left(scores: Iterable[float]) -> float:
    """Return the log-probability of all continuations that were not scored."""
    rest = 1 - math.fsum(math.exp(score) for score in scores)
    return math.log(max(rest, 1e-12))


def _share(score: float, other: float) -> float:
    """Return the probability of the first of two log-likelihoods."""
    return round(1 / (1 + math.exp(min(700.0, other - score))), 6)


def _normalised(scores: Mapping[str, float]) -> dict[str, float]:
    highest = max(scores.values())
    raised = {value: math.exp(score - highest) for value, score in scores.items()}
    total = math.fsum(raised.values())
    return {value: round(part / total, 6) for value, part in raised.items()}
