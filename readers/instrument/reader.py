"""A model behind an API with instruments: ``zoom:PROVIDER:MODEL``."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import ClassVar

from readers.api.dispatcher import Dispatcher
from readers.api.model import ModelLimits
from readers.api.price import Price, Tokens
from readers.api.reader import ApiReader
from readers.api.request import Request
from readers.contract import Case, Reader
from readers.instrument.anthropic import AnthropicToolProvider
from readers.instrument.conversation import MOST_TURNS, ToolProvider, ToolRequest
from readers.instrument.dispatcher import TurnDispatcher
from readers.instrument.instruments import INTRODUCTION, Instruments, instruments_digest
from readers.instrument.lens import MOST_EDGE_PX
from readers.instrument.openai import OpenAIToolProvider
from readers.instrument.openai_responses import ResponsesToolProvider
from readers.instrument.tool import MOST_CALLS
from readers.session import Estimate, Session
from renderers import packed
from taxonomy.error import ReaderError, SettingError, unknown_name

TOOL_PROVIDERS: Mapping[str, type[ToolProvider]] = {
    "openai": OpenAIToolProvider,
    "openai-responses": ResponsesToolProvider,
    "anthropic": AnthropicToolProvider,
}

TYPICAL_CALLS = 3
"""Calls of a case in the lower end of an estimate."""

CALL_TOKENS, RESULT_TOKENS = 60, 120
"""Output tokens of a call, and input tokens of the text of its result."""

ROOM_MB = 8.0
"""Megabytes of a request that are kept free for enlarged parts; the largest have a few hundred kilobytes."""


class ZoomReader(ApiReader):
    """A vision model that may enlarge parts of its pictures and measure on them before it answers.

    Every case is a conversation of at most :data:`~readers.instrument.conversation.MOST_TURNS` answers, of which each
    is billed with all that was sent before, and kept by itself. Where a condition shows no picture there is no
    instrument, and the model is asked as without them.

    Parameters
    ----------
    model : str
        ``PROVIDER:MODEL``, such as ``openai:gpt-5.4``.
    options : str
        By name, those of the provider's own reader.

    Raises
    ------
    taxonomy.error.BenchError
        When no model or another provider is named, or an option is invalid.
    """

    description = "zoom:PROVIDER:MODEL (openai, openai-responses, anthropic): that model with a lens and a caliper"
    dispatcher_type: ClassVar[type[Dispatcher]] = TurnDispatcher
    enlarges = True

    def __init__(self, model: str = "", **options: str) -> None:
        maker, _, model = model.partition(":")
        if maker not in TOOL_PROVIDERS and maker:
            raise unknown_name("provider of models with instruments", maker, TOOL_PROVIDERS)
        if not model:
            raise ReaderError("reader 'zoom' needs a provider and a model: --reader zoom:openai:MODEL")
        self._maker = maker
        super().__init__(model, **options)
        self.name = f"zoom:{self.name}"

    def new_provider(self) -> ToolProvider:
        """Return another provider of the same model."""
        return TOOL_PROVIDERS[self._maker](self.model, self.options)

    @property
    def details(self) -> Mapping[str, str]:
        """Model, endpoint and options, and the digest of what is told of the instruments, for the manifest."""
        return {**super().details, "instruments": f"zoom, caliper; {MOST_CALLS} calls; {instruments_digest()}"}

    def within(self, session: Session) -> Reader:
        """Return this reader, bound to the session's limits; raises SettingError for batches."""
        if session.batch is not None:
            raise SettingError(f"reader {self.name!r} is asked in turns, which no batch can hold; leave out --batch")
        return super().within(session)

    def request(self, case: Case) -> Request:
        """Return the first request for a case; without pictures, that of the same model without instruments."""
        request = _with_turns(super().request(case), case.repeat)
        if not case.images:
            return request
        limit = self.provider.details().limits.image
        return replace(
            request,
            system=f"{request.system}\n\n{INTRODUCTION}",
            schema=request.schema if self._takes_both else None,
            answer_schema=request.schema,
            instruments=Instruments(tuple(map(packed, case.images)), limit),
            image_limit=limit,
        )

    def limits(self, case: Case) -> ModelLimits:
        """Return the limits of the model, less the room that enlarged parts may take."""
        limits = super().limits(case)
        if limits.request is None or not case.images:
            return limits
        room = limits.request
        many = None if room.many is None else max(0, room.many - MOST_CALLS)
        room = replace(room, images=room.images - MOST_CALLS, request_mb=room.request_mb - ROOM_MB, many=many)
        return replace(limits, request=room)

    def estimate(self, case: Case) -> Estimate:
        """Return the estimated cost of a case, from a few calls to the most; sends nothing and needs no key.

        At most, each turn has a call of the greatest length, which is sent again with all that follows it.
        """
        first, request, price = super().estimate(case), self.request(case), self.price
        assert isinstance(request, ToolRequest)
        if not request.tools:
            return first
        part = request.image_limit.tokens((MOST_EDGE_PX, MOST_EDGE_PX)) if request.image_limit else 0
        typical = _turns(first.input_tokens, part, TYPICAL_CALLS, (CALL_TOKENS, first.output_tokens))
        longest = _turns(first.input_tokens, part, MOST_TURNS - 1, (self.options.max_tokens, self.options.max_tokens))
        return replace(
            first,
            input_tokens=sum(turn.input for turn in typical),
            output_tokens=sum(turn.output for turn in typical),
            most_output_tokens=sum(turn.output for turn in longest),
            cost=_cost(typical, price),
            most=None if price is None else sum(price.most(turn.input, turn.output) for turn in longest),
            note=(
                f"up to {MOST_CALLS} calls of instruments a case: each sends the whole case again, so that tokens and "
                f"dollars multiply; short answers are counted with {TYPICAL_CALLS} calls, at most with {MOST_TURNS} "
                "turns of the greatest length"
            ),
        )

    @property
    def _takes_both(self) -> bool:
        return self.new_provider().takes_both


def _with_turns(request: Request, repeat: int) -> ToolRequest:
    """Return a request as one that turns may follow."""
    return ToolRequest(**{item.name: getattr(request, item.name) for item in fields(Request)}, repeat=repeat)


def _turns(first: int, part: int, calls: int, output: tuple[int, int]) -> list[Tokens]:
    """Return the tokens of each turn: all that was sent before, with the calls, their results and enlarged parts.

    Parameters
    ----------
    first : int
        Input tokens of the question.
    part : int
        Tokens of an enlarged part.
    calls : int
        Turns before the answer, with a call each.
    output : (int, int)
        Tokens of a call, and of the answer.
    """
    call, answer = output
    shown = [min(turn, MOST_CALLS) * part + turn * (RESULT_TOKENS + call) for turn in range(calls + 1)]
    return [Tokens(first + more, call if turn < calls else answer) for turn, more in enumerate(shown)]


def _cost(turns: list[Tokens], price: Price | None) -> float | None:
    return None if price is None else sum(price.cost(turn) for turn in turns)
