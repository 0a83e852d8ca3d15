"""The plot of a contamination check: right answers on each kind of recording, axis by axis."""

from typing import TYPE_CHECKING

from bench.evidence.contamination import Contamination
from bench.evidence.drop import Drop
from bench.report.plot import GREY, INK, SKY, VERMILION, new_figure, percent_axis, without_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture


def contamination_plot(found: Contamination) -> "Picture":
    """Return the picture: one line for each axis, from the share on published records to those on the others."""
    shown = [one for one in found.copies if one.drop]
    phantoms = {one.axis: one for one in found.phantoms}
    figure = new_figure(9, 0.55 * len(shown) + 1.4)
    plot = figure.add_subplot()
    for y, one in enumerate(shown):
        _marks(plot, y, one, phantoms.get(one.axis))
    plot.set_yticks(range(len(shown)), [f"{one.axis}  (n = {one.drop.n if one.drop else 0})" for one in shown])
    plot.set_ylim(len(shown) - 0.5, -0.5)
    percent_axis(plot, "right answers; lines: 95% of the paired difference from the published records", -0.02, 1.02)
    without_frame(plot, "top", "right", "left")
    handles, labels = plot.get_legend_handles_labels()
    told = dict(zip(labels, handles, strict=True))
    figure.legend(told.values(), told.keys(), loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    return figure


def _interval(plot: "Axes", y: float, found: Drop, colour: str) -> None:
    """Draw the interval of the paired difference from the published records, which decides, around the other share."""
    if found.first is not None and found.drop and found.drop.interval:
        low, high = (min(1.0, max(0.0, found.first - bound)) for bound in reversed(found.drop.interval))
        plot.plot([low, high], [y, y], color=colour, linewidth=1.4, marker="|", markersize=7, zorder=2)


def _marks(plot: "Axes", y: int, one: Drop, fresh: Drop | None) -> None:
    published, copies = one.first or 0.0, one.second or 0.0
    _interval(plot, y - 0.18, one, VERMILION)
    plot.plot([published, copies], [y, y], color=GREY, linewidth=2, zorder=1)
    if fresh and fresh.second is not None:
        _interval(plot, y + 0.18, fresh, SKY)
        plot.scatter(fresh.second, y + 0.18, s=42, marker="^", color=SKY, label="phantoms of the same truth", zorder=2)
    plot.scatter(published, y, s=60, marker="o", color=INK, label="published records", zorder=2)
    plot.scatter(copies, y - 0.18, s=42, marker="D", color=VERMILION, label="their jittered copies", zorder=3)
