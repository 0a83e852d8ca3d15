"""``bench run``: a reader over a split, resumable at any point, scored at the end."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.called import named
from bench.cli.json_output import Told, is_json_asked, json_option
from bench.cli.option import (
    engine_options,
    limits_options,
    out_option,
    pilot_option,
    reader_options,
    run_from,
    selection_options,
    shard_option,
    view_options,
)

if TYPE_CHECKING:
    from bench.run.job import Job
    from bench.run.options import RunOptions
    from bench.run.sharded import Missing
    from bench.score import Score
    from taxonomy.danger import DangerTable
    from taxonomy.error import NothingAnswered
    from taxonomy.reading import Reading


@click.command()
@reader_options
@selection_options
@click.option("--images", type=click.Path(path_type=Path), metavar="FOLDER", help="Ask about the pages in this folder.")
@click.option("--labels", type=click.Path(path_type=Path), metavar="CSV", help="Their labels; else FOLDER/labels.csv.")
@click.option("--cropped", is_flag=True, help="Show of --images the traces alone, without headers and footers.")
@view_options()
@click.option("--repeats", type=click.IntRange(1, 100), default=1, show_default=True, help="Ask every case N times.")
@limits_options
@click.option("--dry-run", is_flag=True, help="Say what would be asked, tokens, dollars and time; send nothing.")
@pilot_option
@shard_option
@engine_options
@click.option("--danger", type=click.Path(path_type=Path), help="A danger table of your own (JSON).")
@out_option("runs")
@json_option
def run(  # noqa: PLR0913  # the options of a run, and those that name its records another way
    dry_run: bool,
    pilot: int | None,
    danger: Path | None,
    images: Path | None,
    labels: Path | None,
    cropped: bool,
    **options: Any,
) -> "Told | None":
    """Run a reader over a split and score it.

    Without --data this runs on phantoms, simulated ECGs of known truth. Each reading is written as it arrives: after
    Ctrl-C, a kill or a full disk, the same command continues where it stopped and ends with the same score. Answers
    of API readers are kept in OUT/responses and never paid for twice. Before a dear run, --dry-run says what it may
    cost, and --pilot 10 asks ten cases and says what the rest will cost, reasoning included.

    A failed call is no answer: the end tells the commonest reasons, and 'bench retry' asks those again. Exit code 1
    where every call failed, 2 after bad input, else 0.

    \b
    Examples:
      bench run --reader resnet1d
      bench run --reader resnet1d --data phantoms:7
      bench run --reader majority --data ~/ptb-xl --split val
      bench run --reader openai:gpt-5.4 --dry-run
      bench run --reader openai:gpt-5.4 --max-cost 20 --pilot 10
      bench run --reader anthropic:claude-opus-4-8 --max-cost 20 --concurrency 16
      bench run --reader openai:gpt-5.4-mini --batch --condition image-only
      bench run --reader 12sl --data ~/ptb-xl --statements ~/ptb-xl-plus/12sl_statements.csv
      bench run --reader hf:google/gemma-3-4b-it --option batch=4 --option structured=schema
      bench run --reader lora:adapters/flat
      bench run --reader mypackage.reader:MyReader --renderer stacked --sample 20
      bench run --reader digitizer --shard 0/4
      bench run --reader digitizer --engine ray --workers 16
      bench run --reader openai:gpt-5.4 --images scans --labels scans.csv --max-cost 20
    """
    from bench.cli.terminal import TERMINAL
    from bench.run.job import prepared, run_job
    from bench.run.options import check_effect, check_limits
    from bench.run.pilot import ask_pilot, check_pilot, pilot_lines
    from taxonomy.danger import danger_table
    from taxonomy.error import NothingAnswered

    _check_json({"--dry-run": dry_run, "--pilot": pilot})
    options["data"] = _pages(images, labels, cropped, options["data"])
    asked, table = run_from(options), danger_table(danger)
    begin_shard(asked, {"--pilot": pilot})
    job = prepared(asked, TERMINAL)
    check_limits(job.reader, job.limits)
    check_effect(asked.view, job.reader)
    if pilot:
        check_pilot(job.reader, dry_run)
    if not dry_run:
        job.check_reader()
    for line in (*job.cases.cohort.dataset.remarks, *job.caveats):
        TERMINAL.say(line)
    if dry_run:
        from bench.run.estimate import BETWEEN, estimate, estimate_lines

        found = estimate(job, TERMINAL)
        click.echo("\n".join(estimate_lines(found, asked.limits.concurrency, asked.limits.batch)))
        if found.cases:
            click.echo(BETWEEN)
        return None
    if pilot:
        named = job.cases.view.shown.name
        click.echo("\n".join(pilot_lines(ask_pilot({named: job}, pilot, TERMINAL))))
        return None
    try:
        if asked.shard is not None:
            _run_shard(job, table)
        else:
            show_run(job, run_job(job, table, TERMINAL), table)
    except NothingAnswered as error:
        return told_run(job.folder.path, error)
    return told_run(job.folder.path)


def told_run(path: Path, failure: "NothingAnswered | None" = None) -> Told:
    """Return what ``--json`` tells of a run folder, and why its run failed though it was kept."""
    from bench.run.listing import run_document

    return Told(lambda: run_document(path), failure=failure)


def _check_json(given: dict[str, object]) -> None:
    """Refuse ``--json`` with an option that gives no score."""
    named = next((option for option, value in given.items() if value), None)
    if named and is_json_asked():
        from taxonomy.error import SettingError

        raise SettingError(f"--json tells a score, and {named} gives none: leave one of them out")


def _pages(images: Path | None, labels: Path | None, cropped: bool, data: str | None) -> str | None:
    """Return ``--data`` for a folder of pages, or ``--data`` itself where none is named."""
    from taxonomy.error import SettingError

    if images is None:
        if labels is not None or cropped:
            raise SettingError(f"{'--labels' if labels else '--cropped'} goes with --images FOLDER: add that")
        return data
    if data is not None:
        raise SettingError("--images and --data both name the recordings: name one of them")
    table = "" if labels is None else f",{labels}"
    return f"pages:{images}{table}{',cropped' if cropped else ''}"


def begin_shard(asked: "RunOptions", given: dict[str, object]) -> None:
    """Make a shard ready, where one is asked: its own GPU, and no option that a shard cannot keep."""
    if asked.shard is None:
        return
    import os

    from bench.cli.terminal import TERMINAL
    from bench.run.shard import own_device
    from bench.run.sharded import check_alone

    check_alone(given)
    os.environ.update(own_device())
    most = asked.limits.of_shard(asked.shard).max_cost
    TERMINAL.say(f"shard {asked.shard}" + (f", which may cost {most:,.2f} dollars" if most is not None else ""))


def _run_shard(job: "Job", danger: "DangerTable") -> None:
    """Ask a shard; the last one prints the score of all."""
    from bench.cli.terminal import TERMINAL
    from bench.run.failed_call import check_any_answered, failure_lines
    from bench.run.sharded import missing, run_shard, whole

    score = run_shard(job, danger, TERMINAL)
    if score is not None:
        show_run(whole(job), score, danger)
        return
    there, own = job.folder.every_reading()[0], [question.key for question in job.questions]
    click.echo(named(shard_done(job, missing([job]))))
    for line in failure_lines([there[key] for key in own]):
        click.echo(f"  failed calls: {line}")
    check_any_answered([there[key] for key in own])


def shard_done(job: "Job", left: "Missing") -> str:
    """Return what is said at the end of a shard that is not the last."""
    done = f"shard {job.folder.shard} is done"
    if not left:
        from bench.run.sharded import is_scored

        if is_scored(job):
            return f"{done}; another process has scored the run"
        return f"{done} and nothing is missing, but no score was written: 'bench score {job.folder.path}' writes it"
    return f"{done}; {left.said}; the last one to finish scores the run, and 'bench score' what is there"


def show_run(job: "Job", score: "Score", danger: "DangerTable") -> None:
    """Write the report of a run that is done, and print its score."""
    from bench.report.score_page import write_score
    from bench.run.caveat import told_caveats
    from bench.run.failed_call import check_any_answered

    write_score(job.folder.path, score, job.folder.manifest(), job.cases.cohort.dataset.credit, danger)
    print_score(score, job.settings.title, job.settings.is_simulated)
    click.echo("\n".join(told_caveats(job.folder.manifest())))
    readings = job.folder.every_reading()[0].values()
    show_failed(readings, f"'bench retry {job.folder.path}' asks the failed calls again, and nothing else.")
    click.echo(f"\nreport: {job.folder.path / 'report.md'}")
    check_any_answered(readings)


def show_failed(readings: "Collection[Reading]", again: str) -> None:
    """Print why calls failed and what asks them again; nothing where none did."""
    from bench.run.failed_call import failure_lines

    if lines := failure_lines(readings):
        click.echo("\n".join(("\nfailed calls, with their commonest reasons:", *(f"  {line}" for line in lines))))
        click.echo(named(again))


def print_score(score: "Score", title: str, is_simulated: bool) -> None:
    """Print a score: its axes, then everything else, line by line."""
    from bench.cli.terminal import show, show_pairs
    from bench.report.score_page import score_table
    from bench.report.summary import summary_lines
    from bench.report.table import size_note

    show(score_table(score, title), spare=("names p", "baseline"))
    click.echo()
    show_pairs(summary_lines(score), 38)
    click.echo(f"\n{size_note(score.n, is_simulated)}")
