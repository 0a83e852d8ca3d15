"""The pictures of a domain study: areas by domain and by class, drops, rare against common classes, calibration."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.domains.domain import HELD_OUT, INTRA, ZERO_SHOT
from bench.domains.domain_class import domain_classes
from bench.domains.paired import CLASS
from bench.domains.result import POOLED, Cell, DomainStudy, Figure
from bench.report.plot import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PRIOR_COLOUR,
    PURPLE,
    SKY,
    VERMILION,
    bin_intervals,
    new_figure,
    without_frame,
)
from bench.report.table import quoted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, INK, GREY)
MARKERS: Mapping[str, str] = {INTRA: "o", HELD_OUT: "s", ZERO_SHOT: "^"}
MORE_MARKERS = "osD^vPX*"
RARE, COMMON = (VERMILION, "o"), (BLUE, "s")
LONGEST = 28
"""Letters of a name in a picture."""

FEWEST_PAIRS = 10
"""Pairs of a record and a class below which a bin of the calibration is not drawn."""


def label(name: str) -> str:
    """Return a name as matplotlib draws it: letter by letter, a question mark for one that its font has not."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))
    drawn = "".join(one if font.get_char_index(ord(one)) else "?" for one in quoted(name, LONGEST))
    shown = drawn.replace("\\", "\\\\").replace("$", r"\$")
    # Of a name that begins with an underscore a legend says nothing.
    return f" {shown}" if shown.startswith("_") else shown


def auroc_plot(study: DomainStudy) -> "Picture | None":
    """Return the mean area of every arm and protocol by domain; None where there is no area."""
    names = [name for name in _domains(study) if any(cell.auroc.value is not None for cell in _cells(study, name))]
    if not names:
        return None
    rows = [(label(name), {_series(cell): cell.auroc for cell in _cells(study, name)}) for name in names]
    return _areas(study, rows, "mean AUROC over the classes, 95%")


def class_plot(study: DomainStudy) -> "Picture | None":
    """Return the area of every class over all domains as one, or over the only one; None where there is no area."""
    name = POOLED if _cells(study, POOLED) else _domains(study)[0]
    rows: dict[str, dict[str, Figure]] = {}
    for cell in _cells(study, name):
        for one in cell.classes:
            if one.auroc.value is not None:
                rows.setdefault(f"{one.name}  ({one.positives:,})", {})[_series(cell)] = one.auroc
    return _areas(study, list(rows.items()), f"AUROC of a class (positives), {label(name)}, 95%") if rows else None


def _areas(study: DomainStudy, rows: Sequence[tuple[str, Mapping[str, Figure]]], said: str) -> "Picture":
    series = list(dict.fromkeys(name for _, found in rows for name in found))
    figure = new_figure(9, (0.22 + 0.13 * len(series)) * len(rows) + 1.3)
    plot = figure.add_subplot()
    step = 0.7 / max(1, len(series))
    for number, name in enumerate(series):
        colour, marker = _style(study, name)
        plot.scatter([], [], color=colour, marker=marker, s=28, label=label_of_series(name))
        for row, (_, found) in enumerate(rows):
            if name in found:
                _point(plot, found[name], row + step * (number - (len(series) - 1) / 2), (colour, marker))
    plot.axvline(0.5, color=PRIOR_COLOUR, linewidth=1)
    _finish(plot, [name for name, _ in rows], said)
    plot.set_xlim(right=1.005)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    return figure


def drop_plot(study: DomainStudy) -> "Picture | None":
    """Return the drop of every class by domain, a panel for each arm; None without a drop."""
    panels = {
        arm: {
            one.domain: {
                change.name: (change.drop, change.says)
                for change in one.changes
                if change.kind == CLASS and change.drop.value is not None
            }
            for one in study.drops
            if one.arm == arm
        }
        for arm in study.arms
    }
    panels = {arm: found for arm, found in panels.items() if any(found.values())}
    if not panels:
        return None
    held = {name for found in panels.values() for own in found.values() for name in own}
    classes = [one.name for one in domain_classes() if one.name in held]
    domains = list(dict.fromkeys(name for found in panels.values() for name in found if found[name]))
    figure = new_figure(4.2 + 3.6 * len(panels), (0.24 + 0.12 * len(domains)) * len(classes) + 1.5)
    plots = figure.subplots(1, len(panels), sharey=True, sharex=True, squeeze=False)[0]
    step = 0.75 / max(1, len(domains))
    for plot, (arm, found) in zip(plots, panels.items(), strict=True):
        for number, name in enumerate(domains):
            colour, marker = _nth(number)
            for row, known in enumerate(classes):
                if known in found.get(name, {}):
                    drop, says = found[name][known]
                    _point(plot, drop, row + step * (number - (len(domains) - 1) / 2), (colour, marker), says)
        plot.axvline(0, color=PRIOR_COLOUR, linewidth=1)
        plot.set_title(label(arm), fontsize=9)
        _finish(plot, classes, "drop in AUROC, intra-source minus leave-one-out, 95%")
    for number, name in enumerate(domains):
        colour, marker = _nth(number)
        plots[0].scatter([], [], color=colour, marker=marker, s=28, label=label(name))
    plots[0].scatter([], [], facecolors="none", edgecolors=INK, s=28, label="open: no drop shown")
    figure.legend(loc="outside upper left", ncols=4, frameon=False, fontsize=8)
    return figure


def rare_plot(study: DomainStudy) -> "Picture | None":
    """Return the mean drop of rare and of common classes by arm and domain; None where there are none."""
    held = [(one, one.groups) for one in study.drops if one.groups is not None]
    if not held:
        return None
    figure = new_figure(8, 0.5 * len(held) + 1.4)
    plot = figure.add_subplot()
    for row, (_, groups) in enumerate(held):
        _point(plot, groups.rare_drop, row - 0.15, RARE)
        _point(plot, groups.common_drop, row + 0.15, COMMON)
    for (colour, marker), said in ((RARE, "rarer half of the classes"), (COMMON, "commoner half")):
        plot.scatter([], [], color=colour, marker=marker, s=28, label=said)
    plot.axvline(0, color=PRIOR_COLOUR, linewidth=1)
    rows = [label(one.domain) if len(study.arms) == 1 else f"{label(one.arm)}: {label(one.domain)}" for one, _ in held]
    _finish(plot, rows, "mean drop in AUROC, intra-source minus leave-one-out, 95%")
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=8)
    return figure


def calibration_plot(study: DomainStudy) -> "Picture | None":
    """Return probability against share of positives, a panel for each domain; None without probabilities."""
    shown = [name for name in _domains(study) if any(_bins(cell) for cell in _cells(study, name))]
    if not shown:
        return None
    wide = min(4, len(shown))
    tall = -(-len(shown) // wide)
    figure = new_figure(2.6 * wide + 0.4, 2.6 * tall + 0.8)
    plots = figure.subplots(tall, wide, sharex=True, sharey=True, squeeze=False).ravel()
    drawn: dict[str, tuple[str, str]] = {}
    for plot, name in zip(plots, shown, strict=False):
        plot.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
        for cell in _cells(study, name):
            if _bins(cell):
                colour, marker = drawn.setdefault(_series(cell), _style(study, _series(cell)))
                chances, shares, _ = zip(*_bins(cell), strict=True)
                for chance, bounds in zip(chances, bin_intervals(_bins(cell)), strict=True):
                    plot.plot([chance, chance], bounds, color=colour, linewidth=0.9, alpha=0.8)
                plot.plot(chances, shares, color=colour, marker=marker, markersize=4, linewidth=1)
        plot.set_title(label(name), fontsize=9)
        without_frame(plot)
    for plot in plots[len(shown) :]:
        plot.set_visible(False)
    for name, (colour, marker) in drawn.items():
        plots[0].plot([], [], color=colour, marker=marker, markersize=4, linewidth=1, label=label_of_series(name))
    figure.supxlabel("mean probability", fontsize=9)
    figure.supylabel("share of positives, exact 95% over pairs", fontsize=9)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    return figure


def _bins(cell: Cell) -> list[tuple[float, float, int]]:
    return [one for one in cell.reliability if one[2] >= FEWEST_PAIRS]


Style = tuple[str, str]
"""Colour and marker."""


def _point(plot: "Axes", found: Figure, y: float, style: Style, says: str = "drops") -> None:
    if found.value is None:
        return
    colour, marker = style
    plot.plot(found.interval or (found.value, found.value), [y, y], color=colour, linewidth=1.2)
    is_shown = says in ("drops", "gains")
    face = colour if is_shown else "white"
    plot.scatter(found.value, y, facecolors=face, edgecolors=colour, marker=marker, s=28, zorder=3)


def _finish(plot: "Axes", rows: Sequence[str], said: str) -> None:
    plot.set_yticks(range(len(rows)), rows, fontsize=8)
    plot.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    plot.set_xlabel(said, fontsize=9)
    plot.grid(axis="x", color="#dddddd", linewidth=0.6)
    plot.set_axisbelow(True)
    without_frame(plot, "top", "right", "left")
    plot.tick_params(axis="y", length=0)


def _domains(study: DomainStudy) -> list[str]:
    return list(dict.fromkeys(cell.domain for cell in study.cells))


def _cells(study: DomainStudy, name: str) -> list[Cell]:
    return [cell for cell in study.cells if cell.domain == name]


def _series(cell: Cell) -> str:
    return f"{cell.protocol}\n{cell.arm}"


def label_of_series(name: str) -> str:
    """Return what a series is called in a legend."""
    protocol, arm = name.split("\n", 1)
    return f"{label(arm)}, {protocol}"


def _style(study: DomainStudy, name: str) -> tuple[str, str]:
    """Return a series' colour, which tells the protocol for one arm and the arm for several, and its marker."""
    protocol, arm = name.split("\n", 1)
    number = study.arms.index(arm) if len(study.arms) > 1 else list(MARKERS).index(protocol)
    return COLOURS[number % len(COLOURS)], MARKERS[protocol]


def _nth(number: int) -> tuple[str, str]:
    return COLOURS[number % len(COLOURS)], MORE_MARKERS[number % len(MORE_MARKERS)]
