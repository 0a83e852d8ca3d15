"""A record before and after a change, lead beside lead on calibrated paper, what was changed shaded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from renderers.explained import HALF_STANDARD, PRINT, TOO_NEAR_MM, ColourPage
from renderers.layout import Layout, columns_layout
from renderers.legend import BAR_HEIGHT_MM, BAR_MM, BAR_TOP_MM, TEXT_MM, Legend, bar_left_mm, foot, width_mm
from renderers.page import draw
from renderers.shade import CHANGED, depths, inked
from renderers.style import LEADS, PageStyle
from renderers.trace import on_page, overlap
from taxonomy.error import RenderError

SHOWN_S, BETWEEN_MM = 4.8, 10.0
"""Seconds that are shown of each lead, and the paper between the two sides."""

MOST_LEADS = 6
"""Leads for which a page has room."""

ROOMS_MM = (25.0, 25.0, 20.0)

BEFORE, AFTER = "before", "after"

SHADE = 0.8
"""Depth of what was changed."""


@dataclass(frozen=True, eq=False)
class Change:
    """A record before and after a change.

    Attributes
    ----------
    before, after : float32 array (12, n_samples) in mV
        In the order of ``LEADS``.
    fs : float
        Their sampling rate in Hz.
    changed : bool array (12, n_values)
        What was changed.
    changed_fs : float
        Its rate in Hz.
    title : str
        What was changed.
    notes : tuple of str
        Said below, such as the answers before and after.

    Raises
    ------
    taxonomy.error.RenderError
        When a shape is another, the two differ in theirs, or nothing was changed.
    """

    before: NDArray[np.float32]
    after: NDArray[np.float32]
    fs: float
    changed: NDArray[np.bool_]
    changed_fs: float
    title: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, values in (("the record", self.before), ("what was changed", self.changed)):
            if values.ndim != 2 or values.shape[0] != len(LEADS) or values.shape[1] < 2:
                raise RenderError(f"{name} must be (12, n_samples), not {values.shape}")
        if self.after.shape != self.before.shape:
            raise RenderError(
                f"the record has the shape {self.before.shape} before the change, {self.after.shape} after"
            )
        if not self.changed.any():
            raise RenderError("nothing was changed: there is no picture to draw")

    @property
    def leads(self) -> tuple[str, ...]:
        """The leads that were changed, in order."""
        return tuple(lead for lead, row in zip(LEADS, self.changed, strict=True) if row.any())

    @property
    def shown(self) -> tuple[str, ...]:
        """Those leads that changed most, as many as there is room for, in order."""
        moved = np.nan_to_num(np.abs(self.after - self.before)).sum(axis=1)
        most = sorted(self.leads, key=lambda lead: -float(moved[LEADS.index(lead)]))[:MOST_LEADS]
        return tuple(lead for lead in LEADS if lead in most)


def compared(change: Change, style: PageStyle | None = None) -> ColourPage:
    """Draw the leads that a change touches, before it on the left and after it on the right, over the same seconds.

    Parameters
    ----------
    change : Change
    style : PageStyle, optional
        By default that of print, at half its gain where rows would overlap by more than ``TOO_NEAR_MM``.
    """
    leads = change.shown
    samples = [side[LEADS.index(lead)] for lead in leads for side in (change.before, change.after)]
    style = style or _legible(leads, samples, change.fs)
    names = [f"{lead} {side}" for lead in leads for side in (BEFORE, AFTER)]
    image = draw(compared_layout(leads, style), np.stack(samples), change.fs, style, names)
    marks = [change.changed[LEADS.index(lead)].astype(np.float32) * SHADE for lead in leads for _ in (BEFORE, AFTER)]
    depth = depths(
        image.indices.shape,
        image.strips,
        [(trace, change.fs) for trace in samples],
        [(mark, change.changed_fs) for mark in marks],
        style,
    )
    page = inked(image.indices, depth, style, CHANGED)
    return ColourPage(np.concatenate([page, _foot(page.shape[1], change, style)]), style.px_per_mm, image.strips)


def compared_layout(leads: Sequence[str], style: PageStyle) -> Layout:
    """Return a row for each lead, with two columns of the same seconds."""
    names = [(f"{lead} {BEFORE}", f"{lead} {AFTER}") for lead in leads]
    layout = columns_layout(names, SHOWN_S, ROOMS_MM, style)
    strips = tuple(
        replace(strip, x_mm=strip.x_mm + number % 2 * BETWEEN_MM, start_s=0.0, end_s=SHOWN_S)
        for number, strip in enumerate(layout.strips)
    )
    return replace(layout, width_mm=layout.width_mm + BETWEEN_MM, strips=strips, separators=())


def _legible(leads: Sequence[str], samples: Sequence[NDArray[np.float32]], fs: float) -> PageStyle:
    layout = compared_layout(leads, PRINT)
    strips, lines = layout.strips, on_page(layout, samples, fs, PRINT).lines
    worst = max(overlap(strips[side::2], lines[side::2], PRINT.pen_mm) for side in (0, 1))
    return PRINT if worst <= TOO_NEAR_MM else replace(PRINT, mm_per_mv=PRINT.mm_per_mv * HALF_STANDARD)


def _foot(width: int, change: Change, style: PageStyle) -> NDArray[np.uint8]:
    rest = [lead for lead in change.leads if lead not in change.shown]
    others = (f"Changed too, and not shown: {', '.join(rest)}.",) if rest else ()
    left = bar_left_mm(width, style)
    label = "changed"
    place = left + (BAR_MM - width_mm(label, TEXT_MM)) / 2
    labels = [(label, place, BAR_TOP_MM + BAR_HEIGHT_MM + 3.4)]
    scale = np.full(2, SHADE, dtype=np.float64)
    return foot(width, Legend(change.title, (*change.notes, *others), labels, scale, CHANGED), style)
