"""``bench score``: a run's score again, or the score of predictions made elsewhere."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.completing import run_folders
from bench.cli.json_output import Told, json_option
from bench.cli.option import selection_from, selection_options
from bench.cli.run import told_run

if TYPE_CHECKING:
    from bench.dataset import Dataset, Selection
    from taxonomy.danger import DangerTable


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN | LOG...]", type=click.Path(path_type=Path), shell_complete=run_folders)
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    help="CSV or JSONL (or their .gz) with ecg_id and what was predicted.",
)
@selection_options
@click.option("--danger", type=click.Path(path_type=Path), help="A danger table of your own (JSON).")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where score.json and report.md of --predictions go, or the run folders of logs.",
)
@json_option
def score(
    runs: tuple[Path, ...], predictions: Path | None, danger: Path | None, out: Path | None, **options: Any
) -> Told:
    """Score a run folder again, logs of the Inspect task, or predictions made elsewhere.

    A predictions file has a column ecg_id and any of: the axes (rate, rhythm, axis, conduction, ischemia_stage,
    ischemia_territory, other_findings parted by ';', diagnosis), probabilities NORM, MI, STTC, CD, HYP, or
    probabilities of SCP statements, which decide the axes that all their statements are columns of. Only what the
    columns offer is scored. All labelled records of the split are scored, with or without a recording; one without a
    prediction counts as unanswered, and ranks worst in AUROC.

    A log of the Inspect task (.eval or .json) becomes a run folder in OUT (default: runs) and is scored. Several logs
    of one model that differ in their condition give the verdicts of 'bench ablate' too.

    \b
    Examples:
      bench score runs/resnet1d-phantoms-1-test-1a2b3c4d
      bench score --predictions mine.csv --data ~/ptb-xl --out scores/mine
      bench score logs/2026-11-22T05-48-32_ecg_6mKq.eval
      bench score logs/*.eval
    """
    from bench.inspection.log_file import is_log
    from taxonomy.danger import danger_table

    if bool(runs) == (predictions is not None):
        raise click.UsageError("name either a run folder, logs of Inspect, or --predictions FILE")
    logs = all(map(is_log, runs))
    if len(runs) > 1 and not logs:
        raise click.UsageError("name one run folder, or logs of Inspect and nothing else")
    if runs:
        _check_options(click.get_current_context(), logs)
    selection, table = selection_from(options), danger_table(danger)
    if predictions is not None:
        return _score_predictions(predictions, selection, table, out)
    if logs:
        return _score_logs(runs, selection.open(), table, out or Path("runs"))
    _score_run(runs[0], selection.open(), table)
    _show_failed(runs[0])
    return told_run(runs[0])


def _check_options(context: click.Context, logs: bool) -> None:
    """Refuse what says where predictions go or which records they are of: a run has both in its manifest."""
    given = {
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in {"split", "ids", "limit", *(() if logs else ("out",))}
        and context.get_parameter_source(str(parameter.name)) is not click.core.ParameterSource.DEFAULT
    }
    if given:
        from taxonomy.error import SettingError

        raise SettingError(f"{min(given)} goes with --predictions: a run is scored on its own records, in its folder")


def _score_logs(paths: tuple[Path, ...], dataset: "Dataset", danger: "DangerTable", out: Path) -> Told:
    from bench.cli.ablate import show_evidence
    from bench.cli.run import show_failed
    from bench.cli.terminal import TERMINAL
    from bench.inspection.logged_run import logged_run, readings_kept
    from bench.inspection.verdicts import comparable, logged_evidence
    from bench.run.failed_call import check_any_answered
    from bench.run.listing import run_document

    runs = [logged_run(path, dataset, out, TERMINAL) for path in paths]
    if len(runs) > 1:
        comparable(runs)
    for run in runs:
        run.keep(TERMINAL)
        _score_run(run.job.folder.path, dataset, danger)
        readings = readings_kept(run).values()
        show_failed(readings, f"'inspect eval-retry {run.path}' asks them again.")
        click.echo(f"\nreport: {run.job.folder.path / 'report.md'}\n")
        check_any_answered(readings)
    if len(runs) > 1:
        found = logged_evidence(runs, out, observer=TERMINAL)
        show_evidence(found, out / f"ablation-{found.run_id}")
    return Told(lambda: {"runs": [run_document(run.job.folder.path) for run in runs]})


def _score_run(path: Path, dataset: "Dataset", danger: "DangerTable") -> None:
    from bench.cli.run import print_score
    from bench.cli.terminal import TERMINAL
    from bench.report.score_page import write_score
    from bench.run.caveat import incomplete, told_caveats, with_caveats
    from bench.run.folder import RunFolder
    from bench.run.rescoring import missing_shards, scored
    from bench.storage import as_json

    folder = RunFolder(path)
    settings = folder.settings()
    found = scored(folder, dataset, danger, TERMINAL)
    folder.write("score.json", as_json(found.to_json()))
    readings, _ = folder.every_reading()
    partly = incomplete(len(readings), len(settings.ids) * settings.repeats)
    write_score(path, found, with_caveats(folder.manifest(), partly), dataset.credit, danger)
    print_score(found, settings.title, settings.is_simulated)
    click.echo("\n".join(told_caveats(folder.manifest())))
    if partly:
        click.echo("\n" + "\n".join(partly), err=True)
        left = missing_shards(folder, dataset)
        if left:
            TERMINAL.say(left.said)


def _show_failed(path: Path) -> None:
    """Say which calls of a run folder failed, and what asks them again."""
    from bench.cli.run import show_failed
    from bench.run.folder import RunFolder

    readings = RunFolder(path).every_reading()[0].values()
    show_failed(readings, f"'bench retry {path}' asks the failed calls again, and nothing else.")


def _score_predictions(path: Path, selection: "Selection", danger: "DangerTable", out: Path | None) -> Told:
    from bench.cli.run import print_score
    from bench.cli.terminal import TERMINAL
    from bench.report.score_page import write_score
    from bench.run.caveat import told_caveats
    from bench.run.manifest import git_revision
    from bench.run.prediction_file import blank_notes, column_notes, score_predictions
    from bench.storage import as_json, write_whole

    cohort = selection.cohort(with_signal=False)
    found = score_predictions(path, cohort, danger, TERMINAL)
    dataset, total = cohort.dataset, len(cohort)
    settings = {
        "reader": path.name,
        "dataset": dataset.name,
        "split": cohort.split,
        "is_simulated": dataset.is_simulated,
    }
    coverage = {**asdict(cohort.coverage), "taught": 0}
    manifest = {"run_id": path.stem, "settings": settings, "coverage": coverage, "git_revision": git_revision()}
    print_score(found.score, f"{path.name} on {dataset.name}, {cohort.split}", dataset.is_simulated)
    click.echo("\n".join(told_caveats(manifest)))
    unused = f"{found.unused} predictions for other records were ignored"
    click.echo(f"\n{found.given} of {total} records have a prediction; {unused}.")
    for note in (*column_notes(found.columns), *blank_notes(found.blanks)):
        click.echo(note)
    if found.without_signal and not found.columns.offered.isdisjoint({"rate", "axis"}):
        click.echo(
            f"{found.without_signal} of {total} records have no recording here: what only a recording tells of them "
            "(rate, some axes) is unlabelled."
        )
    if out:
        write_whole(out / "score.json", as_json(found.score.to_json()))
        write_score(out, found.score, manifest, dataset.credit, danger)
        click.echo(f"report: {out / 'report.md'}")
    return Told(
        lambda: {
            **settings,
            "cases": total,
            "predicted": found.given,
            "ignored": found.unused,
            "caveats": [one for one in told_caveats(manifest) if one],
            "score": found.score.to_json(),
        }
    )
