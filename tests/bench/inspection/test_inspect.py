"""Inspect itself, asking a server on loopback: its own logs come back with the scores of our own reader.

``INSPECT`` names the command of an environment of its own with this package's extra ``inspect``
(``pip install '.[inspect]'``).
"""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.evidence.verdict import NUMBERS, PRIOR
from bench.run.folder import RunFolder

from ... import command
from ...loopback.server import ANSWER, Running, Server

ROOT = Path(__file__).parents[3]
INSPECT = os.environ.get("INSPECT") or shutil.which("inspect")
KEY = "sk-test-abcdefgh12345678"
CONDITIONS = ("full", "image-only", "text-only", "crossed")
VIEW = ("-T", "dataset=phantoms:1,66", "-T", "px_per_mm=2")

pytestmark = pytest.mark.slow


def majority(whole):
    """Answer the commonest value on every axis, whatever is asked."""
    whole["choices"][0]["message"]["content"] = json.dumps(ANSWER | {"rate": "normal"})
    return whole


@pytest.fixture(params=["a copy of the numbers", "the prior"])
def server(request):
    script = majority if request.param == "the prior" else lambda whole: whole
    with Running(Server(script=script)) as running:
        yield running


@pytest.fixture
def served():
    with Running(Server()) as running:
        yield running


def inspect(server, where, *words):
    """Ask by ``inspect eval``; return the log."""
    if not INSPECT:
        pytest.skip("INSPECT names no command of Inspect: pip install '.[inspect]' in an environment of its own")
    where.mkdir(parents=True)
    task = os.path.relpath(ROOT / "bench" / "inspection" / "ecg.py", where)
    called = (INSPECT, "eval", f"{task}@ecg", "--model", "openai/x", "--model-base-url", server.openai_url,
              "-M", "responses_api=false", "--display", "none", "--log-dir", "logs", *VIEW, *words)  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": KEY, "ECG_BENCH_CACHE": str(where / "cache")}
    done = subprocess.run(called, cwd=where, env=env, capture_output=True, text=True, check=False, timeout=300)
    logs = [*(where / "logs").glob("*.eval"), *(where / "logs").glob("*.json")]
    assert len(logs) == 1, done.stdout + done.stderr
    return logs[0]


def scores(out):
    """Return the score of each run by its condition."""
    folders = [path for path in out.iterdir() if (path / "score.json").is_file()]
    return {RunFolder(one).settings().condition: json.loads((one / "score.json").read_text()) for one in folders}


def test_an_ablation_by_inspect_is_the_ablation_of_our_own_reader(server, tmp_path):
    def ask(condition):
        return inspect(server, tmp_path / condition, "-T", f"condition={condition}")

    with ThreadPoolExecutor(2) as pool:
        logs = list(pool.map(ask, CONDITIONS))
    done = command.bench("score", *logs, "--out", "theirs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ask_it = {"OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": KEY}
    words = ("--reader", "openai:x", "--px-per-mm", "2", "--out", "ours")
    assert command.bench("ablate", *words, cwd=tmp_path, **ask_it).returncode == 0
    for path in (tmp_path / "ours").glob("openai-x-*"):
        assert command.bench("score", path, cwd=tmp_path).returncode == 0
    ours, theirs = (scores(tmp_path / name) for name in ("ours", "theirs"))
    for condition in CONDITIONS:
        one, other = ours[condition], theirs[condition]
        assert json.dumps(one["axes"]) == json.dumps(other["axes"])
        assert {name for name in one if one[name] != other[name]} == {"usage"}
        differ = {name for name in one["usage"] if one["usage"][name] != other["usage"][name]}
        assert differ <= {"seconds"}, "the tokens too are the same"
    own, found = (
        json.loads(next((tmp_path / name).glob("ablation-*/evidence.json")).read_text()) for name in ("ours", "theirs")
    )
    assert found["axes"] == own["axes"]
    rate = next(axis for axis in found["axes"] if axis["axis"] == "rate")
    expected = PRIOR if server.script is majority else NUMBERS
    assert expected in rate["verdict"]


def test_shots_schema_and_json_logs_without_pictures_come_back(served, tmp_path):
    words = ("-T", "sample=3", "-T", "shots=1", "-T", "schema=true", "-T", "format=sparse", "--epochs", "2")
    log = inspect(served, tmp_path / "asked", *words, "--log-format", "json", "--no-log-images")
    done = command.bench("score", log, "--out", "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (RunFolder(path) for path in (tmp_path / "runs").iterdir())
    settings = folder.settings()
    assert (settings.shots, settings.form, settings.repeats, len(settings.ids)) == (1, "sparse", 2, 3)
    assert len(folder.every_reading()[0]) == 6
    for body in served.bodies:
        assert body["response_format"]["json_schema"]["schema"]["required"]
        assert [turn["role"] for turn in body["messages"]] == ["developer", "user", "assistant", "user"]
    written = b"".join(path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file())
    assert KEY.encode() not in written


def test_an_evaluation_that_broke_off_is_scored_as_far_as_it_went(served, tmp_path):
    served.plan = lambda digest, times: "argument" if len(served.counts) == 2 else ""
    log = inspect(served, tmp_path / "asked", "-T", "sample=4", "--max-samples", "1", "--no-fail-on-error")
    done = command.bench("score", log, "--out", "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "failed calls, with the reason of most:" in done.stdout
    (folder,) = (RunFolder(path) for path in (tmp_path / "runs").iterdir())
    failed = [reading for reading in folder.every_reading()[0].values() if reading.error]
    assert [one.error.kind for one in failed] == ["transport"]
    assert "nosuch" in failed[0].error.message
