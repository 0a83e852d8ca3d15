"""The plots of explanations: the mean map of a finding, and how an answer goes while what maps point at is hidden."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.explain.hiding.joint_effect import JointExplanation, PartEffect
from bench.explain.maps.metric import Deletion
from bench.explain.maps.pooled_map import Pooled
from bench.explain.study.found import Curves
from bench.report.explain_joint import ANSWERS
from bench.report.plot import BLUE, GREY, INK, ORANGE, band_key, letters_on, new_figure, without_frame
from bench.report.table import within
from bench.score.bootstrap import interval, patient_numbers, ratio, resampled_sums
from bench.view.region import Region
from measurements.segment import SEGMENTS
from renderers.legend import writable
from renderers.style import LEADS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

DRAWS, SEED = 1000, 0

SHARES, EMPTY = "Oranges", (0.87, 0.87, 0.87)
"""The colours of shares, those of what speaks for an answer in the gallery, and that of a cell without any."""

TITLE_LETTERS = 84
"""Letters in a line of a title."""

Edge = tuple[tuple[float, float], tuple[float, float]]
"""Two ends, each of x and y."""


def heat_plot(found: Pooled, told: str) -> "Picture":
    """Return the share of each lead and segment in percent, the darker the more, the expected region outlined.

    Parameters
    ----------
    found : Pooled
    told : str
        The method and the verdict on its maps, without which no share of a region is shown.
    """
    figure = new_figure(6.6, 5.8)
    plot = figure.add_subplot()
    shares = 100 * found.shares
    most = float(np.nanmax(shares)) if np.isfinite(shares).any() else 1.0
    plot.set_facecolor(EMPTY)
    drawn = plot.imshow(np.ma.masked_invalid(shares), cmap=SHARES, vmin=0, vmax=max(most, 1e-9), aspect="auto")
    for row, column in np.ndindex(shares.shape):
        share = shares[row, column]
        under = [float(part) for part in drawn.cmap(drawn.norm(share))] if np.isfinite(share) else EMPTY
        said, colour = "-" if np.isnan(share) else f"{share:.1f}", letters_on(under)
        plot.text(column, row, said, ha="center", va="center", fontsize=8, color=colour)
    for colour, width in (("white", 5.5), (INK, 2.6)):
        for ends in outline(found.region) if found.region else ():
            x, y = zip(*ends, strict=True)
            plot.plot(x, y, color=colour, linewidth=width, solid_capstyle="projecting", clip_on=False, zorder=3)
    plot.set_xticks(range(len(SEGMENTS)), [f"{name}\nn = {n}" for name, n in zip(SEGMENTS, found.counts, strict=True)])
    plot.set_yticks(range(len(LEADS)), LEADS)
    plot.tick_params(length=0)
    plot.set_xlim(-0.5, len(SEGMENTS) - 0.5)
    plot.set_ylim(len(LEADS) - 0.5, -0.5)
    figure.colorbar(
        drawn, ax=plot, label="mean share of the relevance over the records, % (of single cells no interval)"
    )
    lines = [*_heat_title(found), *textwrap.wrap(writable(told), TITLE_LETTERS)]
    plot.set_title("\n".join(lines), fontsize=9, loc="left", parse_math=False)
    return figure


def _heat_title(found: Pooled) -> list[str]:
    first = f"{found.axis}: {found.value}, n = {found.n}, patients {found.patients}"
    if found.region is None:
        return [first, "no region is named for it"]
    if found.inside is None:
        return [first]
    bounds = found.inside.interval and (100 * found.inside.interval[0], 100 * found.inside.interval[1])
    return [first, f"outlined: where it is looked for, {within(100 * found.inside.value, bounds, 1)}% of the relevance"]


def outline(region: Region) -> list[Edge]:
    """Return the edges between a region and what is beside it, in columns (segments) and rows (leads) of a heat map."""
    inside = np.zeros((len(LEADS) + 2, len(SEGMENTS) + 2), dtype=np.bool_)
    for lead in region.leads:
        for segment in region.segments:
            inside[LEADS.index(lead) + 1, SEGMENTS.index(segment) + 1] = True
    return list(_edges(inside))


def _edges(inside: NDArray[np.bool_]) -> Iterator[Edge]:
    for row, column in np.argwhere(inside[:, 1:] != inside[:, :-1]).tolist():
        yield (column - 0.5, row - 1.5), (column - 0.5, row - 0.5)
    for row, column in np.argwhere(inside[1:] != inside[:-1]).tolist():
        yield (column - 1.5, row - 0.5), (column - 0.5, row - 0.5)


def deletion_plot(found: Curves) -> "Picture":
    """Return two panels, the mean answer while tiles are hidden and while they are shown, with bands by patient.

    The method, the energy of the signal and a random order differ in their lines, not in colour alone.
    """
    figure = new_figure(8.6, 3.9)
    panels = figure.subplots(1, 2, sharey=True, gridspec_kw={"wspace": 0.12})
    for plot, name, label in (
        (panels[0], "deleted", "hidden, the most relevant first"),
        (panels[1], "inserted", "shown, the most relevant first"),
    ):
        _curve(plot, found, found.of_method, name, (found.method, BLUE, "-"))
        _curve(plot, found, found.of_energy, name, ("energy of the signal", ORANGE, "--"))
        _curve(plot, found, found.of_method, f"random_{name}", ("random order", "#555555", ":"))
        plot.axhline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
        plot.set_xlim(0, 1)
        plot.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        plot.set_xlabel(f"of the tiles {label}")
        without_frame(plot)
    panels[0].set_ylabel("answer (whole record 1, flat leads 0)")
    handles, labels = panels[0].get_legend_handles_labels()
    n = f"n = {len(found.patients)}, patients {len(set(found.patients))}"
    figure.suptitle(f"{writable(found.title)}, {n}", fontsize=10, x=0.01, ha="left", parse_math=False)
    if len(set(found.patients)) > 1:
        handles, labels = [*handles, band_key()], [*labels, "bands: 95%"]
    figure.legend(handles, labels, loc="outside lower left", ncols=4, frameon=False, fontsize=9)
    return figure


def _curve(plot: "Axes", found: Curves, curves: Sequence[Deletion], name: str, style: tuple[str, str, str]) -> None:
    label, colour, line = style
    label = writable(label)
    rows = np.array([getattr(one, name) for one in curves], dtype=np.float64)
    shares = curves[0].shares
    plot.plot(shares, rows.mean(axis=0), color=colour, linestyle=line, linewidth=2, label=label)
    bounds = [interval(draws) for draws in _resampled(rows, found.patients)]
    if len(set(found.patients)) > 1 and all(bounds):
        low, high = np.array(bounds, dtype=np.float64).T
        plot.fill_between(shares, low, high, color=colour, alpha=0.15, linewidth=0)


def _resampled(rows: NDArray[np.float64], patients: Sequence[RecordId]) -> list[NDArray[np.float64]]:
    """Return resampled means of each point of a curve, over patients."""
    columns = {str(step): rows[:, step] for step in range(rows.shape[1])}
    sums = resampled_sums({**columns, "n": np.ones(len(rows))}, patient_numbers(patients), DRAWS, SEED)
    return [ratio(sums[step], sums["n"]) for step in columns]


def joint_plot(found: JointExplanation) -> "Picture":
    """Return a bar for each part that joint masks hid, leads above segments, with its interval and the null as a line.

    Parts above the null are filled, others are open: they differ without their colour too.
    """
    leads = [one for one in found.effects if not one.part.segments]
    segments = [one for one in found.effects if one.part.segments]
    figure = new_figure(6.6, 1.5 + 0.24 * len(found.effects))
    panels = figure.subplots(2, 1, sharex=True, height_ratios=[max(len(leads), 1), max(len(segments), 1)])
    for plot, effects, name in zip(panels, (leads, segments), ("lead", "segment"), strict=True):
        _bars(plot, effects, found.null)
        plot.set_ylabel(f"hidden {name}")
    panels[1].set_xlabel(f"by how much the answer falls\n(the answer is {ANSWERS[found.kind]})")
    n = f"n = {found.records}, patients {found.patients}, masks {found.masks}"
    title = textwrap.wrap(writable(f"{found.target.name}: what moves the answer, {n}"), TITLE_LETTERS)
    figure.suptitle("\n".join(title), fontsize=10, x=0.01, ha="left", parse_math=False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=3, frameon=False, fontsize=8)
    return figure


def _bars(plot: "Axes", effects: Sequence[PartEffect], null: float) -> None:
    rows = range(len(effects))
    for is_above, label in ((True, "above the null"), (False, "not above it")):
        chosen = [(row, one) for row, one in zip(rows, effects, strict=True) if one.is_above_null is is_above]
        plot.barh(
            [row for row, _ in chosen],
            [one.value for _, one in chosen],
            height=0.7,
            color=BLUE if is_above else "white",
            edgecolor=BLUE if is_above else GREY,
            label=label,
        )
    for row, one in zip(rows, effects, strict=True):
        if one.low is not None and one.high is not None:
            if one.is_above_null:  # black cannot be seen on the bar's colour
                plot.plot([one.low, one.high], [row, row], color="white", linewidth=3.2, solid_capstyle="butt")
            plot.plot([one.low, one.high], [row, row], color=INK, linewidth=1.2, solid_capstyle="butt")
    plot.axvline(null, color=ORANGE, linestyle="--", linewidth=1.5, label="null: 95% of the shuffles lie below")
    plot.axvline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
    plot.set_yticks(rows, [one.part.name for one in effects])
    plot.set_ylim(len(effects) - 0.4, -0.6)
    plot.tick_params(axis="y", length=0)
    without_frame(plot)
