"""Progress: a live line on a terminal, plain lines in a log, and which part of how many it is."""

import io
import os
import pty
import re
import subprocess
import sys
import threading
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from bench.cli import progress as module
from bench.cli.progress import LogProgress, progress
from bench.progress import SILENT, Observer, Progress
from taxonomy.secret import keep_secret

ROOT = Path(__file__).parents[2]
HERE = "tests.bench.run.counting_reader"


def told(steps, total, unit="records", notes=()):
    """Return what a log is told of steps at these seconds."""
    now, log = [0.0], io.StringIO()
    report = LogProgress("resnet1d, full", unit, log, clock=lambda: now[0])
    for note in notes:
        report.note(note)
    for seconds, done in steps:
        now[0] = seconds
        report(done, total)
    return log.getvalue()


def test_short_work_says_nothing_in_a_log():
    assert told([(0.1, 1), (5, 50), (9.9, 100)], 100) == ""


def test_a_log_is_told_count_rate_and_time_left_now_and_then():
    lines = told([(0.0, 0), (10, 100), (20, 200), (39, 390), (40, 400), (100, 1000)], 1000).splitlines()
    assert lines == [
        "resnet1d, full: 100 of 1,000 records, 10.0 records/s, 0:01:30 left",
        "resnet1d, full: 400 of 1,000 records, 10.0 records/s, 0:01:00 left",
        "resnet1d, full: 1,000 of 1,000 records, 10.0 records/s",
    ]


def test_what_was_there_before_is_no_part_of_the_rate():
    (line,) = told([(1, 901), (10, 910)], 1000).splitlines()
    assert line == "resnet1d, full: 910 of 1,000 records, 1.0 records/s, 0:01:30 left"


def test_a_note_stands_in_the_line():
    assert told([(20, 2)], 4, "steps", ["loss 0.9", "loss 0.25"]).startswith(
        "resnet1d, full: 2 of 4 steps, loss 0.25, "
    )


def test_a_log_holds_no_control_sequence_and_no_key(monkeypatch):
    keep_secret("sk-very-secret-key")
    log = io.StringIO()
    monkeypatch.setattr(module, "FIRST_S", 0.0)
    with redirect_stderr(log), progress("reader sk-very-secret-key", "pages") as report:
        report(1, 2)
        report(2, 2)
    assert "1 of 2 pages" in log.getvalue()
    assert not re.search(r"[\r\x1b]", log.getvalue())
    assert "sk-very" not in log.getvalue()


def test_a_part_tells_its_place_among_all():
    titles = []

    class Kept(Progress):
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    def shown(what, unit="records"):
        titles.append((what, unit))
        return Kept()

    observer = Observer(progress=shown)
    with observer.part("run", 1, 3).part("condition", 2, 4).progress("resnet1d", "pages"):
        pass
    assert titles == [("run 1 of 3: condition 2 of 4: resnet1d", "pages")]
    assert observer.part("condition", 1, 1) is observer
    with SILENT.progress("anything") as report:
        report(1, 2)
        report.note("loss 1.0")


WORDS = {
    "run": (("run", "--reader", f"{HERE}:Counting", "--sample", "8"), r"counting, full: \d of 8 records"),
    "ablate": (
        ("ablate", "--reader", f"{HERE}:Pictured", "--sample", "3", "--px-per-mm", "2", "--image-ceiling", ""),
        r"condition [1-8] of 8: pictured, [\w-]+: \d of 3 records",
    ),
    "probe": (
        ("probe", "--reader", f"{HERE}:Counting", "--sample", "1", "--change", "pr"),
        r"counting, \d+ tracings: \d+ of \d+ tracings, [\d.]+ tracings/s, \d:\d\d:\d\d left",
    ),
    "degrade": (
        ("probe", "--reader", f"{HERE}:Shown", "--sample", "2", "--degrade", "faint", "--px-per-mm", "2"),
        r"shown, 12 pages: \d+ of 12 pages",
    ),
    "contamination": (
        ("contamination", "--reader", f"{HERE}:Counting", "--sample", "3", "--only-copies"),
        r"arm [12] of 2: counting, [\w-]+: \d of 3 records",
    ),
    "explain": (
        ("explain", "--reader", f"{HERE}:Counting", "--target", "rate=normal", "--each", "2", "--max-queries", "120"),
        r"counting, \d+ masked recordings: \d+ of \d+ questions",
    ),
    "render": (("render", "--split", "test", "--px-per-mm", "2"), r"drawing: \d+ of \d+ records"),
    "train": (
        ("train", "resnet1d", "--data", "phantoms:1,12", "--config", "tiny.toml", "--out", "training"),
        r"member 3: \d+ of \d+ steps, epoch 1, loss \d\.\d+, ",
    ),
    "export": (("dataset", "export", "out", "--sample", "6"), r"printed, \w+: \d of \d records"),
}

TOLD_AT_ONCE = "import bench.cli.progress as p; p.FIRST_S = p.EVERY_S = 0.0; from bench.__main__ import main; main()"


def begun(words, cwd, **streams):
    env = {**os.environ, "PTBXL_DIR": "phantoms:1,66", "PYTHONPATH": str(ROOT), "COUNT_IN": str(cwd / "asked")}
    env |= {"COUNT_SLOWLY": "0.02", "TERM": "xterm", "COLUMNS": "80"}
    called = [sys.executable, "-c", TOLD_AT_ONCE, *words]
    return subprocess.Popen(called, cwd=cwd, env=env, **streams)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORDS)
def test_every_long_command_tells_a_log_how_far_it_is(name, tmp_path):
    words, said = WORDS[name]
    (tmp_path / "tiny.toml").write_text("seeds = [3]\nchannels = [8, 8]\nblocks = 1\nepochs = 2\nbatch = 16\n")
    process = begun(words, tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert re.search(said, err), err[-2000:]
    assert not re.search(r"[\r\x1b]", out + err)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run", "ablate", "render"])
def test_a_terminal_has_one_live_line(name, tmp_path):
    words, said = WORDS[name]
    here, there = pty.openpty()
    process = begun(words, tmp_path, stdout=subprocess.DEVNULL, stderr=there)
    os.close(there)
    shown = bytearray()

    def read():
        while True:
            try:
                part = os.read(here, 4096)
            except OSError:
                return
            if not part:
                return
            shown.extend(part)

    reading = threading.Thread(target=read)
    reading.start()
    process.wait(300)
    reading.join(30)
    os.close(here)
    assert process.returncode == 0
    text = shown.decode(errors="replace")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    title = re.sub(r"\\d.*", "", said.partition(r": \d")[0]).split(", ")[0]
    assert re.search(title, plain)
    assert "\x1b[" in text
    frames = [frame for frame in re.split(r"[\r\n]+", plain) if re.search(r"\d+/\d+ ", frame)]
    assert any(re.search(r" \d+/\d+ .*\d:\d\d:\d\d$", frame.rstrip()) for frame in frames)
    assert max(map(len, frames)) <= 80, "it is one line"
    assert not re.search(said, plain), "the lines of a log are for where there is no terminal"
