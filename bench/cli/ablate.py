"""``bench ablate``: how much of an answer came from the trace."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.given import MayBeEmpty
from bench.cli.option import (
    check_reader_name,
    limits_options,
    out_option,
    pilot_option,
    reader_options,
    run_from,
    selection_options,
    shard_option,
    view_options,
)
from bench.cli.run import begin_shard

if TYPE_CHECKING:
    from bench.dataset import RecordId
    from bench.evidence.ablation import Ablation
    from bench.evidence.result import Evidence
    from bench.run.options import RunOptions


@click.command()
@reader_options
@selection_options
@view_options("condition")
@click.option(
    "--conditions",
    default="",
    show_default="full,image-only,text-only,crossed",
    metavar="NAME,NAME,...",
    help="Conditions to ask, or 'all'.",
)
@click.option(
    "--image-ceiling",
    cls=MayBeEmpty,
    default="auto",
    show_default=True,
    help="Reader that shows what can be read: digitizer for readers of images, else resnet1d; '' for none.",
)
@limits_options
@click.option("--dry-run", is_flag=True, help="Say what each condition would ask and cost; send nothing.")
@pilot_option
@shard_option
@click.option(
    "--until-told",
    is_flag=True,
    help="Ask 100 records, then 200, 400, 800 and all, until every axis has a verdict or --max-cost is spent; the "
    "error over all looks is that of one.",
)
@out_option("runs")
def ablate(  # one for each option of its own
    conditions: str, image_ceiling: str, dry_run: bool, pilot: int | None, until_told: bool, **options: Any
) -> None:
    """Say, for every axis, whether a reader can read it, what it follows, or whether it recites the prior.

    Asks the reader under four conditions: with image and numbers, without numbers, without an image, and with one
    patient's image beside another's numbers. Further ones are asked on request. Each condition is a run of its own in
    OUT that resumes where it stopped; conditions that look the same to the reader are asked once, and readers on this
    machine get five draws of the other patients. The page is OUT/ablation-.../evidence.md.

    What it costs is known before it is asked: --dry-run prints what each condition and all together ask, at list
    prices and without the unknown length of the model's thoughts; --pilot 10 asks ten cases for real, keeps their
    answers, and prices the rest from their bills. --until-told asks no more than the verdicts need: it looks at 100,
    200, 400, 800 and all records, and stops as soon as every axis is told. Failed calls are told with the 'bench retry'
    that asks them again; exit code 1 where every call failed.

    \b
    Examples:
      bench ablate --reader resnet1d
      bench ablate --reader resnet1d --conditions all
      bench ablate --reader openai:gpt-5.4 --sample 400 --dry-run
      bench ablate --reader openai:gpt-5.4 --sample 400 --max-cost 40 --pilot 10
      bench ablate --reader openai:gpt-5.4 --sample 400 --max-cost 40
      bench ablate --reader openai:gpt-5.4 --until-told --max-cost 40
      bench ablate --reader openai:gpt-5.4 --max-cost 20 --conditions full,image-only,crossed,jittered
      bench ablate --reader digitizer --shard 0/4
    """
    asked = run_from(options)
    check_reader_name(image_ceiling)
    begin_shard(asked, {"--pilot": pilot, "--until-told": until_told})
    if pilot:
        _pilot(asked, conditions, pilot, dry_run, until_told)
        return
    if dry_run:
        _dry_run(asked, conditions, until_told)
        return
    from bench.cli.terminal import TERMINAL
    from bench.evidence.ablation import ablate_on_disk
    from bench.evidence.sharded import ablate_shard
    from bench.evidence.until_told import ablate_until_told
    from bench.run.sharded import Missing
    from taxonomy.error import StopReading

    ask = ablate_until_told if until_told else ablate_on_disk if asked.shard is None else ablate_shard
    found = ask(asked, conditions, image_ceiling, TERMINAL)
    if isinstance(found, Missing):
        click.echo(f"shard {asked.shard} is done; {found.said}; the last one to finish writes the evidence")
        return
    show_evidence(found, asked.out / f"ablation-{found.run_id}{'-until-told' if until_told else ''}")
    if found.stopped:
        raise StopReading(found.stopped)


def show_evidence(found: "Evidence", folder: Path) -> None:
    """Write the page of an ablation, and print its verdicts."""
    from bench.cli.terminal import show
    from bench.report.evidence_page import caution, evidence_table, told_at, write_evidence

    write_evidence(folder, found)
    title = f"{found.reader} on {found.dataset}, {found.split}: where its answers come from"
    show(evidence_table(found.axes, title, told_at(found)))
    click.echo("\n".join(("", caution(found), *found.caveats)))
    click.echo(f"\npage: {folder / 'evidence.md'}")


def _dry_run(asked: "RunOptions", conditions: str, until_told: bool) -> None:
    from bench.cli.terminal import TERMINAL
    from bench.evidence.ablation import ablation_of, condition_jobs
    from bench.run.estimate import BETWEEN, estimate, estimate_lines, total_lines

    ablation = ablation_of(asked, conditions)
    jobs = condition_jobs(asked, ablation, TERMINAL)
    for line in jobs["full"].caveats:
        TERMINAL.say(line)
    found = []
    for place, (name, job) in enumerate(jobs.items(), start=1):
        found.append(estimate(job, TERMINAL))
        click.echo(f"\n{name} ({place} of {len(jobs)})")
        click.echo("\n".join(estimate_lines(found[-1], asked.limits.concurrency, asked.limits.batch)))
    click.echo("\n".join(("", *total_lines(found, asked.limits.batch))))
    if any(one.cases for one in found):
        click.echo(BETWEEN)
    for name, among in _looks(asked, ablation) if until_told else ():
        part = [replace(one, asked=job.left(among)) for one, job in zip(found, jobs.values(), strict=True)]
        click.echo("\n".join(("", f"until {name}", *total_lines(part, asked.limits.batch))))


def _looks(asked: "RunOptions", ablation: "Ablation") -> "list[tuple[str, frozenset[RecordId]]]":
    """Return the records of each look, named."""
    from bench.evidence.look import looks

    cohort, seed = ablation.cohort, asked.selection.seed
    return [(f"look {look.number}, {look.records:,} records", look.ids(cohort, seed)) for look in looks(len(cohort))]


def _pilot(asked: "RunOptions", conditions: str, count: int, dry_run: bool, until_told: bool) -> None:
    from bench.cli.terminal import TERMINAL
    from bench.evidence.ablation import ablation_of, condition_jobs
    from bench.evidence.conditions import in_asking_order
    from bench.run.pilot import ask_pilot, check_pilot, pilot_lines

    ablation = ablation_of(asked, conditions)
    check_pilot(ablation.reader, dry_run)
    jobs = condition_jobs(asked, ablation, TERMINAL)
    pilot = ask_pilot({name: jobs[name] for name in in_asking_order(jobs)}, count, TERMINAL)
    click.echo("\n".join(pilot_lines(pilot, _looks(asked, ablation) if until_told else ())))
