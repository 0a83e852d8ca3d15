"""``bench calls``: what a reader with instruments looked at and measured in a case."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.completing import run_folders
from bench.cli.option import data_option, out_option

if TYPE_CHECKING:
    from bench.dataset import RecordId
    from bench.view import QuestionKey
    from taxonomy.reading import Reading


@click.command()
@click.argument("run", type=click.Path(path_type=Path), shell_complete=run_folders)
@click.option("--id", "ids", metavar="ID", required=True, help="Record.")
@click.option("--repeat", type=click.IntRange(0), default=0, show_default=True, help="Which of several repeats.")
@data_option
@out_option("calls", "For the picture.")
def calls(run: Path, ids: str, repeat: int, data: str | None, out: Path) -> None:
    """Show what a reader with instruments looked at in a case of the run folder RUN.

    Prints each call with its result, and writes a picture: the page as the reader saw it, every call marked, and below
    it the parts that it enlarged.

    \b
    Example:
      bench calls runs/zoom-openai-gpt-5-4-phantoms-1-test-1a2b3c4d --id 38
    """
    from dataclasses import replace

    from bench.dataset import open_dataset
    from bench.report.call_sheet import call_sheet
    from bench.run.folder import RunFolder
    from bench.run.rescoring import cases_of_run
    from bench.view import Question
    from bench.view.view import WAVEFORM

    folder = RunFolder(run)
    asked, reading = _asked(folder.every_reading()[0], ids, repeat, run)
    _print(reading)
    # The picture needs no more of the view than what is drawn, and no file of numbers that it names.
    view = replace(
        folder.view(),
        inputs=frozenset({"image"}),
        keeps_originals=True,
        measurements=WAVEFORM,
        statements=None,
        shots=0,
    )
    cases = cases_of_run(folder, open_dataset(data), view)
    record = next(record for record in cases.cohort if record.ecg_id == asked)
    path = _written(call_sheet(cases.case(Question(record, repeat)).images, reading.calls), asked, out)
    click.echo(f"\n{path}")


def _asked(
    readings: "Mapping[QuestionKey, Reading]", written: str, repeat: int, run: Path
) -> "tuple[RecordId, Reading]":
    """Return the record that was named, as its id stands in the run, and its reading, which has calls."""
    from taxonomy.error import RunError

    found = {str(key.ecg_id): (key.ecg_id, reading) for key, reading in readings.items() if key.repeat == repeat}
    if written.strip() not in found:
        raise RunError(f"{run} has no reading of record {written[:80]!r}" + (f", repeat {repeat}" if repeat else ""))
    ecg_id, reading = found[written.strip()]
    if not reading.calls:
        raise RunError(f"the reading of record {ecg_id} in {run} has no calls: its reader used no instrument")
    return ecg_id, reading


def _print(reading: "Reading") -> None:
    """Print the calls, and the answer in a line; what a model wrote is shown and not obeyed."""
    from rich.table import Table
    from rich.text import Text

    from bench.cli.terminal import show
    from bench.report.table import harmless

    table = Table(header_style="bold", box=None, pad_edge=False)
    for heading in ("call", "instrument", "arguments", "result"):
        table.add_column(heading, overflow="fold")
    for number, call in enumerate(reading.calls, start=1):
        cells = (str(number), call.instrument, call.arguments, call.result)
        table.add_row(*(Text(harmless(cell)) for cell in cells))
    show(table)
    answer = f"{reading.error.kind}: {reading.error.message}" if reading.error else repr(reading)[1:-1]
    click.echo(f"\n{harmless(answer)}")


def _written(png: bytes, ecg_id: "RecordId", out: Path) -> Path:
    from bench.run.settings import safe_name
    from taxonomy.error import StorageError

    path = out / f"{safe_name(str(ecg_id)).zfill(5)}_calls.png"
    try:
        out.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from error
    return path
