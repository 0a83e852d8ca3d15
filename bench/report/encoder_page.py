"""The page of an encoder probe, its plot, and its table for the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.dataset import Dataset
from bench.encoder.attentive import ATTENTIVE
from bench.encoder.encoder_probe import SOURCES, AxisProbe, EncoderOptions
from bench.encoder.probing import FittedProbe, best_probe
from bench.report.plot import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, new_figure, save, without_frame
from bench.report.table import markdown_table, number, page, plain, size_note, terminal_table, within
from bench.storage import as_json, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

ATTENTIVE_HEADINGS = ("encoder, attentive", "random, attentive", "minus pooled")

MARKS = {
    "encoder": ("o", BLUE), "encoder, attentive": ("*", VERMILION), "projected": ("D", SKY), "random": ("s", GREY),
    "random, attentive": ("p", PURPLE), "pixels": ("X", ORANGE), "resnet1d": ("^", GREEN),
}  # fmt: skip
"""Marker and colour (Okabe and Ito) of each source, and of the attentive probes."""

HOW = (
    "Each cell is the macro AUROC on {test} (one value against the others; 0.5 is chance) of the linear or small-MLP "
    "probe that {val} chose, with its 95% interval (DeLong, patients clustered). `encoder`: the image encoder's last "
    "hidden state, averaged over twelve runs of its tokens; `projected`: what the language model is given of it; "
    "`random`: an encoder of the same shape, never trained; `pixels`: the page as a small grey picture; "
    "`resnet1d`: the signal-native network, which learned from PTB-XL's folds 1 to 8. **in the encoder**: the "
    "area is above chance, and above those of the untrained encoder and of the pixels, each by its 95% "
    "interval; **no more than pixels or untrained**: above chance only; **not found**: not even that. Random "
    "encoders with a linear probe match pretrained ones on many ECG tasks (arXiv 2602.17531), so an area above "
    "chance alone shows little."
)
HOW_ATTENTIVE = (
    "`attentive`: learned queries pool the tokens themselves, {tokens} runs of them at most, each in 256 principal "
    "components, and a linear layer tells the value (attentive probing: Chen et al. 2022, arXiv 2202.03026; Bardes et "
    "al. 2024, arXiv 2404.08471). It finds what stands in a few tokens and is diluted in their mean. `minus pooled`: "
    "its area minus that of the encoder's best pooled probe, paired, 95%. Its null is the same probe on the untrained "
    "encoder. The verdict takes the best probe of either encoder, attentive or pooled."
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
    is_attentive = any(ATTENTIVE in one.probes["encoder"] for one in found)
    parts = [
        f"# What does the image encoder of {plain(Path(options.model).name)} carry?",
        size_note(n, dataset.is_simulated),
        HOW.format(test=dataset.split("test").meaning, val=dataset.split("val").meaning),
        *([HOW_ATTENTIVE.format(tokens=options.tokens)] if is_attentive else []),
    ]
    for name in names:
        own = [one for one in found if one.renderer == name]
        save(encoder_plot(own), options.out / f"{name}.png")
        added = ATTENTIVE_HEADINGS if is_attentive else ()
        parts += [
            f"## {name}",
            f"![Areas by source]({name}.png)",
            markdown_table(("axis", "n", *SOURCES, *added, "verdict"), _rows(own, is_attentive)),
            markdown_table(
                ("axis", *(f"{source}, {kind}" for source in SOURCES for kind in ("linear", "mlp"))), _kinds(own)
            ),
        ]
    write_whole(options.out / "encoder.json", as_json({"probes": [_json(one) for one in found]}))
    write_whole(options.out / "encoder.md", page(parts))
    return options.out / "encoder.md"


def encoder_table(found: Sequence[AxisProbe]) -> "Table":
    """Return a line for each axis and renderer, for the terminal."""
    shown = [source for source in SOURCES if source != "projected"]
    rows = [
        (
            probe.renderer,
            probe.axis,
            *(_area(_pooled(probe, source)) for source in shown),
            _area(probe.probes["encoder"].get(ATTENTIVE)),
            probe.verdict,
        )
        for probe in found
    ]
    headings = ("renderer", "axis", *shown, ATTENTIVE, "verdict")
    return terminal_table(headings, rows, left={"renderer", "axis", "verdict"})


def encoder_plot(found: Sequence[AxisProbe]) -> "Figure":
    """Return the areas of every source, a line for each axis."""
    figure = new_figure(8.5, 0.8 * len(found) + 1.8)
    plot = figure.add_subplot()
    plot.axvline(0.5, color="#444444", linewidth=1)
    for y, one in enumerate(found):
        for offset, (name, (marker, colour)) in enumerate(MARKS.items()):
            source, _, kind = name.partition(", ")
            shown = one.probes[source].get(kind) if kind else _pooled(one, source)
            if shown:
                place = y + 0.12 * (offset - (len(MARKS) - 1) / 2)
                plot.plot(shown.interval, [place, place], color=colour, linewidth=1.2, alpha=0.7)
                plot.scatter(shown.auroc, place, marker=marker, color=colour, s=30, zorder=3)
    plot.set_yticks(range(len(found)), [f"{one.axis}  (n = {one.n})\n{one.verdict}" for one in found], fontsize=7.5)
    plot.set_ylim(len(found) - 0.4, -0.6)
    plot.set_xlim(0, 1.02)
    plot.set_xlabel("macro AUROC on the test split, 95%")
    without_frame(plot, "top", "right", "left")
    keys = [
        plot.scatter([], [], marker=marker, color=colour, s=30, label=name) for name, (marker, colour) in MARKS.items()
    ]
    figure.legend(handles=keys, loc="outside upper left", ncols=4, frameon=False, fontsize=8)
    return figure


def _rows(found: Sequence[AxisProbe], is_attentive: bool) -> list[tuple[str, ...]]:
    rows = []
    for one in found:
        cells = [_with_interval(_pooled(one, source)) for source in SOURCES]
        if is_attentive:
            cells += [_with_interval(one.probes[source].get(ATTENTIVE)) for source in ("encoder", "random")]
            gap = one.over_pooled
            cells.append("-" if gap is None else f"{gap[0]:+.3f} [{gap[1][0]:+.3f}, {gap[1][1]:+.3f}]")
        rows.append((one.axis, str(one.n), *cells, one.verdict))
    return rows


def _pooled(one: AxisProbe, source: str) -> FittedProbe | None:
    """Return the best probe on pooled features."""
    return best_probe({kind: probe for kind, probe in one.probes[source].items() if kind != ATTENTIVE})


def _with_interval(found: FittedProbe | None) -> str:
    return "-" if found is None else within(found.auroc, found.interval)


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
