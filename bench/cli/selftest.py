"""``bench selftest``: the benchmark judged by readers whose behaviour is known."""

from pathlib import Path

import click

from bench.cli.option import data_option, limit_option, out_option

SAMPLED = 150
"""Records that are asked about unless another number is named: enough for every verdict, in a minute or two."""


@click.command()
@data_option
@limit_option(f"Ask about N records of the test split, by lot; {SAMPLED} unless named. --limit is the same.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides donors, jitter and what controls answer.")
@click.option(
    "--simulate",
    is_flag=True,
    help="Print how often verdicts are false, and how often true ones are found; needs labels only.",
)
@click.option("--until-told", is_flag=True, help="For --simulate: looked at as 'bench ablate --until-told' looks.")
@click.option("--split", default="test", show_default=True, help="For --simulate: whose labels.")
@click.option("--trials", type=click.IntRange(1), default=200, show_default=True, help="For --simulate.")
@out_option("runs", "Where finished controls are kept until all are.")
def selftest(  # noqa: PLR0913
    data: str | None,
    limit: int | None,
    seed: int,
    simulate: bool,
    until_told: bool,
    split: str,
    trials: int,
    out: Path,
) -> None:
    """Check the benchmark itself: readers whose behaviour is known must get the right verdicts.

    They go through 'bench ablate', and those that know records by heart through 'bench contamination' as well.
    Exits with 1 when a verdict is wrong. After Ctrl-C or a kill the same command goes on with the next control. With
    --simulate, the readers are drawn anew many times over, from the labels of a split alone, and the table tells how
    often each finding is said of any axis.

    \b
    Examples:
      bench selftest
      bench selftest --simulate
      bench selftest --simulate --until-told
      bench selftest --simulate --data ~/ptb-xl
    """
    if simulate:
        if limit:
            raise click.UsageError("--simulate needs labels only and takes the whole split: leave out --sample")
        (_simulate_looks if until_told else _simulate)(data, split, trials, seed)
        return
    if until_told:
        raise click.UsageError("--until-told is for --simulate: name both")
    from bench.cli.terminal import TERMINAL, progress, show
    from bench.dataset import open_dataset
    from bench.evidence.contamination_selftest import contamination_selftest
    from bench.evidence.finished import finished
    from bench.evidence.selftest import selftest as run
    from bench.progress import Observer
    from bench.report.evidence_page import evidence_table

    cohort, observer = open_dataset(data).cohort("test", limit=limit or SAMPLED), Observer(progress=progress)
    click.echo(f"{len(cohort):,} of {cohort.coverage.of:,} records of the test split of {cohort.dataset.name}\n")
    with finished(out, cohort, seed, TERMINAL.say) as keep:
        checks = run(cohort, seed, observer, keep)
        memory = contamination_selftest(cohort, seed, observer, keep)
    for check in checks:
        show(evidence_table(check.axes, f"{check.reader}: {check.description}"))
        click.echo("".join(f"WRONG  {problem}\n" for problem in check.wrong))
    click.echo("\nHave they memorised the records?")
    for one in memory:
        click.echo(f"{'WRONG  ' if one.is_wrong else ''}{one.description}:\n  {one.verdict}")
    wrong = sum(len(check.wrong) for check in checks) + sum(one.is_wrong for one in memory)
    count = len(checks) + len(memory)
    click.echo(f"\n{wrong} verdicts are wrong" if wrong else f"\nall verdicts on {count} controls are right")
    raise click.exceptions.Exit(1 if wrong else 0)


def _simulate(data: str | None, split: str, trials: int, seed: int) -> None:
    from bench.cli.terminal import progress, show
    from bench.dataset import open_dataset
    from bench.evidence.contamination_simulation import simulate_contamination
    from bench.evidence.simulation import simulate
    from bench.progress import Observer
    from bench.report.simulation_table import (
        memory_notes,
        memory_table,
        simulation_notes,
        simulation_table,
    )

    cohort = open_dataset(data).cohort(split, with_signal=False)
    observer = Observer(progress=progress)
    found = simulate(cohort, trials, seed, observer)
    title = f"{cohort.dataset.name}, {split}: n = {len(cohort):,}, {trials} trials"
    show(simulation_table(found, title))
    click.echo(f"\n{simulation_notes()}\n")
    show(memory_table(simulate_contamination(cohort, trials, seed, observer), f"contamination, {title}"))
    click.echo(f"\n{memory_notes()}")


def _simulate_looks(data: str | None, split: str, trials: int, seed: int) -> None:
    from bench.cli.terminal import progress, show
    from bench.dataset import open_dataset
    from bench.evidence.look_simulation import simulate_looks
    from bench.progress import Observer
    from bench.report.simulation_table import looks_notes, looks_table

    cohort = open_dataset(data).cohort(split, with_signal=False)
    found = simulate_looks(cohort, trials, seed, Observer(progress=progress))
    title = f"--until-told, {cohort.dataset.name}, {split}: n = {len(cohort):,}, {trials} trials"
    show(looks_table(found, len(cohort), title))
    click.echo(f"\n{looks_notes(len(cohort))}")
