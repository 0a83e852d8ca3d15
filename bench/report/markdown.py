"""A run's report as a page with pictures."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from bench.prompt import condition_named
from bench.report.picture import axis_picture, confusion_picture, reliability_picture, save
from bench.report.row import HEADINGS, axis_row, difference, percent, within
from bench.report.summary import caution, summary_lines
from bench.score.repeat import RepeatScore
from bench.score.result import Score
from bench.storage import write_whole
from taxonomy.danger import DangerTable, danger_table
from taxonomy.target import target_format

NOTE = (
    "`baseline`: the majority value of the training folds on the same cases; `ceiling`: a reader that sees the machine "
    "measurements only; intervals: bootstrap over patients; p: exact McNemar, corrected by Holm over the axes."
)


def write_report(folder: Path, score: Score, manifest: Mapping[str, Any], danger: DangerTable | None = None) -> None:
    """Write ``report.md`` and ``pictures/`` into a run folder.

    Raises
    ------
    taxonomy.error.RunError
        When the folder cannot be written.
    """
    pictures = folder / "pictures"
    save(axis_picture(score), pictures / "axes.png")
    if score.superclass:
        save(confusion_picture(score.superclass, danger or danger_table()), pictures / "confusion.png")
    if score.probability:
        save(reliability_picture(score.probability), pictures / "reliability.png")
    write_whole(folder / "report.md", report(score, manifest))


def report(score: Score, manifest: Mapping[str, Any]) -> str:
    """Return the page as Markdown."""
    settings = manifest["settings"]
    parts = [
        f"# {plain(settings['reader'])} on {plain(settings['dataset'])}, {plain(settings['split'])}",
        caution(score, bool(settings["is_sample"])),
        *_shown(settings),
        "![Accuracy of every axis beside its baseline](pictures/axes.png)",
        table(HEADINGS, [axis_row(axis).cells for axis in score.axes]),
        NOTE,
        table(("figure", "value"), summary_lines(score)),
        "## Does it recite the prior?",
        _prior(score),
    ]
    if score.superclass:
        parts += [
            "## What its errors are worth",
            "![Confusion of superclasses](pictures/confusion.png)",
            _groups(score),
        ]
    if score.probability:
        parts += ["## Probabilities", _probability(score), "![Reliability](pictures/reliability.png)"]
    if score.repeats:
        parts += ["## Does it agree with itself?", _repeats(score.repeats)]
    run_id, revision = plain(manifest["run_id"]), plain(str(manifest.get("git_revision")))
    parts.append(
        f"Run `{run_id}`, taxonomy {score.taxonomy_version}, {score.draws:,} bootstrap draws, revision `{revision}`. "
        "Data: PTB-XL (Wagner et al. 2020, CC BY 4.0)."
    )
    return "\n\n".join(parts) + "\n"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Return text that Markdown and HTML show as it is."""
    escaped = escape(text, quote=False)
    for char in "|`*[]":
        escaped = escaped.replace(char, "\\" + char)
    return escaped.replace("\n", " ")


def _shown(settings: Mapping[str, Any]) -> list[str]:
    """Return what was shown and asked, where it was not everything."""
    condition, form = condition_named(settings.get("condition") or "full"), settings.get("form") or "dense"
    said = [] if condition.name == "full" else [f"Condition `{condition.name}`: it shows {condition.shows}."]
    return said + ([] if form == "dense" else [f"Format `{form}`: {target_format(form).description}."])


def _prior(score: Score) -> str:
    headings = ("axis", "H(answers) / H(truth)", "mutual information, bits", "two commonest answers", "no answer")
    rows = [
        (
            axis.axis,
            "-" if axis.entropy_ratio is None else f"{axis.entropy_ratio:.2f}",
            "-" if axis.mutual_information is None else f"{axis.mutual_information:.2f}",
            percent(axis.top_two_share),
            ", ".join(f"{n} {kind}" for kind, n in (axis.no_answer or {}).items()) or "0",
        )
        for axis in score.axes
    ]
    return table(headings, rows)


def _repeats(found: RepeatScore) -> str:
    headings = ("axis", "n", "agreement [95%]", "accuracy", "majority vote [95%]", "vote minus one answer [95%]")
    rows = [
        (
            axis.axis,
            str(axis.n),
            _share(axis.agreement, axis.agreement_interval),
            percent(axis.accuracy),
            _share(axis.vote, axis.vote_interval),
            difference(axis.gain, axis.gain_interval),
        )
        for axis in found.axes
    ]
    note = (
        f"{found.repeats} askings of every case. Agreement: share of pairs of askings with the same answer; accuracy: "
        "mean over the askings. All else on this page is of the first asking."
    )
    return table(headings, rows) + "\n\n" + note


def _share(value: float, bounds: tuple[float, float] | None) -> str:
    return percent(value) + (f" [{percent(bounds[0])}, {percent(bounds[1])}]" if bounds else "")


def _groups(score: Score) -> str:
    assert score.superclass is not None
    rows = [
        (name, str(g.n), within(g.dwe, g.dwe_interval), f"{g.critical} ({percent(g.critical_share)})")
        for name, g in {"all": score.superclass.overall, **score.superclass.groups}.items()
    ]
    note = f"Danger table: {score.superclass.danger_table}; critical errors are its cells of danger 3."
    return table(("group", "n", "danger-weighted error [95%]", "critical errors"), rows) + "\n\n" + note


def _probability(score: Score) -> str:
    found = score.probability
    assert found is not None
    rows = [
        (name, within(area, found.intervals[name]), f"{found.average_precision[name]:.3f}", f"{found.f1[name]:.3f}")
        for name, area in found.auroc.items()
    ]
    return table(("superclass", "AUROC [95%]", "average precision", "F1 at 0.5"), rows)
