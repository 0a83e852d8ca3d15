"""``bench retry``: the failed calls of a run once more."""

from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option, means_from, means_options


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@data_option
@click.option("--measurements", default="waveform", show_default=True, help="As when the run was made.")
@means_options
def retry(run: Path, data: Path | None, measurements: str, **options: Any) -> None:
    """Ask the failed calls of the run folder RUN again, and score it anew.

    A failed call is no answer: the network broke, the quota was used up, the reader crashed, the image did not arrive.
    Answers stay as they are, wrong ones, refusals and unreadable ones too.

    \b
    Example:
      bench retry runs/openai-gpt-5-4-ptbxl-sample-test-1a2b3c4d
    """
    from bench.run.retry import retry_job

    retry_job(run, data, measurements, means_from(options))
