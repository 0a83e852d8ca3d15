"""Answers behind a thought: where the thought ends, and a schema that holds from there on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from readers.vlm.constraint import Constraint
from readers.vlm.loading import Vlm

if TYPE_CHECKING:
    from torch import Tensor

    from readers.vlm.chat import Chat

NEAR = 16
"""Tokens among which the mark that closes a thought is looked for; no tokenizer makes more of one."""


@dataclass(frozen=True)
class Thought:
    """What a model wrote before its answer: the text, and the tokens with what closes the thought.

    Without a mark that closes it there is no text, and there are no tokens.
    """

    text: str | None = None
    ids: tuple[int, ...] = ()


def thought_of(chat: "Chat", ids: Sequence[int]) -> Thought:
    """Return the thought at the beginning of the generated tokens of an answer."""
    marks = chat.dialogue.marks
    if marks is None or chat.dialogue.thinking == "never" or marks[1] not in _written(chat, ids):
        return Thought()
    low, high = 1, len(ids)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if marks[1] in _written(chat, ids[:middle]) else (middle + 1, high)
    text = _written(chat, ids[:low]).partition(marks[1])[0].strip().removeprefix(marks[0]).strip()
    while low < len(ids) and not _written(chat, ids[low : low + 1]).strip():
        low += 1
    return Thought(text, tuple(ids[:low]))


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
