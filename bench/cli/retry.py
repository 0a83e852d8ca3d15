"""``bench retry``: the failed calls of a run once more."""

from pathlib import Path
from typing import Any

import click

from bench.cli.completing import reader_names, run_folders
from bench.cli.option import data_option, limits_from, limits_options


@click.command()
@click.argument("run", type=click.Path(path_type=Path), shell_complete=run_folders)
@data_option
@click.option("--measurements", default="waveform", show_default=True, help="As when the run was made.")
@click.option("--statements", type=click.Path(path_type=Path), help="As when the run was made.")
@click.option(
    "--reader",
    default="",
    shell_complete=reader_names,
    help="The run's reader, once more: needed for package.module:Class.",
)
@click.option("--option", multiple=True, metavar="NAME=VALUE", help="remote_code, base_url and key_variable, as then.")
@limits_options
def retry(run: Path, data: str | None, measurements: str, statements: Path | None, **options: Any) -> None:
    """Ask the failed calls of the run folder RUN again, and score it anew.

    A failed call is not an answer: the network broke, the quota was used up, the reader crashed, or the image did not
    arrive. Answers stay as they are, including wrong ones, refusals and unreadable ones. Exit code 1 where every call
    of the run has failed even now.

    RUN may be of another's making: code that is not installed runs only when it is named here with --reader, and a
    model's own code only with --option remote_code=MODEL. An address of its options is asked, and a key sent to it,
    only with --option base_url=ADDRESS and --option key_variable=NAME.

    \b
    Example:
      bench retry runs/openai-gpt-5-4-phantoms-1-test-1a2b3c4d
    """
    from bench.cli.run import show_run
    from bench.cli.terminal import TERMINAL
    from bench.dataset import open_dataset
    from bench.run.folder import RunFolder
    from bench.run.leave import Told
    from bench.run.options import parsed
    from bench.run.retry import retry_job
    from taxonomy.danger import danger_table

    folder = RunFolder(run)
    told = Told(measurements, statements, options.pop("reader"), parsed(options.pop("option")))
    settings, danger = folder.settings(), danger_table()
    with folder.locked():
        job = retry_job(folder, open_dataset(data), told, limits_from(options))
        total = len(settings.ids) * settings.repeats
        click.echo(f"{len(job.again)} of {total} readings are failed calls")
        if job.again:
            job.check_reader()
            show_run(job, job.finish(danger, TERMINAL), danger)
