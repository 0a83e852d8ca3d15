"""``bench read-blind``: the reading room, in which a person answers the cases that models answer."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.called import named
from bench.cli.option import out_option, selection_from, selection_options, view_from, view_options

if TYPE_CHECKING:
    from bench.run.job import Job
    from bench.web.room_server import RoomServer
    from bench.web.server import ViewServer
    from taxonomy.danger import DangerTable


@click.command("read-blind")
@click.option("--as", "person", required=True, metavar="NAME", help="Who reads: the run's reader is human:NAME.")
@click.option(
    "--show",
    type=click.Choice(["page", "paper"]),
    default="page",
    show_default=True,
    help="The picture that a model is shown, or the samples drawn in the browser; both with zoom and calipers.",
)
@selection_options
@view_options("format", "shots", "statements")
@click.option("--reveal", is_flag=True, help="Once all is answered and closed, show the answers beside the truth.")
@click.option("--danger", type=click.Path(path_type=Path), help="A danger table of your own (JSON), for the score.")
@click.option("--port", type=click.IntRange(1, 65_535), show_default="a free one", help="Where the page is served.")
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
@out_option("runs")
def read_blind(person: str, show: str, port: int | None, no_browser: bool, **options: Any) -> None:
    """Read a split yourself: the cases that models answer, one by one, blind, in the browser.

    Every case is asked on the axes that a model is asked, with the same definitions, in the run's random order and
    under opaque ids; 'cannot tell' is allowed and counts as no answer. Each answer is kept as it is given, with its
    time: after Ctrl-C, a kill or a closed tab the same command goes on where it stopped, with what was half chosen.
    The last answer can be corrected. Neither truth nor score is shown, unless --reveal asks for them, and then only
    after all is answered and closed.

    The result is a run like any other, of the reader human:NAME: 'bench score', 'bench compare' (with the agreement of
    two people), 'bench view' and 'bench submit' take it. With --condition image-only, text-only and crossed a person
    reads the arms of 'bench ablate', which then finds them answered. docs/reading-room.md tells how a study is run.

    \b
    Examples:
      bench read-blind --as ann --sample 60
      bench read-blind --as ann --sample 60 --condition image-only
      bench read-blind --as ben --data ~/ptb-xl --sample 60 --show paper
      bench compare runs/human-ann-... runs/human-ben-...
    """
    from bench.cli.terminal import TERMINAL
    from bench.run.job import prepared
    from bench.run.options import check_effect
    from bench.web.room_form import form_json
    from bench.web.room_server import RoomServer
    from bench.web.seat import Seat, opened
    from taxonomy.danger import danger_table

    table, reveal, data = danger_table(options.pop("danger")), options.pop("reveal"), options["data"]
    asked = Seat.of(person, show, selection_from(options), view_from(options), options.pop("out"))
    reader = asked.built()
    check_effect(asked.view, reader)
    job = prepared(asked, TERMINAL)
    for line in (*job.cases.cohort.dataset.remarks, *job.caveats):
        TERMINAL.say(line)
    truth: list[ViewServer] = []

    def revealed() -> str:
        truth.append(_truth(job, data))
        return truth[0].address

    with opened(job, TERMINAL) as room:
        if room.is_closed:
            TERMINAL.say(f"this reading of {reader.name} is closed: its answers stay as they are")
        else:
            with RoomServer(room, form_json(job, reader), port or 0, revealed if reveal else None) as server:
                click.echo(f"{reader.name}: {room.done} of {room.total} cases are answered; go on at {server.address}")
                TERMINAL.say("Ctrl-C ends it and keeps every answer; the same command goes on")
                _serve(server, not no_browser)
        if reveal and not truth:
            revealed()
        _score(job, table, reveal)
    if truth:
        click.echo(f"answers and truth: {truth[0].address} (Ctrl-C ends it)")
        with truth[0]:
            truth[0].serve_forever()


def _score(job: "Job", danger: "DangerTable", reveal: bool) -> None:
    """Score a run that is closed; who reads another arm tomorrow is not told today how well it went."""
    from bench.cli.run import show_run
    from bench.cli.terminal import TERMINAL
    from bench.report.score_page import write_score

    score = job.score(job.folder.every_reading()[0], danger, TERMINAL)
    if reveal:
        show_run(job, score, danger)
        return
    write_score(job.folder.path, score, job.folder.manifest(), job.cases.cohort.dataset.credit, danger)
    click.echo(named(f"all is answered and closed; 'bench score {job.folder.path}' prints the score"))


def _serve(server: "RoomServer", in_browser: bool) -> None:
    """Serve until the person closes the room."""
    from bench.cli.stream import undisturbed
    from bench.cli.view import open_browser

    thread = threading.Thread(target=server.serve_forever, daemon=True)
    with undisturbed():
        thread.start()
        try:
            if in_browser:
                open_browser(server.invitation)
            while not server.closed.wait(0.5):
                pass
        finally:
            server.shutdown()
            thread.join()


def _truth(job: "Job", data: str | None) -> "ViewServer":
    """Return a server of the viewer for a run that is closed."""
    from bench.web.finding import find
    from bench.web.library import Library
    from bench.web.server import ViewServer

    return ViewServer(Library(find((job.folder.path,)), data))
