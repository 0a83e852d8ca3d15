"""The plot of an ablation: a line from prior to ceilings for each axis, with the accuracy in each condition."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.evidence.axis_evidence import AxisEvidence
from bench.evidence.figure import Figure
from bench.report.plot import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PRIOR_COLOUR,
    PURPLE,
    SKY,
    TEXT_COLOUR,
    VERMILION,
    WAVE_COLOUR,
    new_figure,
    percent_axis,
    without_frame,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

NUMBERS = "crossed, numbers"

MARKS = {
    "full": ("o", INK, "full", 0.0),
    "image-only": ("s", BLUE, "image only", -0.2),
    "text-only": ("s", ORANGE, "text only", -0.1),
    "crossed": ("^", VERMILION, "crossed: truth of the image", 0.1),
    NUMBERS: ("v", PURPLE, "crossed: truth of the numbers", 0.2),
    "blank-image": ("X", GREY, "blank image", -0.3),
    "nothing": ("P", GREY, "nothing shown", 0.3),
    "jittered": ("D", GREEN, "jittered", 0.27),
    "lead-mask": ("*", SKY, "leads masked", -0.27),
}
"""Marker, colour (Okabe and Ito), name and vertical offset, so that none hides another, of what is drawn."""

LINE = 46
"""Letters in a line of a verdict."""


def evidence_plot(axes: Sequence[AxisEvidence], serves: Mapping[str, str | None]) -> "Picture":
    """Return the picture; ``full`` is drawn last, so that it lies on top where conditions agree.

    Parameters
    ----------
    axes : sequence of AxisEvidence
    serves : mapping of str to str or None
        For each condition, the condition whose answers were used: only those that were asked are drawn.
    """
    asked = {name for name, used in serves.items() if name == used}
    shown = [
        replace(axis, accuracies={name: found for name, found in axis.accuracies.items() if name in asked})
        for axis in axes
        if axis.n
    ]
    figure = new_figure(10.5, 0.85 * len(shown) + 1.7)
    plot = figure.add_subplot()
    for y, axis in enumerate(shown):
        _line(plot, y, axis)
    plot.set_yticks(range(len(shown)), [_label(axis) for axis in shown], fontsize=8)
    plot.set_ylim(len(shown) - 0.4, -0.6)
    percent_axis(plot, "accuracy, 95% (prior and ceilings: no interval)", -0.02, 1.02)
    without_frame(plot, "top", "right", "left")
    _legend(figure, shown)
    return figure


def _label(axis: AxisEvidence) -> str:
    return f"{axis.axis}  (n = {axis.n})\n" + textwrap.fill(axis.verdict, LINE)


def _drawn(axis: AxisEvidence) -> Iterator[tuple[str, Figure]]:
    """Yield what is drawn of an axis, ``full`` last."""
    found = {**axis.accuracies} | ({NUMBERS: axis.crossed_numbers} if axis.crossed_numbers else {})
    yield from ((name, found[name]) for name in reversed(MARKS) if name in found)


def _line(plot: "Axes", y: int, axis: AxisEvidence) -> None:
    ends = [value for value in (axis.prior, axis.text_ceiling, axis.image_ceiling) if value is not None]
    plot.plot([min(ends), max(ends)], [y, y], color="#bbbbbb", linewidth=4, solid_capstyle="round", zorder=1)
    for value, colour in (
        (axis.prior, PRIOR_COLOUR),
        (axis.text_ceiling, TEXT_COLOUR),
        (axis.image_ceiling, WAVE_COLOUR),
    ):
        if value is not None:
            plot.plot([value, value], [y - 0.36, y + 0.36], color=colour, linewidth=2.5, zorder=2)
    for name, found in _drawn(axis):
        marker, colour, _, offset = MARKS[name]
        size = 60 if name == "full" else 42
        if found.interval:
            plot.plot(found.interval, [y + offset, y + offset], color=colour, linewidth=1.2, alpha=0.9, zorder=2.5)
        plot.scatter(found.value, y + offset, s=size, marker=marker, color=colour, alpha=0.9, zorder=3)


def _legend(figure: "Picture", axes: Sequence[AxisEvidence]) -> None:
    from matplotlib.lines import Line2D

    lines = [("prior", PRIOR_COLOUR), ("text ceiling", TEXT_COLOUR)]
    if any(axis.image_ceiling is not None for axis in axes):
        lines.append(("image ceiling", WAVE_COLOUR))
    handles = [Line2D([], [], color=colour, linewidth=2.5, label=name) for name, colour in lines]
    drawn = {name for axis in axes for name, _ in _drawn(axis)}
    handles += [
        Line2D([], [], color=colour, marker=marker, linestyle="", label=said)
        for name, (marker, colour, said, _) in MARKS.items()
        if name in drawn
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=5, frameon=False, fontsize=8)
