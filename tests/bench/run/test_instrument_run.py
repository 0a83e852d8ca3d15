"""Whole runs of a reader with instruments, from the command line: scored, shown, killed, priced, ablated."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ... import command
from ...loopback.server import Running, answer
from ...loopback.tool_server import ToolServer

ROOT = Path(__file__).parents[3]
KEY = "sk-test-abcdefgh12345678"
# By its class: the short name is there once the package is installed with this reader.
READER = ("--reader", "readers.instrument.reader:ZoomReader", "--option", "model=openai:gpt-5.4")
RUN = ("run", *READER, "--px-per-mm", "3", "--limit", "4")
CALLS = [
    [("zoom", {"lead": "V1", "px_per_mm": 12})],
    [("caliper", {"lead": "II rhythm", "from": [1.0], "to": [2.0]})],
    [("zoom", {"lead": "<b>\x1b[31mV9", "px_per_mm": 3})],
]


def measuring(asked):
    if not asked.tools or len(asked.results) == len(CALLS):
        return answer(asked.text)
    return CALLS[len(asked.results)]


@pytest.fixture
def server():
    with Running(ToolServer(model=measuring)) as running:
        yield running


def environment(server):
    return {"OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": KEY}


def bench(server, *words, cwd):
    return command.bench(*words, cwd=cwd, **environment(server))


def folder_of(cwd):
    (folder,) = (path for path in (cwd / "runs").iterdir() if path.name != "responses")
    return folder


def lines_of(folder):
    return [json.loads(line) for line in (folder / "readings.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_a_run_keeps_its_calls_tells_them_and_shows_them(server, tmp_path):
    done = bench(server, *RUN, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = "3.0 calls a case (zoom 4, caliper 4), 4 of 4 cases with any, 4 refused"
    assert said in " ".join(done.stdout.split())
    assert "leads enlarged most                   V1 4" in done.stdout
    folder = folder_of(tmp_path)
    assert said in (folder / "report.md").read_text()
    assert "instruments" in json.loads((folder / "manifest.json").read_text())["settings"]["reader_details"]
    line = lines_of(folder)[0]
    assert [call["instrument"] for call in line["reading"]["calls"]] == ["zoom", "caliper", "zoom"]

    before = len(server.asked)
    again = bench(server, "score", folder, cwd=tmp_path)
    assert said in " ".join(again.stdout.split())
    shown = bench(server, "calls", folder, "--id", line["ecg_id"], cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "II rhythm" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "rate=" in shown.stdout
    with Image.open(io.BytesIO((tmp_path / shown.stdout.splitlines()[-1]).read_bytes())) as picture:
        assert picture.height > 600 + 400
        colours = {colour for _, colour in picture.getcolors(1 << 24)}
    assert {(0x00, 0x57, 0xB7), (0xB7, 0x41, 0x0E)} <= colours
    assert (0x00, 0x79, 0x6B) not in colours  # the third call was refused: nothing was shown
    assert len(server.asked) == before


def test_a_case_without_calls_has_nothing_to_show(server, tmp_path):
    server.model = lambda asked: answer(asked.text)
    bench(server, *RUN, cwd=tmp_path)
    folder = folder_of(tmp_path)
    ecg_id = lines_of(folder)[0]["ecg_id"]
    done = bench(server, "calls", folder, "--id", ecg_id, cwd=tmp_path)
    assert command.is_one_sentence(done, f"the reading of record {ecg_id} in {folder} has no calls")
    assert command.is_one_sentence(
        bench(server, "calls", folder, "--id", "x", cwd=tmp_path), "no reading of record 'x'"
    )
    assert "instruments" not in (folder / "report.md").read_text()


def test_a_dry_run_says_that_calls_multiply_the_price(server, tmp_path):
    done = bench(server, *RUN, "--dry-run", cwd=tmp_path)
    assert "up to 6 calls of instruments a case: each sends the whole case again" in done.stdout
    assert "at most with 8 turns" in done.stdout
    plain = bench(server, "run", "--reader", "openai:gpt-5.4", *RUN[5:], "--dry-run", cwd=tmp_path)

    def most(printed):
        (line,) = (line for line in printed.splitlines() if line.startswith("dollars"))
        return float(line.partition("answers, ")[2].split()[0])

    assert most(done.stdout) > 8 * most(plain.stdout)
    both = bench(server, "ablate", *READER, "--limit", "4", "--dry-run", cwd=tmp_path)
    assert both.stdout.count("up to 6 calls of instruments a case") >= 1
    assert not server.asked


def test_a_batch_is_one_sentence_and_asks_nothing(server, tmp_path):
    done = bench(server, *RUN, "--batch", cwd=tmp_path)
    assert done.returncode == 2
    assert "is asked in turns, which no batch can hold; leave out --batch" in done.stderr
    assert not server.asked


def test_a_server_without_tools_is_one_sentence(server, tmp_path):
    server.rejects = "This model does not support tools."
    done = bench(server, *RUN, cwd=tmp_path)
    assert done.returncode == 2
    assert "This model does not support tools.); 'zoom:' needs a model that calls tools" in done.stderr
    assert done.stderr.count("Error: ") == 1


@pytest.mark.slow
def test_an_ablation_asks_with_instruments_wherever_there_is_a_picture(server, tmp_path):
    done = bench(server, "ablate", *READER, "--px-per-mm", "3", "--limit", "4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for folder in (tmp_path / "runs").glob("readers-*"):
        used = {len(line["reading"].get("calls", [])) for line in lines_of(folder)}
        assert used == ({0} if "text-only" in folder.name else {3}), folder.name


@pytest.mark.slow
def test_the_page_that_is_shown_later_is_the_page_that_was_sent(server, tmp_path):
    done = bench(server, *RUN, "--condition", "lead-mask", "--renderer", "clean", "--seed", "5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder, shown = folder_of(tmp_path), []
    for line in lines_of(folder):
        told = bench(server, "calls", folder, "--id", line["ecg_id"], cwd=tmp_path)
        with Image.open(io.BytesIO((tmp_path / told.stdout.splitlines()[-1]).read_bytes())) as picture:
            shown.append(np.asarray(picture)[16:616, 16:811])
    sent = [asked.pixels(0) for asked in server.asked if not asked.results]
    assert len(shown) == len(sent) == 4
    for page in shown:
        # But for the marks, which are coloured, while a clean page is black and white.
        same = [(np.ptp(page, axis=2) > 0) | (page == other).all(axis=2) for other in sent]
        assert [one.all() for one in same].count(True) == 1


@pytest.mark.slow
def test_failed_calls_are_retried_behind_the_turns_that_were_answered(server, tmp_path):
    once = ("--option", "attempts=1", "--concurrency", "1")
    server.plan = lambda digest, times: "500" if len(server.asked) % 6 == 5 else ""
    bench(server, *RUN, *once, cwd=tmp_path)
    folder = folder_of(tmp_path)
    failed = [line for line in lines_of(folder) if line["reading"].get("error")]
    assert failed
    assert all(line["reading"]["calls"] and line["reading"]["usage"]["cost"] > 0 for line in failed)
    server.plan, before = lambda digest, times: "", len(server.asked)
    done = bench(server, "retry", folder, "--reader", READER[1], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    left = sum(4 - len(line["reading"]["calls"]) for line in failed)
    assert len(server.asked) - before == left


@pytest.mark.slow
def test_a_whole_run_is_submitted_with_its_calls(server, tmp_path):
    bench(server, *RUN[:-2], cwd=tmp_path)
    words = ("--by", "A. Nobody", "--results", tmp_path / "results", "--new")
    done = bench(server, "submit", folder_of(tmp_path), *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (kept,) = (tmp_path / "results" / "submissions").iterdir()
    assert all(len(line["reading"]["calls"]) == 3 for line in lines_of(kept))
    assert command.bench("leaderboard", "--check", "--results", tmp_path / "results", cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_a_killed_run_goes_on_in_the_middle_of_its_cases(server, tmp_path):
    """No turn that was answered is asked again, and the readings are those of an undisturbed run."""
    server.latency = 0.15
    words = [sys.executable, "-m", "bench", *RUN, "--concurrency", "2"]
    env = {**os.environ, "PTBXL_DIR": "phantoms:1,66", "PYTHONPATH": str(ROOT), **environment(server)}
    begun = subprocess.Popen(words, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while len(server.asked) < 5 and begun.poll() is None:
        time.sleep(0.02)
    begun.send_signal(signal.SIGKILL)
    begun.communicate()
    killed = len(server.asked)
    assert 5 <= killed < 16
    server.latency = 0.0
    done = bench(server, *RUN, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    # Sixteen turns in all, and at most the two that were in flight when the kill came are asked twice.
    assert 16 <= len(server.asked) <= 18
    assert len(lines_of(folder_of(tmp_path))) == 4
    whole = tmp_path / "whole"
    whole.mkdir()
    bench(server, *RUN, cwd=whole)

    def told(folder):
        return {line["ecg_id"]: (line["reading"]["values"], line["reading"]["calls"]) for line in lines_of(folder)}

    assert told(folder_of(whole)) == told(folder_of(tmp_path))
