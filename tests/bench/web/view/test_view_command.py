"""The command in a process of its own: it prints an address that works, and Ctrl-C ends it in a line."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]


@pytest.fixture
def begun():
    """Return a way to begin the command; whatever is left of it ends with the test."""
    processes = []

    def begin(*words):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "bench", "view", *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_it_prints_an_address_that_works_and_ctrl_c_ends_it_in_a_line(begun, runs):
    process = begun(runs, "--no-browser")
    line = process.stdout.readline()
    match = re.fullmatch(r"5 runs at (http://127\.0\.0\.1:\d+/[\w-]{32,}/) \(Ctrl-C ends it\)\n", line)
    assert match, line
    with urllib.request.urlopen(match[1]) as page:
        assert b"ECG bench" in page.read()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (130, "", "Stopped.")


def test_a_port_of_ones_own_is_taken_and_one_in_use_is_told(begun, runs):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    first = begun(runs / "majority", "--no-browser", "--port", port)
    assert first.stdout.readline().startswith(f"1 run at http://127.0.0.1:{port}/")
    second = begun(runs / "majority", "--no-browser", "--port", port)
    _, err = second.communicate(timeout=60)
    assert second.returncode == 2 and re.fullmatch(rf"Error: --port {port} cannot be had \(.*\): name another.*\n", err)


def test_a_run_that_cannot_be_shown_is_told_in_the_terminal(begun, copied):
    path = copied / "majority" / "manifest.json"
    path.write_text(path.read_text().replace('"repeats"', '"repetitions"'))
    process = begun(copied, "--no-browser")
    assert process.stdout.readline().startswith("4 runs at ")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert "made by another version" in err.splitlines()[0]
