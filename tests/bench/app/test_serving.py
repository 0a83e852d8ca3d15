"""The door of the demo: this machine alone, below its token, with a policy that lets its page ask nobody else."""

import asyncio
import socket

import pytest

from bench.app import serving
from bench.app.serving import SENT, Guarded, check_installed
from taxonomy.error import SettingError

from ...command import bench, is_one_sentence

TOKEN, PORT = "t0ken", 8765


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"referrer-policy", b"unsafe-url")]})
    await send({"type": "http.response.body", "body": b"hello"})


def asked(path, host=f"127.0.0.1:{PORT}"):
    """Return the status, headers and body of what is answered to a request."""
    told = []

    async def send(message):
        told.append(message)

    scope = {"type": "http", "path": path, "headers": [(b"host", host.encode())]}
    asyncio.run(Guarded(hello, TOKEN, PORT)(scope, None, send))
    return told[0]["status"], {name.decode(): value.decode() for name, value in told[0]["headers"]}, told[1]["body"]


def test_what_comes_with_the_token_is_answered_under_our_headers():
    status, headers, body = asked(f"/{TOKEN}/")
    assert (status, body) == (200, b"hello")
    for name, value in SENT.items():
        assert headers[name.lower()] == value
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy and "http" not in policy


@pytest.mark.parametrize("path", ["/", "/t0ke", "/t0kenn/", "/config", "/gradio_api/info"])
def test_what_comes_without_it_is_refused_with_a_sentence(path):
    status, headers, body = asked(path)
    assert status == 403 and b"'bench demo' printed" in body and "content-security-policy" in headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1", ""])
def test_another_host_name_is_refused(host):
    status, _, body = asked(f"/{TOKEN}/", host)
    assert status == 403 and b"this machine alone" in body


def test_what_a_browser_asks_for_at_the_root_tells_nothing():
    status, _, body = asked("/manifest.json")
    assert (status, body) == (200, b"{}")


def test_without_gradio_it_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    with pytest.raises(SettingError):
        check_installed()
    done = bench("demo", "--no-browser", cwd=tmp_path)
    assert is_one_sentence(done, "pip install 'ecg-reading-bench[app]'")


def test_a_port_in_use_is_a_sentence(tmp_path):
    pytest.importorskip("gradio")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = bench("demo", "--port", port, "--no-browser", cwd=tmp_path)
    assert is_one_sentence(done, f"--port {port} cannot be had")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--runs", "nowhere"), "nowhere is no folder"),
        (("--reader", "resnet2d"), "resnet2d"),
        (("--reader", "majority"), "looks at no signal and no picture"),
        (("--data", "phantom:1"), "phantom"),
    ],
)
def test_bad_options_are_sentences(words, said, tmp_path):
    pytest.importorskip("gradio")
    assert is_one_sentence(bench("demo", *words, "--no-browser", cwd=tmp_path), said)


def test_a_folder_with_no_run_in_it_is_a_sentence(tmp_path):
    pytest.importorskip("gradio")
    assert is_one_sentence(bench("demo", "--runs", tmp_path, "--no-browser", cwd=tmp_path), "holds no run")
