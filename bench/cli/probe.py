"""``bench probe``: tracings that differ in one thing."""

from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option, means_from, means_options, selection_options


@click.command()
@click.option("--reader", required=True, help="A name of 'bench readers', or package.module:Class.")
@data_option
@selection_options
@click.option(
    "--change", multiple=True, help="rate, axis, pr, qrs, st-inferior, st-anterior, fibrillation; all of them."
)
@click.option("--all-records", is_flag=True, help="Change every record, not only those labelled normal.")
@click.option("--renderer", default="printed", show_default=True, help="printed, clean, stacked or leads.")
@click.option("--px-per-mm", type=int, default=6, show_default=True, help="Resolution of the images.")
@click.option("--option", multiple=True, metavar="NAME=VALUE", help="For the reader, as in 'bench run'.")
@means_options
@click.option(
    "--draw", type=click.IntRange(1), help="Only draw the tracings of the first N records, by every renderer."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides what of a change is chance.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
def probe(draw: int | None, **options: Any) -> None:
    """Change one thing of real records, by known doses, and see whether a reader's answers move, and where.

    Rate (the pauses between beats), frontal axis, PR, QRS duration, ST level, fibrillation: each changed by signal
    processing while all else stays as it was. The page is OUT/probe-.../probe.md with dose-response curves.

    \b
    Examples:
      bench probe --reader resnet1d
      bench probe --reader digitizer --renderer stacked --change rate --change axis --limit 20
      bench probe --reader resnet1d --draw 2 --out pictures
    """
    from bench.probe.job import ProbeOptions, draw_tracings, run_probe

    asked = ProbeOptions(means=means_from(options), **options)
    if draw:
        draw_tracings(asked, draw)
        return
    run_probe(asked)
