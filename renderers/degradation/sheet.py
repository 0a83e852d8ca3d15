"""A contact sheet: one page at several doses, side by side."""

from collections.abc import Sequence

import numpy as np

from renderers.ink import stamp, text_coverage
from renderers.packed import Picture
from renderers.photograph import Photograph

ACROSS, WIDTH_PX, ROOM_PX = 2, 1000, 40
"""Pictures in a row, their width, and the room above each for its dose."""


def contact_sheet(pictures: Sequence[Picture], labels: Sequence[str]) -> Photograph:
    """Return pictures of one size on a sheet, reduced, each below its label."""
    from PIL import Image

    width, height = pictures[0].size
    size = WIDTH_PX, max(1, round(height * WIDTH_PX / width))
    rows = -(-len(pictures) // ACROSS)
    sheet = np.full((rows * (size[1] + ROOM_PX), ACROSS * WIDTH_PX, 3), 255, dtype=np.uint8)
    ink = np.zeros(sheet.shape[:2], dtype=np.uint8)
    for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        top, left = place // ACROSS * (size[1] + ROOM_PX) + ROOM_PX, place % ACROSS * WIDTH_PX
        small = Image.fromarray(picture.rgb()).resize(size, Image.Resampling.LANCZOS)
        sheet[top : top + size[1], left : left + WIDTH_PX] = np.asarray(small)
        stamp(ink, text_coverage(label, 5.0, 6), left + 10, top - 8)
    sheet -= (sheet * (ink[:, :, None] / 255)).astype(np.uint8)
    first = pictures[0]
    return Photograph(
        pixels=sheet,
        leads=first.leads,
        px_per_mm=first.px_per_mm,
        mm_per_s=first.mm_per_s,
        mm_per_mv=first.mm_per_mv,
        is_to_scale=False,
    )
