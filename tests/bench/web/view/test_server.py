"""The viewer's server answers this machine alone, only under its token, and nothing but what it has."""

import http.client
import io
import json
import socket

import pytest
from PIL import Image

from bench.web.server import ViewServer
from taxonomy import redaction
from taxonomy.error import SettingError

from .conftest import serving


def asked(server, path, method="GET", **headers):
    """Return what a request gets, its path sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def under(server, path):
    return f"/{server.token}/{path}"


def test_the_page_comes_with_a_policy_that_lets_nothing_in(server):
    answer, body = asked(server, under(server, ""))
    assert answer.status == 200 and b"<title>ECG bench" in body
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert b"style=" not in body and b"onclick" not in body and b"<script>" not in body


def test_each_file_of_the_page_is_served_as_what_it_is(server):
    for name, kind in (("view.js", "text/javascript"), ("view.css", "text/css"), ("icon.svg", "image/svg+xml")):
        answer, body = asked(server, under(server, name))
        assert answer.status == 200 and answer.headers["Content-Type"].startswith(kind) and body


def test_data_and_pictures_are_served(server, numbers):
    answer, body = asked(server, under(server, "data/runs.json"))
    assert answer.headers["Content-Type"] == "application/json"
    assert {run["name"] for run in json.loads(body)["runs"]} == {*numbers}
    answer, body = asked(server, under(server, f"pictures/picture-{numbers['chatty']}-0-0.png"))
    assert answer.status == 200
    with Image.open(io.BytesIO(body)) as picture:  # saved and printed it runs at 25 mm/s
        assert picture.width / picture.info["dpi"][0] * 25.4 == pytest.approx(265, rel=1e-3)


def test_another_address_than_the_one_with_the_token_is_refused(server):
    for path in ("/", "/data/runs.json", "/wrong/data/runs.json", f"/{server.token}", f"/{server.token[:-1]}/", "//"):
        answer, body = asked(server, path)
        assert answer.status == 403 and b"runs" not in body.replace(b"'bench view'", b""), path


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "", "127.0.0.1.evil:{port}"])
def test_another_hosts_name_is_refused_even_with_the_token(server, host):
    answer, _ = asked(server, under(server, "data/runs.json"), Host=host.format(port=server.server_port))
    assert answer.status == 403


def test_localhost_is_this_machine_too(server):
    answer, _ = asked(server, under(server, "data/runs.json"), Host=f"localhost:{server.server_port}")
    assert answer.status == 200


@pytest.mark.parametrize(
    "path",
    [
        "../pyproject.toml",
        "..%2f..%2fpyproject.toml",
        "data/../../manifest.json",
        "data//etc/passwd",
        "pictures/../view.html",
        "pictures/..\\manifest.json",
        "/etc/passwd",
        "server.py",
        "__init__.py",
        "data/run-99.json",
        "data/case-0-99.json",
        "data/case-0--1.json",
        "data/signal-99-0.json",
        "data/compare-0-0.json",
        "data/compare-0-99.json",
        "pictures/picture-0-99-0.png",
        "pictures/explained-0-0.png",
        "data/case-0-" + "9" * 400 + ".json",
    ],
)
def test_what_is_outside_of_the_runs_is_not_there(server, path):
    answer, body = asked(server, under(server, path))
    assert answer.status == 404 and body == b"there is no such thing"


def test_nothing_but_looking_is_possible(server):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer, _ = asked(server, under(server, "data/runs.json"), method)
        assert answer.status == 501


@pytest.mark.parametrize("method", ["HEAD", "DELETE", "OPTIONS", "<script>"])
def test_what_is_no_request_here_gets_no_page_of_html(server, method):
    answer, body = asked(server, under(server, ""), method)
    assert answer.status == 501 and b"<" not in body
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_address_that_a_browser_is_begun_with_leads_in_once(library):
    for server in serving(library):
        assert server.token not in server.invitation
        path = server.invitation.removeprefix(f"http://127.0.0.1:{server.server_port}")
        assert asked(server, f"{path}data/runs.json")[0].status == 403
        assert asked(server, path, Host="example.org")[0].status == 403
        answer, body = asked(server, path)
        assert (answer.status, answer.headers["Location"], body) == (303, f"/{server.token}/", b"")
        assert asked(server, path)[0].status == 403


def test_it_listens_on_the_loopback_interface_alone(server):
    assert server.server_address[0] == "127.0.0.1"


def test_every_server_has_another_token(server, library):
    with ViewServer(library) as other:
        assert other.token != server.token and len(other.token) >= 32


def test_a_port_in_use_is_told_in_a_sentence(library):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingError, match=rf"--port {port} cannot be had .*: name another"):
            ViewServer(library, port)


def test_a_key_in_an_answer_is_not_shown(server, numbers):
    redaction.hide({"transport"})
    _, body = asked(server, under(server, f"data/run-{numbers['broken']}.json"))
    assert b"transport" not in body and b"[secret]" in body
