"""``bench compare``: the differences of readers on the cases that they share."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.completing import axis_names, run_folders
from bench.cli.option import data_option

if TYPE_CHECKING:
    from bench.score.comparison import PairComparison


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="RUN RUN ...",
    shell_complete=run_folders,
)
@data_option
@click.option(
    "--flips",
    metavar="AXIS",
    shell_complete=axis_names,
    help="List the records that are right in one run and wrong in the other.",
)
@click.option("--agreement", is_flag=True, help="Tell how far two agree with each other, too: of people it always is.")
@click.option("--out", type=click.Path(path_type=Path), help="Where compare.md and compare.json go.")
def compare(runs: tuple[Path, ...], data: str | None, flips: str | None, agreement: bool, out: Path | None) -> None:
    """Compare run folders or submissions of one dataset on the cases that they share.

    For every pair: the differences of kappa and accuracy on each axis and of the mean kappa, with 95% intervals over
    the patients, p by swapping the two readers' answers of whole patients, and Holm's correction: of the mean kappas
    over the pairs, of the others over pairs and axes. Calls that failed in one of two are left out. Two people's runs
    ('bench read-blind') are also compared with each other: Cohen's kappa between them, whatever is true. At the end all
    stand in one table, each scored on the cases that all of them answered: so people's samples stand beside models.

    \b
    Examples:
      bench compare runs/openai-gpt-5-4-... runs/anthropic-claude-opus-4-8-...
      bench compare results/submissions/* --out comparison
      bench compare runs/before runs/after --flips rhythm
      bench compare runs/human-ann-... runs/human-ben-...
    """
    from bench.cli.terminal import TERMINAL, show
    from bench.report.comparison_page import (
        HOW,
        HOW_AGREED,
        HOW_SAME,
        agreement_table,
        comparison_table,
        headline,
        same_cases_table,
        write_comparison,
    )
    from bench.run.comparing import compared_runs
    from taxonomy.axis import axis_named

    listed = axis_named(flips).name if flips else None
    found = compared_runs(runs, data, TERMINAL, agree=agreement)
    pairs = found.pairs
    for pair in pairs:
        show(comparison_table(pair), spare=("flips",))
        click.echo("\n".join(headline(pair)))
        if listed:
            _list_flips(pair, listed)
        if pair.agreement:
            click.echo()
            show(agreement_table(pair))
        click.echo()
    if found.same_cases:
        show(same_cases_table(found.same_cases))
        click.echo(HOW_SAME)
        click.echo()
    click.echo(HOW)
    if any(pair.agreement for pair in pairs):
        click.echo(HOW_AGREED)
    if out:
        click.echo(f"page: {write_comparison(out, pairs, found.same_cases)}")


def _list_flips(pair: "PairComparison", name: str) -> None:
    for axis in pair.axes:
        if axis.axis == name:
            for reader, ids in ((pair.first, axis.first_only), (pair.second, axis.second_only)):
                click.echo(f"{name}, right only in {reader}: {', '.join(map(str, ids)) or 'none'}")
    if name not in {axis.axis for axis in pair.axes}:
        click.echo(f"{name}: not asked in both")
