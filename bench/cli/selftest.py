"""``bench selftest``: the benchmark judged by readers whose behaviour is known."""

import click

from bench.cli.option import data_option


@click.command()
@data_option
@click.option("--seed", type=int, default=0, show_default=True, help="Decides donors, jitter and what controls answer.")
@click.option(
    "--simulate",
    is_flag=True,
    help="Print how often verdicts are false, and how often true ones are found; needs labels only.",
)
@click.option("--split", default="test", show_default=True, help="For --simulate: whose labels.")
@click.option("--trials", type=click.IntRange(1), default=200, show_default=True, help="For --simulate.")
def selftest(data: str | None, seed: int, simulate: bool, split: str, trials: int) -> None:
    """Check the benchmark itself: readers whose behaviour is known must get the right verdicts.

    They go through 'bench ablate', and those that know records by heart through 'bench contamination' as well.
    Exits with 1 when a verdict is wrong. With --simulate, the readers are drawn anew many times over, from the labels
    of a split alone, and the table tells how often each finding is said of any axis.

    \b
    Examples:
      bench selftest
      bench selftest --simulate
      bench selftest --simulate --data ~/ptb-xl
    """
    if simulate:
        _simulate(data, split, trials, seed)
        return
    from bench.cli.terminal import progress, show
    from bench.dataset import open_dataset
    from bench.evidence.contamination_selftest import contamination_selftest
    from bench.evidence.selftest import selftest as run
    from bench.progress import Observer
    from bench.report.evidence_page import evidence_table

    cohort, observer = open_dataset(data).cohort("test"), Observer(progress=progress)
    checks = run(cohort, seed, observer)
    for check in checks:
        show(evidence_table(check.axes, f"{check.reader}: {check.description}"))
        click.echo("".join(f"WRONG  {problem}\n" for problem in check.wrong))
    click.echo("\nHave they memorised the records?")
    memory = contamination_selftest(cohort, seed, observer)
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
    show(memory_table(simulate_contamination(cohort, trials, seed, observer), f"bench contamination, {title}"))
    click.echo(f"\n{memory_notes()}")
