"""A score as a page with plots, and as a table in the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.report.plot import save
from bench.report.probability_page import probability_parts
from bench.report.score_plot import axis_plot, confusion_plot, reliability_plot
from bench.report.summary import summary_lines
from bench.report.table import (
    chance,
    difference,
    markdown_table,
    page,
    percent,
    plain,
    quoted,
    share,
    size_note,
    terminal_table,
    within,
)
from bench.run.caveat import told_caveats
from bench.score.axis_score import AxisScore, Majority
from bench.score.repeat import RepeatScore
from bench.score.result import Score
from bench.storage import write_whole
from bench.view import condition_named
from taxonomy.danger import DangerTable, danger_table
from taxonomy.target import target_format

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = (
    "axis",
    "n",
    "accuracy [95%]",
    "baseline",
    "kappa [95%]",
    "knows p",
    "names p",
    "difference [95%]",
    "p",
    "verdict",
)
TERMINAL = ("axis", "n", "accuracy", "baseline", "kappa [95%]", "knows p", "names p", "diff.", "verdict")
STYLES = {"knows": "green", "nothing": "yellow", "by": "dim", "no": "dim", "not": "dim"}

NOTE = (
    "An answer is right that the labels support. `baseline`: the majority value of these cases, or of the training "
    "folds where it is as good. `kappa`: agreement beyond chance, 0 for a reader that always says the same. `knows p`: "
    "shuffled answers do as well on what is not the training majority; `names p`: the same among the cases that are "
    "something else; `p`: exact test of the difference; all corrected by Holm over the axes. Patients are "
    "shuffled and resampled whole. `by construction`: reader and truth rest on the same measurement; the axis enters "
    "no mean."
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
    settings = manifest["settings"]
    title = f"{quoted(settings['reader'], 120)} on {settings['dataset']}, {settings['split']}, n = {score.n:,}"
    save(axis_plot(score, title), pictures / "axes.png")
    if score.superclass:
        save(confusion_plot(score.superclass, danger or danger_table()), pictures / "confusion.png")
    if score.probability and score.probability.reliability:
        save(reliability_plot(score.probability), pictures / "reliability.png")
    write_whole(folder / "report.md", score_page(score, manifest, data))


def score_page(score: Score, manifest: Mapping[str, Any], data: str) -> str:
    """Return the page as Markdown."""
    settings = manifest["settings"]
    parts = [
        f"# {plain(settings['reader'])} on {plain(settings['dataset'])}, {plain(settings['split'])}",
        size_note(score.n, bool(settings["is_simulated"])),
        *map(plain, told_caveats(manifest)),
        *_shown(settings),
        *_headline(score),
        "![Accuracy of every axis beside its baseline, and kappa](pictures/axes.png)",
        markdown_table(HEADINGS, [axis_cells(axis) for axis in shown_axes(score)]),
        NOTE,
        markdown_table(("figure", "value"), summary_lines(score)),
        "## Against what",
        _baselines(score),
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
        parts += ["## Probabilities", *probability_parts(score.probability)]
        parts += ["![Reliability](pictures/reliability.png)"] if score.probability.reliability else []
    if score.repeats:
        parts += ["## Does it agree with itself?", _repeats(score.repeats)]
    run_id, revision = plain(manifest["run_id"]), plain(str(manifest.get("git_revision")))
    parts.append(
        f"Run `{run_id}`, taxonomy {score.taxonomy_version}, {score.draws:,} bootstrap draws, revision `{revision}`. "
        f"Data: {plain(data)}."
    )
    return page(parts)


def shown_axes(score: Score) -> list[AxisScore]:
    """Return the eight axes, then those that follow from them."""
    return [*score.axes, *(axis for axis in (score.ischemia, score.normality) if axis)]


def axis_cells(axis: AxisScore) -> tuple[str, ...]:
    """Return the cells of one axis, in the order of :data:`HEADINGS`."""
    return (
        axis.axis,
        str(axis.n),
        "-" if axis.accuracy is None else share(axis.accuracy, axis.accuracy_interval),
        percent(axis.baseline),
        "-" if axis.kappa is None else within(axis.kappa, axis.kappa_interval, 2),
        chance(axis.knows_p_holm),
        chance(axis.names_p_holm),
        difference(axis.difference, axis.interval),
        chance(axis.p_holm),
        axis.verdict,
    )


def score_table(score: Score, title: str) -> "Table":
    """Return the axes as a table for the terminal, without the intervals that are on the page."""
    rows: list[tuple[str, ...]] = []
    for name, axes in _groups_of_axes(score).items():
        rows += [(name, *[""] * (len(TERMINAL) - 1))] if axes else []
        rows += [_terminal_cells(axis) for axis in axes]
    said = f"{title}: mean kappa {within(score.kappa.kappa, score.kappa.interval, 2)}" if score.kappa else title
    table = terminal_table(TERMINAL, rows, said, styles=STYLES)
    table.padding = (0, 1, 0, 0)  # one blank apart: nine columns and the words fill the width
    for column in table.columns[:-1]:
        column.no_wrap = True
    return table


def _groups_of_axes(score: Score) -> dict[str, list[AxisScore]]:
    return {
        "text-inferable": [axis for axis in score.axes if axis.text_inferable],
        "waveform-only": [axis for axis in score.axes if not axis.text_inferable],
        "derived": [axis for axis in (score.ischemia, score.normality) if axis],
    }


def _terminal_cells(axis: AxisScore) -> tuple[str, ...]:
    name, n, _, baseline, kappa, knows, names, *_, verdict = axis_cells(axis)
    points = difference(axis.difference, None)
    short = verdict.split(" (")[0]
    return (f" {name}", n, percent(axis.accuracy), baseline, kappa, knows, names, points, short)


def _headline(score: Score) -> list[str]:
    if not score.kappa:
        return []
    over = ", ".join(score.kappa.axes)
    return [f"**Mean kappa {within(score.kappa.kappa, score.kappa.interval, 2)}** over {over}."]


def _baselines(score: Score) -> str:
    headings = ("axis", "majority in training", "majority here", "text ceiling", "strict accuracy", "strict kappa")
    rows = [
        (
            axis.axis,
            _majority(axis.baseline_trained),
            _majority(axis.baseline_here),
            "-" if axis.text_ceiling is None else f"{percent(axis.text_ceiling)} of {axis.text_ceiling_n}",
            f"{percent(axis.strict.accuracy)} ({difference(axis.strict.difference, None)})",
            "-" if axis.strict.kappa is None else f"{axis.strict.kappa:.2f}",
        )
        for axis in shown_axes(score)
        if axis.strict
    ]
    note = (
        "Text ceiling: a reader that sees the machine measurements only, on the cases with a recording. Strict: the "
        "primary value alone is right (in brackets the difference from the majority)."
    )
    return markdown_table(headings, rows) + "\n\n" + note


def _majority(found: Majority | None) -> str:
    return "-" if found is None else f"{found.value} {percent(found.accuracy)}"


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
