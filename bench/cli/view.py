"""``bench view``: runs as a page in the browser."""

from pathlib import Path
from typing import Any

import click

from bench.cli.completing import run_folders
from bench.cli.option import data_option


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    type=click.Path(path_type=Path),
    metavar="[RUN or folder of runs]...",
    shell_complete=run_folders,
)
@data_option
@click.option("--port", type=click.IntRange(1, 65_535), show_default="a free one", help="Where the page is served.")
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
@click.option("--export", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Write files instead.")
@click.option(
    "--most",
    type=click.IntRange(0),
    metavar="N",
    show_default="200",
    help="With --export: cases of each run with trace, pictures and prompt, those with most errors first.",
)
def view(runs: tuple[Path, ...], data: str | None, port: int | None, folder: Path | None, **options: Any) -> None:
    """Look at runs in the browser: what a reader saw, what it was asked, what it said, what is true.

    Takes run folders, submissions, or folders that hold some (runs/ by default). The page lists the cases with a column
    for each axis and filters them: by axis, truth and answer, wrong, right where the majority answer is wrong, failed,
    or flipped against another run. A case shows the ECG on millimetre paper with calipers, the pictures that the reader
    saw, the prompt as sent, the raw answer, the truth and its source, the other conditions and repeats, and what 'bench
    explain' drew of it. Two runs or more are compared as by 'bench compare'. Press ? on the page for its keys.

    The page is served to this machine alone, under an address with a random token, and needs no network; Ctrl-C ends
    it. A run that is being written is shown as far as it has come. --export writes the same as files, which a browser
    opens without any server: FOLDER/index.html.

    \b
    Examples:
      bench view
      bench view runs/resnet1d-phantoms-1-test-1a2b3c4d
      bench view results/submissions --data ~/ptb-xl
      bench view runs/before runs/after --no-browser --port 8765
      bench view runs --export pages --most 50
    """
    from bench.cli.stream import undisturbed
    from bench.cli.terminal import TERMINAL
    from bench.web.finding import find
    from bench.web.library import Library

    no_browser, most = options["no_browser"], options["most"]
    if folder is not None and (port is not None or no_browser):
        raise click.UsageError("--export writes files and serves nothing: leave --port and --no-browser out")
    if folder is None and most is not None:
        raise click.UsageError("--most says how many cases --export writes: name --export FOLDER too, or leave it out")
    found = find(runs or (Path("runs"),))
    for note in found.notes:
        TERMINAL.say(note)
    library = Library(found, data)
    for run in library.runs.values():
        run.measure(TERMINAL)
        if run.problem:
            TERMINAL.say(f"{run.name}: {run.problem}")
    if folder is not None:
        from bench.web.exporting import export

        click.echo(f"page: {export(library, folder, 200 if most is None else most, TERMINAL)}")
        return
    from bench.web.server import ViewServer

    with ViewServer(library, port or 0) as server, undisturbed():
        click.echo(f"{_counted(len(found.shown))} at {server.address} (Ctrl-C ends it)")
        if not no_browser:
            open_browser(server.invitation)
        server.serve_forever()


def _counted(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def open_browser(address: str) -> None:
    """Open a browser that has a window; where there is no display, a browser of text would take the terminal."""
    import os
    import sys
    import webbrowser

    if sys.platform in {"darwin", "win32"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)
