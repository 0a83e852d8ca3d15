"""Pages as other programs draw them, to be read by the digitizer: none of this project's drawing is used."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ORDER = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
FINER = 2
"""The page is drawn this many times larger and reduced, which smooths its edges."""


@dataclass(frozen=True)
class Sort:
    """A way to draw a page: colours, pulse, columns, and what stands around it."""

    fine: tuple[int, int, int] = (250, 215, 215)
    coarse: tuple[int, int, int] = (240, 170, 170)
    paper: tuple[int, int, int] = (255, 255, 255)
    pen: tuple[int, int, int] = (10, 10, 10)
    pulse_mm: float = 5.0
    gain: float = 10.0
    column_mm: float = 62.0
    separators: bool = False
    strip: str = "II"
    header: bool = True
    px: int = 8
    left_mm: float = 14.0
    pitch_mm: float = 38.0
    order: tuple[tuple[str, ...], ...] = ORDER


def drawn(mv, fs, sort=Sort()):
    """Return a page, uint8 (height, width, 3), of a record, float (12, n) in mV."""
    rows, columns = len(sort.order) + bool(sort.strip), len(sort.order[0])
    seconds = 10 / columns
    grid = (12.0, 34.0, 12.0 + sort.left_mm + columns * sort.column_mm + 16, 34.0 + rows * sort.pitch_mm + 5)
    size = (round((grid[2] + 11) * sort.px * FINER), round((grid[3] + 18) * sort.px * FINER))
    image = Image.new("RGB", size, sort.paper)
    pen = _Pen(ImageDraw.Draw(image), sort.px * FINER)
    for every, colour in ((1, sort.fine), (5, sort.coarse)):
        for x in np.arange(grid[0], grid[2] + 0.01, every):
            pen.line([(x, grid[1]), (x, grid[3])], colour, 0.12)
        for y in np.arange(grid[1], grid[3] + 0.01, every):
            pen.line([(grid[0], y), (grid[2], y)], colour, 0.12)
    begin = grid[0] + sort.left_mm
    late = (seconds - sort.column_mm / 25) / 2
    for row in range(rows):
        base = grid[1] + 22 + row * sort.pitch_mm
        _pulse(pen, grid[0] + 3, base, sort)
        if row == len(sort.order):
            shown = (late, late + columns * sort.column_mm / 25)
            _trace(pen, (fs, mv[LEADS.index(sort.strip)]), shown, (begin, base), sort)
            pen.text(begin + 1, base - 16, sort.strip, sort.pen)
            continue
        for column, name in enumerate(sort.order[row]):
            left = begin + column * sort.column_mm
            first = seconds * column + late
            _trace(pen, (fs, mv[LEADS.index(name)]), (first, first + sort.column_mm / 25), (left, base), sort)
            pen.text(left + 1, base - 16, name, sort.pen)
    if sort.separators:
        for column in (1, 2, 3):
            x = begin + column * sort.column_mm
            pen.line([(x, grid[1] + 8), (x, grid[1] + 22 + 2 * sort.pitch_mm + 6)], sort.pen, 0.25)
    if sort.header:
        pen.text(14, 6, "ECG REPORT   ID 0000   Ward 7", sort.pen)
        pen.line([(12, 16), (grid[2], 16)], sort.pen, 0.6)
        pen.text(14, 20, "Diagnosis:", sort.pen)
        pen.text(14, grid[3] + 5, "25mm/s 10mm/mV 0.05-100Hz  HR 111", sort.pen)
    return np.asarray(image.resize((size[0] // FINER, size[1] // FINER), Image.Resampling.BOX))


@dataclass(frozen=True)
class _Pen:
    on: ImageDraw.ImageDraw
    px: float

    def line(self, points, colour, width_mm):
        scaled = [(x * self.px, y * self.px) for x, y in points]
        self.on.line(scaled, fill=colour, width=max(1, round(width_mm * self.px)), joint="curve")

    def text(self, x, y, words, colour):
        self.on.text((x * self.px, y * self.px), words, fill=colour, font=ImageFont.load_default(3.4 * self.px))


def _pulse(pen, x, base, sort):
    top, wide = base - sort.gain, sort.pulse_mm
    shape = [(x - 1, base), (x, base), (x, top), (x + wide, top), (x + wide, base), (x + wide + 1, base)]
    pen.line(shape, sort.pen, 0.3)


def _trace(pen, lead, seconds, corner, sort):
    fs, lead = lead
    times = np.arange(seconds[0], seconds[1], 1 / fs)
    values = np.interp(times, np.arange(len(lead)) / fs, lead)
    points = zip(corner[0] + (times - seconds[0]) * 25, corner[1] - values * sort.gain, strict=True)
    pen.line(list(points), sort.pen, 0.3)
