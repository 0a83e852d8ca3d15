"""The two instruments, a lens and a caliper, on the pictures that a case shows.

They are given the pictures and nothing else: no signal, no measurement, no truth. What the condition hides, they cannot
find: a masked lead or a blank page has no ink to enlarge and none to measure, and of another patient's page they tell
what stands on it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from readers.api.model import ImageLimit
from readers.api.request import SentImage
from readers.instrument.argument import WrongCall, arguments_of, numbers, shortened
from readers.instrument.ink import TracedPicture, traced
from readers.instrument.place import Place, places_on
from renderers import EcgImage, Picture, blank
from renderers.closer import MOST_PX_PER_MM, BoxMm, closer, size_mm
from taxonomy.error import RenderError
from taxonomy.instrument import InstrumentCall

MOST_CALLS = 6
"""Calls of a case."""

MOST_EDGE_PX = 1536
"""Edge of an enlarged part at most: a lead of 2.5 s fits at the finest resolution, a strip of 10 s at 5 px/mm, and no
maker's model scales it down."""

LEAST_PX_PER_MM, LEAST_EDGE_MM = 2, 1.0

LEAST_RR_MS, MOST_RR_MS = 150.0, 6000.0
"""Intervals that are also told as a rate: 400 to 10 per minute."""

POINT = {1: "[seconds from the left end of the lead's trace]", 2: "[x, y] in mm on the picture"}
BOX = {4: "[left, top, right, bottom] in mm"}

INTRODUCTION = (
    "Before you answer you may use two instruments on the tracing, zoom and caliper, at most {most} times in all. They "
    "show and measure what is on the picture and nothing else. Then give your answer in the form that is asked for."
)
"""What the system text says of them."""

NO_CALL_LEFT = f"refused: all {MOST_CALLS} calls are used. Give your answer now."


@dataclass(frozen=True)
class Tool:
    """An instrument as a model is told of it: its name, what it does, and the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class ToolCall:
    """A call in a model's answer: its id, the name of an instrument, and arguments as they were written."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, eq=False)
class ToolResult:
    """What a call gave: a text, an enlarged part where there is one, and what is kept of it."""

    call_id: str
    text: str
    log: InstrumentCall
    images: tuple[SentImage, ...] = ()


class Instruments:
    """A lens and a caliper on the pictures of one case; the same call always gives the same.

    Parameters
    ----------
    pictures : sequence of EcgImage or PackedImage
        What the condition shows.
    limit : ImageLimit or None
        Of the model, so that no part is larger than it can see.
    """

    def __init__(self, pictures: Sequence[Picture], limit: ImageLimit | None = None) -> None:
        self._pictures, self._limit = tuple(pictures), limit
        self._traced: dict[int, TracedPicture | None] = {}

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """Where each lead stands; empty where the pictures do not tell it."""
        return places_on(self._pictures)

    def tools(self) -> tuple[Tool, ...]:
        """Return what a model is told of the instruments; the same for every record in a layout."""
        return (self._lens, self._caliper) if self.places else (self._lens,)

    def used(self, call: ToolCall, number: int) -> ToolResult:
        """Return the result of a call, the ``number``-th of its case; a wrong one is told what is allowed."""
        if number > MOST_CALLS:
            return self._refused(call, NO_CALL_LEFT)
        left = MOST_CALLS - number
        said = f"{left} of {MOST_CALLS} calls left." if left else "No call is left: give your answer now."
        try:
            if call.name == "zoom":
                return self._zoomed(call, said)
            if call.name == "caliper" and self.places:
                return self._measured(call, said)
        except WrongCall as wrong:
            return self._refused(call, f"error: {wrong}. {said}")
        names = " and ".join(tool.name for tool in self.tools())
        return self._refused(call, f"error: there is no instrument {shortened(call.name)}: there is {names}. {said}")

    def _refused(self, call: ToolCall, text: str) -> ToolResult:
        return ToolResult(call.call_id, text, InstrumentCall(call.name, call.arguments, text, is_refused=True))

    @property
    def _lens(self) -> Tool:
        sizes = sorted({size_mm(picture) for picture in self._pictures})
        pages = " or ".join(f"{width:g} x {height:g} mm" for width, height in sizes)
        which = "" if len(self._pictures) == 1 else f", and the number of its picture, 1 to {len(self._pictures)}"
        leads = {"lead": self._lead("A lead, with its surroundings.")} if self.places else {}
        picture = {"picture": {"type": "integer", "description": "Number of the picture of a box."}}
        return Tool(
            "zoom",
            f"Shows a part of the tracing larger. {'Name a lead, or' if leads else 'Name'} a box in mm from the left "
            f"and upper edges of the picture, which is {pages}{which}. At most {MOST_PX_PER_MM} px/mm and "
            f"{MOST_EDGE_PX} px on an edge.",
            _schema(
                {
                    **leads,
                    "box": {**_list_of_numbers(), "description": "left, top, right, bottom in mm"},
                    **(picture if which else {}),
                    "px_per_mm": {"type": "number", "description": f"{LEAST_PX_PER_MM} to {MOST_PX_PER_MM}"},
                },
                ("px_per_mm",),
            ),
        )

    @property
    def _caliper(self) -> Tool:
        point = {**_list_of_numbers(), "description": " or ".join(POINT.values())}
        return Tool(
            "caliper",
            "Measures between two points of a lead: the interval in ms, as a rate if it is one RR interval, and the "
            "difference in mV. A point is one number, a time in seconds from the left end of the lead's trace, at "
            "which the height of the trace is measured on the ink of the picture; or two numbers, x and y in mm on the "
            "picture.",
            _schema({"lead": self._lead("The lead."), "from": point, "to": point}, ("lead", "from", "to")),
        )

    def _lead(self, said: str) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.places), "description": said}

    def _zoomed(self, call: ToolCall, said: str) -> ToolResult:
        given = arguments_of(call.arguments, ("lead", "box", "picture", "px_per_mm"))
        (asked,) = numbers("px_per_mm", given.get("px_per_mm"), {1: f"{LEAST_PX_PER_MM} to {MOST_PX_PER_MM}"})
        if not LEAST_PX_PER_MM <= asked <= MOST_PX_PER_MM:
            raise WrongCall(f"px_per_mm must be {LEAST_PX_PER_MM} to {MOST_PX_PER_MM}, not {asked:g}")
        if ("lead" in given) == ("box" in given):
            raise WrongCall("name either a lead or a box")
        place = self._place(given["lead"]) if "lead" in given else None
        number, box = (place.number, place.box) if place else self._boxed(given)
        picture = self._pictures[number - 1]
        px = self._fitting(box, round(asked))
        part = closer(picture, box, px)
        text = f"{_where(place, number, len(self._pictures))}{_spans(box)}, {_drawn(picture, part)}"
        if px < round(asked):
            text += f"; a box of this size can be shown at {px} px/mm at most, a smaller one finer"
        if place:
            text += f"; the 0 mV line of {place.name} is at y = {place.strip.baseline_mm:g} mm"
        image = SentImage(
            part.png(), f"{_where(place, number, len(self._pictures))}{_spans(box)}", part.size, float(px)
        )
        text = f"{text}. {said}"
        log = InstrumentCall(
            call.name, call.arguments, text, False, place.name if place else "", number, box.corners, px
        )
        return ToolResult(call.call_id, text, log, (image,))

    def _boxed(self, given: Mapping[str, Any]) -> tuple[int, BoxMm]:
        """Return the picture and the box of a call that names one."""
        corners = numbers("box", given["box"], BOX)
        (number,) = numbers("picture", given.get("picture", 1), {1: f"1 to {len(self._pictures)}"})
        if number not in range(1, len(self._pictures) + 1) or ("picture" not in given and len(self._pictures) > 1):
            raise WrongCall(f"name the picture of the box, 1 to {len(self._pictures)}")
        page = size_mm(self._pictures[int(number) - 1])
        try:
            box = BoxMm(*corners).within(page)
        except RenderError:
            box = None
        if box is None or min(box.right - box.left, box.bottom - box.top) < LEAST_EDGE_MM:
            raise WrongCall(
                f"box must be [left, top, right, bottom] in mm, {LEAST_EDGE_MM:g} mm wide and tall at least, on a "
                f"picture of {page[0]:g} x {page[1]:g} mm, not {shortened(given['box'])}"
            )
        return int(number), box

    def _fitting(self, box: BoxMm, asked: int) -> int:
        """Return the finest resolution, at most that asked, at which a part is within the limits."""
        for px in range(asked, LEAST_PX_PER_MM, -1):
            window = box.window(px)
            size = (window.width, window.height)
            if max(size) <= MOST_EDGE_PX and (self._limit is None or self._limit.scale(size) >= 1):
                return px
        return LEAST_PX_PER_MM

    def _place(self, lead: object) -> Place:
        if not self.places:
            raise WrongCall("it is not known where the leads stand on this picture: name a box in mm")
        named = {name.lower(): place for name, place in self.places.items()}
        wanted = " ".join(lead.lower().split()) if isinstance(lead, str) else ""
        if wanted not in named:
            raise WrongCall(f"there is no lead {shortened(lead)}: choose from {', '.join(self.places)}")
        return named[wanted]

    def _measured(self, call: ToolCall, said: str) -> ToolResult:
        given = arguments_of(call.arguments, ("lead", "from", "to"))
        for name in ("lead", "from", "to"):
            if name not in given:
                raise WrongCall(f"{name!r} is missing: it takes lead, from, to")
        place = self._place(given["lead"])
        begin, end = (numbers(name, given[name], POINT) for name in ("from", "to"))
        if len(begin) != len(end):
            raise WrongCall("from and to must be of one kind, both times or both points")
        text, where = self._by_time(place, begin[0], end[0]) if len(begin) == 1 else _by_points(place, begin, end)
        text = f"{place.name}: {text}. {said}"
        log = InstrumentCall(call.name, call.arguments, text, False, place.name, place.number, where)
        return ToolResult(call.call_id, text, log)

    def _by_time(self, place: Place, begin: float, end: float) -> tuple[str, tuple[float, float, float, float]]:
        for time in (begin, end):
            if not 0 <= time <= place.seconds:
                raise WrongCall(f"the trace of {place.name} is {place.seconds:g} s long: {time:g} s is not on it")
        picture, strip = place.picture, place.strip
        columns = [strip.x_mm + time * picture.mm_per_s for time in (begin, end)]
        heights = [self._height_mm(place, column) for column in columns]
        parts = [f"{begin:.3f} s to {end:.3f} s, {_interval((end - begin) * picture.mm_per_s, picture)}"]
        for time, height in zip((begin, end), heights, strict=True):
            parts.append(
                f"no trace is drawn at {time:.3f} s"
                if height is None
                else f"the trace is at {height / picture.mm_per_mv:+.2f} mV at {time:.3f} s"
            )
        first, last = heights
        if first is not None and last is not None:
            parts.append(f"difference {(last - first) / picture.mm_per_mv:+.2f} mV")
        rows = [round(strip.baseline_mm - (height or 0.0), 2) for height in heights]
        return "; ".join(parts), (round(columns[0], 2), rows[0], round(columns[1], 2), rows[1])

    def _height_mm(self, place: Place, x_mm: float) -> float | None:
        if place.number not in self._traced:
            self._traced[place.number] = traced(place.picture)
        found = self._traced[place.number]
        return found.height_mm(place, x_mm) if found else None


def instruments_digest() -> str:
    """Return a digest of what a model is told of the instruments, on a printed page, which goes into the run id."""
    tools = Instruments(blank("printed")).tools()
    told = json.dumps([MOST_CALLS, INTRODUCTION, *([tool.name, tool.description, tool.parameters] for tool in tools)])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _by_points(
    place: Place, begin: Sequence[float], end: Sequence[float]
) -> tuple[str, tuple[float, float, float, float]]:
    """Return what a ruler says between two points in mm: it needs no ink."""
    width, height = size_mm(place.picture)
    for x, y in (begin, end):
        if not (0 <= x <= width and 0 <= y <= height):
            raise WrongCall(f"the picture is {width:g} x {height:g} mm: ({x:g}, {y:g}) is not on it")
    picture = place.picture
    up = begin[1] - end[1]
    text = (
        f"({begin[0]:.1f}, {begin[1]:.1f}) to ({end[0]:.1f}, {end[1]:.1f}) mm, "
        f"{_interval(end[0] - begin[0], picture)}; {up:+.1f} mm up are {up / picture.mm_per_mv:+.2f} mV"
    )
    return text, (begin[0], begin[1], end[0], end[1])


def _interval(across_mm: float, picture: Picture) -> str:
    ms = 1000 * across_mm / picture.mm_per_s
    rate = (
        f", {60_000 / abs(ms):.0f} per minute if it is one RR interval" if LEAST_RR_MS <= abs(ms) <= MOST_RR_MS else ""
    )
    return f"{across_mm:+.1f} mm across are {ms:+.0f} ms{rate}"


def _where(place: Place | None, number: int, count: int) -> str:
    picture = f"picture {number}, " if count > 1 else ""
    return f"{picture}{place.name}: " if place else picture


def _spans(box: BoxMm) -> str:
    return f"x {box.left:.1f} to {box.right:.1f} mm, y {box.top:.1f} to {box.bottom:.1f} mm"


def _drawn(picture: Picture, part: EcgImage) -> str:
    how = "drawn" if picture.original else "its pixels enlarged, which shows nothing new,"
    scale = f"1 mm is {1000 / picture.mm_per_s:g} ms or {1 / picture.mm_per_mv:g} mV"
    return f"{how} at {part.px_per_mm} px/mm ({part.size[0]} x {part.size[1]} px; {scale})"


def _list_of_numbers() -> dict[str, Any]:
    return {"type": "array", "items": {"type": "number"}}


def _schema(properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": False}
