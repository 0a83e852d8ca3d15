"""``bench run``: a reader over a split, resumable at any point, scored at the end."""

from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option, drawing_options, means_from, means_options, selection_options


@click.command()
@click.option("--reader", required=True, help="A name of 'bench readers', or package.module:Class.")
@data_option
@selection_options
@drawing_options
@click.option(
    "--condition",
    default="full",
    show_default=True,
    help="What is shown: full, image-only, text-only, blank-image, ...",
)
@click.option(
    "--option",
    multiple=True,
    metavar="NAME=VALUE",
    help="For the reader, as often as needed; for API readers: temperature, max_tokens, seed, reasoning_effort, "
    "image_detail, structured, image_check, timeout, attempts; for hf and lora: batch, max_tokens, temperature, seed, "
    "structured, probabilities, max_pixels, image_kwargs, dtype, quantization, device, revision, remote_code.",
)
@click.option(
    "--measurements",
    default="waveform",
    show_default=True,
    help="Where the prompt's numbers come from: 'waveform', or a PTB-XL+ features CSV (12SL or UniG).",
)
@click.option("--statements", type=click.Path(path_type=Path), help="PTB-XL+'s 12sl_statements.csv, for reader 12sl.")
@click.option("--repeats", type=click.IntRange(1, 100), default=1, show_default=True, help="Ask every case N times.")
@means_options
@click.option("--dry-run", is_flag=True, help="Say what would be asked, tokens, dollars and time; send nothing.")
@click.option("--danger", type=click.Path(path_type=Path), help="A danger table of your own (JSON).")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides the cases' opaque ids.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where run folders go."
)
def run(dry_run: bool, **options: Any) -> None:
    """Run a reader over a split and score it.

    Without --data this runs on the embedded sample. Readings are written one by one: after Ctrl-C, a kill or a full
    disk the same command goes on where it stopped, and ends with the same score. Answers of API readers are kept in
    OUT/responses and never paid for twice.

    \b
    Examples:
      bench run --reader resnet1d
      bench run --reader majority --data ~/ptb-xl --split val
      bench run --reader openai:gpt-5.4 --dry-run
      bench run --reader anthropic:claude-opus-4-8 --max-cost 20 --concurrency 16
      bench run --reader openai:gpt-5.4-mini --batch --condition image-only
      bench run --reader 12sl --data ~/ptb-xl --statements ~/ptb-xl-plus/12sl_statements.csv
      bench run --reader hf:google/gemma-3-4b-it --option batch=4 --option structured=schema
      bench run --reader lora:adapters/flat
      bench run --reader mypackage.reader:MyReader --renderer stacked --limit 20
    """
    from bench.run.options import RunOptions

    asked = RunOptions(means=means_from(options), **options)
    if dry_run:
        from bench.run.estimate import dry_run as estimate

        estimate(asked)
        return
    from bench.run.job import run_job

    run_job(asked)
