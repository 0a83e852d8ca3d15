"""The style of every plot; pyplot is not used, since it keeps global state."""

from pathlib import Path
from typing import TYPE_CHECKING

from bench.storage import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ORANGE, BLUE, SKY, GREEN, VERMILION, PURPLE = "#e69f00", "#0072b2", "#56b4e9", "#009e73", "#d55e00", "#cc79a7"
"""Okabe and Ito's palette, which colour-blind people can tell apart."""

TEXT_COLOUR, WAVE_COLOUR, PRIOR_COLOUR = ORANGE, BLUE, "#444444"
INK, GREY, DANGER_COLOUR = "#222222", "#999999", "#d00000"


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of that size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def without_frame(plot: "Axes", *sides: str) -> None:
    """Remove the frame at these sides, by default the top and the right."""
    plot.spines[[*(sides or ("top", "right"))]].set_visible(False)


def percent_axis(plot: "Axes", label: str, low: float = 0.0, high: float = 1.0) -> None:
    """Label the horizontal axis in percent, with light grid lines."""
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    plot.set_xlim(low, high)
    plot.set_xticks(ticks, [f"{100 * tick:.0f}%" for tick in ticks])
    plot.set_xlabel(label)
    plot.grid(axis="x", color="#dddddd", linewidth=0.6)
    plot.set_axisbelow(True)


def save(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG, into a folder that is made where it is missing.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    with whole_file(path) as part:
        figure.savefig(part, dpi=120)
