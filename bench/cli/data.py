"""``bench data``: fetch, verify, info."""

from pathlib import Path

import click

from bench.cli.called import named
from bench.cli.given import check_given
from bench.cli.json_output import Told, json_option
from bench.cli.option import data_option

SAMPLED = 400
"""Records of a sample whose size is not given."""

SHOWN = 20
"""Problems of each kind that are listed without --all."""


FETCHED = ("ptbxl", "challenge")
"""Datasets that are fetched by name; the first where none is named."""


class _WithBareSample(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let a dataset's name stand before the folder, and ``--sample`` without a number too."""
        if args[:1] and args[0] in FETCHED:
            args[0] = f"--dataset={args[0]}"
        if "--sample" in args[:-1] and not args[args.index("--sample") + 1].lstrip("-").isdecimal():
            args[args.index("--sample")] = f"--sample={SAMPLED}"
        if not ctx.resilient_parsing:
            check_given(self, ctx, args)
        return super().parse_args(ctx, args)


@click.command(cls=_WithBareSample)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--dataset", type=click.Choice(FETCHED), default=FETCHED[0], hidden=True)
@click.option(
    "--rates", default="", help="PTB-XL: 100 (0.8 GB; the default), 500 (2.3 GB; the default of a sample), or both."
)
@click.option(
    "--sample",
    is_flag=False,
    flag_value=SAMPLED,
    default=None,
    type=click.IntRange(1, 4000),
    metavar="[N]",
    help=f"Only a random sample, {SAMPLED} records unless N is given: of PTB-XL's folds 9 and 10 by patient (50 MB at "
    "500 Hz), or the same share of each source of the Challenge.",
)
@click.option("--part", default="", help="Only records below this folder, such as 00000, or georgia of the Challenge.")
@click.option("--url", default="", help="The dataset's folder, or a mirror of it; PhysioNet's unless given.")
@click.option("--connections", type=click.IntRange(1, 32), default=8, show_default=True)
def fetch(  # noqa: PLR0913
    folder: Path, dataset: str, rates: str, sample: int | None, part: str, url: str, connections: int
) -> None:
    """Download PTB-XL 1.0.3 into FOLDER, all of it or a sample; or, named first, the PhysioNet/CinC Challenge 2021.

    Every file is checked against the published SHA-256 sums. After Ctrl-C or a broken connection the same command
    resumes: complete files are kept, and partial files are continued. Without any of it, commands run on phantoms.

    \b
    Examples:
      bench data fetch ~/ptb-xl --sample
      bench data fetch ~/ptb-xl
      bench data fetch challenge ~/challenge --part georgia
      bench run --reader resnet1d --data ~/ptb-xl
    """
    from bench.cli.terminal import progress
    from bench.dataset.fetch import PHYSIONET, FetchOptions
    from bench.dataset.fetch import fetch as download
    from bench.dataset.fetch_challenge import CHALLENGE, fetch_challenge

    if dataset == "challenge":
        if rates:
            raise click.UsageError("--rates is for PTB-XL: recordings of the Challenge have one rate each")
        options = FetchOptions((), part, (url or CHALLENGE).rstrip("/") + "/", connections, sample=sample or 0)
        with progress("fetching", "files") as report:
            fetched = fetch_challenge(folder, options, report)
        click.echo(f"{fetched.files} files are complete in {folder}, {fetched.downloaded} of them downloaded now")
        click.echo("Licence: CC BY 4.0. Cite Perez Alday et al. 2020 and Reyna et al. 2021.")
        click.echo(f"use it: --data challenge:{folder}")
        return
    if sample and part:
        raise click.UsageError("--sample and --part exclude each other")
    rates = rates or ("500" if sample else "100")
    chosen = tuple(int(rate) for rate in rates.split(",") if rate in {"100", "500"})
    if not chosen or len(chosen) != len(rates.split(",")):
        raise click.UsageError(f"--rates takes 100, 500 or 100,500, not {rates!r}")
    options = FetchOptions(chosen, part, (url or PHYSIONET).rstrip("/") + "/", connections, sample=sample or 0)
    with progress("fetching", "files") as report:
        fetched = download(folder, options, report)
    click.echo(f"{fetched.files} files are complete in {folder}, {fetched.downloaded} of them downloaded now")
    click.echo("Licence: CC BY 4.0. Cite Wagner et al. 2020, PTB-XL, Scientific Data 7:154.")


@click.command()
@data_option
@click.option("--all", "everything", is_flag=True, help="List every problem.")
def verify(data: str | None, everything: bool) -> None:
    """Say what is missing, damaged or peculiar in a data folder.

    Looks for missing files, wrong checksums (SHA-256 where SHA256SUMS.txt is there, and the headers' own), NaN, flat
    leads, and limb leads that break Einthoven's or Goldberger's laws. Exits with 2 when something is missing or
    damaged; a peculiar recording is only reported.
    """
    from bench.cli.terminal import progress
    from bench.dataset import open_dataset
    from bench.dataset.verify import verify as verified
    from bench.report.table import harmless

    dataset = open_dataset(data)
    with progress("verifying") as report:
        found = verified(dataset, report)
    shown: dict[str, int] = {}
    for problem in found.problems:
        shown[problem.kind] = shown.get(problem.kind, 0) + 1
        if everything or shown[problem.kind] <= SHOWN:
            click.echo(f"{problem.kind:<11} {harmless(problem.where)}: {named(harmless(problem.sentence))}")
    for kind, number in found.counts().items():
        click.echo(
            f"{kind}: {number}" + ("" if everything or number <= SHOWN else f" ({SHOWN} shown; --all lists them)")
        )
    verdict = "nothing is missing or damaged" if found.sound else "the data are incomplete or damaged"
    click.echo(f"{found.signals:,} signals of {found.records:,} records read: {verdict}")
    raise click.exceptions.Exit(0 if found.sound else 2)


@click.command()
@data_option
@json_option
def info(data: str | None) -> Told:
    """Describe the records at hand: counts, folds, rates, labels, licence."""
    from dataclasses import asdict

    from bench.cli.terminal import show_pairs
    from bench.dataset import open_dataset
    from bench.dataset.describe import described
    from bench.report.table import harmless

    found = described(open_dataset(data))
    show_pairs([(what, named(harmless(figure))) for what, figure in found.lines().items()], 32)
    return Told(lambda: asdict(found))
