"""How a model's chat template wants a dialogue, and what it writes around an answer: found by trying it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any, Literal

from readers.vlm.fidelity import Piece, check_images, check_texts, image_mark
from readers.vlm.template import TemplateRaisedError
from taxonomy.error import ReaderError

QUESTION, ANSWER = "@question@", "@answer@"
"""Placeholders, by which a template's text is taken apart."""

THOUGHTS = (("<think>", "</think>"), ("<|channel>thought", "<channel|>"), ("[THINK]", "[/THINK]"))
"""What opens and what closes a thought: of Qwen, DeepSeek and GLM; of Gemma 4; of Mistral."""

Role = Literal["system", "user", "assistant"]
Message = dict[str, Any]
Render = Callable[[list[Message], bool], str]
"""Writes messages as the template does; the flag asks for the beginning of an answer behind them."""

Thinking = Literal["never", "at will", "begun"]


@dataclass(frozen=True)
class Turn:
    """One turn: its images, each behind its caption if it has one, and then its text."""

    role: Role
    text: str
    images: int = 0
    captions: Sequence[str] = ()
    before: str = ""

    def parts(self, placeholder: str | None) -> Iterator[Message]:
        """Yield what the turn holds in order, images as text where there is a placeholder for them."""
        if self.before:
            yield _text(self.before + "\n\n")
        for number in range(self.images):
            if number < len(self.captions):
                yield _text(self.captions[number] + "\n")
            yield {"type": "image"} if placeholder is None else _text(placeholder + "\n")
        yield _text(self.text)


def _numbered(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return turns whose texts are replaced by their numbers, in the order of their pieces."""
    numbers = count()

    def number(text: str) -> str:
        return f"@{next(numbers)}@" if text.strip() else text

    made = []
    for turn in turns:
        before, captions = number(turn.before), tuple(map(number, turn.captions[: turn.images]))
        made.append(Turn(turn.role, number(turn.text), turn.images, captions, before))
    return tuple(made)


def _pieces(turns: Sequence[Turn]) -> list[Piece]:
    """Return the texts of turns with what each is called."""
    names = {"system": "the system text", "assistant": "the answer of a worked example"}
    found = []
    for place, turn in enumerate(turns):
        asked = "the question" if place == len(turns) - 1 else "the question of a worked example"
        found.append(Piece("the system text", turn.before))
        found += [Piece("the caption of an image", caption) for caption in turn.captions[: turn.images]]
        found.append(Piece(names.get(turn.role, asked), turn.text))
    return [piece for piece in found if piece.text.strip()]


def _text(text: str) -> Message:
    return {"type": "text", "text": text}


Form = Callable[[Turn, str], list[Message] | str]
"""How a turn's content is written for a template; the text is the processor's placeholder for an image."""


def _as_parts(turn: Turn, placeholder: str) -> list[Message]:
    return list(turn.parts(None))


def _as_text(turn: Turn, placeholder: str) -> str:
    return "".join(part["text"] for part in turn.parts(placeholder))


def _as_one_part(turn: Turn, placeholder: str) -> list[Message]:
    return [_text(_as_text(turn, placeholder))]


@dataclass(frozen=True, eq=False)
class Dialogue:
    """A chat template that has been tried out.

    Attributes
    ----------
    render : callable
        Raises :class:`~readers.vlm.template.TemplateRaisedError` where the template does.
    source : str
        The template, searched for the marks of a thought.
    placeholder : str
        The text that the processor replaces by an image.
    """

    render: Render
    source: str
    placeholder: str

    def prompt(self, turns: Sequence[Turn]) -> str:
        """Return the text of turns, up to where the answer begins.

        Raises ReaderError when the template raises, or leaves out or doubles the images or the text of a turn.
        """
        if turns[0].role == "system" and self._system is None:
            first = replace(turns[1], before=turns[0].text)
            turns = [first, *turns[2:]]
        text = self.render(self._messages(turns), True)
        self._check(text, turns)
        return text

    def _check(self, text: str, turns: Sequence[Turn]) -> None:
        """Check that a prompt holds its turns: the template was tried with fewer."""
        pieces = _pieces(turns)
        check_texts(text, self._frame(_numbered(turns)), pieces)
        if self._image is not None:
            check_images(text, *self._image, sum(turn.images for turn in turns), pieces)

    def _frame(self, turns: tuple[Turn, ...]) -> str:
        """Return a prompt whose texts are numbers; dialogues of one shape share it."""
        if turns not in self._frames:
            self._frames[turns] = self.render(self._messages(turns), True)
        return self._frames[turns]

    @cached_property
    def _frames(self) -> dict[tuple[Turn, ...], str]:
        return {}

    @cached_property
    def _image(self) -> tuple[str, int] | None:
        """What the template writes for an image, and how often for each; None where that is not found."""
        one, two = (self._question(self.user, images) for images in (1, 2))
        return image_mark(one, two, self.placeholder)

    def _messages(self, turns: Sequence[Turn]) -> list[Message]:
        return [{"role": turn.role, "content": self._form(turn.role)(turn, self.placeholder)} for turn in turns]

    def _form(self, role: Role) -> Form:
        if role == "user":
            return self.user
        # Where the template does not take a turn, it says itself why.
        return (self._system if role == "system" else self._assistant) or _as_parts

    @cached_property
    def user(self) -> Form:
        """How a question is written; raises ReaderError when the template takes none with an image."""
        problem: ReaderError | None = None
        for form in (_as_parts, _as_one_part, _as_text):
            try:
                one, two = (self._question(form, images) for images in (1, 2))
            except TemplateRaisedError as error:
                problem = problem or error
                continue
            if _holds(one, QUESTION) and one != two:
                return form
        raise problem or ReaderError("the model's chat template leaves out the question or its image")

    def _question(self, form: Form, images: int) -> str:
        turn = Turn("user", QUESTION, images)
        return self.render([{"role": "user", "content": form(turn, self.placeholder)}], True)

    @cached_property
    def _system(self) -> Form | None:
        """How a system turn is written; None where the template refuses it, leaves it out or doubles it."""
        for form in (_as_parts, _as_text):
            system = {"role": "system", "content": form(Turn("system", ANSWER), self.placeholder)}
            try:
                text = self.render([system, *self._messages([Turn("user", QUESTION, 1)])], True)
            except TemplateRaisedError:
                continue
            if _holds(text, ANSWER):
                return form
        return None

    @cached_property
    def _assistant(self) -> Form | None:
        """How an answer is written; None where the template takes none."""
        return next((form for form in (_as_parts, _as_text) if _holds(self._answered(form), ANSWER)), None)

    def _answered(self, form: Form) -> str:
        """Return a question with its answer, nothing where the template takes no such answer."""
        answer = {"role": "assistant", "content": form(Turn("assistant", ANSWER), self.placeholder)}
        try:
            return self.render([*self._messages([Turn("user", QUESTION, 1)]), answer], False)
        except TemplateRaisedError:
            return ""

    @cached_property
    def _whole(self) -> str:
        return self._answered(self._assistant) if self._assistant else ""

    @cached_property
    def _asked(self) -> str:
        return self._question(self.user, 1)

    @property
    def tail(self) -> str:
        """What the template writes behind an answer; nothing where it takes none."""
        return self._whole.rpartition(ANSWER)[2] if self._whole else ""

    @cached_property
    def marks(self) -> tuple[str, str] | None:
        """What opens and what closes a thought; None where the template knows none."""
        return next((marks for marks in THOUGHTS if marks[1] in self.source or marks[0] in self._lead), None)

    @property
    def _lead(self) -> str:
        """What the template writes between a question and the place of its answer."""
        return self._asked.rpartition(QUESTION)[2]

    @cached_property
    def thinking(self) -> Thinking:
        """Whether the model thinks before it answers: the prompt begins the thought, or leaves it to the model."""
        if self.marks is None:
            return "never"
        opening, closing = self.marks
        if closing in self._lead:
            return "never"
        return "begun" if opening in self._lead else "at will"

    @cached_property
    def bridge(self) -> str:
        """What stands between the prompt and an answer without a thought: the thought's end, or an empty thought."""
        if self.marks is None or self.thinking == "never":
            return ""
        if self._whole.startswith(self._asked):
            between = self._whole[len(self._asked) :].partition(ANSWER)[0]
            if self.marks[1] in between:
                return between
        return f"\n{self.marks[1]}\n\n" if self.thinking == "begun" else ""

    @property
    def gap(self) -> str:
        """What stands between a thought and its answer."""
        return self.bridge.rpartition(self.marks[1])[2] if self.marks else ""


def _holds(text: str, mark: str) -> bool:
    """Return whether a text holds a mark once, and as itself, not within the source of a list."""
    return text.count(mark) == 1 and not any(f"{quote}type{quote}" in text for quote in "'\"")
