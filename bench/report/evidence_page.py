"""The page of an ablation: verdicts first, then the figures behind them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.evidence.figure import Figure
from bench.evidence.axis_evidence import UNMOVED, AxisEvidence
from bench.evidence.conditions import ABLATION
from bench.evidence.result import Evidence
from bench.report.evidence_plot import evidence_plot
from bench.report.plot import save
from bench.report.table import difference, markdown_table, page, percent, plain, share, terminal_table
from bench.score.score import SIGNIFICANT
from bench.storage import as_json, write_whole

if TYPE_CHECKING:
    from rich.table import Table

TERMINAL = ("axis", "n", "prior", "full", "minus wrong image", "minus wrong numbers", "verdict")
STYLES = {"reads": "green", "copies": "yellow", "recites": "red", "cannot": "dim", "gives": "red"}

FIGURES = (
    ("waveform gain", "full minus blank image", "gain"),
    ("Visual Reliance Score", "full minus another patient's image", "reliance"),
    ("text reliance", "full minus another patient's numbers", "text_reliance"),
    ("right-lead dependence", "other leads masked minus relevant leads masked", "right_leads"),
)
SHARES = (
    ("copy rate", "of the foreign numbers that say otherwise, those that the answer follows", "copy_rate"),
    ("recoverable share", "(accuracy - text ceiling) / (image ceiling - text ceiling)", "recoverable"),
    ("Image Sensitivity", "answers that change without the image", "image_sensitivity"),
    ("moved by another image", "answers that another patient's image changes", "moved_by_image"),
    ("moved by other numbers", "answers that another patient's numbers change", "moved_by_text"),
    ("moved by an image of the same truth", "answers that change though they should not", "moved_by_same_truth"),
    ("Hallucinated Visual Reasoning Rate", "claims to have seen the trace, in answers it does not change", "claims"),
)


def write_evidence(folder: Path, found: Evidence) -> None:
    """Write ``evidence.md``, ``evidence.json`` and the picture.

    Raises
    ------
    taxonomy.error.RunError
        When the folder cannot be written.
    """
    save(evidence_plot(found.axes), folder / "pictures" / "evidence.png")
    write_whole(folder / "evidence.json", as_json(found.to_json()))
    write_whole(folder / "evidence.md", evidence_page(found))


def evidence_table(axes: Sequence[AxisEvidence], title: str) -> "Table":
    """Return the verdicts, with the two differences that decide them, as a table for the terminal."""
    rows = [
        (
            axis.axis,
            str(axis.n),
            percent(axis.prior),
            percent(axis.accuracies["full"].value if "full" in axis.accuracies else None),
            *("-" if f is None else difference(f.value, f.interval) for f in (axis.reliance, axis.text_reliance)),
            axis.verdict,
        )
        for axis in axes
    ]
    return terminal_table(TERMINAL, rows, title, styles=STYLES)


def evidence_page(found: Evidence) -> str:
    """Return the page as Markdown."""
    parts = [
        f"# Does {plain(found.reader)} read the ECG? {plain(found.dataset)}, {plain(found.split)}",
        caution(found),
        markdown_table(("axis", "n", "verdict"), [(axis.axis, str(axis.n), axis.verdict) for axis in found.axes]),
        HOW,
        "![Prior, ceilings and the reader under each condition](pictures/evidence.png)",
        "## Accuracy under each condition",
        markdown_table(("condition", *(axis.axis for axis in found.axes)), _accuracy_rows(found)),
        "## What changes when something is taken away or swapped",
        markdown_table(("figure", *(axis.axis for axis in found.axes)), figure_rows(found.axes)),
        "Differences in points of accuracy, shares in percent, each with its 95% interval (bootstrap over patients); "
        f"* p < {SIGNIFICANT} by exact McNemar after Holm's correction over the axes.",
        "\n".join(f"- **{name}**: {what}." for name, what, _ in (*FIGURES, *SHARES)),
        f"Run `{plain(found.run_id)}`; image ceiling: {found.image_ceiling or 'none'}. Data: {plain(found.data)}.",
    ]
    return page(parts)


HOW = (
    "**reads the trace**: answers get worse with another patient's image. **copies the prompt**: they get worse with "
    "another patient's numbers. **recites the prior**: they get worse with neither, and either swap moves fewer than "
    f"{100 * UNMOVED:.0f}% of them, by the upper end of the interval. **cannot tell**: there are too few cases, or the "
    "answers move without getting worse. **gives no answer**: fewer than half of the cases have one."
)


def caution(found: Evidence) -> str:
    """Return a note on the sample size and the smallest detectable gain."""
    powers = [axis.power for axis in found.axes if axis.power is not None]
    n = f"n = {found.cases} ECGs"
    n += " of the embedded sample: intervals are wide." if found.is_sample else "."
    return f"{n} The smallest waveform gain that could be shown is {100 * min(powers):.1f} points." if powers else n


def figure_rows(axes: Sequence[AxisEvidence]) -> list[tuple[str, ...]]:
    """Return the rows of the table of figures: differences in points, shares in percent."""
    rows = [(name, *(_points(getattr(axis, field)) for axis in axes)) for name, _, field in FIGURES]
    return rows + [(name, *(_share(getattr(axis, field)) for axis in axes)) for name, _, field in SHARES]


def _accuracy_rows(found: Evidence) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("majority baseline", *(percent(axis.prior) for axis in found.axes)),
        ("text ceiling", *(percent(axis.text_ceiling) for axis in found.axes)),
    ]
    if found.image_ceiling:
        rows.append((f"image ceiling ({found.image_ceiling})", *(percent(axis.image_ceiling) for axis in found.axes)))
    for name in ABLATION:
        used = found.conditions[name]
        said = name if used == name else f"{name} (as {used})" if used else f"{name} (nothing to read)"
        rows.append((said, *(_accuracy(axis.accuracies, name) for axis in found.axes)))
    return rows


def _accuracy(accuracies: Mapping[str, Figure], name: str) -> str:
    return percent(accuracies[name].value) if name in accuracies else "-"


def _points(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    star = "*" if figure.p_holm is not None and figure.p_holm < SIGNIFICANT else ""
    return difference(figure.value, figure.interval) + star


def _share(figure: Figure | None) -> str:
    return "-" if figure is None else share(figure.value, figure.interval)
