"""A score as a page with plots, and as a table in the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.report.plot import save
from bench.report.score_plot import axis_plot, confusion_plot, reliability_plot
from bench.report.summary import summary_lines
from bench.report.table import (
    difference,
    markdown_table,
    page,
    percent,
    plain,
    share,
    size_note,
    terminal_table,
    within,
)
from bench.run.caveat import told_coverage
from bench.score.axis_score import AxisScore
from bench.score.repeat import RepeatScore
from bench.score.result import Score
from bench.storage import write_whole
from bench.view import condition_named
from taxonomy.danger import DangerTable, danger_table
from taxonomy.target import target_format

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = ("axis", "n", "accuracy", "baseline", "ceiling", "difference [95%]", "p (Holm)", "verdict")
STYLES = {"above": "green", "at": "yellow", "below": "red", "no": "dim"}

NOTE = (
    "`baseline`: the majority value of the training folds on the same cases; `ceiling`: a reader that sees the machine "
    "measurements only; intervals: bootstrap over patients; p: exact McNemar, corrected by Holm over the axes."
)


def write_score(
    folder: Path, score: Score, manifest: Mapping[str, Any], data: str, danger: DangerTable | None = None
) -> None:
    """Write ``report.md`` and ``pictures/`` into a run folder.

    Parameters
    ----------
    folder : Path
    score : Score
    manifest : mapping
        Of the run.
    data : str
        The dataset and its licence in one line.
    danger : DangerTable, optional
        The default one when not given.

    Raises
    ------
    taxonomy.error.RunError
        When the folder cannot be written.
    """
    pictures = folder / "pictures"
    save(axis_plot(score), pictures / "axes.png")
    if score.superclass:
        save(confusion_plot(score.superclass, danger or danger_table()), pictures / "confusion.png")
    if score.probability:
        save(reliability_plot(score.probability), pictures / "reliability.png")
    write_whole(folder / "report.md", score_page(score, manifest, data))


def score_page(score: Score, manifest: Mapping[str, Any], data: str) -> str:
    """Return the page as Markdown."""
    settings = manifest["settings"]
    parts = [
        f"# {plain(settings['reader'])} on {plain(settings['dataset'])}, {plain(settings['split'])}",
        size_note(score.n, bool(settings["is_sample"])),
        *map(plain, told_coverage(manifest)),
        *_shown(settings),
        "![Accuracy of every axis beside its baseline](pictures/axes.png)",
        markdown_table(HEADINGS, [axis_cells(axis) for axis in score.axes]),
        NOTE,
        markdown_table(("figure", "value"), summary_lines(score)),
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
        f"Data: {plain(data)}."
    )
    return page(parts)


def axis_cells(axis: AxisScore) -> tuple[str, ...]:
    """Return the cells of one axis, in the order of :data:`HEADINGS`."""
    return (
        axis.axis,
        str(axis.n),
        percent(axis.accuracy),
        percent(axis.baseline),
        percent(axis.text_ceiling),
        difference(axis.difference, axis.interval),
        "-" if axis.p_holm is None else f"{axis.p_holm:.3f}" if axis.p_holm >= 0.001 else "<0.001",
        axis.verdict,
    )


def score_table(score: Score, title: str) -> "Table":
    """Return the axes as a table for the terminal."""
    rows: list[tuple[str, ...]] = []
    for text_inferable, name in ((True, "text-inferable"), (False, "waveform-only")):
        rows.append((name, *[""] * (len(HEADINGS) - 1)))
        cells = [axis_cells(axis) for axis in score.axes if axis.text_inferable is text_inferable]
        rows += [(f"  {axis}", *others) for axis, *others in cells]
    return terminal_table(HEADINGS, rows, title, styles=STYLES)


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
    return markdown_table(headings, rows)


def _repeats(found: RepeatScore) -> str:
    headings = ("axis", "n", "agreement [95%]", "accuracy", "majority vote [95%]", "vote minus one answer [95%]")
    rows = [
        (
            axis.axis,
            str(axis.n),
            share(axis.agreement, axis.agreement_interval),
            percent(axis.accuracy),
            share(axis.vote, axis.vote_interval),
            difference(axis.gain, axis.gain_interval),
        )
        for axis in found.axes
    ]
    note = (
        f"{found.repeats} answers to every case. Agreement: share of pairs of answers that are the same; accuracy: "
        "mean over the answers. All else on this page is of the first answer."
    )
    return markdown_table(headings, rows) + "\n\n" + note


def _groups(score: Score) -> str:
    assert score.superclass is not None
    rows = [
        (name, str(g.n), within(g.dwe, g.dwe_interval), f"{g.critical} ({percent(g.critical_share)})")
        for name, g in {"all": score.superclass.overall, **score.superclass.groups}.items()
    ]
    note = f"Danger table: {score.superclass.danger_table}; critical errors are its cells of danger 3."
    return markdown_table(("group", "n", "danger-weighted error [95%]", "critical errors"), rows) + "\n\n" + note


def _probability(score: Score) -> str:
    found = score.probability
    assert found is not None
    rows = [
        (name, within(area, found.intervals[name]), f"{found.average_precision[name]:.3f}", f"{found.f1[name]:.3f}")
        for name, area in found.auroc.items()
    ]
    return markdown_table(("superclass", "AUROC [95%]", "average precision", "F1 at 0.5"), rows)
