"""``bench contamination``: whether a reader has memorised a public test set."""

from typing import TYPE_CHECKING, Any

import click

from bench.cli.given import MayBeEmpty
from bench.cli.option import (
    check_reader_name,
    limits_options,
    out_option,
    reader_options,
    run_from,
    selection_options,
    view_options,
)

if TYPE_CHECKING:
    from bench.evidence.contamination import Study
    from bench.run.options import RunOptions


@click.command()
@reader_options
@selection_options
@view_options("condition", "measurements", "demography", "shots", "statements")
@click.option(
    "--only-copies", is_flag=True, help="Ask the records and their jittered copies alone: half of the questions."
)
@click.option(
    "--held-out",
    default="",
    metavar="SPLIT",
    help="Records that the reader has not seen: are those of --split read better, phantoms of either subtracted?",
)
@click.option(
    "--reference",
    cls=MayBeEmpty,
    default="auto",
    show_default=True,
    help="Reader whose fall from real records to phantoms is shown beside: digitizer for readers of images, else "
    "resnet1d; '' for none.",
)
@limits_options
@click.option("--dry-run", is_flag=True, help="Say what each comparison would ask and cost; send nothing.")
@out_option("runs")
def contamination(only_copies: bool, held_out: str, reference: str, dry_run: bool, **options: Any) -> None:
    """Say whether a reader has memorised published records.

    Shows it each record, without printed numbers, and a copy that is shifted by up to 0.2 s and scaled by up to 1%. Who
    reads the trace reads the copy as well; who looks the record up does not. Beside them it is asked about phantoms of
    the same truth, which nobody can have seen, and about copies of those: a reader that falls there too is brittle.

    On real records a fall on phantoms alone proves nothing, since phantoms are simulated. On phantoms (without --data)
    the fresh ones are drawn as the published ones are, so that it tells whether the published seed was learnt; --seed
    draws others.

    Only axes that no printed number decides are compared. Each comparison is a run of its own in OUT that resumes. The
    page is OUT/contamination-.../contamination.md. Exit code 1 where every call failed.

    \b
    Examples:
      bench contamination --reader resnet1d
      bench contamination --reader openai:gpt-5.4 --data ~/ptb-xl --sample 300 --dry-run
      bench contamination --reader openai:gpt-5.4 --data ~/ptb-xl --sample 300 --only-copies --max-cost 20
      bench contamination --reader mine:Net --data ~/ptb-xl --split train --held-out test
    """
    from bench.cli.terminal import TERMINAL, show
    from bench.evidence.contamination import contamination_on_disk, reference_name, study_of
    from bench.run.options import check_effect

    asked = run_from(options)
    study = study_of(asked, held_out, only_copies)
    check_effect(asked.view, study.reader)
    check_reader_name(reference_name(study, reference))
    if dry_run:
        _dry_run(asked, study)
        return
    from bench.report.contamination_page import contamination_table, write_contamination

    found = contamination_on_disk(asked, study, reference, TERMINAL)
    folder = asked.out / f"contamination-{found.run_id}"
    write_contamination(folder, found)
    show(contamination_table(found))
    click.echo("\n".join(("", *(f"{said}." for said in found.verdicts), "", *found.caveats)))
    click.echo(f"\npage: {folder / 'contamination.md'}")


def _dry_run(asked: "RunOptions", study: "Study") -> None:
    from bench.cli.terminal import TERMINAL
    from bench.evidence.contamination import arm_jobs
    from bench.run.estimate import estimate, estimate_lines, total_lines

    jobs, found = arm_jobs(asked, study, TERMINAL), []
    for place, (name, job) in enumerate(jobs.items(), start=1):
        found.append(estimate(job, TERMINAL))
        click.echo(f"\n{name} ({place} of {len(jobs)})")
        click.echo("\n".join(estimate_lines(found[-1], asked.limits.concurrency, asked.limits.batch)))
    click.echo("\n".join(("", *total_lines(found, asked.limits.batch))))
