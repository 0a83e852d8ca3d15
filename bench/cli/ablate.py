"""``bench ablate`` and ``bench selftest``: how much of an answer came from the trace."""

from typing import TYPE_CHECKING, Any

import click

from bench.cli.option import (
    data_option,
    limits_options,
    out_option,
    reader_options,
    run_from,
    selection_options,
    view_options,
)

if TYPE_CHECKING:
    from bench.run.options import RunOptions


@click.command()
@reader_options
@selection_options
@view_options("condition")
@click.option(
    "--image-ceiling",
    default="auto",
    show_default=True,
    help="Reader that shows what can be read: digitizer for readers of images, else resnet1d; '' for none.",
)
@limits_options
@click.option("--dry-run", is_flag=True, help="Say what each condition would ask and cost; send nothing.")
@out_option("runs")
def ablate(image_ceiling: str, dry_run: bool, **options: Any) -> None:
    """Say, for every axis, whether a reader reads the trace, copies the prompt, or recites the prior.

    Asks the reader under every condition: without the image, with another patient's image or numbers, with leads
    masked, and so on. Each condition is a run of its own in OUT that resumes where it stopped; conditions that look the
    same to the reader are asked once. The page is OUT/ablation-.../evidence.md.

    \b
    Examples:
      bench ablate --reader resnet1d
      bench ablate --reader openai:gpt-5.4 --dry-run
      bench ablate --reader openai:gpt-5.4 --max-cost 20 --renderer leads
    """
    asked = run_from(options)
    if dry_run:
        _dry_run(asked)
        return
    from bench.cli.terminal import TERMINAL, show
    from bench.evidence.ablation import ablate_on_disk
    from bench.report.evidence_page import caution, evidence_table, write_evidence

    found = ablate_on_disk(asked, image_ceiling, TERMINAL)
    folder = asked.out / f"ablation-{found.run_id}"
    write_evidence(folder, found)
    show(evidence_table(found.axes, f"{found.reader} on {found.dataset}, {found.split}: where its answers come from"))
    click.echo(f"\n{caution(found)}")
    click.echo(f"\npage: {folder / 'evidence.md'}")


def _dry_run(asked: "RunOptions") -> None:
    from bench.cli.terminal import TERMINAL
    from bench.evidence.ablation import condition_jobs
    from bench.run.estimate import estimate, estimate_lines

    cohort = asked.selection.cohort(asked.view.settled(asked.built()).needs_signal)
    jobs = condition_jobs(asked, cohort, TERMINAL)
    for place, (name, job) in enumerate(jobs.items(), start=1):
        click.echo(f"\n{name} ({place} of {len(jobs)})")
        click.echo("\n".join(estimate_lines(estimate(job, TERMINAL), asked.limits.concurrency, asked.limits.batch)))


@click.command()
@data_option
@click.option("--seed", type=int, default=0, show_default=True, help="Decides donors and masks.")
def selftest(data: str | None, seed: int) -> None:
    """Check the benchmark itself: readers whose behaviour is known must get the right verdicts.

    Exits with 1 when a verdict is wrong.
    """
    from bench.cli.terminal import progress, show
    from bench.dataset import open_dataset
    from bench.evidence.selftest import selftest as run
    from bench.progress import Observer
    from bench.report.evidence_page import evidence_table

    checks = run(open_dataset(data).cohort("test"), seed, Observer(progress=progress))
    for check in checks:
        show(evidence_table(check.axes, check.reader))
        click.echo("".join(f"WRONG  {problem}\n" for problem in check.wrong))
    wrong = sum(len(check.wrong) for check in checks)
    click.echo(f"{wrong} verdicts are wrong" if wrong else f"all verdicts on {len(checks)} controls are right")
    raise click.exceptions.Exit(1 if wrong else 0)
