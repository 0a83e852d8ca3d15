"""The probe as a page: dose-response curves, and the table that they are drawn from."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bench.evidence.figure import Figure
from bench.report.plot import PRIOR_COLOUR, TEXT_COLOUR, WAVE_COLOUR, band_key, new_figure, save, without_frame
from bench.report.table import markdown_table, page, plain, quoted, terminal_table
from bench.storage import as_json, write_whole
from bench.tracing.dose_response import DoseResult
from bench.tracing.flip_dose import FlipDose, FlipSummary, flip_summaries
from bench.tracing.probe_run import ProbeResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture
    from rich.table import Table

HEADINGS = ("change", "dose", "n", "moved [95%]", "right [95%]", "moved elsewhere [95%]")

FLIP_HEADINGS = ("change", "direction", "n", "flips [95%]", "flips and stays [95%]", "a quarter by", "half by")

PHANTOMS_TRUTH = "The right answer is the exact truth of the changed phantom."
RECORDINGS_TRUTH = "The right answer follows from what is measured on the recording and the dose."


def write_probe(folder: Path, found: ProbeResult) -> None:
    """Write ``probe.md``, ``probe.json``, ``flips.csv`` and the picture.

    Raises
    ------
    taxonomy.error.RunError
        When the folder cannot be written.
    """
    save(probe_plot(found.results), folder / "pictures" / "probe.png")
    write_whole(
        folder / "probe.json",
        as_json(
            {
                "title": found.title,
                "way": found.way,
                "results": [asdict(result) for result in found.results],
                "flips": [flip.to_json() for flip in found.flips],
            }
        ),
    )
    write_whole(folder / "flips.csv", flips_csv(found.flips))
    parts = [
        f"# Tracings that differ in one thing: {plain(found.title)}",
        f"How: {plain(found.way)}. {PHANTOMS_TRUTH if found.of_phantoms else RECORDINGS_TRUTH}",
        "`moved`: on the change's axis the answer is another than on the record itself; `right`: it is what the dose "
        "makes right; `moved elsewhere`: an axis moved that should not have (findings and diagnosis, which restate "
        "others, aside).",
        "![Dose-response curves](pictures/probe.png)",
        markdown_table(("change", "direction", "half of the answers have moved at"), thresholds(found.results)),
        markdown_table(HEADINGS, [row(result) for result in found.results]),
        "## The dose at which each record's answer flips",
        "The first dose, the smallest change first, at which the answer on the change's axis is another than on the "
        "record itself; `stays`: it is another at every larger dose too. Each record is in [flips.csv](flips.csv).",
        markdown_table(FLIP_HEADINGS, [flip_row(one) for one in flip_summaries(found.flips)]),
    ]
    write_whole(folder / "probe.md", page(parts))


def probe_table(found: ProbeResult) -> "Table":
    """Return a line for each dose of each change, for the terminal."""
    return terminal_table(HEADINGS, [row(result) for result in found.results], found.title, left={"change"})


def thresholds(results: Sequence[DoseResult]) -> list[tuple[str, str, str]]:
    """Return, for each change and direction, the dose from which half of the answers have moved.

    Between two doses the share is taken to rise in a straight line.
    """
    rows = []
    for name in dict.fromkeys(result.change for result in results):
        for sign, said in ((1, "up"), (-1, "down")):
            found = sorted((r for r in results if r.change == name and r.dose * sign > 0), key=lambda r: abs(r.dose))
            if found:
                half = _half([(abs(r.dose), r.moved.value) for r in found])
                most = f"not by {found[-1].dose:+g} {found[-1].unit}"
                rows.append((name, said, most if half is None else f"{sign * half:+.3g} {found[0].unit}"))
    return rows


def _half(points: Sequence[tuple[float, float]]) -> float | None:
    before, share = 0.0, 0.0
    for dose, moved in points:
        if moved >= 0.5:
            return before + (dose - before) * (0.5 - share) / (moved - share)
        before, share = dose, moved
    return None


def row(result: DoseResult) -> tuple[str, ...]:
    """Return the cells of one dose, in the order of :data:`HEADINGS`."""
    shares = (result.moved, result.right, result.elsewhere)
    return (result.change, f"{result.dose:+g} {result.unit}", str(result.n), *(_share(figure) for figure in shares))


def flip_row(one: FlipSummary) -> tuple[str, ...]:
    """Return the cells of the flips by one change in one direction, in the order of :data:`FLIP_HEADINGS`."""
    doses = ("-" if dose is None else quoted(f"{dose:+g} {one.unit}", 40) for dose in (one.quarter, one.half))
    return (quoted(one.change, 60), one.direction, str(one.flipped.n), _share(one.flipped), _share(one.stayed), *doses)


def flips_csv(flips: Sequence[FlipDose]) -> str:
    """Return a line for each record, change and direction, with a heading."""
    out = io.StringIO()
    names = ("ecg_id", "change", "unit", "axis", "direction", "before", "dose", "after", "stays", "largest")
    writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for flip in flips:
        data = flip.to_json() | {"largest": flip.tried[-1]}
        writer.writerow({name: "; ".join(v) if isinstance(v, list) else v for name, v in data.items()})
    return out.getvalue()


def _share(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    bounds = figure.interval
    said = f"{100 * figure.value:.0f}%"
    return said + (f" [{100 * bounds[0]:.0f}, {100 * bounds[1]:.0f}]" if bounds else "")


def probe_plot(results: Sequence[DoseResult]) -> "Picture":
    """Return one panel for each change: share of answers that moved, that are right, that moved elsewhere, by dose."""
    names = list(dict.fromkeys(result.change for result in results))
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    picture = new_figure(3.1 * columns, 2.6 * rows + 0.4)
    panels = picture.subplots(rows, columns, squeeze=False, sharey=True)
    for place, name in enumerate(names):
        _panel(panels[place // columns][place % columns], [result for result in results if result.change == name])
    for place in range(len(names), rows * columns):
        panels[place // columns][place % columns].set_axis_off()
    handles, labels = panels[0][0].get_legend_handles_labels()
    handles, labels = [*handles, band_key()], [*labels, "bands: 95%"]
    picture.legend(handles, labels, loc="outside upper left", ncols=4, frameon=False, fontsize=8)
    return picture


def _panel(plot: "Axes", results: Sequence[DoseResult]) -> None:
    drawn = (("moved", "moved on its axis", WAVE_COLOUR), ("right", "right answer", TEXT_COLOUR))
    for field, label, colour in (*drawn, ("elsewhere", "moved elsewhere", PRIOR_COLOUR)):
        points = [(result.dose, figure) for result in results if (figure := getattr(result, field))]
        if field != "right":
            zero = Figure(0, 0.0, None)
            points = sorted([*points, (0.0, zero)], key=lambda point: point[0])
        doses = [dose for dose, _ in points]
        plot.plot(doses, [figure.value for _, figure in points], marker="o", markersize=3, color=colour, label=label)
        bands = [figure.interval or (figure.value, figure.value) for _, figure in points]
        plot.fill_between(doses, [b[0] for b in bands], [b[1] for b in bands], color=colour, alpha=0.2, linewidth=0)
    plot.set_ylim(-0.02, 1.02)
    plot.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    plot.set_title(f"{results[0].change} (on {results[0].axis})", fontsize=8, loc="left")
    plot.set_xlabel(results[0].unit, fontsize=8)
    plot.tick_params(labelsize=7)
    without_frame(plot)
