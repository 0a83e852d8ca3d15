"""Whole runs against a server on loopback, from the command line: killed, interrupted, retried, repeated, limited."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from ... import command
from ...loopback.server import Running, Server

KEY = "sk-test-abcdefgh12345678"
RUN = ("run", "--reader", "openai:gpt-5.4", "--px-per-mm", "3", "--limit", "12")


@pytest.fixture
def server():
    with Running(Server()) as running:
        yield running


def environment(server):
    return {
        "OPENAI_BASE_URL": server.openai_url,
        "OPENAI_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": server.anthropic_url,
        "ANTHROPIC_API_KEY": KEY,
    }


def bench(server, *words, cwd):
    return command.bench(*words, cwd=cwd, **environment(server))


def begun(server, *words, cwd):
    """Return a process of its own, which can be killed."""
    called, pipe = [sys.executable, "-m", "bench", *map(str, words)], subprocess.PIPE
    env = {**os.environ, "PTBXL_DIR": "phantoms:1,66", **environment(server)}
    return subprocess.Popen(called, stdout=pipe, stderr=pipe, text=True, cwd=cwd, env=env, preexec_fn=_hears_ctrl_c)


def _hears_ctrl_c():
    """Undo an ignored SIGINT, which a process inherits: tests in the background of a shell, or under nohup, have it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def folder_of(cwd):
    (folder,) = (path for path in (cwd / "runs").iterdir() if path.name != "responses")
    return folder


def lines_of(folder):
    return [json.loads(line) for line in (folder / "readings.jsonl").read_text().splitlines()]


def wait_for(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def asked(server):
    return sum(server.counts.values())


def test_a_run_reads_scores_and_accounts(server, tmp_path):
    done = bench(server, *RUN, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "dollars  " in done.stdout
    assert "images seen by the model at           3 px/mm" in done.stdout
    manifest = json.loads((folder_of(tmp_path) / "manifest.json").read_text())
    settings = manifest["settings"]
    assert settings["prompt"].startswith("2.1.0-")
    assert settings["reader_details"]["max_tokens"] == "8192"
    assert settings["reader_details"]["endpoint"] == server.openai_url
    score = json.loads((folder_of(tmp_path) / "score.json").read_text())
    assert score["usage"]["calls"] == 12
    assert score["usage"]["cost"] > 0


def test_no_key_is_written_anywhere(server, tmp_path):
    bench(server, *RUN, cwd=tmp_path)
    server.plan = lambda digest, times: "401"
    failed = bench(server, *RUN, "--condition", "no-axis", cwd=tmp_path)
    assert failed.returncode == 2
    assert "is refused by" in failed.stderr
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (KEY, KEY[-8:]):
        assert secret.encode() not in written
        assert secret not in failed.stderr + failed.stdout


def test_without_a_key_nothing_is_said_but_that(server, tmp_path):
    free = {"OPENAI_BASE_URL": "", "OPENAI_API_KEY": ""}
    done = command.bench(*RUN, cwd=tmp_path, **free)
    assert command.is_one_sentence(done, "no key: set OPENAI_API_KEY"), done.stderr
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").glob("*/manifest.json"))
    assert command.bench(*RUN, "--dry-run", cwd=tmp_path, **free).returncode == 0


@pytest.mark.slow
def test_a_kept_answer_needs_no_key(server, tmp_path, monkeypatch):
    assert bench(server, *RUN, cwd=tmp_path).returncode == 0
    (folder_of(tmp_path) / "readings.jsonl").unlink()
    again = command.bench(*RUN, cwd=tmp_path, **{**environment(server), "OPENAI_API_KEY": ""})
    assert again.returncode == 0, again.stderr
    assert asked(server) == 12


def test_failed_calls_tell_their_reason_and_a_run_without_an_answer_is_no_success(server, tmp_path):
    server.plan = lambda digest, times: "" if len(server.counts) > 3 else "500"
    once = ("--option", "attempts=1", "--concurrency", "1")
    done = bench(server, *RUN, *once, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"  3 transport: {server.openai_url} (500: too much), in every attempt\n" in done.stdout
    server.plan = lambda digest, times: "500"
    failed = bench(server, *RUN[:-1], "3", *once, "--out", "other", cwd=tmp_path)
    assert failed.returncode == 1
    (sentence,) = [line for line in failed.stderr.splitlines() if line.startswith("Error")]
    assert f"every call failed (3 transport: {server.openai_url} (500" in sentence


def test_a_password_in_the_address_and_an_echoed_key_stand_nowhere(server, tmp_path):
    address = f"http://somebody:pass-word-99@127.0.0.1:{server.port}/v1"

    def echo(whole):
        words = f"{KEY} pass-word-99 {address}"
        return json.loads(json.dumps(whole).replace("as told", words))

    server.script = echo
    server.plan = lambda digest, times: "echo" if len(server.counts) == 2 else ""
    env = {**environment(server), "OPENAI_BASE_URL": address}
    once = ("--option", "attempts=1", "--concurrency", "1")
    done = command.bench(*RUN, *once, cwd=tmp_path, **env)
    assert done.returncode == 0, done.stderr
    reading = lines_of(folder_of(tmp_path))[0]["reading"]
    assert "[secret] [secret] http://127.0.0.1" in reading["raw"]
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (KEY, KEY[-8:], "pass-word-99"):
        assert secret.encode() not in written
        assert secret not in done.stderr + done.stdout
    broken = command.bench(*RUN, cwd=tmp_path, **{**env, "OPENAI_BASE_URL": "http://me:pass/word@127.0.0.1/v1"})
    assert command.is_one_sentence(broken, "OPENAI_BASE_URL is no address such as")
    assert "pass" not in broken.stderr.replace("password", "")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_asks_only_what_has_no_answer(server, tmp_path, kind):
    server.latency = 0.15
    process = begun(server, *RUN, "--concurrency", "3", cwd=tmp_path)
    wait_for(lambda: asked(server) >= 7)
    process.send_signal(kind)
    process.communicate()
    assert process.returncode != 0
    server.latency = 0
    time.sleep(0.3)
    before = asked(server)
    done = bench(server, *RUN, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(lines_of(folder_of(tmp_path))) == 12
    repeated = [count for count in server.counts.values() if count > 1]
    assert len(server.counts) == 12
    assert len(repeated) <= 3, "only what was in flight is asked again"
    assert asked(server) - before <= 12 - (before - 3)


@pytest.mark.slow
def test_ctrl_c_waits_for_what_is_in_flight_and_nothing_is_half_written(server, tmp_path):
    server.latency = 1.0
    process = begun(server, *RUN[:-1], "40", "--concurrency", "32", cwd=tmp_path)
    wait_for(lambda: server.in_flight == 32)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "already sent, which will be billed" in said
    assert "Traceback" not in said
    assert asked(server) == 32
    server.latency = 0
    done = bench(server, *RUN[:-1], "40", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(lines_of(folder_of(tmp_path))) == 40
    assert asked(server) == 40


@pytest.mark.slow
def test_retry_asks_the_failed_calls_and_nothing_else(server, tmp_path):
    server.plan = lambda digest, times: "500" if len(server.counts) in {4, 9} else ""
    once = ("--option", "attempts=1", "--concurrency", "1")
    done = bench(server, *RUN, *once, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "failed calls                          2 transport" in done.stdout
    assert "bench retry" in done.stdout
    folder = folder_of(tmp_path)
    refused = bench(server, "submit", folder, "--by", "nobody", cwd=tmp_path)
    assert "partial: 12 of the split's 66 records are asked" in refused.stderr
    before = (folder / "readings.jsonl").read_text()
    server.plan = lambda digest, times: ""
    retried = bench(server, "retry", folder, cwd=tmp_path)
    assert retried.returncode == 0, retried.stderr
    assert "2 of 12 readings are failed calls" in retried.stdout
    after = (folder / "readings.jsonl").read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == 14
    assert asked(server) == 14
    assert json.loads((folder / "score.json").read_text())["failed"] == {}
    assert "0 of 12 readings are failed calls" in bench(server, "retry", folder, cwd=tmp_path).stdout


@pytest.mark.slow
def test_retry_shows_what_the_run_showed(server, tmp_path):
    few = ("run", "--reader", "openai:gpt-5.4", "--sample", "2", "--px-per-mm", "2", "--option", "attempts=1")
    server.plan = lambda digest, times: "500"
    done = bench(server, *few, "--shots", "1", "--demography", cwd=tmp_path)
    assert "2 transport" in done.stdout, done.stderr
    first = sorted(map(json.dumps, server.bodies))
    server.bodies.clear()
    server.plan = lambda digest, times: ""
    retried = bench(server, "retry", folder_of(tmp_path), cwd=tmp_path)
    assert retried.returncode == 0, retried.stderr
    assert sorted(map(json.dumps, server.bodies)) == first


@pytest.mark.slow
def test_repeats_are_asked_apart_and_scored(server, tmp_path):
    done = bench(server, *RUN, "--repeats", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = lines_of(folder_of(tmp_path))
    assert len(lines) == 36
    assert [line.get("repeat", 0) for line in lines[:4]] == [0, 1, 2, 0]
    assert "agreement of 3 repeats                100.0%" in done.stdout
    assert "## Does it agree with itself?" in (folder_of(tmp_path) / "report.md").read_text()
    score = json.loads((folder_of(tmp_path) / "score.json").read_text())
    assert {axis["agreement"] for axis in score["repeats"]["axes"]} == {1.0}
    assert max(server.counts.values()) == 3, "the same words, asked three times"


@pytest.mark.slow
def test_a_condition_that_shares_a_request_does_not_pay_again(server, tmp_path):
    assert bench(server, *RUN, "--condition", "text-only", cwd=tmp_path).returncode == 0
    ids = ",".join(str(line["ecg_id"]) for line in lines_of(folder_of(tmp_path)))
    other = bench(server, *RUN, "--condition", "text-only", "--ids", ids, cwd=tmp_path)
    assert other.returncode == 0, other.stderr
    assert asked(server) == 12
    assert "paid by other runs" in other.stdout


def test_a_dry_run_sends_nothing_and_needs_no_key(server, tmp_path):
    done = bench(server, *RUN, "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "12 of 12 readings to ask" in done.stdout
    assert "nothing was sent" in done.stdout
    assert asked(server) == 0
    assert not (tmp_path / "runs").exists()
    bench(server, *RUN, cwd=tmp_path)
    assert "0 of 12 readings to ask" in bench(server, *RUN, "--dry-run", cwd=tmp_path).stdout
    unpriced = bench(server, "run", "--reader", "openai:mystery", "--limit", "3", "--dry-run", cwd=tmp_path)
    assert "dollars        unknown" in unpriced.stdout


def test_max_cost_stops_cleanly_and_is_resumed(server, tmp_path):
    short = ("--option", "max_tokens=400", "--concurrency", "2")
    stopped = bench(server, *RUN, *short, "--max-cost", "0.05", cwd=tmp_path)
    assert stopped.returncode == 2
    (sentence,) = [line for line in stopped.stderr.splitlines() if line.startswith("Error")]
    assert "stopped before exceeding --max-cost 0.05" in sentence
    kept = lines_of(folder_of(tmp_path))
    assert 0 < len(kept) < 12
    assert sum(line["reading"]["usage"]["cost"] for line in kept) <= 0.05
    done = bench(server, *RUN, *short, "--max-cost", "5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert asked(server) == 12


@pytest.mark.slow
def test_a_batch_that_was_killed_while_it_ran_is_found_again(server, tmp_path):
    server.batch_polls = 10**6
    words = (*RUN, "--batch", "--poll-seconds", "0.05")
    process = begun(server, *words, cwd=tmp_path)
    wait_for(lambda: server.batches and next(iter(server.batches.values()))["polls"] > 2)
    process.kill()
    process.communicate()
    server.batch_polls = 0
    done = bench(server, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(server.batches) == 1
    assert len(lines_of(folder_of(tmp_path))) == 12


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--condition", "text-olny"), "Did you mean 'text-only'?"),
        (("--format", "dens"), "Did you mean 'dense'?"),
        (("--option", "temperature"), "--option takes name=value, not 'temperature'"),
        (("--option", "seed=1", "--option", "seed=2"), "--option seed is given twice"),
        (("--prices", "none.json"), "the price table none.json cannot be read"),
        (("--max-cost", "nan"), "--max-cost takes a number from 0 up, not nan"),
        (("--max-cost", "1", "--reader", "openai:mystery"), "there is no price for model 'mystery'"),
        (("--reader", "resnet1d", "--condition", "text-only"), "shows no trace"),
        (("--reader", "majority", "--batch"), "--batch is for readers behind an API, and 'majority' is none"),
        (("--reader", "majority", "--max-cost", "0"), "--max-cost is for readers behind an API"),
        (("--reader", "majority", "--prices", "p.json", "--dry-run"), "--prices is for readers behind an API"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(server, tmp_path, words, said):
    asked = RUN[3:] if "--reader" in words else RUN[1:]
    failed = bench(server, "run", *asked, *words, cwd=tmp_path)
    assert failed.returncode == 2
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.slow
@pytest.mark.parametrize("form", ["sparse", "flat", "binary"])
def test_only_what_a_format_asks_for_is_scored(server, tmp_path, form):
    done = bench(server, *RUN, "--format", form, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    score = json.loads((folder_of(tmp_path) / "score.json").read_text())
    asked_for = {axis["axis"] for axis in score["axes"] if axis["n"]}
    if form == "sparse":
        assert len(asked_for) == 8
    else:
        assert asked_for == ({"diagnosis"} if form == "flat" else set())
        assert score["normality"]["n"] > 0


def test_the_prompt_is_shown_as_it_would_be_sent(server, tmp_path):
    shown = bench(server, "prompt", "--id", "38", "--renderer", "leads", "--format", "sparse", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"Vent. rate \d+ BPM", shown.stdout)
    assert "Image 12 of 12: lead V6" in shown.stdout
    assert len(list((tmp_path / "prompt").glob("00038_*.png"))) == 12
    bench(server, *RUN[:3], "--ids", "38", cwd=tmp_path)
    request = bench(server, "prompt", "--id", "38", "--reader", "openai:gpt-5.4", cwd=tmp_path)
    printed, sent = json.loads(request.stdout), server.bodies[0]
    assert printed["messages"][0] == sent["messages"][0]
    words = [part["text"] for part in sent["messages"][1]["content"] if part["type"] == "text"]
    assert [part["text"] for part in printed["messages"][1]["content"] if part["type"] == "text"] == words
    assert asked(server) == 1
    for condition, said in (("no-rate", False), ("image-only", False), ("full", True)):
        told = bench(server, "prompt", "--id", "38", "--condition", condition, cwd=tmp_path)
        assert ("Vent. rate" in told.stdout) is said
        assert ("QT/QTc" in told.stdout) is said


@pytest.mark.slow
def test_the_cost_limit_is_of_the_whole_ablation(server, tmp_path):
    words = ("ablate", *RUN[1:-1], "4", "--image-ceiling", "", "--option", "max_tokens=400", "--max-cost", "0.06")
    stopped = bench(server, *words, cwd=tmp_path)
    assert stopped.returncode == 2
    assert "stopped before exceeding --max-cost" in stopped.stderr
    runs = [path for path in (tmp_path / "runs").iterdir() if (path / "readings.jsonl").is_file()]
    assert len(runs) > 1
    cost = sum(line["reading"]["usage"]["cost"] for run in runs for line in lines_of(run))
    assert 0 < cost <= 0.06
