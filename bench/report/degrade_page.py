"""Degraded pages as a page: curves of kappa by dose, what was not answered, and the verdict on each degradation."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bench.evidence.figure import Figure
from bench.report.plot import PRIOR_COLOUR, WAVE_COLOUR, band_key, new_figure, save, without_frame
from bench.report.table import chance, markdown_table, page, plain, quoted, terminal_table, within
from bench.storage import as_json, write_whole
from bench.tracing.degrade_run import DegradeResult
from bench.tracing.kappa_by_dose import KEPT
from bench.tracing.robustness import AtDose, Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture
    from rich.table import Table

VERDICT_HEADINGS = ("degradation", "greatest dose", "kappa there", "half is lost at", "verdict")

HEADINGS = ("degradation", "dose", "n", "kappa [95%]", "drop [95%]", "p", "right", "wrong", "no answer [95%]")

HOW = (
    "Every record is asked about as it was drawn (dose 0) and at every dose, with the picture alone; the right "
    "answer is the record's own. kappa: the mean over {axes}. drop: that of the same records at dose 0 minus that"
    " at the dose. Intervals: bootstrap over patients; p: all answers of a patient swapped between the two doses,"
    " by Holm over all doses of all degradations here. right, wrong, no answer: shares of a record's questions on"
    " those axes, so that a reader that refuses is told apart from one that errs."
)

WORDS = (
    f"*Holds*: at every dose it keeps {KEPT:.0%} of its kappa with 97.5% confidence, and there are 36 patients, so"
    " that a loss of a tenth of the answers would have been seen. *Falls from D on*: at D and at every greater "
    "dose a drop is shown (p below 0.05). *Nothing to lose*: no kappa above 0 is shown at dose 0. *Cannot tell*: "
    "else; the greatest drop that the intervals hold stands beside it."
)


def write_degraded(folder: Path, found: DegradeResult) -> Path:
    """Write ``degrade.md``, ``degrade.json`` and the picture; return the page.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    save(degrade_plot(found.found.curves), folder / "pictures" / "degrade.png")
    write_whole(folder / "degrade.json", as_json({"title": found.title, **asdict(found.found)}))
    curves, failed = found.found.curves, found.found.failed
    parts = [
        f"# Degraded pages: {plain(found.title)}",
        plain(_how(found)),
        *([f"{failed} calls failed; what they asked is left out at that dose."] if failed else []),
        "![Kappa by dose](pictures/degrade.png)",
        markdown_table(VERDICT_HEADINGS, [verdict_row(curve) for curve in curves]),
        WORDS,
        "## Every dose",
        markdown_table(HEADINGS, [row(curve, at) for curve in curves for at in curve.doses]),
        *_reasons(curves),
        "## Every axis",
        "Kappa at each dose, and its drop with the 95% interval; not corrected for their number. +: by construction, "
        "since the reader answers from the very measurement that made the truth; such an axis is not in the mean.",
        *(part for curve in curves for part in (f"### {curve.name}", _axis_table(curve))),
    ]
    return write_whole(folder / "degrade.md", page(parts))


def _how(found: DegradeResult) -> str:
    return HOW.format(axes=", ".join(found.found.mean_axes))


def verdict_table(found: DegradeResult) -> "Table":
    """Return a line for each degradation, for the terminal."""
    rows = [verdict_row(curve) for curve in found.found.curves]
    return terminal_table(VERDICT_HEADINGS, rows, found.title, left={"degradation", "verdict"})


def verdict_row(curve: Curve) -> tuple[str, ...]:
    """Return the cells of one degradation, in the order of :data:`VERDICT_HEADINGS`."""
    last, first = curve.doses[-1], curve.doses[0]
    there = f"{round(last.found.kappa.value, 2) + 0.0:.2f} of {first.found.kappa.value:.2f}"
    return (curve.name, f"{last.dose:g} {curve.unit}", there, curve.half_told, curve.verdict)


def row(curve: Curve, at: AtDose) -> tuple[str, ...]:
    """Return the cells of one dose, in the order of :data:`HEADINGS`."""
    found = at.found
    shares = (f"{100 * share:.0f}%" for share in (found.right, found.wrong))
    said = (_figure(found.drop), chance(found.drop.p_holm)) if at.dose else ("-", "-")
    low, high = found.silent.interval or (found.silent.value,) * 2
    silent = f"{100 * found.silent.value:.0f}% [{100 * low:.0f}, {100 * high:.0f}]"
    return (curve.name, f"{at.dose:g}", str(found.n), _figure(found.kappa), *said, *shares, silent)


def _figure(figure: Figure) -> str:
    low, high = (round(end, 2) + 0.0 for end in figure.interval or (figure.value, figure.value))
    return within(round(figure.value, 2) + 0.0, (low, high) if figure.interval else None, 2)


def _reasons(curves: Sequence[Curve]) -> list[str]:
    rows = [
        (curve.name, f"{at.dose:g}", quoted(at.why, 160))
        for curve in curves
        for at in curve.doses
        if at.dose and at.why
    ]
    if not rows:
        return []
    return ["## Why pages were not answered", markdown_table(("degradation", "dose", "commonest reason"), rows)]


def _axis_table(curve: Curve) -> str:
    rows = []
    for place, axis in enumerate(curve.doses[0].found.axes):
        at = [one.found.axes[place] for one in curve.doses]
        said = [f"{one.kappa.value:.2f}" + ("" if k == 0 else f" ({_figure(one.drop)})") for k, one in enumerate(at)]
        rows.append((axis.axis + "+" * axis.by_construction, str(axis.kappa.n), *said))
    headings = ("axis", "n", *(f"{at.dose:g}" for at in curve.doses))
    return markdown_table(headings, rows)


def degrade_plot(curves: Sequence[Curve]) -> "Picture":
    """Return one panel for each degradation: kappa and the share of questions without an answer, by dose."""
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    picture = new_figure(3.4 * columns, 2.5 * rows + 0.4)
    panels = picture.subplots(rows, columns, squeeze=False, sharey=True)
    for place, curve in enumerate(curves):
        _panel(panels[place // columns][place % columns], curve)
    for place in range(len(curves), rows * columns):
        panels[place // columns][place % columns].set_axis_off()
    handles, labels = panels[0][0].get_legend_handles_labels()
    handles, labels = [*handles, band_key()], [*labels, "bands: 95%"]
    picture.legend(handles, labels, loc="outside upper left", ncols=4, frameon=False, fontsize=8)
    return picture


def _panel(plot: "Axes", curve: Curve) -> None:
    doses = [at.dose for at in curve.doses]
    drawn = (
        ("mean kappa", WAVE_COLOUR, "o", [at.found.kappa for at in curve.doses]),
        ("no answer (share)", PRIOR_COLOUR, "s", [at.found.silent for at in curve.doses]),
    )
    for label, colour, mark, figures in drawn:
        plot.plot(doses, [one.value for one in figures], marker=mark, markersize=3, color=colour, label=label)
        bands = [one.interval or (one.value, one.value) for one in figures]
        plot.fill_between(doses, [b[0] for b in bands], [b[1] for b in bands], color=colour, alpha=0.2, linewidth=0)
    plot.axhline(
        curve.doses[0].found.kappa.value / 2, color="#bbbbbb", linewidth=0.8, linestyle=":", label="half of kappa"
    )
    plot.set_ylim(-0.1, 1.03)
    plot.set_title(f"{curve.name}: {curve.verdict.partition(' (')[0].partition(':')[0]}", fontsize=8, loc="left")
    plot.set_xlabel(curve.unit, fontsize=8)
    plot.tick_params(labelsize=7)
    without_frame(plot)
