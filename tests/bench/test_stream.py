"""Standard output that cannot be written, files that cannot be read, and a terminal that is told that work goes on."""

import io
import os
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from bench.cli import stream
from bench.cli.progress import progress
from bench.cli.stream import ERASED, Pulse, standard_streams

from ..command import bench, is_one_sentence

FULL = Path("/dev/full")
COMMANDS = {"help": ("--help",), "table": ("readers",), "text": ("prompt", "--id", "9")}


def started(words, stdout=None, before=()):
    """Run the project's own ``bench`` in a process, which has descriptors of its own."""
    env = os.environ | {"PTBXL_DIR": "phantoms:1,66", "PYTHONPATH": str(Path(stream.__file__).parents[2])}
    command = [*before, sys.executable, "-m", "bench", *map(str, words)]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=env, check=False)


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_output_is_one_sentence(command):
    with FULL.open("w") as out:
        done = started(COMMANDS[command], out)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Error: standard output cannot be written: No space left on device"
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_an_output_that_nobody_reads_is_one_sentence(command):
    readable, writable = os.pipe()
    os.close(readable)
    try:
        done = started(COMMANDS[command], writable)
    finally:
        os.close(writable)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Error: standard output cannot be written: Broken pipe"
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a shell that closes a descriptor")
def test_a_closed_output_is_no_error(tmp_path):
    words = ("run", "--reader", "majority", "--sample", "2", "--out", tmp_path / "runs")
    done = started(words, before=("sh", "-c", '"$@" >&-', "sh"))
    assert done.returncode == 0, done.stderr
    (readings,) = tmp_path.glob("runs/*/readings.jsonl")
    assert len(readings.read_text().splitlines()) == 2


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder that takes no file is Linux's /proc")
@pytest.mark.parametrize(
    "words",
    [
        ("run", "--reader", "majority", "--sample", "2", "--out", "/proc/x"),
        ("render", "--ids", "1", "--out", "/proc/x"),
        ("probe", "--reader", "resnet1d", "--sample", "2", "--change", "pr", "--out", "/proc/x"),
        ("probe", "--reader", "resnet1d", "--draw", "1", "--change", "pr", "--out", "/proc/x"),
        ("ablate", "--reader", "majority", "--sample", "2", "--out", "/proc/x"),
        ("prompt", "--id", "1", "--out", "/proc/x"),
        ("contamination", "--reader", "measurements", "--sample", "2", "--out", "/proc/x"),
        ("data", "fetch", "/proc/x"),
        ("dataset", "export", "/proc/x", "--sample", "2"),
    ],
)
def test_a_folder_that_cannot_be_written_is_one_sentence(words, tmp_path):
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: /proc/x"), done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_system_refuses_is_one_sentence_wherever_it_happens(tmp_path, monkeypatch):
    def read_only(*arguments, **settings):
        raise OSError(30, "Read-only file system", str(tmp_path / "cache"))

    monkeypatch.setattr("bench.dataset.open_dataset", read_only)
    done = bench("data", "info", cwd=tmp_path)
    assert is_one_sentence(done, f"{tmp_path / 'cache'} cannot be read or written: Read-only file system"), done.stderr


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_silent_terminal_is_told_that_work_goes_on_and_the_bar_leaves_no_trace():
    now, shown = [0.0], Terminal()
    pulse = Pulse(shown, clock=lambda: now[0])
    pulse.turn()
    assert shown.getvalue() == ""
    now[0] = 2.0
    pulse.turn()
    assert shown.getvalue().endswith(" working, 2 s")
    with pulse.around("Partial\n"):
        shown.write("Partial\n")
    assert shown.getvalue().endswith(f"{ERASED}Partial\n")
    pulse.turn()
    assert shown.getvalue().endswith("Partial\n")


def test_the_bar_stays_off_an_open_line_and_a_progress_bar():
    now, shown = [0.0], Terminal()
    pulse = Pulse(shown, clock=lambda: now[0])
    with pulse.around("epoch 1"):
        now[0] = 5.0
    now[0] = 10.0
    pulse.turn()
    with pulse.around("done\n"):
        now[0] = 11.0
    with pulse.held():
        now[0] = 20.0
        pulse.turn()
    assert shown.getvalue() == ""


def test_a_command_pulses_from_its_start_and_never_within_a_progress_bar(monkeypatch):
    monkeypatch.setattr(stream, "QUIET_S", 0.0)
    shown, until = Terminal(), time.monotonic() + 10
    with redirect_stderr(shown), redirect_stdout(io.StringIO()), standard_streams():
        while "working" not in shown.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
        before = shown.getvalue()
        with progress("measuring") as report:
            time.sleep(0.3)
            report(1, 2)
            during = shown.getvalue()[len(before) :]
    assert "working" in before
    assert "measuring" in during
    assert "working" not in during[during.index("measuring") :]


def test_what_is_no_terminal_is_never_pulsed_at(tmp_path):
    assert bench("run", "--reader", "majority", "--sample", "2", cwd=tmp_path).stderr.count("\r") == 0
