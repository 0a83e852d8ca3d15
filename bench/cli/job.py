"""``bench job``: several runs that one TOML file names, as one resumable command."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.called import named

if TYPE_CHECKING:
    from bench.run.several import Outcome, SeveralRuns


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what every run would ask, tokens, dollars and time; send nothing.")
def job(file: Path, dry_run: bool) -> None:
    """Run what the TOML file FILE names: several readers, conditions and pages, one run after another.

    \b
      [common]                  # for every run: options of 'bench run'
      data = "phantoms:7"
      sample = 60
      max_cost = 20             # dollars for all runs together
      [product]                 # every reader, condition and page together
      readers = ["resnet1d", { name = "hf:MODEL", option = { batch = 4 } }]
      conditions = ["full", "image-only"]
      renderers = ["printed", "stacked"]
      [[run]]                   # and runs of their own, as many as wanted
      reader = "majority"

    The whole file is checked before anything is asked. Each run is the one that 'bench run' with the same options
    makes, in a folder of its own in 'out'; readings are written as they arrive, and after Ctrl-C or a kill the same
    command goes on with nothing asked twice. A run that cannot be finished, for want of a key perhaps, stops no other:
    the end tells, and shows one table of all.

    Exit code 0 where every run has answers, 1 where one has none or could not be finished, 2 where the file is wrong.

    \b
    Examples:
      bench job job.toml --dry-run
      bench job job.toml
    """
    from bench.cli.terminal import TERMINAL
    from bench.run.job_file import read_job_file
    from bench.run.several import SeveralRuns

    runs = SeveralRuns.opened(read_job_file(file), TERMINAL)
    for note in runs.notes:
        TERMINAL.say(note)
    calls, count = sum(part.questions for part in runs.parts), len(runs.parts)
    click.echo(f"{count} run{'s' * (count != 1)}, {calls:,} calls, {runs.left:,} of them still to make")
    if dry_run:
        _dry_run(runs)
        return
    outcomes = []
    for one in runs.run(TERMINAL):
        outcomes.append(_shown(one, runs))
    _conclude(outcomes)


def _dry_run(runs: "SeveralRuns") -> None:
    from bench.cli.terminal import TERMINAL
    from bench.run.estimate import BETWEEN, estimate_lines, total_lines

    found = []
    for number, (part, one) in enumerate(runs.estimates(TERMINAL), start=1):
        limits = part.options.limits
        click.echo(f"\nrun {number} of {len(runs.parts)}: {part.title}")
        click.echo("\n".join(estimate_lines(one, limits.concurrency, limits.batch)))
        found.append(one)
    click.echo("\n".join(("", *total_lines(found, any(part.options.limits.batch for part in runs.parts)))))
    if any(one.cases for one in found):
        click.echo(BETWEEN)


def _shown(one: "Outcome", runs: "SeveralRuns") -> "Outcome":
    """Write the report of a run that is done, and say where it is; a run without a report is not finished."""
    from bench.cli.terminal import TERMINAL
    from bench.report.score_page import write_score
    from taxonomy.error import BenchError

    if one.score is not None:
        folder = one.part.folder
        try:
            write_score(folder.path, one.score, folder.manifest(), one.part.cohort.dataset.credit, runs.danger)
        except BenchError as error:
            one = replace(one, score=None, failure=str(error))
        else:
            click.echo(f"report: {folder.path / 'report.md'}")
    if one.score is None:
        TERMINAL.say(f"not finished: {one.failure}")
    return one


def _conclude(outcomes: "Sequence[Outcome]") -> None:
    """Show the table of all, and say which calls and runs failed and what asks them again.

    Raises
    ------
    taxonomy.error.NothingAnswered
        When a run has no answer, or could not be finished.
    """
    from bench.cli.terminal import show
    from bench.report.job_table import job_table
    from taxonomy.error import NothingAnswered
    from taxonomy.printable import printable
    from taxonomy.redaction import redacted

    click.echo()
    show(job_table(outcomes))
    if any(one.failure for one in outcomes):
        click.echo()
    for number, one in enumerate(outcomes, start=1):
        if one.failure:
            again = "" if one.score is None else f"; 'bench retry {one.part.folder.path}' asks them again"
            click.echo(printable(redacted(named(f"run {number}, {one.part.title}: {one.failure}{again}"))))
    unfinished = sum(one.score is None for one in outcomes)
    unanswered = sum(one.score is not None and not one.has_answers for one in outcomes)
    if unfinished or unanswered:
        said = [f"{unanswered} without any answer"] * bool(unanswered)
        said += [f"{unfinished} not finished, with which the same command goes on"] * bool(unfinished)
        raise NothingAnswered(f"of {len(outcomes)} runs, {' and '.join(said)}: each as said above")
