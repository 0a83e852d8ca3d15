"""The pages and tables of the experiments: each arm axis by axis, all arms side by side, and estimates."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.evidence import verdict as words
from bench.experiment.estimate import ArmEstimate
from bench.experiment.experiments import Experiment
from bench.experiment.result import ArmResult
from bench.report.experiment_plot import side_by_side_plot
from bench.report.plot import save
from bench.report.table import difference, markdown_table, number, page, percent, plain, size_note, terminal_table
from bench.score.axis_score import AxisScore
from bench.storage import write_whole
from taxonomy.axis import AXES, NORMALITY

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = (
    "axis", "n", "accuracy", "majority", "difference [95%]", "verdict", "ablation", "macro-F1", "two commonest answers",
)  # fmt: skip
SIDE_HEADINGS = (
    "arm", "axes", "text-inferable", "waveform-only", "no answer", "findings per ECG", "true", "two commonest answers",
    "macro-F1", "can read it", "follows the numbers", "recites the prior",
)  # fmt: skip


SHOWN = {
    "arm": 0,
    "waveform-only": 3,
    "no answer": 4,
    "two commonest": 7,
    "can read it": 9,
    "follows the numbers": 10,
}
"""Columns of the side-by-side table that fit a terminal, by their place in its rows."""


def arm_rows(result: ArmResult) -> list[tuple[str, ...]]:
    """Return a row for each axis that an arm was asked for, in the order of :data:`HEADINGS`."""
    return [
        (
            axis.axis,
            str(axis.n),
            percent(axis.accuracy),
            percent(axis.baseline),
            difference(axis.difference, axis.interval),
            axis.verdict,
            result.verdicts.get(axis.axis, "-"),
            f"{number(axis.micro_f1)} (micro)" if axis.micro_f1 is not None else number(axis.macro_f1),
            percent(axis.top_two_share),
        )
        for axis in result.score.asked
    ]


def side_row(result: ArmResult) -> tuple[str, ...]:
    """Return an arm's row of the table side by side, in the order of :data:`SIDE_HEADINGS`."""
    score, axes = result.score, result.score.asked
    means = [
        "-" if mean is None or not mean.axes else difference(mean.difference, mean.interval)
        for mean in (score.text_inferable, score.waveform_only)
    ]
    if len(axes) == 1:
        means = ["-", difference(axes[0].difference, axes[0].interval)]
    findings = (score.findings_predicted, score.findings_true)
    asks_findings = any(axis.axis == "other_findings" for axis in axes)
    return (
        f"{result.experiment}: {result.arm}",
        str(len(axes)),
        *means,
        percent(result.score.unanswered),
        *((f"{found:.2f}" for found in findings) if asks_findings else ("-", "-")),
        percent(_mean([axis.top_two_share for axis in axes])),
        number(_mean([axis.macro_f1 for axis in axes])),
        *(_named(result, *said) for said in ((words.READS,), (words.NUMBERS, words.BOTH), (words.PRIOR,))),
    )


def write_experiment(folder: Path, experiment: Experiment, results: Sequence[ArmResult]) -> None:
    """Write ``table.md`` of one experiment."""
    parts = [f"# {experiment.name}: {plain(results[0].model)}", plain(experiment.question)]
    for result in results:
        findings = f"{result.score.findings_predicted:.2f} predicted, {result.score.findings_true:.2f} true"
        parts += [
            f"## {plain(result.arm)}",
            markdown_table(HEADINGS, arm_rows(result)),
            f"No answer: {percent(result.score.unanswered)}. Findings per ECG: {findings}. "
            f"Run `{plain(result.run_id)}`.",
        ]
    write_whole(folder / "table.md", page([*parts, caution(results)]))


def write_side_by_side(folder: Path, results: Sequence[ArmResult]) -> None:
    """Write ``side_by_side.md`` and its picture, over all arms.

    Raises
    ------
    taxonomy.error.RunError
        When the folder cannot be written.
    """
    save(side_by_side_plot(results), folder / "side_by_side.png")
    parts = [
        "# The experiments side by side",
        caution(results),
        "![Every arm against the majority, axis by axis](side_by_side.png)",
        markdown_table(SIDE_HEADINGS, [side_row(result) for result in results]),
        "`text-inferable`, `waveform-only`: mean over the axes of accuracy minus majority, in points, with 95% "
        "intervals (bootstrap over patients); an arm that is asked one thing has that one's difference. "
        "`two commonest answers`, `macro-F1`: means over the axes. The last three columns name the axes of each "
        "verdict of `bench ablate`.",
        "## Difference from the majority, axis by axis",
        markdown_table(("arm", *_names()), [_axis_row(result) for result in results]),
    ]
    write_whole(folder / "side_by_side.md", page(parts))


def side_by_side_table(results: Sequence[ArmResult]) -> "Table":
    """Return the side-by-side table with the columns that fit a terminal."""
    rows = [tuple(side_row(result)[place] for place in SHOWN.values()) for result in results]
    return terminal_table(tuple(SHOWN), rows, left={"arm", "can read it", "follows the numbers"})


def estimate_table(found: Sequence[ArmEstimate]) -> "Table":
    """Return the estimate of each arm as a table for the terminal."""
    rows = [
        (
            arm.arm,
            str(arm.records),
            f"{arm.prompt} + {arm.answer}",
            f"{arm.training_hours:.2f}",
            f"{arm.asking_hours:.2f}",
            f"{arm.disk / 1e9:.3f}",
        )
        for arm in found
    ]
    return terminal_table(("arm", "records", "tokens", "training h", "asking h", "disk GB"), rows, left={"arm"})


def caution(results: Sequence[ArmResult]) -> str:
    """Return a note on the number of ECGs, and on what they are."""
    return size_note(max(result.score.n for result in results), any(result.is_simulated for result in results))


def _names() -> tuple[str, ...]:
    return (*(axis.name for axis in AXES), NORMALITY.name)


def _axis_row(result: ArmResult) -> tuple[str, ...]:
    known: dict[str, AxisScore] = {axis.axis: axis for axis in result.score.asked}
    cells = [difference(known[name].difference, known[name].interval) if name in known else "-" for name in _names()]
    return (f"{result.experiment}: {result.arm}", *cells)


def _named(result: ArmResult, *findings: str) -> str:
    """Return the axes whose verdict holds one of the findings."""
    named = (axis for axis, said in result.verdicts.items() if any(finding in said for finding in findings))
    return ", ".join(named) or "-"


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
