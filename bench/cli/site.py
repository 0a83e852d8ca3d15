"""``bench site``: the leaderboard as a static site."""

from pathlib import Path

import click

from bench.cli.completing import run_folders
from bench.cli.leaderboard import DEFAULT


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=DEFAULT,
    show_default=True,
    help="Results folder with leaderboard.json and its submissions.",
)
@click.option(
    "--runs",
    multiple=True,
    shell_complete=run_folders,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Runs of your own, and what ablate, probe and explain wrote beside them; as often as needed.",
)
@click.option(
    "--data",
    metavar="[NAME:]PATH",
    help="The dataset of your own runs, if its recordings may be shown; $PTBXL_DIR is not asked.",
)
@click.option(
    "--cases",
    type=click.IntRange(0, 500),
    default=24,
    show_default=True,
    metavar="N",
    help="Cases of each gallery; 0 for none.",
)
def site(folder: Path, results: Path, runs: tuple[Path, ...], data: str | None, cases: int) -> None:
    """Write the leaderboard to FOLDER as a static site, which any host and any file system serves.

    The tables can be sorted and filtered, and join readers that are not shown to differ. Each reader has a page: score,
    evidence, probes, explanations, model card, and how to run it again. The method is told in plain words, and a
    gallery shows cases, failures first. Open FOLDER/index.html: nothing is asked of any other server.

    It is made from leaderboard.json and the submissions beside it. --runs adds runs of your own, which are not ranked,
    and fills the readers' pages with what 'bench ablate', 'bench probe' and 'bench explain' found. The gallery draws
    phantoms. Recordings are shown of your own runs alone, and only where --data names their dataset: what of them you
    may publish, you decide. Texts of reports are never shown.

    FOLDER must be empty, or hold a site that was made before: that is renewed, and files that are not of it stay.

    \b
    Examples:
      bench site public
      bench site public --runs runs
      bench site mine --results results --runs runs --data ~/ptb-xl
      python -m http.server --directory public
    """
    from bench.cli.terminal import TERMINAL
    from bench.dataset import open_dataset
    from bench.web.site.building import SiteOptions, build_site

    alone = runs and results == DEFAULT and not results.exists()
    if alone:
        click.echo(
            f"no leaderboard: there is no folder {results}, so that the site holds your own runs alone", err=True
        )
    dataset = open_dataset(data) if data else None
    built = build_site(folder, SiteOptions(None if alone else results, runs, dataset, cases), TERMINAL)
    for sentence in built.left:
        TERMINAL.say(sentence)
    for what in built.of_recordings:
        click.echo(f"{folder} shows recordings ({what}): publish only what you may", err=True)
    entries = "1 entry" if built.entries == 1 else f"{built.entries} entries"
    click.echo(
        f"{entries}, {built.pages} pages, {built.pictures} pictures, {built.size / 1e6:.1f} MB: {folder / 'index.html'}"
    )
