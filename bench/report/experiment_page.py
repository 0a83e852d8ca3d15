"""The pages and tables of the experiments: arms side by side axis by axis, and estimates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.evidence import verdict as words
from bench.experiment.comparing import ArmKey, arm_key
from bench.experiment.estimate import ArmEstimate
from bench.experiment.experiments import Experiment
from bench.experiment.result import ArmResult
from bench.report.experiment_plot import accuracy_plot, side_by_side_plot
from bench.report.plot import save
from bench.report.table import (
    difference,
    markdown_table,
    number,
    page,
    percent,
    plain,
    size_note,
    terminal_table,
    within,
)
from bench.score.agreement import LEVEL
from bench.score.axis_score import AxisScore
from bench.score.comparison import AxisGap
from bench.score.label_figures import BesideTruth, LabelFigures
from bench.storage import as_json, write_whole
from taxonomy.axis import AXES, DIAGNOSIS, NORMALITY

if TYPE_CHECKING:
    from rich.table import Table

Gaps = Mapping[ArmKey, Mapping[str, AxisGap]]

HEADINGS = (
    "axis", "n", "accuracy", "majority", "difference [95%]", "verdict", "ablation", "macro-F1", "two commonest answers",
)  # fmt: skip
SIDE_HEADINGS = (
    "arm", "axes", "text-inferable", "waveform-only", "no answer", "findings per ECG", "true", "two head labels",
    "true", "macro-F1", "can read it", "follows the numbers", "recites the prior",
)  # fmt: skip


SHOWN = {
    "arm": 0,
    "waveform-only": 3,
    "no answer": 4,
    "two head labels": 7,
    "macro-F1": 9,
    "can read it": 10,
    "follows the numbers": 11,
}
"""Columns of the side-by-side table that fit a terminal, by their place in its rows."""

UP, DOWN = "↑", "↓"
"""Marks of an accuracy above, and below, that of the majority."""

HOW = (
    "Accuracy on each axis; *majority*: that of the better of two constant answers, the training split's commonest "
    f"value and that of these ECGs. {UP} above and {DOWN} below it by the paired test (sign flips of whole patients, "
    "Holm's correction over the axes); without a mark no difference is shown."
)
HOW_LABELS = (
    "*Findings per ECG*: abnormal values of rate, rhythm, axis, conduction and ischemia, and other findings, that an "
    "answer names. *Macro-F1*: unweighted mean of F1 over the labels, i.e. the values of the axes asked and each other "
    "finding, that are true of one of these ECGs at least (averaged F1: Opitz and Burst 2019, arXiv 1911.03347); arms "
    "that are asked other axes have other labels. *Two head labels*: share of the labels named that are among the two "
    "commonest of their axis in the training split; an axis with two labels has no head. Intervals of "
    "95%, bootstrap over patients."
)
HOW_UNTAUGHT = (
    "Accuracy minus that of the same model untaught (`zero-shot: free text`), in points, paired by ECG, with 95% "
    f"intervals over the patients; {UP} and {DOWN}: shown to differ after Holm's correction over all arms and axes."
)


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


def side_row(result: ArmResult, several_models: bool = False) -> tuple[str, ...]:
    """Return an arm's row of the table side by side, in the order of :data:`SIDE_HEADINGS`."""
    score, axes = result.score, result.score.asked
    means = [
        "-" if mean is None or not mean.axes else difference(mean.difference, mean.interval)
        for mean in (score.text_inferable, score.waveform_only)
    ]
    if len(axes) == 1:
        means = ["-", difference(axes[0].difference, axes[0].interval)]
    labels = result.labels or NO_FIGURES
    return (
        full_name(result, several_models),
        str(len(axes)),
        *means,
        percent(result.score.unanswered),
        *_both(labels.findings, lambda value: f"{value:.2f}"),
        *_both(labels.head_share, percent),
        number(labels.macro_f1),
        *(_named(result, *said) for said in ((words.READS,), (words.NUMBERS, words.BOTH), (words.PRIOR,))),
    )


NO_FIGURES = LabelFigures(None, None, None, 0, None)
"""Of a result by an earlier version."""


def full_name(result: ArmResult, several_models: bool) -> str:
    """Return the name of an arm among all experiments, with its model where there are several."""
    return f"{result.experiment}: {result.arm}" + (f", {result.model}" if several_models else "")


def has_several_models(results: Sequence[ArmResult]) -> bool:
    """Tell whether the results are of more than one model."""
    return len({result.model for result in results}) > 1


def accuracy_rows(results: Sequence[ArmResult]) -> list[tuple[str, ...]]:
    """Return a row for each axis that an arm was asked for: axis, n, majority, and the accuracy of each arm."""
    rows = []
    for name in _names():
        known = [result.accuracies[name] for result in results if name in result.accuracies]
        if known:
            widest = max(known, key=lambda axis: axis.n)
            cells = (_accuracy(result.accuracies.get(name), widest.n) for result in results)
            rows.append((name, str(widest.n), percent(widest.baseline), *cells))
    return rows


def _accuracy(axis: AxisScore | None, n: int) -> str:
    if axis is None:
        return "-"
    marked = axis.p_holm is not None and axis.p_holm < LEVEL and axis.difference
    mark = "" if not marked else f" {UP}" if (axis.difference or 0) > 0 else f" {DOWN}"
    return percent(axis.accuracy) + mark + (f" (n = {axis.n})" if axis.n != n else "")


def label_rows(results: Sequence[ArmResult]) -> list[tuple[str, ...]]:
    """Return the rows of the figures over labels: what it is, and the figure of each arm."""
    found = [result.labels or NO_FIGURES for result in results]
    recited = [result.majority or NO_FIGURES for result in results]
    diagnosis = [one.head_by_axis.get(DIAGNOSIS.name) for one in found]

    def two_decimals(value: float) -> str:
        return f"{value:.2f}"

    return [
        *_beside_rows("findings per ECG", [one.findings for one in found], two_decimals, _plain_difference),
        ("macro-F1", *map(_macro_f1, found)),
        ("macro-F1, always the majority", *(number(one.macro_f1) for one in recited)),
        ("labels in macro-F1", *(str(one.labels or "-") for one in found)),
        *_beside_rows("two head labels of the diagnosis", diagnosis, percent, _points),
        *_beside_rows("two head labels of every axis", [one.head_share for one in found], percent, _points),
        ("no answer", *(percent(result.score.unanswered) for result in results)),
        ("ECGs", *(f"{result.score.n:,}" for result in results)),
    ]


def _macro_f1(found: LabelFigures) -> str:
    return "-" if found.macro_f1 is None else within(found.macro_f1, found.macro_f1_interval)


def _beside_rows(
    what: str,
    found: Sequence[BesideTruth | None],
    written: Callable[[float], str],
    change: Callable[[BesideTruth], str],
) -> list[tuple[str, ...]]:
    sides = [_both(one, written) for one in found]
    return [
        (f"{what}, answered", *(answered for answered, _ in sides)),
        (f"{what}, true", *(true for _, true in sides)),
        (f"{what}, answered minus true", *("-" if one is None else change(one) for one in found)),
    ]


def _both(found: BesideTruth | None, written: Callable[[float], str]) -> tuple[str, str]:
    answered, true = (None, None) if found is None else (found.answered, found.true)
    return "-" if answered is None else written(answered), "-" if true is None else written(true)


def _points(found: BesideTruth) -> str:
    return difference(found.difference, found.interval)


def _plain_difference(found: BesideTruth) -> str:
    if found.difference is None:
        return "-"
    bounds = f" [{found.interval[0]:+.2f}, {found.interval[1]:+.2f}]" if found.interval else ""
    return f"{found.difference:+.2f}{bounds}"


def write_experiment(
    folder: Path, experiment: Experiment, results: Sequence[ArmResult], gaps: Gaps, notes: Sequence[str] = ()
) -> None:
    """Write ``table.md`` of one experiment and its picture.

    Parameters
    ----------
    folder : Path
    experiment : Experiment
    results : sequence of ArmResult
        Of every model and arm that was finished, one at least.
    gaps : mapping
        From :func:`bench.experiment.comparing.gaps_over_untaught`.
    notes : sequence of str
        What is not in the table, and why.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    several = has_several_models(results)
    arms = [f"{result.arm}, {result.model}" if several else result.arm for result in results]
    save(accuracy_plot(results, arms), folder / "table.png")
    title = experiment.name if several else f"{experiment.name}: {plain(results[0].model)}"
    parts = [
        f"# {title}",
        plain(experiment.question),
        caution(results),
        *(plain(note) for note in notes),
        *_final_tables(results, arms, gaps),
        "![Accuracy of every arm beside the majority, axis by axis](table.png)",
    ]
    for result, arm in zip(results, arms, strict=True):
        run = f"Run `{plain(result.run_id)}`."
        parts += [f"## {plain(arm)}", markdown_table(HEADINGS, arm_rows(result)), run]
    write_whole(folder / "table.md", page(parts))


def _final_tables(results: Sequence[ArmResult], arms: Sequence[str], gaps: Gaps) -> list[str]:
    names = [plain(arm) for arm in arms]
    parts = [
        markdown_table(("axis", "n", "majority", *names), accuracy_rows(results)),
        HOW,
        markdown_table(("", *names), label_rows(results)),
        HOW_LABELS,
    ]
    rows = _gap_rows(results, gaps)
    return parts if not rows else [*parts, markdown_table(("axis", *names), rows), HOW_UNTAUGHT]


def _gap_rows(results: Sequence[ArmResult], gaps: Gaps) -> list[tuple[str, ...]]:
    """Return a row for each axis on which an arm is compared with the untaught model; none where no arm is."""
    own = [gaps.get(arm_key(result), {}) for result in results]
    return [(name, *(_gap(one.get(name)) for one in own)) for name in _names() if any(name in one for one in own)]


def _gap(found: AxisGap | None) -> str:
    if found is None:
        return "-"
    gap = found.accuracy
    mark = "" if not gap.is_shown or not gap.difference else f" {UP}" if gap.difference > 0 else f" {DOWN}"
    return difference(gap.difference, gap.interval) + mark


def write_side_by_side(folder: Path, results: Sequence[ArmResult], gaps: Gaps) -> None:
    """Write ``side_by_side.md``, its picture and ``side_by_side.json``, over all arms of all models.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    several = has_several_models(results)
    save(side_by_side_plot(results, [full_name(one, several) for one in results]), folder / "side_by_side.png")
    parts = [
        "# The experiments side by side",
        caution(results),
        *(plain(f"{model}: {why}.") for model, why in _untaught(results).items()),
        "![Every arm against the majority, axis by axis](side_by_side.png)",
        markdown_table(SIDE_HEADINGS, [side_row(result, several) for result in results]),
        "`text-inferable`, `waveform-only`: mean over the axes of accuracy minus majority, in points, with 95% "
        "intervals (bootstrap over patients); an arm that is asked one thing has that one's difference. The last three "
        "columns name the axes of each verdict of `bench ablate`.",
    ]
    for model, own in _by_model(results).items():
        parts += [f"## {plain(model)}", *_final_tables(own, [full_name(one, False) for one in own], gaps)]
    parts += [
        "## Difference from the majority, axis by axis",
        markdown_table(("arm", *_names()), [_axis_row(result, several) for result in results]),
    ]
    write_whole(folder / "side_by_side.md", page(parts))
    write_whole(folder / "side_by_side.json", as_json({"arms": [_json(result, gaps) for result in results]}))


def _untaught(results: Sequence[ArmResult]) -> Mapping[str, str]:
    return {result.model: result.untaught for result in results if result.untaught}


def _json(result: ArmResult, gaps: Gaps) -> dict[str, Any]:
    """Return an arm of the final table as JSON data."""
    figures = ("n", "accuracy", "accuracy_interval", "baseline", "difference", "interval", "p_holm", "verdict")
    return {
        **{name: getattr(result, name) for name in ("experiment", "arm", "model", "run_id", "untaught")},
        "axes": {
            name: {figure: getattr(axis, figure) for figure in figures} for name, axis in result.accuracies.items()
        },
        "ablation": dict(result.verdicts),
        "labels": None if result.labels is None else asdict(result.labels),
        "majority": None if result.majority is None else asdict(result.majority),
        "over_untaught": {
            name: {"n": gap.n, **asdict(gap.accuracy)} for name, gap in gaps.get(arm_key(result), {}).items()
        },
    }


def side_by_side_tables(results: Sequence[ArmResult]) -> "list[Table]":
    """Return for each model the side-by-side table with the columns that fit a terminal."""
    return [
        terminal_table(
            tuple(SHOWN),
            [tuple(side_row(result)[place] for place in SHOWN.values()) for result in own],
            title=model,
            left={"arm", "can read it", "follows the numbers"},
        )
        for model, own in _by_model(results).items()
    ]


def accuracy_tables(experiment: Experiment, results: Sequence[ArmResult]) -> "list[Table]":
    """Return for each model the accuracies of an experiment's arms, axis by axis, for the terminal."""
    return [
        terminal_table(
            ("axis", "n", "majority", *(result.arm for result in own)),
            accuracy_rows(own),
            title=f"{experiment.name}: {model}",
        )
        for model, own in _by_model(results).items()
    ]


def _by_model(results: Sequence[ArmResult]) -> Mapping[str, Sequence[ArmResult]]:
    models = dict.fromkeys(result.model for result in results)
    return {model: [result for result in results if result.model == model] for model in models}


def estimate_table(found: Sequence[ArmEstimate]) -> "Table":
    """Return the estimate of each arm as a table for the terminal."""
    several = len({arm.model for arm in found}) > 1
    rows = [
        (
            f"{arm.arm}, {arm.model}" if several else arm.arm,
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


def _axis_row(result: ArmResult, several_models: bool) -> tuple[str, ...]:
    known = result.accuracies
    cells = [difference(known[name].difference, known[name].interval) if name in known else "-" for name in _names()]
    return (full_name(result, several_models), *cells)


def _named(result: ArmResult, *findings: str) -> str:
    """Return the axes whose verdict holds one of the findings."""
    named = (axis for axis, said in result.verdicts.items() if any(finding in said for finding in findings))
    return ", ".join(named) or "-"
