"""Answers behind a thought: where the thought ends, and a schema that holds from there on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from readers.vlm.constraint import Constraint
from readers.vlm.dialogue import THOUGHTS
from readers.vlm.loading import Vlm

if TYPE_CHECKING:
    from torch import Tensor

    from readers.vlm.chat import Chat

NEAR = 16
"""Tokens among which the mark that closes a thought is looked for; no tokenizer makes more of one."""


@dataclass(frozen=True)
class Parted:
    """What a model wrote, its thoughts apart from its answer.

    Attributes
    ----------
    answer : str
        What stands in no thought.
    thought : str or None
        The text of all closed thoughts, None without one.
    ids : tuple of int
        The tokens of the thought that stands before all else, with what closes it; empty without one.
    unclosed : str or None
        The text of a thought that nothing closes.
    """

    answer: str
    thought: str | None = None
    ids: tuple[int, ...] = ()
    unclosed: str | None = None


def parted(chat: "Chat", ids: Sequence[int]) -> Parted:
    """Return the generated tokens of an answer, without the one that ends it, as thoughts and answer.

    The marks of a thought may be special tokens, which the text of an answer does not show.
    """
    opening, closing = chat.dialogue.marks or THOUGHTS[0]
    marks = re.compile(f"({_pattern(opening)}|{_pattern(closing)})")
    pieces = marks.split(_written(chat, ids))
    thoughts, said, inside, leads = list[str](), list[str](), chat.dialogue.thinking == "begun", False
    for text, mark in zip_longest(pieces[::2], pieces[1::2]):
        closes = mark is not None and mark.startswith(closing)
        # What a mark closes is a thought, though none opened it.
        (thoughts if inside or closes else said).append(text)
        leads = leads or (closes and not "".join(said).strip())
        inside = inside if mark is None else not closes
    unclosed = _plain(chat, ids, thoughts.pop()) if inside else None
    thought = "\n\n".join(text.strip() for text in thoughts if text.strip()) if thoughts else None
    first = _until_closed(chat, ids, closing) if leads else ()
    rest = ids[len(first) :]
    whole = unclosed is None and not marks.search(_written(chat, rest))
    return Parted(chat.decode(rest) if whole else _plain(chat, ids, "".join(said)), thought, first, unclosed)


def _pattern(mark: str) -> str:
    """Return the pattern of a mark whose parts a tokenizer may set apart, as a special token and the name behind it."""
    return re.escape(mark).replace(">", r">\s*")


def _until_closed(chat: "Chat", ids: Sequence[int], closing: str) -> tuple[int, ...]:
    """Return the tokens up to the first mark that closes a thought, with the space behind it."""
    low, high = 1, len(ids)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if closing in _written(chat, ids[:middle]) else (middle + 1, high)
    while low < len(ids) and not _written(chat, ids[low : low + 1]).strip():
        low += 1
    return tuple(ids[:low])


def _plain(chat: "Chat", ids: Sequence[int], text: str) -> str:
    """Return a part of the text of tokens without the special ones."""
    for token in sorted(set(ids)):
        if not chat.decode([token]):
            text = text.replace(_written(chat, [token]), "")
    return text.strip()


def _written(chat: "Chat", ids: Sequence[int]) -> str:
    return str(chat.processor.tokenizer.decode(list(ids), skip_special_tokens=False))


class ThoughtThenSchema:
    """Leaves a thought free, and holds what follows it to the schema of its answer.

    Where the model may think or not, its first token decides: the one that opens a thought, or one of the answer.
    """

    def __init__(self, vlm: Vlm, schemas: Sequence[Mapping[str, Any] | None], prompt: int) -> None:
        self.rows = [_Row(vlm, schema, prompt) if schema else None for schema in schemas]

    def __call__(self, ids: "Tensor", scores: "Tensor") -> "Tensor":
        """Return the scores, minus infinity for forbidden tokens."""
        for number, row in enumerate(self.rows):
            if row is not None:
                scores[number] = row.allowed(ids[number : number + 1], scores[number : number + 1])[0]
        return scores


class _Row:
    """One answer: it may think before it, is thinking, has just ended its thought, or is held to its schema."""

    def __init__(self, vlm: Vlm, schema: Mapping[str, Any], prompt: int) -> None:
        self.vlm, self.schema, self.prompt = vlm, schema, prompt
        self.state: Literal["before", "thinking", "behind", "answering"] = (
            "thinking" if vlm.chat.dialogue.thinking == "begun" else "before"
        )
        self.held: Constraint | None = None

    def allowed(self, ids: "Tensor", scores: "Tensor") -> "Tensor":
        """Return the scores of the next token of this answer, (1, vocabulary)."""
        self._move(ids[0].tolist())
        if self.state == "thinking":
            scores[0, list(self.vlm.chat.stops)] = float("-inf")  # its answer is still to come
            return scores
        if self.held is None:
            self.held = Constraint(self.vlm, [self.schema], ids.shape[1])
        free = scores.clone()
        scores = self.held(ids, scores)
        if (other := self._other()) is not None:
            scores[0, other] = free[0, other]
        return scores

    def _move(self, ids: list[int]) -> None:
        """Go to the state that the tokens so far lead to."""
        new, chat = ids[self.prompt :], self.vlm.chat
        if self.state in {"before", "behind"} and self.held is not None:
            took_other = ids[-1] == self._other()
            if took_other:
                self.held = None  # it has seen no token of the answer yet
            self.state = "thinking" if took_other and self.state == "before" else "answering"
        if self.state == "thinking" and chat.dialogue.marks and chat.dialogue.marks[1] in _written(chat, new[-NEAR:]):
            self.state = "behind"

    def _other(self) -> int | None:
        """Return the token that may come instead of the answer: one that opens a thought, or the space behind one."""
        if self.state == "answering":
            return None
        dialogue = self.vlm.chat.dialogue
        text = dialogue.gap if self.state == "behind" else (dialogue.marks or ("",))[0]
        if not text:
            return None
        return self.vlm.chat.tokens(text)[0]
