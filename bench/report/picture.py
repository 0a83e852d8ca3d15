"""The pictures of a report, drawn without pyplot so that nothing global is touched."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.score.axis import AxisScore
from bench.score.probability import ProbabilityScore
from bench.score.result import Score
from bench.score.superclass import SuperclassScore
from taxonomy.danger import CRITICAL, DangerTable
from taxonomy.error import RunError
from taxonomy.statement import SUPERCLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEXT_COLOUR, WAVE_COLOUR = "#e69f00", "#0072b2"
"""Okabe and Ito's orange and blue, told apart by colour-blind people too."""

PRIOR_COLOUR, INK, DANGER_COLOUR = "#444444", "#222222", "#d00000"


def axis_picture(score: Score) -> "Figure":
    """Return the accuracy of every axis as a bar with its interval, and the baseline as a line across it."""
    from matplotlib.figure import Figure

    axes = [axis for axis in score.axes if axis.accuracy is not None]
    figure = Figure(figsize=(8.5, 0.52 * len(axes) + 1.5), layout="constrained")
    plot = figure.add_subplot()
    for y, axis in enumerate(axes):
        _axis_bar(plot, y, axis)
    plot.set_yticks(range(len(axes)), [f"{axis.axis}  (n = {axis.n})" for axis in axes])
    plot.invert_yaxis()
    plot.set_xlim(0, 1.0)
    plot.set_xticks(np.linspace(0, 1, 6), [f"{100 * share:.0f}%" for share in np.linspace(0, 1, 6)])
    plot.set_xlabel("accuracy")
    plot.grid(axis="x", color="#dddddd", linewidth=0.6)
    plot.set_axisbelow(True)
    _plain(plot)
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [
        Patch(color=TEXT_COLOUR, label="text-inferable"),
        Patch(color=WAVE_COLOUR, label="waveform-only"),
        Line2D([], [], color=PRIOR_COLOUR, linewidth=2.5, label="majority baseline"),
        Line2D([], [], color=INK, linewidth=1.2, label="95% of the difference from it"),
    ]
    figure.legend(handles=marks, loc="outside upper left", ncols=4, frameon=False, fontsize=8)
    return figure


def _axis_bar(plot: "Axes", y: int, axis: AxisScore) -> None:
    assert axis.accuracy is not None and axis.baseline is not None
    colour = TEXT_COLOUR if axis.text_inferable else WAVE_COLOUR
    plot.barh(y, axis.accuracy, height=0.62, color=colour, alpha=0.85)
    plot.plot([axis.baseline, axis.baseline], [y - 0.42, y + 0.42], color=PRIOR_COLOUR, linewidth=2.5)
    if axis.interval:
        low, high = (min(1.0, max(0.0, axis.baseline + bound)) for bound in axis.interval)
        plot.plot([low, high], [y, y], color=INK, linewidth=1.2, marker="|", markersize=7)
    plot.text(0.012, y, f"{100 * axis.accuracy:.0f}%  {axis.verdict}", va="center", fontsize=8, color="white")


def confusion_picture(score: SuperclassScore, danger: DangerTable) -> "Figure":
    """Return the superclass confusion, each row in shares of its true class; cells of danger 3 are outlined in red."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    counts = np.array(score.confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
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


def reliability_picture(score: ProbabilityScore) -> "Figure":
    """Return how often a superclass is true against the probability that was given for it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
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
    _plain(plot)
    return figure


def save(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG, into a folder that is made where it is missing.

    Raises
    ------
    taxonomy.error.RunError
        When the folder cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise RunError(f"{path.parent} cannot be written: {error.strerror}") from error


def _plain(plot: "Axes") -> None:
    for side in ("top", "right"):
        plot.spines[side].set_visible(False)
