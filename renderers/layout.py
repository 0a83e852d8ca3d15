"""The layout of a page in millimetres: its size, and the position of every trace."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renderers.image import Strip
from renderers.style import PageStyle

GRID_MM = 5.0
"""Spacing of the darker grid lines, on which baselines lie."""

LEFT_MM, RIGHT_MM = 10.0, 5.0
"""Margins beside the traces."""

EDGE_MM, FOOT_MM = 1.0, 6.0
"""Paper above the tallest trace, and the foot of the page, which holds the scale and no trace."""

USUAL_MM_PER_MV = 10.0


@dataclass(frozen=True)
class Layout:
    """The parts of a page that do not depend on the trace.

    A renderer has one layout for all records of a style. A page that grew with the amplitude told hypertrophy by its
    height alone (AUROC 0.89), and rows that moved with it would tell what a masked lead held: a renderer is given NaN
    in its place and cannot keep the room that it took. Traces that need more room are drawn over their neighbours.

    Attributes
    ----------
    width_mm, height_mm : float
        Size of the page.
    strips : tuple of Strip
        Position of each trace.
    pulses : tuple of float
        Baselines, in mm from the top, that begin with a calibration pulse.
    separators : tuple of (float, float)
        x and baseline of each line between two columns.
    grid : bool
        Whether the millimetre grid is drawn.
    """

    width_mm: float
    height_mm: float
    strips: tuple[Strip, ...]
    pulses: tuple[float, ...]
    separators: tuple[tuple[float, float], ...]
    grid: bool

    @property
    def room_mm(self) -> tuple[float, float]:
        """The highest and the lowest point that a trace may reach, in mm from the top."""
        return EDGE_MM, self.height_mm - FOOT_MM


def room(usual_mm: float, style: PageStyle) -> float:
    """Return the room in mm, a multiple of 5, that holds at the style's gain what ``usual_mm`` hold at 10 mm/mV."""
    gain = max(1.0, style.mm_per_mv / USUAL_MM_PER_MV)
    return float(GRID_MM * np.ceil(usual_mm * gain / GRID_MM - 1e-9))


def columns_layout(
    rows: Sequence[Sequence[str]],
    column_s: float,
    rooms_mm: tuple[float, float, float],
    style: PageStyle,
    rhythm: str | None = None,
) -> Layout:
    """Return rows of leads in columns of time, each column going on where the one before it ends.

    Parameters
    ----------
    rows : sequence of sequence of str
        Names of each row, as many as there are columns.
    column_s : float
        Seconds of a column.
    rooms_mm : (float, float, float)
        Room above the first baseline, between two, and below the last, at 10 mm/mV; every baseline lies on a 5 mm line.
    style : PageStyle
    rhythm : str, optional
        Lead of a strip over all columns below the rows.
    """
    top, pitch, bottom = (room(part, style) for part in rooms_mm)
    columns, column_mm = len(rows[0]), column_s * style.mm_per_s
    baselines = [top + row * pitch for row in range(len(rows) + (rhythm is not None))]
    strips = [
        Strip(lead, LEFT_MM + column * column_mm, baselines[row], column * column_s, (column + 1) * column_s)
        for row, names in enumerate(rows)
        for column, lead in enumerate(names)
    ]
    if rhythm is not None:
        strips.append(Strip(rhythm, LEFT_MM, baselines[-1], 0.0, columns * column_s))
    return Layout(
        width_mm=LEFT_MM + columns * column_mm + RIGHT_MM,
        height_mm=baselines[-1] + bottom,
        strips=tuple(strips),
        pulses=tuple(baselines),
        separators=tuple((strip.x_mm, strip.baseline_mm) for strip in strips if strip.start_s > 0),
        grid=True,
    )
