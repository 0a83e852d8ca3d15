"""The style of every plot; pyplot is not used, since it keeps global state."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.score.proportion import clopper_pearson
from bench.storage import whole_file
from renderers.ink import MM_PER_INCH, POINTS_PER_INCH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

ORANGE, BLUE, SKY, GREEN, VERMILION, PURPLE = "#e69f00", "#0072b2", "#56b4e9", "#009e73", "#d55e00", "#cc79a7"
"""Okabe and Ito's palette, which colour-blind people can tell apart."""

TEXT_COLOUR, WAVE_COLOUR, PRIOR_COLOUR = ORANGE, BLUE, "#444444"
INK, GREY, DANGER_COLOUR = "#222222", "#999999", "#d00000"

TITLE_POINTS, TITLE_MARGIN_MM = 11.0, 3.0
"""Size of a title's letters, and the space at either side of it."""

EVEN_LUMINANCE = 0.179
"""Relative luminance (WCAG 2.2) to which black and white have the same contrast."""

MORE = "..."
"""What stands for the rest of a title."""


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


def letters_on(colour: Sequence[float]) -> str:
    """Return black or white, whichever can be read on a colour (RGB from 0 to 1): its contrast is 4.5 or more."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if luminance >= EVEN_LUMINANCE else "white"


def band_key() -> "Patch":
    """Return what a legend says of the bands around curves."""
    from matplotlib.patches import Patch

    return Patch(color=GREY, alpha=0.35, linewidth=0, label="bands: 95%")


def bin_intervals(bins: Sequence[tuple[float, float, int]]) -> list[tuple[float, float]]:
    """Return the exact 95% interval of the share of positives of each bin of a calibration (mean, share, pairs)."""
    return [clopper_pearson(round(share * pairs), pairs) for _, share, pairs in bins]


def write_head(plot: "Axes", words: Mapping[float, str]) -> None:
    """Head the columns of a panel that holds numbers alone; ``words`` are by where they begin, 0 to 1."""
    plot.set_xlim(0, 1)
    plot.set_axis_off()
    for x, said in words.items():
        plot.text(x, 1.0, said, transform=plot.transAxes, va="bottom", fontsize=8.5, color=INK, fontweight="bold")


def write_row(plot: "Axes", y: float, words: Mapping[float, str]) -> None:
    """Write a row of such a panel."""
    for x, said in words.items():
        plot.text(x, y, said, va="center", fontsize=8.5, color=INK)


def write_title(figure: "Figure", title: str) -> None:
    """Write a title at the left, in two lines at most.

    A stranger's name is shown letter by letter: nothing in it is a formula, and no letter is one that the font lacks.
    """
    from renderers.legend import wrapped

    wide = figure.get_figwidth() * MM_PER_INCH - 2 * TITLE_MARGIN_MM
    lines = wrapped(title, wide, TITLE_POINTS / POINTS_PER_INCH * MM_PER_INCH)
    if lines:
        told = lines[:2] if len(lines) < 3 else [lines[0], f"{lines[1][: -len(MORE)].rstrip()}{MORE}"]
        left = TITLE_MARGIN_MM / MM_PER_INCH / figure.get_figwidth()
        figure.suptitle("\n".join(told), fontsize=TITLE_POINTS, x=left, ha="left", parse_math=False, color=INK)


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
