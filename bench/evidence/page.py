"""The evidence on one page: verdicts first, then where they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.evidence.ablation import Ablation
from bench.evidence.answer import Figure
from bench.evidence.design import ABLATION
from bench.evidence.evidence import SIGNIFICANT, UNMOVED, AxisEvidence
from bench.evidence.picture import evidence_picture
from bench.report.markdown import plain, table
from bench.report.picture import save
from bench.report.row import difference, percent
from bench.storage import as_json, write_whole

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


def write_evidence(folder: Path, found: Ablation) -> None:
    """Write ``evidence.md``, ``evidence.json`` and the picture.

    Raises
    ------
    taxonomy.error.RunError
        When the folder cannot be written.
    """
    save(evidence_picture(found.axes), folder / "pictures" / "evidence.png")
    write_whole(folder / "evidence.json", as_json(evidence_json(found)))
    write_whole(folder / "evidence.md", evidence_page(found))


def evidence_json(found: Ablation) -> dict[str, Any]:
    """Return the evidence as plain JSON data."""
    return {
        "reader": found.job.settings.reader,
        "run_id": found.job.settings.run_id,
        "is_sample": found.job.settings.is_sample,
        "cases": found.cases,
        "image_ceiling": found.image_ceiling,
        "conditions": dict(found.conditions),
        "axes": [asdict(axis) for axis in found.axes],
    }


def evidence_page(found: Ablation) -> str:
    """Return the page as Markdown."""
    settings = found.job.settings
    parts = [
        f"# Does {plain(settings.reader)} read the ECG? {plain(settings.dataset)}, {plain(settings.split)}",
        caution(found),
        table(("axis", "n", "verdict"), [(axis.axis, str(axis.n), axis.verdict) for axis in found.axes]),
        HOW,
        "![Prior, ceilings and the reader under each condition](pictures/evidence.png)",
        "## Accuracy under each condition",
        table(("condition", *(axis.axis for axis in found.axes)), _accuracy_rows(found)),
        "## What changes when something is taken away or swapped",
        table(("figure", *(axis.axis for axis in found.axes)), figure_rows(found.axes)),
        "Differences in points of accuracy, shares in percent, each with its 95% interval (bootstrap over patients); "
        f"* p < {SIGNIFICANT} by exact McNemar after Holm's correction over the axes.",
        "\n".join(f"- **{name}**: {what}." for name, what, _ in (*FIGURES, *SHARES)),
        f"Run `{plain(settings.run_id)}`; image ceiling: {found.image_ceiling or 'none'}. "
        "Data: PTB-XL (Wagner et al. 2020, CC BY 4.0).",
    ]
    return "\n\n".join(parts) + "\n"


HOW = (
    "**reads the trace**: answers get worse with another patient's image. **copies the prompt**: they get worse with "
    "another patient's numbers. **recites the prior**: they get worse with neither, and either swap moves fewer than "
    f"{100 * UNMOVED:.0f}% of them, by the upper end of the interval. **cannot tell**: there are too few cases, or the "
    "answers move without getting worse. **gives no answer**: fewer than half of the cases have one."
)


def caution(found: Ablation) -> str:
    """Return what must be known of the size of the evidence."""
    powers = [axis.power for axis in found.axes if axis.power is not None]
    n = f"n = {found.cases} ECGs"
    n += " of the embedded sample: intervals are wide." if found.job.settings.is_sample else "."
    return f"{n} The smallest waveform gain that could be shown is {100 * min(powers):.1f} points." if powers else n


def figure_rows(axes: Sequence[AxisEvidence]) -> list[tuple[str, ...]]:
    """Return the rows of the table of figures: differences in points, shares in percent."""
    rows = [(name, *(_points(getattr(axis, field)) for axis in axes)) for name, _, field in FIGURES]
    return rows + [(name, *(_share(getattr(axis, field)) for axis in axes)) for name, _, field in SHARES]


def _accuracy_rows(found: Ablation) -> list[tuple[str, ...]]:
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
    if figure is None:
        return "-"
    if figure.interval is None:
        return percent(figure.value)
    return f"{percent(figure.value)} [{percent(figure.interval[0])}, {percent(figure.interval[1])}]"
