"""The caliper: intervals and heights between two points of a lead, as a ruler on the page would give them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from readers.instrument.argument import WrongCall, arguments_of, numbers
from readers.instrument.ink import TracedPicture, traced
from readers.instrument.place import Place
from readers.instrument.tool import Found, Tool, arguments_schema, lead_schema, numbers_schema, place_named
from renderers import Picture
from renderers.closer import size_mm

LEAST_RR_MS, MOST_RR_MS = 150.0, 6000.0
"""Intervals that are also told as a rate: 400 to 10 per minute."""

ARGUMENTS = ("lead", "from", "to")
POINT = {1: "[seconds from the left end of the lead's trace]", 2: "[x, y] in mm on the picture"}


@dataclass(frozen=True, eq=False)
class Caliper:
    """Measures between two points that the model names; it finds no wave and no beat by itself.

    Between two points in mm it is a ruler: what it says follows from the scale of the page alone. At two times it also
    tells the height of the trace, measured on the ink of the picture at the resolution at which it is shown; where no
    ink is, it says so. A lead's 0 mV line is where the page's layout has it, as its pulse shows.

    Attributes
    ----------
    places : mapping of str to Place
    """

    places: Mapping[str, Place]
    _traced: dict[int, TracedPicture | None] = field(default_factory=dict)

    @property
    def tool(self) -> Tool:
        """What a model is told of it; the same for every record in a layout."""
        point = numbers_schema(" or ".join(POINT.values()))
        return Tool(
            "caliper",
            "Measures between two points of a lead: the interval in ms, as a rate if it is one RR interval, and the "
            "difference in mV. A point is one number, a time in seconds from the left end of the lead's trace, at "
            "which the height of the trace is measured on the ink of the picture; or two numbers, x and y in mm on the "
            "picture.",
            arguments_schema({"lead": lead_schema(self.places, "The lead."), "from": point, "to": point}, ARGUMENTS),
        )

    def used(self, arguments: str) -> Found:
        """Return what is measured; raises WrongCall for wrong arguments."""
        given = arguments_of(arguments, ARGUMENTS)
        missing = next((name for name in ARGUMENTS if name not in given), None)
        if missing:
            raise WrongCall(f"{missing!r} is missing: it takes {', '.join(ARGUMENTS)}")
        place = place_named(self.places, given["lead"])
        begin, end = (numbers(name, given[name], POINT) for name in ARGUMENTS[1:])
        if len(begin) != len(end):
            raise WrongCall("from and to must be of one kind, both times or both points")
        text, where = self._by_time(place, begin[0], end[0]) if len(begin) == 1 else _by_points(place, begin, end)
        return Found(f"{place.name}: {text}", place.number, where, place.name)

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


def _by_points(
    place: Place, begin: Sequence[float], end: Sequence[float]
) -> tuple[str, tuple[float, float, float, float]]:
    """Return what a ruler says between two points in mm: it needs no ink."""
    picture = place.picture
    width, height = size_mm(picture)
    for x, y in (begin, end):
        if not (0 <= x <= width and 0 <= y <= height):
            raise WrongCall(f"the picture is {width:g} x {height:g} mm: ({x:g}, {y:g}) is not on it")
    up = begin[1] - end[1]
    text = (
        f"({begin[0]:.1f}, {begin[1]:.1f}) to ({end[0]:.1f}, {end[1]:.1f}) mm, "
        f"{_interval(end[0] - begin[0], picture)}; {up:+.1f} mm up are {up / picture.mm_per_mv:+.2f} mV"
    )
    return text, (begin[0], begin[1], end[0], end[1])


def _interval(across_mm: float, picture: Picture) -> str:
    ms = 1000 * across_mm / picture.mm_per_s
    is_rr = LEAST_RR_MS <= abs(ms) <= MOST_RR_MS
    rate = f", {60_000 / abs(ms):.0f} per minute if it is one RR interval" if is_rr else ""
    return f"{across_mm:+.1f} mm across are {ms:+.0f} ms{rate}"
