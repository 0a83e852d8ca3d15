"""The plots of the arms: their accuracies, and all against the majority with the verdict of the ablation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.evidence import verdict as words
from bench.experiment.result import ArmResult
from bench.report.plot import (
    BLUE,
    GREEN,
    ORANGE,
    PRIOR_COLOUR,
    PURPLE,
    SKY,
    VERMILION,
    new_figure,
    percent_axis,
    without_frame,
)
from bench.score.axis_score import AxisScore
from taxonomy.axis import AXES, NORMALITY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = {words.READS: "R", words.TRACE: "T", words.NUMBERS: "N", words.BOTH: "T N", words.REFUSES: "r",
         words.ELSEWHERE: "!", words.PRIOR: "0", words.SILENT: "-"}  # fmt: skip
"""Letters of the findings in a verdict; a verdict without any of them is a question mark."""

RANGE = 0.3
"""Difference from the majority at which the colour saturates."""


COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
"""Of the arms, in turn; arms beyond these have another marker too."""

MARKERS = "osD^vP"
"""Of the arms; each is used for as many as there are colours."""


def accuracy_plot(results: Sequence[ArmResult], arms: Sequence[str]) -> "Figure":
    """Return the accuracy of each arm on each axis with its 95% interval, beside the majority's.

    Parameters
    ----------
    results : sequence of ArmResult
    arms : sequence of str
        Their names in the legend.
    """
    names = [axis.name for axis in (*AXES, NORMALITY) if any(axis.name in one.accuracies for one in results)]
    figure = new_figure(8.5, (0.3 + 0.14 * len(results)) * len(names) + 1.1 + 0.22 * (len(results) // 3 + 1))
    plot = figure.add_subplot()
    step = 0.7 / max(1, len(results))
    for number, (result, arm) in enumerate(zip(results, arms, strict=True)):
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number // len(COLOURS) % len(MARKERS)]
        plot.scatter([], [], color=colour, marker=marker, s=30, label=arm)
        for row, name in enumerate(names):
            axis, y = result.accuracies.get(name), row + step * (number - (len(results) - 1) / 2)
            if axis is not None and axis.accuracy is not None:
                plot.plot(axis.accuracy_interval or (axis.accuracy, axis.accuracy), [y, y], color=colour, linewidth=1.2)
                plot.scatter(axis.accuracy, y, color=colour, marker=marker, s=30, zorder=3, clip_on=False)
    for row, name in enumerate(names):
        widest = max((one.accuracies[name] for one in results if name in one.accuracies), key=lambda axis: axis.n)
        plot.vlines(widest.baseline or 0.0, row - 0.42, row + 0.42, color=PRIOR_COLOUR, linewidth=1.6)
    plot.plot([], [], color=PRIOR_COLOUR, linewidth=1.6, label="majority")
    plot.set_yticks(range(len(names)), names, fontsize=8)
    plot.set_ylim(max(1, len(names)) - 0.5, -0.5)
    percent_axis(plot, "accuracy, 95%", high=1.01)
    without_frame(plot, "top", "right", "left")
    plot.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    return figure


def _points(axis: AxisScore) -> str:
    """Return the difference from the majority in points, and its interval below it."""
    low, high = axis.interval or (None, None)
    bounds = "" if low is None or high is None else f"\n[{100 * low:+.0f}, {100 * high:+.0f}]"
    return f"{100 * (axis.difference or 0.0):+.0f}{bounds}"


def side_by_side_plot(results: Sequence[ArmResult], arms: Sequence[str]) -> "Figure":
    """Return a grid of arms and axes: blue above the majority, orange below, grey where nothing was asked.

    Parameters
    ----------
    results : sequence of ArmResult
    arms : sequence of str
        Their names.
    """
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    names = [axis.name for axis in (*AXES, NORMALITY)]
    values = np.full((len(results), len(names)), np.nan)
    figure = new_figure(10.5, 0.62 * len(results) + 2.2)
    plot = figure.add_subplot()
    for row, result in enumerate(results):
        for axis in result.score.asked:
            column = names.index(axis.axis)
            values[row, column] = axis.difference or 0.0
            verdict = result.verdicts.get(axis.axis, "")
            said = " ".join(mark for finding, mark in MARKS.items() if finding in verdict) or ("?" if verdict else "")
            plot.text(column, row, f"{_points(axis)}\n{said}", ha="center", va="center", fontsize=7.5)
    colours = LinearSegmentedColormap.from_list("orange to blue", [ORANGE, "#ffffff", SKY])
    drawn = plot.imshow(values, cmap=colours, vmin=-RANGE, vmax=RANGE, aspect="auto")
    plot.set_facecolor("#ececec")
    plot.set_xticks(range(len(names)), [name.replace("_", "_\n") for name in names], fontsize=8)
    plot.set_yticks(range(len(results)), arms, fontsize=8)
    plot.set_xticks(np.arange(-0.5, len(names)), minor=True)
    plot.set_yticks(np.arange(-0.5, len(results)), minor=True)
    plot.grid(which="minor", color="white", linewidth=2)
    plot.tick_params(which="both", length=0)
    without_frame(plot, "top", "right", "bottom", "left")
    bar = figure.colorbar(drawn, ax=plot, fraction=0.03, pad=0.01, ticks=[-RANGE, 0, RANGE])
    bar.ax.set_yticklabels([f"{100 * tick:+.0f}" for tick in (-RANGE, 0, RANGE)], fontsize=7.5)
    bar.set_label("points above the majority [95%]", fontsize=8)
    figure.supxlabel(
        "R can read it; T follows the trace, N the numbers, r refuses when they disagree; ! answers from elsewhere; "
        "0 recites the prior; - gives no answer; ? cannot tell; grey: not asked",
        fontsize=8,
    )
    return figure
