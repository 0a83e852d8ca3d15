"""``bench submit`` and ``bench leaderboard``."""

from pathlib import Path

import click

from bench.cli.option import data_option

RESULTS = click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True, help="Results folder."
)


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@data_option
@RESULTS
def submit(run: Path, data: str | None, results: Path) -> None:
    """Validate the run folder RUN, add it to the submissions and rebuild the leaderboard."""
    from bench.dataset import open_dataset
    from bench.report.leaderboard_page import rebuild
    from bench.run.submission import submit as add

    target = add(run, results, open_dataset(data))
    rebuild(results)
    click.echo(f"added {target}; {results / 'leaderboard.md'} is rebuilt")


@click.command()
@click.option("--check", is_flag=True, help="Compute every submitted score anew; exit with 2 when one does not hold.")
@data_option
@RESULTS
def leaderboard(check: bool, data: str | None, results: Path) -> None:
    """Rebuild results/leaderboard.md and .json, or check every submission."""
    if check:
        from bench.dataset import open_dataset
        from bench.run.submission import check as checked

        dataset = open_dataset(data)
        good = checked(results, dataset, lambda name, problem: click.echo(f"{name}: {problem or 'holds'}"))
        raise click.exceptions.Exit(0 if good else 2)
    from bench.report.leaderboard_page import rebuild

    click.echo(f"{rebuild(results)} submissions in {results / 'leaderboard.md'}")
