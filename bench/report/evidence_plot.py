"""The plot of an ablation: a line from prior to ceilings for each axis, with the accuracy in each condition."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.evidence.axis_evidence import AxisEvidence
from bench.report.plot import (
    BLUE,
    GREY,
    ORANGE,
    PRIOR_COLOUR,
    PURPLE,
    TEXT_COLOUR,
    VERMILION,
    WAVE_COLOUR,
    new_figure,
    percent_axis,
    without_frame,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = {
    "full": ("o", "#111111", "full"),
    "image-only": ("s", BLUE, "image only"),
    "text-only": ("s", ORANGE, "text only"),
    "blank-image": ("X", GREY, "blank image"),
    "wrong-image": ("v", VERMILION, "another patient's image"),
    "wrong-measurements": ("^", PURPLE, "another patient's numbers"),
}
"""Marker, colour (Okabe and Ito) and name of the conditions that are drawn."""

OFFSETS = dict(zip(MARKS, (0.0, -0.26, -0.13, 0.13, 0.26, 0.36), strict=True))
"""Vertical offset of each marker, so that none hides another."""


def evidence_plot(axes: Sequence[AxisEvidence]) -> "Figure":
    """Return the picture; ``full`` is drawn last, so that it lies on top where conditions agree."""
    shown = [axis for axis in axes if axis.n]
    figure = new_figure(9.5, 0.72 * len(shown) + 1.6)
    plot = figure.add_subplot()
    for y, axis in enumerate(shown):
        _line(plot, y, axis)
    plot.set_yticks(range(len(shown)), [f"{axis.axis}  (n = {axis.n})\n{axis.verdict}" for axis in shown], fontsize=8)
    plot.set_ylim(len(shown) - 0.4, -0.6)
    percent_axis(plot, "accuracy", -0.02, 1.02)
    without_frame(plot, "top", "right", "left")
    _legend(figure, shown)
    return figure


def _line(plot: "Axes", y: int, axis: AxisEvidence) -> None:
    ends = [value for value in (axis.prior, axis.text_ceiling, axis.image_ceiling) if value is not None]
    plot.plot([min(ends), max(ends)], [y, y], color="#bbbbbb", linewidth=4, solid_capstyle="round", zorder=1)
    for value, colour in (
        (axis.prior, PRIOR_COLOUR),
        (axis.text_ceiling, TEXT_COLOUR),
        (axis.image_ceiling, WAVE_COLOUR),
    ):
        if value is not None:
            plot.plot([value, value], [y - 0.3, y + 0.3], color=colour, linewidth=2.5, zorder=2)
    for name, (marker, colour, _) in reversed(MARKS.items()):
        if name in axis.accuracies:
            size = 60 if name == "full" else 42
            plot.scatter(
                axis.accuracies[name].value, y + OFFSETS[name], s=size, marker=marker, color=colour, alpha=0.9, zorder=3
            )


def _legend(figure: "Figure", axes: Sequence[AxisEvidence]) -> None:
    from matplotlib.lines import Line2D

    lines = [("prior", PRIOR_COLOUR), ("text ceiling", TEXT_COLOUR)]
    if any(axis.image_ceiling is not None for axis in axes):
        lines.append(("image ceiling", WAVE_COLOUR))
    handles = [Line2D([], [], color=colour, linewidth=2.5, label=name) for name, colour in lines]
    drawn = {name for axis in axes for name in axis.accuracies}
    handles += [
        Line2D([], [], color=colour, marker=marker, linestyle="", label=said)
        for name, (marker, colour, said) in MARKS.items()
        if name in drawn
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=5, frameon=False, fontsize=8)
