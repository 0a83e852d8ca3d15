"""A reading room with a server in a thread, and a person who answers."""

import http.client
import json
import threading
from contextlib import contextmanager

import pytest

from bench.dataset import Selection
from bench.run.folder import RunFolder
from bench.run.job import prepared
from bench.view import View
from bench.web.room_form import form_json
from bench.web.room_server import RoomServer
from bench.web.seat import Seat, opened
from taxonomy.axis import AXES


def job_of(out, person="ann", show="page", data="phantoms:1,66", limit=3, **view):
    """Return the run of a person on a few phantoms."""
    return prepared(Seat.of(person, show, Selection(data, limit=limit), View(**view), out))


@contextmanager
def serving(job, reveal=None):
    """Open a room and serve it in a thread."""
    with opened(job) as room, RoomServer(room, form_json(job, job.reader), reveal=reveal) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def asked(server, path, method="GET", body=None, **headers):
    """Return the status of a request and what it gets, as JSON where it is that."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    sent = None if body is None else json.dumps(body).encode()
    usual = {"Origin": f"http://127.0.0.1:{server.server_port}", "Content-Type": "application/json"} if sent else {}
    given = {name: value for name, value in {**usual, **headers}.items() if value is not None}
    connection.request(method, path, sent, given)
    answer = connection.getresponse()
    got = answer.read()
    connection.close()
    return answer.status, json.loads(got) if answer.headers["Content-Type"] == "application/json" else got


def state_of(server):
    return asked(server, f"/{server.token}/data/state.json")[1]


def post(server, what, **sent):
    return asked(server, f"/{server.token}/{what}", "POST", sent)


def values(**others):
    """Return an answer on every axis: the negative one, or 'cannot tell' where there is none."""
    usual = {axis.name: [axis.negative] if axis.negative else [] if axis.is_set else None for axis in AXES}
    return {**usual, **others}


def answer(server, seconds=0.5, **others):
    """Answer the case that is shown; return the status and the state after it."""
    state = state_of(server)
    return post(
        server, "answer", turn=state["turn"], case=state["case"]["id"], values=values(**others), seconds=seconds
    )


def kept(job):
    """Return every line of the run, in the order in which they were written."""
    return RunFolder(job.folder.path).entries()[0]


@pytest.fixture
def job(tmp_path):
    return job_of(tmp_path)


@pytest.fixture
def server(job):
    with serving(job) as found:
        yield found
