"""Send the turns of many cases at once; every answered turn is kept, so that a killed run pays for none twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from readers.api.dispatcher import Dispatcher
from readers.api.provider import Body
from readers.api.request import Request
from readers.api.response import ENOUGH_ANSWERS, CallError, Response, response_reading
from readers.api.store import RequestOrigin, request_key
from readers.instrument.conversation import MOST_TURNS, ToolProvider, ToolRequest
from taxonomy.reading import Failure, Reading, Usage

NEVER_ANSWERED = f"the model went on calling its instruments and gave no answer in {MOST_TURNS} turns"

CALLED = "it calls an instrument and gives no answer"
UNUSED = "the model needs none, or its server leaves out the tools that are sent"


class TurnDispatcher(Dispatcher):
    """Sends requests of which an answer may call instruments; then the results follow, until the case is answered."""

    _without: int | None = 0
    """Answers without a call so far; None as soon as there was one."""

    async def _kept_or_asked(self, request: Request, body: Body, key: str) -> Reading:
        """Return the reading of a case: each turn is one request, kept, claimed, admitted and billed on its own.

        A failed turn fails the case; asked again, it goes on behind the turns that are kept. What those cost is told of
        the failed reading too, so that the cost limit may count it twice, and never not at all.
        """
        provider, used = cast("ToolProvider", self._provider), list[Usage]()
        turn = _in_turns(request)
        for _ in range(MOST_TURNS):
            reading = await super()._kept_or_asked(turn, body, key)
            used.append(reading.usage)
            response = self._store.get(key) if reading.outcome != "failed" else None
            if response is None or not _calls(response) or not turn.tools:
                self._watch(turn, reading)
                return replace(reading, usage=_summed(used), calls=turn.calls)
            turn = await asyncio.to_thread(turn.followed, response, provider.calls(response.turn))
            body = await asyncio.to_thread(provider.body, turn)
            key = request_key(body, RequestOrigin.of(provider, turn.repeat))
        return Reading(error=Failure("empty", NEVER_ANSWERED), usage=_summed(used), calls=turn.calls)

    def _watch(self, turn: ToolRequest, reading: Reading) -> None:
        """Say once when many answers have come and no instrument was ever called."""
        if turn.tools and reading.outcome != "failed":
            self._without = None if turn.turns or self._without is None else self._without + 1
        if self._without == ENOUGH_ANSWERS:
            self._tell_once("tools", f"{ENOUGH_ANSWERS} answers, and none called an instrument: {UNUSED}")

    def _keep(self, response: Response, request: Request, key: str) -> Reading:
        """Keep an answer; one that was given without the enlarged part counts as a failed call and is not kept."""
        turn = _in_turns(request)
        problem = turn.missing_part(response)
        if problem:
            return self._failed(CallError("transport", problem), self._read(response, turn).usage)
        # What is sent back of the model's own thoughts may count for little: the bill of the turn before tells more.
        options = replace(turn.options, image_check="off") if turn.turns else turn.options
        return super()._keep(response, replace(turn, options=options), key)

    def _read(self, response: Response, request: Request) -> Reading:
        """Return the reading of an answer; of a turn with calls, only its usage counts."""
        if not _calls(response):
            return super()._read(response, request)
        usage = response_reading(response, request, self._price, self._session.run_id).usage
        return Reading(usage=replace(usage, follows_schema=None), error=Failure("empty", CALLED))


def _in_turns(request: Request) -> ToolRequest:
    assert isinstance(request, ToolRequest)  # the reader makes no other
    return request


def _calls(response: Response) -> bool:
    """Tell whether an answer calls instruments and was not cut off."""
    return bool(response.turn) and response.stop == "end"


def _summed(used: Sequence[Usage]) -> Usage:
    """Return the usage of all turns of a case together."""
    sums: dict[str, Any] = {}
    for name in ("input_tokens", "output_tokens", "cached_tokens", "cost", "seconds"):
        known = [getattr(usage, name) for usage in used if getattr(usage, name) is not None]
        sums[name] = sum(known) if known else None
    reused = True if all(usage.reused for usage in used) else None
    return replace(used[-1], **sums, px_per_mm=used[0].px_per_mm, reused=reused)
