"""``bench submit`` and ``bench leaderboard``."""

from pathlib import Path

import click

from bench.cli.called import named
from bench.cli.completing import run_folders
from bench.cli.json_output import Told, json_option
from bench.cli.option import data_option

DEFAULT = Path("results")

RESULTS = click.option(
    "--results", type=click.Path(path_type=Path), default=DEFAULT, show_default=True, help="Results folder."
)


@click.command()
@click.argument("run", type=click.Path(path_type=Path), shell_complete=run_folders)
@click.option("--by", required=True, metavar="NAME", help="Who submits it; stands on the leaderboard.")
@click.option("--link", default="", metavar="URL", help="Where more is told of it.")
@data_option
@RESULTS
@click.option("--new", is_flag=True, help="Begin a results folder where there is none.")
def submit(run: Path, by: str, link: str, data: str | None, results: Path, new: bool) -> None:  # noqa: PLR0913
    """Validate the run folder RUN, add it to the submissions and rebuild the leaderboard.

    A run is taken when it covers a whole split that its reader was never taught, no call failed, and its score follows
    from its readings; of a person ('bench read-blind'), also the part that --sample draws. None is ever overwritten.

    \b
    Example:
      bench submit runs/resnet1d-phantoms-1-test-1a2b3c4d --by "A. Nobody" --link https://example.org/paper
    """
    from bench.dataset import open_dataset
    from bench.report.leaderboard_page import rebuild
    from bench.run.submission import Origin
    from bench.run.submission import submit as add
    from taxonomy.error import SubmissionError

    if not (new or results == DEFAULT or (results / "submissions").is_dir()):
        raise SubmissionError(f"{results} is no results folder, since it holds no submissions: begin one with --new")
    origin, dataset = Origin(by, link), open_dataset(data)
    target = add(run, results, dataset, origin)
    rebuild(results, dataset)
    click.echo(f"added {target}; {results / 'leaderboard.md'} is rebuilt")


@click.command()
@click.option("--check", is_flag=True, help="Compute scores and tables anew; exit with 2 when one does not hold.")
@data_option
@RESULTS
@json_option
def leaderboard(check: bool, data: str | None, results: Path) -> Told:
    """Rebuild results/leaderboard.md and .json, or check every submission.

    Readers are ranked by mean kappa; those that are not shown to differ share a rank. Their differences are computed
    where the labels of a table are at hand, else taken from leaderboard.json as it was. --json prints that file, or
    with --check each submission and what is wrong with it.
    """
    from bench.dataset import open_dataset
    from taxonomy.error import SubmissionError

    if not (results / "submissions").is_dir():
        raise SubmissionError(f"{results} holds no submissions: name another --results, or add a run by 'bench submit'")
    if check:
        from bench.report.leaderboard_page import check_pages
        from bench.run.submission import check as checked

        checks: list[dict[str, str | None]] = []

        def report(name: str, problem: str | None) -> None:
            checks.append({"name": name, "problem": problem})
            click.echo(named(f"{name}: {problem or 'holds'}"))

        dataset = open_dataset(data)
        good = [checked(results, dataset, report), check_pages(results, dataset, report)]
        return Told(lambda: {"holds": all(good), "checks": checks}, 0 if all(good) else 2)
    from bench.report.leaderboard_page import rebuild
    from taxonomy.outside import object_in

    click.echo(f"{rebuild(results, open_dataset(data))} submissions in {results / 'leaderboard.md'}")
    return Told(lambda: object_in(results / "leaderboard.json"))
