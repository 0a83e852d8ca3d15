"""What a reader with instruments looked at in a case: its pictures with every call marked, and the enlarged parts."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from readers.instrument.lens import MOST_EDGE_PX
from renderers import Picture
from renderers.closer import MOST_PX_PER_MM, BoxMm, closer, size_mm
from renderers.ink import MM_PER_INCH
from taxonomy.error import RenderError
from taxonomy.instrument import InstrumentCall

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

COLOURS = ("#0057b7", "#b7410e", "#00796b", "#8e24aa", "#9e7700", "#c2185b")
"""Of the calls in order, all of them dark enough to be read on paper."""

MARGIN, LINE_PX, LETTER_PX, TICK_PX = 16, 3, 22, 10
"""Space between parts, width of a frame, height of a caption's letters, and half the height of a caliper's jaws."""

ACROSS = 2
"""Enlarged parts beside each other."""

LEAST_WIDTH = 1000
"""Width of a sheet at least, in pixels."""


@dataclass(frozen=True)
class Mark:
    """A call that stands on a picture: its number from 1, and its colour."""

    number: int
    call: InstrumentCall

    @property
    def colour(self) -> str:
        """The same on the picture and beside the enlarged part."""
        return COLOURS[(self.number - 1) % len(COLOURS)]


def call_sheet(pictures: Sequence[Picture], calls: Iterable[InstrumentCall]) -> bytes:
    """Return a PNG of the pictures with the calls marked on them, and the enlarged parts below.

    The pictures print to scale, and not the parts.

    Parameters
    ----------
    pictures : sequence of EcgImage or PackedImage
        Of the case, as it was shown.
    calls : iterable of InstrumentCall
        Of its reading; what stands on no picture, such as a refused call, is left out.
    """
    from PIL import Image

    marks = [Mark(number, call) for number, call in enumerate(calls, start=1) if _stands(call, pictures)]
    looked_at = sorted({mark.call.picture or 1 for mark in marks}) or [1]
    pages = [
        _page(pictures[number - 1], [mark for mark in marks if mark.call.picture == number]) for number in looked_at
    ]
    width = max(LEAST_WIDTH, *(page.width for page in pages))
    parts = [_part(pictures[(mark.call.picture or 1) - 1], mark, width) for mark in marks if mark.call.px_per_mm]
    rows = [[page] for page in pages] + [parts[first : first + ACROSS] for first in range(0, len(parts), ACROSS)]
    height = sum(max(part.height for part in row) + MARGIN for row in rows)
    sheet, top = Image.new("RGB", (width + 2 * MARGIN, height + MARGIN), "white"), MARGIN
    for row in rows:
        left = MARGIN
        for part in row:
            sheet.paste(part, (left, top))
            left += part.width + MARGIN
        top += max(part.height for part in row) + MARGIN
    out = io.BytesIO()
    first = pictures[looked_at[0] - 1]
    dots = first.px_per_mm * MM_PER_INCH
    sheet.save(out, format="PNG", **({"dpi": (dots, dots)} if first.is_to_scale else {}))
    return out.getvalue()


def _stands(call: InstrumentCall, pictures: Sequence[Picture]) -> bool:
    """Tell whether a call stands on one of these pictures, as a reading of others may not."""
    if call.is_refused or call.where_mm is None or call.picture is None or call.picture > len(pictures):
        return False
    if call.px_per_mm is None:
        return True
    try:
        window = BoxMm(*call.where_mm).within(size_mm(pictures[call.picture - 1])).window(call.px_per_mm)
    except RenderError:
        return False
    return call.px_per_mm <= MOST_PX_PER_MM and max(window.width, window.height) <= MOST_EDGE_PX


def _page(picture: Picture, marks: Sequence[Mark]) -> "Image":
    from PIL import Image, ImageDraw

    page = Image.fromarray(picture.rgb())
    draw = ImageDraw.Draw(page)
    for mark in marks:
        assert mark.call.where_mm is not None
        left, top, right, bottom = (round(edge * picture.px_per_mm) for edge in mark.call.where_mm)
        if mark.call.px_per_mm:
            draw.rectangle((left, top, right, bottom), outline=mark.colour, width=LINE_PX)
        else:
            draw.line((left, top, right, bottom), fill=mark.colour, width=LINE_PX)
            for x, y in ((left, top), (right, bottom)):
                draw.line((x, y - TICK_PX, x, y + TICK_PX), fill=mark.colour, width=LINE_PX)
        _write(draw, (min(left, right) + 2 * LINE_PX, min(top, bottom) + LINE_PX), str(mark.number), mark.colour)
    return page


def _part(picture: Picture, mark: Mark, width: int) -> "Image":
    """Return an enlarged part with its number above it, scaled down where it is wider than its place."""
    from PIL import Image, ImageDraw

    call = mark.call
    assert call.where_mm is not None
    assert call.px_per_mm is not None
    box = BoxMm(*call.where_mm).within(size_mm(picture))
    shown = Image.fromarray(closer(picture, box, call.px_per_mm).rgb())
    shown.thumbnail(((width - MARGIN) // ACROSS, 10 * width), Image.Resampling.LANCZOS)
    framed = Image.new("RGB", (shown.width, shown.height + LETTER_PX + 2 * LINE_PX), "white")
    framed.paste(shown, (0, LETTER_PX + 2 * LINE_PX))
    draw = ImageDraw.Draw(framed)
    corners = (0, LETTER_PX + 2 * LINE_PX, framed.width - 1, framed.height - 1)
    draw.rectangle(corners, outline=mark.colour, width=LINE_PX)
    named = f", {call.lead}" if call.lead else ""
    _write(draw, (0, 0), f"{mark.number}{named}, {call.px_per_mm} px/mm", mark.colour)
    return framed


def _write(draw: "ImageDraw", at: tuple[int, int], text: str, colour: str) -> None:
    from PIL import ImageFont

    draw.text(at, text, fill=colour, font=ImageFont.load_default(LETTER_PX))
