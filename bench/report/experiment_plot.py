"""The plot of all arms: difference from the majority on each axis, with the verdict of the ablation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.evidence import verdict as words
from bench.experiment.result import ArmResult
from bench.report.plot import ORANGE, SKY, new_figure, without_frame
from taxonomy.axis import AXES, NORMALITY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = {words.READS: "R", words.TRACE: "T", words.NUMBERS: "N", words.BOTH: "T N", words.REFUSES: "r",
         words.ELSEWHERE: "!", words.PRIOR: "0", words.SILENT: "-"}  # fmt: skip
"""Letters of the findings in a verdict; a verdict without any of them is a question mark."""

RANGE = 0.3
"""Difference from the majority at which the colour saturates."""


def side_by_side_plot(results: Sequence[ArmResult]) -> "Figure":
    """Return a grid of arms and axes: blue above the majority, orange below, empty where nothing was asked."""
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    names = [axis.name for axis in (*AXES, NORMALITY)]
    values = np.full((len(results), len(names)), np.nan)
    figure = new_figure(10.5, 0.5 * len(results) + 2.2)
    plot = figure.add_subplot()
    for row, result in enumerate(results):
        for axis in result.score.asked:
            column = names.index(axis.axis)
            values[row, column] = axis.difference or 0.0
            verdict = result.verdicts.get(axis.axis, "")
            said = " ".join(mark for finding, mark in MARKS.items() if finding in verdict) or ("?" if verdict else "")
            plot.text(column, row, f"{100 * values[row, column]:+.0f}\n{said}", ha="center", va="center", fontsize=7.5)
    colours = LinearSegmentedColormap.from_list("orange to blue", [ORANGE, "#ffffff", SKY])
    drawn = plot.imshow(values, cmap=colours, vmin=-RANGE, vmax=RANGE, aspect="auto")
    plot.set_facecolor("#ececec")
    plot.set_xticks(range(len(names)), names, rotation=25, ha="right", fontsize=8)
    plot.set_yticks(range(len(results)), [f"{one.experiment}: {one.arm}" for one in results], fontsize=8)
    plot.set_xticks(np.arange(-0.5, len(names)), minor=True)
    plot.set_yticks(np.arange(-0.5, len(results)), minor=True)
    plot.grid(which="minor", color="white", linewidth=2)
    plot.tick_params(which="both", length=0)
    without_frame(plot, "top", "right", "bottom", "left")
    bar = figure.colorbar(drawn, ax=plot, fraction=0.03, pad=0.01, ticks=[-RANGE, 0, RANGE])
    bar.ax.set_yticklabels([f"{100 * tick:+.0f}" for tick in (-RANGE, 0, RANGE)], fontsize=7.5)
    bar.set_label("points above the majority", fontsize=8)
    figure.supxlabel(
        "R can read it; T follows the trace, N the numbers, r refuses when they disagree; ! answers from elsewhere; "
        "0 recites the prior; - gives no answer; ? cannot tell; grey: not asked",
        fontsize=8,
    )
    return figure
