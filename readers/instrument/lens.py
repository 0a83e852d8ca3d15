"""The lens: a part of a picture, larger."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readers.api.model import ImageLimit
from readers.api.request import SentImage
from readers.instrument.argument import WrongCall, arguments_of, numbers, shortened
from readers.instrument.place import Place
from readers.instrument.tool import Found, Tool, arguments_schema, lead_schema, numbers_schema, place_named
from renderers import Picture
from renderers.closer import MOST_PX_PER_MM, BoxMm, closer, size_mm
from taxonomy.error import RenderError

MOST_EDGE_PX = 1536
"""Edge of an enlarged part at most: a lead of 2.5 s fits at 23 px/mm and a strip of 10 s at 6, and no maker's newest
model scales it down."""

LEAST_PX_PER_MM, LEAST_EDGE_MM = 2, 1.0

ARGUMENTS = ("lead", "box", "picture", "px_per_mm")
BOX = {4: "[left, top, right, bottom] in mm"}


@dataclass(frozen=True, eq=False)
class Lens:
    """Enlarges parts of pictures.

    A picture that keeps its original is drawn again at the finer resolution; of any other the pixels are enlarged,
    which the result says (:func:`renderers.closer.closer`).

    Attributes
    ----------
    pictures : tuple of EcgImage or PackedImage
    places : mapping of str to Place
        Of the leads; empty where the pictures do not tell them.
    limit : ImageLimit or None
        Of the model: no part is larger than it sees.
    """

    pictures: tuple[Picture, ...]
    places: Mapping[str, Place]
    limit: ImageLimit | None

    @property
    def tool(self) -> Tool:
        """What a model is told of it; the same for every record in a layout."""
        sizes = sorted({size_mm(picture) for picture in self.pictures})
        pages = " or ".join(f"{width:g} x {height:g} mm" for width, height in sizes)
        several = len(self.pictures) > 1
        which = f", and the number of its picture, 1 to {len(self.pictures)}" if several else ""
        lead = {"lead": lead_schema(self.places, "A lead, with its surroundings.")} if self.places else {}
        number = {"picture": {"type": "integer", "description": "Number of a box's picture."}} if several else {}
        return Tool(
            "zoom",
            f"Shows a part of the tracing larger. {'Name a lead, or' if self.places else 'Name'} a box in mm from the "
            f"left and upper edges of the picture, which is {pages}{which}. At most {MOST_PX_PER_MM} px/mm and "
            f"{MOST_EDGE_PX} px on an edge.",
            arguments_schema(
                {
                    **lead,
                    "box": numbers_schema("left, top, right, bottom in mm"),
                    **number,
                    "px_per_mm": {"type": "number", "description": f"{LEAST_PX_PER_MM} to {MOST_PX_PER_MM}"},
                },
                ("px_per_mm",),
            ),
        )

    def used(self, arguments: str) -> Found:
        """Return the part that is asked for; raises WrongCall for wrong arguments."""
        given = arguments_of(arguments, ARGUMENTS)
        (asked,) = numbers("px_per_mm", given.get("px_per_mm"), {1: f"{LEAST_PX_PER_MM} to {MOST_PX_PER_MM}"})
        if not LEAST_PX_PER_MM <= asked <= MOST_PX_PER_MM:
            raise WrongCall(f"px_per_mm must be {LEAST_PX_PER_MM} to {MOST_PX_PER_MM}, not {asked:g}")
        if ("lead" in given) == ("box" in given):
            raise WrongCall("name either a lead or a box")
        place = place_named(self.places, given["lead"]) if "lead" in given else None
        number, box = (place.number, place.box) if place else self._boxed(given)
        picture, px = self.pictures[number - 1], self._fitting(box, round(asked))
        part = closer(picture, box, px)
        named = f"picture {number}, " if len(self.pictures) > 1 else ""
        named += f"{place.name}: " if place else ""
        named += f"x {box.left:.1f} to {box.right:.1f} mm, y {box.top:.1f} to {box.bottom:.1f} mm"
        text = f"{named}, {_drawn(picture, part)}"
        if px < round(asked):
            text += f"; a box of this size can be shown at {px} px/mm at most, a smaller one finer"
        if place:
            text += f"; the 0 mV line of {place.name} is at y = {place.strip.baseline_mm:g} mm"
        image = SentImage(part.png(), named, part.size, float(px))
        return Found(text, number, box.corners, place.name if place else "", px, (image,))

    def _boxed(self, given: Mapping[str, Any]) -> tuple[int, BoxMm]:
        """Return the picture and the box of a call that names one."""
        corners = numbers("box", given["box"], BOX)
        (number,) = numbers("picture", given.get("picture", 1), {1: f"1 to {len(self.pictures)}"})
        if number not in range(1, len(self.pictures) + 1) or ("picture" not in given and len(self.pictures) > 1):
            raise WrongCall(f"name the picture of the box, 1 to {len(self.pictures)}")
        page = size_mm(self.pictures[int(number) - 1])
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
            if max(size) <= MOST_EDGE_PX and (self.limit is None or self.limit.scale(size) >= 1):
                return px
        return LEAST_PX_PER_MM


def _drawn(picture: Picture, part: Picture) -> str:
    how = "drawn" if picture.original else "its pixels enlarged, which shows nothing new,"
    scale = f"1 mm is {1000 / picture.mm_per_s:g} ms or {1 / picture.mm_per_mv:g} mV"
    return f"{how} at {part.px_per_mm} px/mm ({part.size[0]} x {part.size[1]} px; {scale})"
