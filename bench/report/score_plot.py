"""The plots of a score: accuracy of every axis, confusion of superclasses, reliability."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.report.plot import (
    DANGER_COLOUR,
    GREY,
    INK,
    PRIOR_COLOUR,
    TEXT_COLOUR,
    WAVE_COLOUR,
    new_figure,
    percent_axis,
    without_frame,
)
from bench.score.axis_score import AxisScore
from bench.score.probability import ProbabilityScore
from bench.score.result import Score
from bench.score.superclass import SuperclassScore
from taxonomy.danger import CRITICAL, DangerTable
from taxonomy.statement import SUPERCLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def axis_plot(score: Score) -> "Figure":
    """Return each axis's accuracy as a bar with the baseline across it, and its kappa with the interval beside it."""
    found = [axis for axis in (*score.axes, score.ischemia, score.normality) if axis and axis.accuracy is not None]
    figure = new_figure(11.5, 0.56 * len(found) + 1.5)
    bars, kappas = figure.subplots(1, 2, sharey=True, width_ratios=(1.25, 1))
    for y, axis in enumerate(found):
        _axis_bar(bars, y, axis)
        _axis_kappa(kappas, y, axis)
    bars.set_yticks(range(len(found)), [f"{axis.axis}  (n = {axis.n})\n{axis.verdict}" for axis in found], fontsize=8)
    bars.invert_yaxis()
    percent_axis(bars, "accuracy")
    kappas.axvline(0, color=PRIOR_COLOUR, linewidth=1)
    kappas.grid(axis="x", color="#dddddd", linewidth=0.6)
    kappas.set_xlabel("kappa: agreement beyond chance")
    for plot in (bars, kappas):
        without_frame(plot)
    figure.legend(handles=_marks(), loc="outside upper left", ncols=5, frameon=False, fontsize=8)
    return figure


def _marks() -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Patch(color=TEXT_COLOUR, label="text-inferable"),
        Patch(color=WAVE_COLOUR, label="waveform-only"),
        Patch(color=GREY, label="by construction"),
        Line2D([], [], color=PRIOR_COLOUR, linewidth=2.5, label="majority baseline"),
        Line2D([], [], color=INK, linewidth=1.2, label="95% (left: of the difference from the baseline)"),
    ]


def _colour(axis: AxisScore) -> str:
    if axis.by_construction:
        return GREY
    return TEXT_COLOUR if axis.text_inferable else WAVE_COLOUR


def _axis_bar(plot: "Axes", y: int, axis: AxisScore) -> None:
    assert axis.accuracy is not None and axis.baseline is not None
    plot.barh(y, axis.accuracy, height=0.62, color=_colour(axis), alpha=0.85)
    plot.plot([axis.baseline, axis.baseline], [y - 0.42, y + 0.42], color=PRIOR_COLOUR, linewidth=2.5)
    if axis.interval:
        low, high = (min(1.0, max(0.0, axis.baseline + bound)) for bound in axis.interval)
        plot.plot([low, high], [y, y], color=INK, linewidth=1.2, marker="|", markersize=7)
    plot.text(0.012, y, f"{100 * axis.accuracy:.0f}%", va="center", fontsize=8, color="white")


def _axis_kappa(plot: "Axes", y: int, axis: AxisScore) -> None:
    if axis.kappa is None:
        plot.text(0.02, y, "too few findings", va="center", fontsize=8, color=GREY)
        return
    if axis.kappa_interval:
        plot.plot(axis.kappa_interval, [y, y], color=INK, linewidth=1.2, marker="|", markersize=7)
    plot.plot(axis.kappa, y, color=_colour(axis), marker="o", markersize=7, linestyle="")


def confusion_plot(score: SuperclassScore, danger: DangerTable) -> "Figure":
    """Return the superclass confusion, each row in shares of its true class; cells of danger 3 are outlined in red."""
    from matplotlib.patches import Rectangle

    counts = np.array(score.confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = new_figure(6.4, 4.8)
    plot = figure.add_subplot()
    plot.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    costs = danger.costs()
    for row, column in np.ndindex(counts.shape):
        shade = "white" if share[row, column] > 0.55 else INK
        said = f"{counts[row, column]}\n{100 * share[row, column]:.0f}%" if counts[row, column] else "0"
        plot.text(column, row, said, ha="center", va="center", fontsize=9, color=shade)
        if costs[row, column] >= CRITICAL:
            box = (column - 0.47, row - 0.46)
            plot.add_patch(Rectangle(box, 0.94, 0.92, fill=False, edgecolor=DANGER_COLOUR, linewidth=2.2))
    plot.set_xticks(range(6), [*SUPERCLASSES, "no answer"])
    plot.set_yticks(range(5), [f"{name}  (n = {n})" for name, n in zip(SUPERCLASSES, counts.sum(axis=1), strict=True)])
    plot.set_xlabel("answered")
    plot.set_ylabel("true")
    plot.set_title("Superclass of the diagnosis; red: danger 3", fontsize=10, loc="left")
    return figure


def reliability_plot(score: ProbabilityScore) -> "Figure":
    """Return how often a superclass or statement is true against the probability that was given for it."""
    figure = new_figure(4.6, 4.4)
    plot = figure.add_subplot()
    plot.plot([0, 1], [0, 1], color="#aaaaaa", linewidth=1, linestyle="--")
    means, shares, counts = (np.array(column) for column in zip(*score.reliability, strict=True))
    plot.plot(means, shares, color=WAVE_COLOUR, linewidth=1.5)
    plot.scatter(means, shares, s=12 + 160 * counts / counts.sum(), color=WAVE_COLOUR, zorder=3)
    for mean, share, count in zip(means, shares, counts, strict=True):
        plot.annotate(str(count), (mean, share), textcoords="offset points", xytext=(6, -10), fontsize=7)
    plot.set_xlim(0, 1)
    plot.set_ylim(0, 1)
    plot.set_xlabel("probability given")
    plot.set_ylabel("share that is true")
    plot.set_title(f"Calibration error {score.calibration_error:.3f}; numbers: pairs", fontsize=10, loc="left")
    without_frame(plot)
    return figure
