"""The page of an encoder probe, its plot, and its table for the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.dataset import Dataset
from bench.encoder.encoder_probe import SOURCES, AxisProbe, EncoderOptions
from bench.encoder.probing import FittedProbe, best_probe
from bench.report.plot import BLUE, GREEN, GREY, ORANGE, SKY, new_figure, save, without_frame
from bench.report.table import markdown_table, number, page, plain, size_note, terminal_table, within
from bench.storage import as_json, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

MARKS = {"encoder": ("o", BLUE), "projected": ("D", SKY), "random": ("s", GREY),
         "pixels": ("X", ORANGE), "resnet1d": ("^", GREEN)}  # fmt: skip
"""Marker and colour (Okabe and Ito) of each source."""

HOW = (
    "Each cell is the macro AUROC on {test} (one value against the others; 0.5 is chance) of the probe that {val} "
    "chose, with its 95% interval (DeLong, patients clustered). `encoder`: the image encoder's last hidden "
    "state, averaged over twelve runs of its tokens; `projected`: what the language model is given of it; "
    "`random`: an encoder of the same shape, never trained; `pixels`: the page as a small grey picture; "
    "`resnet1d`: the signal-native network, which learned from PTB-XL's folds 1 to 8. **in the encoder**: the "
    "area is above chance, and above those of the untrained encoder and of the pixels, each by its 95% "
    "interval; **no more than pixels or untrained**: above chance only; **not found**: not even that. Random "
    "encoders with a linear probe match pretrained ones on many ECG tasks (arXiv 2602.17531), so an area above "
    "chance alone shows little."
)


def write_encoder(options: EncoderOptions, found: Sequence[AxisProbe], dataset: Dataset) -> Path:
    """Write ``encoder.md``, ``encoder.json`` and the picture of each renderer; return the page.

    Raises
    ------
    taxonomy.error.RunError
        When ``out`` cannot be written.
    """
    names = list(dict.fromkeys(one.renderer for one in found))
    n = max(one.n for one in found)
    parts = [
        f"# What does the image encoder of {plain(Path(options.model).name)} carry?",
        size_note(n, dataset.is_simulated),
        HOW.format(test=dataset.split("test").meaning, val=dataset.split("val").meaning),
    ]
    for name in names:
        own = [one for one in found if one.renderer == name]
        save(encoder_plot(own), options.out / f"{name}.png")
        parts += [
            f"## {name}",
            f"![Areas by source]({name}.png)",
            markdown_table(("axis", "n", *SOURCES, "verdict"), _rows(own)),
        ]
        parts += [
            markdown_table(
                ("axis", *(f"{source}, {kind}" for source in SOURCES for kind in ("linear", "mlp"))), _kinds(own)
            )
        ]
    write_whole(options.out / "encoder.json", as_json({"probes": [_json(one) for one in found]}))
    write_whole(options.out / "encoder.md", page(parts))
    return options.out / "encoder.md"


def encoder_table(found: Sequence[AxisProbe]) -> "Table":
    """Return a line for each axis and renderer, for the terminal."""
    shown = [source for source in SOURCES if source != "projected"]
    rows = [
        (probe.renderer, probe.axis, *(_area(best_probe(probe.probes[source])) for source in shown), probe.verdict)
        for probe in found
    ]
    return terminal_table(("renderer", "axis", *shown, "verdict"), rows, left={"renderer", "axis", "verdict"})


def encoder_plot(found: Sequence[AxisProbe]) -> "Figure":
    """Return the areas of every source, a line for each axis."""
    figure = new_figure(8.5, 0.6 * len(found) + 1.6)
    plot = figure.add_subplot()
    plot.axvline(0.5, color="#444444", linewidth=1)
    for y, one in enumerate(found):
        for offset, source in enumerate(SOURCES):
            best = best_probe(one.probes[source])
            if best:
                marker, colour = MARKS[source]
                place = y + 0.14 * (offset - 2)
                plot.plot(best.interval, [place, place], color=colour, linewidth=1.2, alpha=0.7)
                plot.scatter(best.auroc, place, marker=marker, color=colour, s=30, zorder=3)
    plot.set_yticks(range(len(found)), [f"{one.axis}  (n = {one.n})\n{one.verdict}" for one in found], fontsize=7.5)
    plot.set_ylim(len(found) - 0.4, -0.6)
    plot.set_xlim(0, 1.02)
    plot.set_xlabel("macro AUROC on the test split, 95%")
    without_frame(plot, "top", "right", "left")
    keys = [
        plot.scatter([], [], marker=marker, color=colour, s=30, label=source)
        for source, (marker, colour) in MARKS.items()
    ]
    figure.legend(handles=keys, loc="outside upper left", ncols=len(keys), frameon=False, fontsize=8)
    return figure


def _rows(found: Sequence[AxisProbe]) -> list[tuple[str, ...]]:
    rows = []
    for one in found:
        best = [best_probe(one.probes[source]) for source in SOURCES]
        cells = ["-" if part is None else within(part.auroc, part.interval) for part in best]
        rows.append((one.axis, str(one.n), *cells, one.verdict))
    return rows


def _kinds(found: Sequence[AxisProbe]) -> list[tuple[str, ...]]:
    return [
        (one.axis, *(_area(one.probes[source].get(kind)) for source in SOURCES for kind in ("linear", "mlp")))
        for one in found
    ]


def _area(found: FittedProbe | None) -> str:
    return number(found.auroc if found else None)


def _json(one: AxisProbe) -> dict[str, Any]:
    probes = {
        source: {
            kind: {name: getattr(part, name) for name in ("auroc", "interval", "accuracy", "validation")}
            for kind, part in kinds.items()
        }
        for source, kinds in one.probes.items()
    }
    plain_fields = {name: value for name, value in vars(one).items() if name != "probes"}
    return {**plain_fields, "probes": probes}
