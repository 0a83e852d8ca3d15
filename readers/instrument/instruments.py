"""The two instruments, a lens and a caliper, on the pictures that a case shows.

They are given the pictures and nothing else: no signal, no measurement, no truth. What the condition hides, they cannot
find: a masked lead or a blank page has no ink to enlarge and none to measure, and of another patient's page they tell
what stands on it.
"""

import hashlib
import json
from collections.abc import Sequence

from readers.api.model import ImageLimit
from readers.instrument.argument import WrongCall, shortened
from readers.instrument.caliper import Caliper
from readers.instrument.lens import Lens
from readers.instrument.place import places_on
from readers.instrument.tool import MOST_CALLS, Tool, ToolCall, ToolResult
from renderers import Picture, blank
from taxonomy.instrument import InstrumentCall

INTRODUCTION = (
    f"Before you answer you may use two instruments on the tracing, zoom and caliper, at most {MOST_CALLS} times in "
    "all. They show and measure what is on the picture and nothing else. Then give your answer in the form that is "
    "asked for."
)
"""What the system text says of them."""

NO_CALL_LEFT = f"refused: all {MOST_CALLS} calls are used. Give your answer now."


class Instruments:
    """A lens and a caliper on the pictures of one case; the same call always gives the same.

    Where the pictures do not tell where their leads stand there is the lens alone, for boxes.

    Parameters
    ----------
    pictures : sequence of EcgImage or PackedImage
        What the condition shows.
    limit : ImageLimit or None
        Of the model, so that no part is larger than it can see.
    """

    def __init__(self, pictures: Sequence[Picture], limit: ImageLimit | None = None) -> None:
        self.places = places_on(pictures)
        lens, caliper = Lens(tuple(pictures), self.places, limit), Caliper(self.places)
        self._by_name = {tool.tool.name: tool for tool in ((lens, caliper) if self.places else (lens,))}

    def tools(self) -> tuple[Tool, ...]:
        """Return what a model is told of the instruments; the same for every record in a layout."""
        return tuple(instrument.tool for instrument in self._by_name.values())

    def used(self, call: ToolCall, number: int) -> ToolResult:
        """Return the result of a call, the ``number``-th of its case; a wrong one is told what is allowed."""
        if number > MOST_CALLS:
            return _refused(call, NO_CALL_LEFT)
        left = MOST_CALLS - number
        said = f"{left} of {MOST_CALLS} calls left." if left else "No call is left: give your answer now."
        instrument = self._by_name.get(call.name)
        if instrument is None:
            names = " and ".join(self._by_name)
            return _refused(call, f"error: there is no instrument {shortened(call.name)}: there is {names}. {said}")
        try:
            found = instrument.used(call.arguments)
        except WrongCall as wrong:
            return _refused(call, f"error: {wrong}. {said}")
        text = f"{found.text}. {said}"
        place = (found.lead, found.picture, found.where_mm, found.px_per_mm)
        return ToolResult(
            call.call_id, text, InstrumentCall(call.name, call.arguments, text, False, *place), found.images
        )


def instruments_digest() -> str:
    """Return a digest of what a model is told of the instruments, on a printed page, which goes into the run id."""
    tools = Instruments(blank("printed")).tools()
    told = json.dumps([MOST_CALLS, INTRODUCTION, *([tool.name, tool.description, tool.parameters] for tool in tools)])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _refused(call: ToolCall, text: str) -> ToolResult:
    return ToolResult(call.call_id, text, InstrumentCall(call.name, call.arguments, text, is_refused=True))
