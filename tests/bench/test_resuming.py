"""'The same command goes on': a real Ctrl-C or kill in the commands that say so, and nothing is done twice."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.cli.table import RESUMING

ROOT = Path(__file__).parents[2]
HERE = "tests.bench.run.counting_reader"
SIGNALS, PICTURES = f"{HERE}:Counting", f"{HERE}:Pictured"

ASKING = {
    "run": ("run", "--reader", SIGNALS, "--sample", "20"),
    "run of pictures": ("run", "--reader", PICTURES, "--sample", "12", "--px-per-mm", "2"),
    "repeats": ("run", "--reader", SIGNALS, "--sample", "8", "--repeats", "3"),
    "ablate": ("ablate", "--reader", PICTURES, "--sample", "8", "--px-per-mm", "2", "--image-ceiling", ""),
    "until-told": ("ablate", "--reader", SIGNALS, "--sample", "20", "--image-ceiling", "", "--until-told"),
    "contamination": ("contamination", "--reader", SIGNALS, "--sample", "8", "--only-copies"),
    "probe": ("probe", "--reader", SIGNALS, "--sample", "2", "--change", "pr"),
    "degrade": ("probe", "--reader", f"{HERE}:Shown", "--sample", "4", "--degrade", "faint", "--px-per-mm", "2"),
    "explain": ("explain", "--reader", SIGNALS, "--target", "rate=normal", "--each", "2", "--max-queries", "120"),
}


def started(words, cwd, slowly="0.08"):
    env = {**os.environ, "PTBXL_DIR": "phantoms:1,66", "PYTHONPATH": str(ROOT), "COUNT_SLOWLY": slowly}
    return subprocess.Popen(
        [sys.executable, "-m", "bench", *words],
        cwd=cwd,
        env={**env, "COUNT_IN": str(cwd / "asked")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def asked(cwd):
    path = cwd / "asked"
    return len(path.read_text().split()) if path.exists() else 0


def stopped(words, cwd, count, enough, ends):
    """Begin a command, end it once so much is done, and return what it said."""
    process, until = started(words, cwd), time.monotonic() + 120
    while count() < enough and process.poll() is None:
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()
    process.send_signal(ends)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def finished(words, cwd):
    process = started(words, cwd, slowly="0")
    out, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return out, said


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKING)
def test_what_was_asked_is_not_asked_again(name, tmp_path):
    words, cut, whole = ASKING[name], tmp_path / "cut", tmp_path / "whole"
    cut.mkdir()
    whole.mkdir()
    finished(words, whole)
    for ends, enough in ((signal.SIGINT, 3), (signal.SIGKILL, 8)):
        code, said = stopped(words, cut, lambda: asked(cut), enough, ends)
        if ends is signal.SIGINT:
            assert code == 130, said
            assert "Stopped. What was finished is kept; the same command resumes." in said
    finished(words, cut)
    # An answer that is not yet written when its process is killed is asked again: one for each end.
    assert asked(whole) <= asked(cut) <= asked(whole) + 2


@pytest.mark.slow
@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
@pytest.mark.parametrize(
    "words",
    [
        ("render", "--split", "all", "--renderer", "printed", "--out", "out"),
        ("probe", "--reader", "digitizer", "--degrade", "all", "--draw", "2", "--out", "out"),
        ("probe", "--reader", "resnet1d", "--draw", "1", "--out", "out"),
    ],
    ids=["render", "degraded pages", "tracings"],
)
def test_whole_pictures_are_not_drawn_again(words, ends, tmp_path):
    def drawn():
        return {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("[!.]*.png")}

    code, said = stopped(words, tmp_path, lambda: len(drawn()), 6, ends)
    if ends is signal.SIGINT:
        assert code == 130
        assert "the same command resumes" in said
    before = drawn()
    out, _ = finished(words, tmp_path)
    after = drawn()
    assert len(after) > len(before)
    again = [name for name, when in before.items() if after[name] != when]
    drawings = {name.partition("_leads")[0] for name in again}
    assert len(drawings) <= 1, "what was not yet noted is drawn again, and nothing else"
    assert f"({len(before) - len(again)} were there)" in out
    assert all(path.read_bytes().endswith(b"IEND\xaeB`\x82") for path in (tmp_path / "out").glob("[!.]*.png"))


@pytest.mark.slow
def test_a_retry_that_is_stopped_goes_on(tmp_path):
    reader = f"{HERE}:Moody"
    finished(("run", "--reader", reader, "--sample", "12"), tmp_path)
    (run,) = tmp_path.glob("runs/*/readings.jsonl")
    words = ("retry", str(run.parent), "--reader", reader)
    (tmp_path / "mended").touch()
    code, said = stopped(words, tmp_path, lambda: asked(tmp_path), 8, signal.SIGINT)
    assert code == 130, said
    out, _ = finished(words, tmp_path)
    assert asked(tmp_path) in (12, 13)
    assert re.match(r"[34] of 12 readings are failed calls", out)


@pytest.mark.slow
def test_an_export_that_is_stopped_goes_on(tmp_path):
    words = ("dataset", "export", "out", "--split", "test", "--renderer", "printed,stacked", "--px-per-mm", "2")
    words += ("--shard-rows", "12")

    def files():
        found = (path for name in ("out", "out.part") for path in (tmp_path / name).rglob("*.parquet"))
        return {path.name: path.stat().st_mtime_ns for path in found}

    code, said = stopped(words, tmp_path, lambda: len(files()), 2, signal.SIGINT)
    assert code == 130, said
    assert "the same command resumes" in said
    before = files()
    finished(words, tmp_path)
    assert before
    assert {name: files()[name] for name in before} == before
    assert len(files()) > len(before)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--reader", "resnet1d", "--dry-run"),
        ("render", "--show-limits"),
        ("ablate", "--reader", "x", "--dry-run"),
    ],
)
def test_what_keeps_nothing_does_not_say_that_it_goes_on(words, tmp_path, monkeypatch):
    import click

    from ..command import bench

    def interrupted(command, context):
        if isinstance(command, click.Group):
            return invoke(command, context)
        raise KeyboardInterrupt

    invoke = click.Command.invoke
    monkeypatch.setattr(click.Command, "invoke", interrupted)
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 130
    assert done.stderr.strip() == "Stopped."


ELSEWHERE = {
    "job": "bench/run/test_job_file.py::test_after_a_kill_at_any_point",
    "selftest": "bench/evidence/test_evidence.py::test_the_selftest_goes_on_after_ctrl_c",
    "finetune": "bench/finetune/test_finetuning.py::test_a_killed_fine_tuning_goes_on",
    "train resnet1d": "readers/test_resnet1d_training.py::test_ctrl_c_keeps_the_checkpoints",
    "experiment": "bench/experiment/test_experiment.py::test_a_second_time_it_does_nothing_anew",
    "experiment domains": "bench/domains/test_running.py::test_a_study_that_is_killed_goes_on",
    "encoder-probe": "bench/encoder/test_attentive.py::test_tokens_of_a_resumed_run",
    "read-blind": "bench/web/room/test_room_browser.py::test_nothing_is_lost_by_a_kill",
    "data fetch": "bench/dataset/test_fetch.py::test_a_file_in_part_is_continued",
}
"""Tests of the commands that are not stopped here."""


def test_every_command_that_says_that_it_goes_on_is_stopped_in_a_test():
    assert {words[0] for words in ASKING.values()} | {"render", "retry", "dataset export"} | set(ELSEWHERE) == RESUMING
    for place in ELSEWHERE.values():
        path, _, name = place.partition("::")
        assert f"def {name}" in (ROOT / "tests" / path).read_text(), place
