"""A question with the turns that follow it: calls of instruments, and what they gave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from readers.api.model import ImageLimit
from readers.api.provider import Body, Provider
from readers.api.request import Request, SentImage
from readers.api.response import Response
from readers.instrument.instruments import Instruments
from readers.instrument.tool import MOST_CALLS, Tool, ToolCall, ToolResult
from taxonomy.instrument import MOST_KEPT, InstrumentCall

MOST_TURNS = MOST_CALLS + 2
"""Answers of a case at most: one call in each, the answer, and one more for a model that called once too often."""

UNKNOWN_IMAGE_TOKENS = 50
"""Tokens that an image has at least, where the provider's formula is not known."""


@dataclass(frozen=True, eq=False)
class Turn:
    """A model's answer with calls, as it must be sent back to it, and the results.

    ``said`` is JSON in the provider's own form.
    """

    said: str
    results: tuple[ToolResult, ...]

    @property
    def images(self) -> tuple[SentImage, ...]:
        """The enlarged parts, in order."""
        return tuple(image for result in self.results for image in result.images)


@dataclass(frozen=True, eq=False)
class ToolRequest(Request):
    """A request to a model that may use instruments.

    Attributes
    ----------
    instruments : Instruments or None
        None where no picture is shown: then it is a request as any other.
    turns : tuple of Turn
        After the question, in order.
    answer_schema : mapping or None
        Schema of the last answer, where the server takes none beside instruments; ``schema`` is that of this turn.
    image_limit : ImageLimit or None
        Of the model.
    repeat : int
        Number of the repetition of the case.
    billed : int or None
        Input tokens of the turn before, as billed.
    """

    instruments: Instruments | None = None
    turns: tuple[Turn, ...] = ()
    answer_schema: Mapping[str, Any] | None = None
    image_limit: ImageLimit | None = None
    repeat: int = 0
    billed: int | None = None

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What the model is told of the instruments."""
        return self.instruments.tools() if self.instruments else ()

    @property
    def used(self) -> int:
        """Calls so far, refused ones among them."""
        return sum(len(turn.results) for turn in self.turns)

    @property
    def may_call(self) -> bool:
        """Whether a call is left."""
        return bool(self.tools) and self.used < MOST_CALLS

    @property
    def calls(self) -> tuple[InstrumentCall, ...]:
        """The calls so far, as they are kept; of a model that asks for very many at once, the first."""
        return tuple(result.log for turn in self.turns for result in turn.results)[:MOST_KEPT]

    @property
    def every_image(self) -> tuple[SentImage, ...]:
        """Every image of the request: of examples, question and turns."""
        return (*super().every_image, *(image for turn in self.turns for image in turn.images))

    @property
    def text_chars(self) -> int:
        """Characters of all text, with the turns and what is told of the instruments."""
        told = sum(len(tool.description) + len(str(tool.parameters)) for tool in self.tools)
        turns = sum(len(turn.said) + sum(len(result.text) for result in turn.results) for turn in self.turns)
        return super().text_chars + told + turns

    def followed(self, response: Response, calls: Sequence[ToolCall]) -> "ToolRequest":
        """Return the request of the next turn, with the results of the calls in a response."""
        assert self.instruments is not None
        results = tuple(self.instruments.used(call, self.used + place) for place, call in enumerate(calls, start=1))
        turn = Turn(response.turn, results)
        following = replace(
            self,
            turns=(*self.turns, turn),
            image_tokens=self.image_tokens + self.tokens_of(turn.images),
            billed=response.tokens.input if response.tokens else None,
        )
        return following if following.may_call else replace(following, schema=self.schema or self.answer_schema)

    def tokens_of(self, images: Sequence[SentImage]) -> int:
        """Return the tokens of images by the provider's formula; 0 where it is unknown."""
        return sum(self.image_limit.tokens(image.size) for image in images) if self.image_limit else 0

    def missing_part(self, response: Response) -> str | None:
        """Return a message when too few tokens were billed for the last enlarged parts to have arrived, else None.

        The turn before had all but the last results: the bill must have grown by half of the images' tokens.
        """
        images = self.turns[-1].images if self.turns else ()
        if not images or self.billed is None or response.tokens is None or self.options.image_check == "off":
            return None
        grown = (self.tokens_of(images) or UNKNOWN_IMAGE_TOKENS * len(images)) // 2
        if response.tokens.input - self.billed >= grown:
            return None
        return (
            f"the enlarged part did not reach the model: {response.tokens.input} input tokens were billed after "
            f"{self.billed}, at least {grown} more are expected (set --option image_check=off where the endpoint does "
            "not count images)"
        )


class ToolProvider(Provider, Protocol):
    """A provider whose models call instruments.

    ``body`` takes a :class:`ToolRequest` with its turns, and ``response`` keeps an answer with calls in
    :attr:`~readers.api.response.Response.turn`.

    Attributes
    ----------
    takes_both : bool
        Whether a schema may be sent beside instruments; else only the last answer is constrained.
    """

    takes_both: bool

    def calls(self, said: str) -> tuple[ToolCall, ...]:
        """Return the calls in the turn of a response; raises one of ``readers.api.provider.MALFORMED``."""
        ...

    def response(self, body: Body) -> Response:
        """Return the response in an answer, with its turn where it holds calls; raises as :meth:`calls`."""
        ...
