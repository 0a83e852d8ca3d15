"""``bench run``: a reader over a split, resumable at any point, scored at the end."""

from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option, selection_options


@click.command()
@click.option("--reader", required=True, help="A name of 'bench readers', or package.module:Class.")
@data_option
@selection_options
@click.option("--renderer", default="printed", show_default=True, help="printed, clean, stacked or leads.")
@click.option("--px-per-mm", type=int, default=6, show_default=True, help="Resolution of the images.")
@click.option(
    "--measurements",
    default="waveform",
    show_default=True,
    help="Where the prompt's numbers come from: 'waveform', or a PTB-XL+ features CSV (12SL or UniG).",
)
@click.option("--danger", type=click.Path(path_type=Path), help="A danger table of your own (JSON).")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides the cases' opaque ids.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where run folders go."
)
def run(**options: Any) -> None:
    """Run a reader over a split and score it.

    Without --data this runs on the embedded sample. Readings are written one by one: after Ctrl-C, a kill or a full
    disk the same command goes on where it stopped, and ends with the same score.

    \b
    Examples:
      bench run --reader resnet1d
      bench run --reader majority --data ~/ptb-xl --split val
      bench run --reader mypackage.reader:MyReader --renderer stacked --limit 20
    """
    from bench.run.job import RunOptions, run_job

    run_job(RunOptions(**options))
