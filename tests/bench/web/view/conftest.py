"""Runs to look at, a server that shows them, and a page of the browser."""

import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bench.dataset import Selection
from bench.progress import SILENT
from bench.run.job import prepared, run_readings
from bench.run.options import RunOptions
from bench.view import View
from bench.web.finding import find
from bench.web.library import Library
from bench.web.server import ViewServer

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """A folder of cheap runs on 12 phantoms, by name: two conditions, two repeats, failed calls, several readers."""
    folder = tmp_path_factory.mktemp("viewed")
    asked = {
        "majority": RunOptions("majority"),
        "measurements": RunOptions("measurements"),
        "chatty": RunOptions("chatty:Chatty", repeats=2),
        "crossed": RunOptions("chatty:Chatty", view=View(condition="crossed")),
        "broken": RunOptions("chatty:Broken"),
    }
    sys.path.insert(0, str(HERE))
    try:
        for name, options in asked.items():
            job = prepared(replace(options, selection=Selection("phantoms:1,66", limit=12), out=folder / "made"))
            run_readings(job, SILENT)
            shutil.move(job.folder.path, folder / "runs" / name)
    finally:
        sys.path.remove(str(HERE))
    return folder / "runs"


@pytest.fixture
def copied(runs, tmp_path):
    """A copy of the runs that a test may damage."""
    return Path(shutil.copytree(runs, tmp_path / "runs"))


@pytest.fixture(scope="session")
def library(runs):
    return Library(find([runs]))


@pytest.fixture(scope="session")
def numbers(library):
    """The number of each run by the name of its folder."""
    return {run.name: number for number, run in library.runs.items()}


def serving(library):
    """Yield a server that answers in a thread."""
    with ViewServer(library) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def server(library):
    yield from serving(library)


@pytest.fixture
def page(browser):
    """A new page, whose errors fail the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    made = context.new_page()
    errors = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield made
    context.close()
    assert not errors
