"""The printed page: 3 rows x 4 columns of 2.5 s, a rhythm strip of lead II, and the millimetre grid."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.image import EcgImage, Strip
from renderers.page import LEFT_MM, RIGHT_MM, Layout, draw, overlap, polyline
from renderers.style import LEADS, PageStyle

ROWS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
RHYTHM_LEAD = "II"
COLUMN_S = 2.5
TOP_MM, BOTTOM_MM = 35.0, 30.0
PITCHES_MM = (40.0, 45.0, 50.0, 60.0)
"""Row pitches, tried in this order until no trace reaches the row below."""


class Printed:
    """The page of an electrocardiograph."""

    name = "printed"
    description = "3 x 4 leads of 2.5 s with a rhythm strip on millimetre paper, as printed"

    def render(self, signal: NDArray[np.float32], fs: float, style: PageStyle) -> tuple[EcgImage, ...]:
        """Return the page of a record; ``signal`` is float32 (12, n_samples) in mV."""
        return (draw(fitting_layout(signal, fs, style), signal, fs, style, LEADS),)


def fitting_layout(signal: NDArray[np.float32], fs: float, style: PageStyle) -> Layout:
    """Return the 3 x 4 layout with the smallest row pitch that keeps rows apart, else the largest."""
    for pitch in PITCHES_MM:
        layout = layout_at(pitch, style)
        lines = [polyline(strip, signal[LEADS.index(strip.lead)], fs, style) for strip in layout.strips]
        if overlap(layout.strips, lines) == 0:
            return layout
    return layout


@lru_cache(maxsize=16)
def layout_at(pitch_mm: float, style: PageStyle) -> Layout:
    """Return the 3 x 4 layout with that row pitch; every baseline lies on a 5 mm line."""
    column_mm = COLUMN_S * style.mm_per_s
    baselines = [TOP_MM + row * pitch_mm for row in range(len(ROWS) + 1)]
    strips = [
        Strip(lead, LEFT_MM + column * column_mm, baselines[row], column * COLUMN_S, (column + 1) * COLUMN_S)
        for row, names in enumerate(ROWS)
        for column, lead in enumerate(names)
    ]
    strips.append(Strip(RHYTHM_LEAD, LEFT_MM, baselines[-1], 0.0, 4 * COLUMN_S))
    return Layout(
        width_mm=LEFT_MM + 4 * column_mm + RIGHT_MM,
        height_mm=baselines[-1] + BOTTOM_MM,
        strips=tuple(strips),
        pulses=tuple(baselines),
        separators=tuple((strip.x_mm, strip.baseline_mm) for strip in strips if strip.start_s > 0),
        grid=True,
    )
