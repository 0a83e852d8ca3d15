"""``bench demo``: one ECG, what local readers say of it, what moved an answer, and how dangerous a run's errors are."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.completing import reader_names, run_folders
from bench.cli.option import data_option

if TYPE_CHECKING:
    from bench.web.finding import FoundRun

USUAL_RUNS = Path("runs")


@click.command()
@data_option
@click.option(
    "--runs",
    multiple=True,
    shell_complete=run_folders,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    show_default="runs/, where it holds any",
    help="A run, or a folder of runs, whose danger by age and sex can be looked at; as often as needed.",
)
@click.option(
    "--reader",
    "readers",
    multiple=True,
    metavar="NAME",
    shell_complete=reader_names,
    help="A further reader that runs here, such as hf:MODEL or package.module:Class; as often as needed.",
)
@click.option("--port", type=click.IntRange(1, 65_535), show_default="a free one", help="Where the page is served.")
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
def demo(
    data: str | None, runs: tuple[Path, ...], readers: tuple[str, ...], port: int | None, no_browser: bool
) -> None:
    """Show one ECG to the readers on this machine, in the browser.

    Choose a record of a dataset (phantoms by default), or upload a file (CSV, DICOM, HL7 aECG, SCP-ECG, both files of a
    WFDB record) or a page (scan, photograph, PDF). The page shows what a reader answers on every axis with its
    probabilities, beside the truth where there is one; the ECG on 6 x 2 paper with a map of what moved an answer, and
    whether that map may be believed; and how dangerous the errors of a run are by age and sex.

    Every installed reader is offered that runs here without a key or a model being named, and none that calls a
    service. It needs the extra 'app' (Gradio 6). The page is served to this machine alone, under an address with a
    random token, and works without a network. An uploaded file is deleted once it is read. Ctrl-C ends it.

    This is no medical device. It is for research and teaching: not for patients, and not for anyone who has to decide
    about one.

    \b
    Examples:
      bench demo
      bench demo --runs results/submissions
      bench demo --data ~/ptb-xl --runs runs --no-browser --port 8765
      bench demo --reader hf:google/gemma-3-4b-it
    """
    from bench.app.demo import Demo
    from bench.app.local_readers import local_readers
    from bench.app.serving import check_installed, serving
    from bench.cli.stream import undisturbed
    from bench.cli.view import open_browser
    from bench.dataset import open_dataset

    check_installed()
    found, notes = _found(runs)
    made = Demo(open_dataset(data), local_readers(readers), found, notes)
    made.check()
    with _ended_whole(), serving(made, port or 0) as server, undisturbed():
        click.echo(f"the demo is at {server.address} (Ctrl-C ends it)")
        if not no_browser:
            open_browser(server.address)
        server.serve()


@contextmanager
def _ended_whole() -> Iterator[None]:
    """Let a request to end, as of a service's manager, delete what was uploaded: it exits as the interpreter does."""

    def end(number: int, _: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _found(places: tuple[Path, ...]) -> "tuple[tuple[FoundRun, ...], tuple[str, ...]]":
    """Return the runs in the places that were named; where none was, those in the usual one, if any."""
    from bench.web.finding import find
    from taxonomy.error import RunError

    if places:
        found = find(places)
        return found.shown, found.notes
    try:
        found = find((USUAL_RUNS,))
    except RunError:  # nothing was asked for, and the page says that no run is at hand
        return (), ()
    return found.shown, found.notes
