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
from bench.inspection.log_file import opened_log
from bench.run.folder import RunFolder

from ... import command
from ...loopback.server import ANSWER, Running, Server

ROOT = Path(__file__).parents[3]
INSPECT = os.environ.get("INSPECT") or shutil.which("inspect")
KEY = "sk-test-abcdefgh12345678"
CONDITIONS = ("full", "image-only", "text-only", "crossed")
VIEW = ("-T", "dataset=phantoms:1,66", "-T", "px_per_mm=2")

pytestmark = pytest.mark.slow


def answered(whole):
    """Answer as the model is named: ``prior`` gives the commonest value on every axis, another copies the rate."""
    if whole["model"] == "prior":
        whole["choices"][0]["message"]["content"] = json.dumps(ANSWER | {"rate": "normal"})
    return whole


@pytest.fixture
def served():
    with Running(Server(script=answered)) as running:
        yield running


def inspect(server, where, *words, models=("openai/x",)):
    """Ask by ``inspect eval``; return the log of each model by its name."""
    if not INSPECT:
        pytest.skip("INSPECT names no command of Inspect: pip install '.[inspect]' in an environment of its own")
    where.mkdir(parents=True)
    task = os.path.relpath(ROOT / "bench" / "inspection" / "ecg.py", where)
    called = (INSPECT, "eval", f"{task}@ecg", "--model", ",".join(models), "--model-base-url", server.openai_url,
              "-M", "responses_api=false", "--display", "none", "--log-dir", "logs", *VIEW, *words)  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": KEY, "ECG_BENCH_CACHE": str(where / "cache")}
    done = subprocess.run(called, cwd=where, env=env, capture_output=True, text=True, check=False, timeout=300)
    logs = [*(where / "logs").glob("*.eval"), *(where / "logs").glob("*.json")]
    assert len(logs) == len(models), done.stdout + done.stderr
    return {_model(log): log for log in logs}


def _model(log):
    if log.suffix == ".json":
        return json.loads(log.read_text())["eval"]["model"]
    with opened_log(log) as opened:
        return opened.start["eval"]["model"]


def found(folder, reader, name):
    """Return the JSON of that name of each run of a reader by its condition."""
    runs = {path: RunFolder(path) for path in folder.iterdir() if (path / "manifest.json").is_file()}
    own = {path: run.settings().condition for path, run in runs.items() if run.settings().reader == reader}
    return {condition: json.loads((path / name).read_text()) for path, condition in own.items()}


def evidence(folder, reader):
    every = [json.loads(path.read_text()) for path in folder.glob("ablation-*/evidence.json")]
    return next(one["axes"] for one in every if one["reader"] == reader)


def test_an_ablation_by_inspect_is_the_ablation_of_our_own_reader(served, tmp_path):
    pytest.importorskip("zstandard", reason="zstandard is not installed: pip install zstandard")
    models = ("openai/x", "openai/prior")

    def ask(condition):
        return inspect(served, tmp_path / condition, "-T", f"condition={condition}", models=models)

    with ThreadPoolExecutor(2) as pool:
        logs = list(pool.map(ask, CONDITIONS))
    for model, expected in zip(models, (NUMBERS, PRIOR), strict=True):
        done = command.bench("score", *(one[model] for one in logs), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        ask_it = {"OPENAI_BASE_URL": served.openai_url, "OPENAI_API_KEY": KEY}
        own = model.replace("/", ":")
        done = command.bench("ablate", "--reader", own, "--px-per-mm", "2", cwd=tmp_path, **ask_it)
        assert done.returncode == 0, done.stderr
        for path in (tmp_path / "runs").glob(f"{model.replace('/', '-')}-*"):
            assert command.bench("score", path, cwd=tmp_path).returncode == 0
        ours, theirs = (found(tmp_path / "runs", name, "score.json") for name in (own, f"inspect:{model}"))
        assert ours.keys() == theirs.keys() == {*CONDITIONS}
        for condition in CONDITIONS:
            one, other = ours[condition], theirs[condition]
            assert json.dumps(one["axes"]) == json.dumps(other["axes"])
            assert {name for name in one if one[name] != other[name]} == {"usage"}
            differ = {name for name in one["usage"] if one["usage"][name] != other["usage"][name]}
            assert differ == {"seconds"}, "the tokens too are the same"
        axes = evidence(tmp_path / "runs", f"inspect:{model}")
        assert axes == evidence(tmp_path / "runs", own)
        assert expected in next(axis["verdict"] for axis in axes if axis["axis"] == "rate")


def test_shots_schema_and_json_logs_without_pictures_come_back(served, tmp_path):
    words = ("-T", "sample=3", "-T", "shots=1", "-T", "schema=true", "-T", "format=sparse", "--epochs", "2")
    logs = inspect(served, tmp_path / "asked", *words, "--log-format", "json", "--no-log-images")
    done = command.bench("score", *logs.values(), "--out", "runs", cwd=tmp_path)
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
    pytest.importorskip("zstandard", reason="zstandard is not installed: pip install zstandard")
    served.plan = lambda digest, times: "argument" if len(served.counts) == 2 else ""
    logs = inspect(served, tmp_path / "asked", "-T", "sample=4", "--max-samples", "1", "--no-fail-on-error")
    done = command.bench("score", *logs.values(), "--out", "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "failed calls, with their commonest reasons:" in done.stdout
    (folder,) = (RunFolder(path) for path in (tmp_path / "runs").iterdir())
    failed = [reading for reading in folder.every_reading()[0].values() if reading.error]
    assert [one.error.kind for one in failed] == ["transport"]
    assert "nosuch" in failed[0].error.message
