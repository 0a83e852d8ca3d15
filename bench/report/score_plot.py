"""The plots of a score: accuracy of every axis, confusion of superclasses, reliability."""

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.report.plot import (
    DANGER_COLOUR,
    GREY,
    INK,
    PRIOR_COLOUR,
    TEXT_COLOUR,
    VERMILION,
    WAVE_COLOUR,
    bin_intervals,
    letters_on,
    new_figure,
    percent_axis,
    without_frame,
    write_head,
    write_row,
    write_title,
)
from bench.report.table import difference, within
from bench.score.axis_score import AxisScore
from bench.score.probability import BINS, ProbabilityScore
from bench.score.proportion import clopper_pearson
from bench.score.result import Score
from bench.score.superclass import SuperclassScore
from taxonomy.danger import CRITICAL, DangerTable
from taxonomy.statement import SUPERCLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALE = 0.45
"""Opacity of a bar, on which an interval and a baseline can be seen at every length."""

VERDICT = 46
"""Letters in a line of a verdict."""


def axis_plot(score: Score, title: str = "") -> "Figure":
    """Return each axis's accuracy as a bar with the baseline across it, and its kappa, each with its interval.

    Numbers stand in columns of their own: on bars they were lost where a bar is short or pale.

    Parameters
    ----------
    score : Score
    title : str
        Who was scored on what; shortened to two lines.
    """
    found = [axis for axis in (*score.axes, score.ischemia, score.normality) if axis and axis.accuracy is not None]
    figure = new_figure(12.5, 0.56 * len(found) + 1.9)
    bars, shares, kappas, agreements = figure.subplots(1, 4, sharey=True, width_ratios=(1.1, 1.12, 0.95, 0.58))
    for y, axis in enumerate(found):
        _axis_bar(bars, y, axis)
        _axis_kappa(kappas, y, axis)
        minus = difference(axis.difference, axis.interval)
        write_row(shares, y, {0.0: _percents(axis.accuracy, axis.accuracy_interval), 0.52: minus})
        write_row(agreements, y, {0.0: _kappa_told(axis)})
    labels = [f"{axis.axis}  (n = {axis.n:,})\n{textwrap.fill(axis.verdict, VERDICT)}" for axis in found]
    bars.set_yticks(range(len(found)), labels, fontsize=8.5)
    bars.set_ylim(max(1, len(found)) - 0.45, -0.55)
    percent_axis(bars, "accuracy, 95%", high=1.02)
    kappas.axvline(0, color=PRIOR_COLOUR, linewidth=1)
    kappas.grid(axis="x", color="#dddddd", linewidth=0.6)
    lows = [axis.kappa_interval[0] for axis in found if axis.kappa_interval]
    kappas.set_xlim(min([-0.05, *(low - 0.05 for low in lows)]), 1.05)
    kappas.set_xlabel("kappa: agreement beyond chance, 95%")
    for plot in (bars, kappas):
        without_frame(plot)
        plot.set_axisbelow(True)
        plot.tick_params(axis="y", length=0)
    write_head(shares, {0.0: "accuracy [95%]", 0.52: "minus baseline [95%]"})
    write_head(agreements, {0.0: "kappa [95%]"})
    write_title(figure, title)
    figure.legend(handles=_marks(), loc="outside lower left", ncols=5, frameon=False, fontsize=8.5)
    return figure


def _percents(value: float | None, bounds: tuple[float, float] | None) -> str:
    """Return a share in percent with its interval, the sign said once."""
    if value is None:
        return "-"
    return f"{100 * value:.1f}%" + (f" [{100 * bounds[0]:.1f}, {100 * bounds[1]:.1f}]" if bounds else "")


def _kappa_told(axis: AxisScore) -> str:
    return "too few findings" if axis.kappa is None else within(axis.kappa, axis.kappa_interval, 2)


def _marks() -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Patch(color=TEXT_COLOUR, alpha=PALE, label="text-inferable"),
        Patch(color=WAVE_COLOUR, alpha=PALE, label="waveform-only"),
        Patch(color=GREY, alpha=PALE, label="by construction"),
        Line2D([], [], color=VERMILION, linewidth=2.5, label="majority baseline"),
        Line2D([], [], color=INK, linewidth=1.4, marker="|", markersize=7, label="95% interval"),
    ]


def _colour(axis: AxisScore) -> str:
    if axis.by_construction:
        return GREY
    return TEXT_COLOUR if axis.text_inferable else WAVE_COLOUR


def _axis_bar(plot: "Axes", y: int, axis: AxisScore) -> None:
    assert axis.accuracy is not None and axis.baseline is not None
    plot.barh(y, axis.accuracy, height=0.62, color=_colour(axis), alpha=PALE)
    plot.plot([axis.baseline, axis.baseline], [y - 0.42, y + 0.42], color=VERMILION, linewidth=2.5)
    _interval(plot, y, axis.accuracy_interval)


def _axis_kappa(plot: "Axes", y: int, axis: AxisScore) -> None:
    if axis.kappa is None:
        return
    _interval(plot, y, axis.kappa_interval)
    plot.plot(axis.kappa, y, color=_colour(axis), marker="o", markersize=7, linestyle="", clip_on=False)


def _interval(plot: "Axes", y: int, bounds: tuple[float, float] | None) -> None:
    if bounds:
        plot.plot(bounds, [y, y], color=INK, linewidth=1.4, marker="|", markersize=7, clip_on=False)


def confusion_plot(score: SuperclassScore, danger: DangerTable) -> "Figure":
    """Return the superclass confusion, each row in shares of its true class; cells of danger 3 are outlined in red.

    Each share has its exact interval, from the counts that a score keeps, over the ECGs of its class.
    """
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    counts = np.array(score.confusion)
    totals = counts.sum(axis=1)
    share = counts / np.maximum(totals[:, None], 1)
    figure = new_figure(8.4, 5.6)
    plot = figure.add_subplot()
    colours = colormaps["Blues"]
    plot.imshow(share, cmap=colours, vmin=0, vmax=1, aspect="auto")
    costs = danger.costs()
    for row, column in np.ndindex(counts.shape):
        shade = letters_on(colours(float(share[row, column])))
        said = _counted(int(counts[row, column]), int(totals[row]))
        plot.text(column, row, said, ha="center", va="center", fontsize=9, color=shade)
        if costs[row, column] >= CRITICAL:
            box = (column - 0.47, row - 0.46)
            plot.add_patch(Rectangle(box, 0.94, 0.92, fill=False, edgecolor=DANGER_COLOUR, linewidth=2.2))
    plot.set_xticks(range(6), [*SUPERCLASSES, "no answer"])
    plot.set_yticks(range(5), [f"{name}  (n = {n:,})" for name, n in zip(SUPERCLASSES, totals, strict=True)])
    plot.tick_params(length=0)
    plot.set_xlabel("answered")
    plot.set_ylabel("true")
    plot.set_title(
        "Superclass of the diagnosis: ECGs, and their share of the true class with its exact 95% interval\n"
        "red: danger 3",
        fontsize=9.5,
        loc="left",
    )
    return figure


def _counted(count: int, total: int) -> str:
    """Return the text of a cell: its ECGs, their share, and the interval of that; a class without an ECG has none."""
    if not total:
        return "0"
    low, high = clopper_pearson(count, total)
    return f"{count:,}\n{100 * count / total:.0f}%\n[{100 * low:.0f}, {100 * high:.0f}]"


def reliability_plot(score: ProbabilityScore) -> "Figure":
    """Return how often a superclass or statement is true against the probability that was given for it.

    The intervals are exact and over pairs, all that a score keeps of a bin: pairs of one record are not independent,
    so that they are too narrow rather than too wide, as the picture says.
    """
    figure = new_figure(6.2, 5.9)
    plot, pairs = figure.subplots(2, 1, sharex=True, height_ratios=(1, 0.07))
    plot.plot([0, 1], [0, 1], color="#aaaaaa", linewidth=1, linestyle="--")
    means, shares, counts = zip(*score.reliability, strict=True)
    for mean, bounds in zip(means, bin_intervals(score.reliability), strict=True):
        plot.plot([mean, mean], bounds, color=INK, linewidth=1.2, marker="_", markersize=7, clip_on=False)
    plot.plot(means, shares, color=WAVE_COLOUR, linewidth=1.5, clip_on=False)
    sizes = [12 + 160 * count / sum(counts) for count in counts]
    plot.scatter(means, shares, s=sizes, color=WAVE_COLOUR, zorder=3, clip_on=False)
    plot.set_xlim(0, 1)
    plot.set_ylim(0, 1)
    plot.set_xlabel("probability given")
    plot.set_ylabel("share that is true")
    plot.tick_params(labelbottom=True)
    pairs.set_axis_off()
    pairs.set_ylim(0, 1)
    for mean, count in zip(means, counts, strict=True):
        centre = (min(int(mean * BINS), BINS - 1) + 0.5) / BINS
        pairs.text(centre, 0.4, f"{count:,}", ha="center", va="center", fontsize=7.5, color=INK)
    said = "intervals: exact 95% over the pairs of a bin, as if those of one record were independent"
    title = f"Calibration error {score.calibration_error:.3f}; below: pairs of each bin\n{said}"
    plot.set_title(title, fontsize=9, loc="left")
    without_frame(plot)
    return figure
