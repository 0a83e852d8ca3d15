"""Ray as the engine: the same readings and score, each once whoever dies, and a sentence for what is wrong."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from bench.run.job import prepared
from bench.run.options import RayOptions, RunOptions
from bench.run.ray_cluster import worker_count
from bench.run.ray_engine import Ended
from bench.run.ray_worker import readings_of
from taxonomy.error import RunError

from ...command import bench, is_one_sentence

HERE = Path(__file__).parent
needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: the extra 'ray'")


def started(*words, cwd, **env):
    path = os.pathsep.join([str(HERE), str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PTBXL_DIR": "phantoms:1,66", **env}
    command, piped = [sys.executable, "-m", *map(str, words)], {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=cwd, env=environment, text=True, **piped)


def ended(process):
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(reader, out, *more, cwd, **env):
    return ended(started("bench", "run", "--reader", reader, "--out", out, *more, cwd=cwd, **env))


def folder_in(out):
    (folder,) = [path for path in out.iterdir() if (path / "manifest.json").is_file()]
    return folder


def lines(out):
    return sorted((folder_in(out) / "readings.jsonl").read_text().splitlines())


RAY = ("--engine", "ray", "--workers", "2")


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize("reader", ["measurements", "resnet1d"])
def test_ray_gives_the_readings_and_the_score_of_one_process(reader, tmp_path):
    assert run(reader, tmp_path / "one", cwd=tmp_path).returncode == 0
    done = run(reader, tmp_path / "ray", *RAY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ray" not in done.stdout.replace(str(tmp_path / "ray"), "") and "token" not in done.stderr.lower()
    assert lines(tmp_path / "ray") == lines(tmp_path / "one") and len(lines(tmp_path / "ray")) == 66
    one, other = (folder_in(tmp_path / name) / "score.json" for name in ("one", "ray"))
    assert one.read_bytes() == other.read_bytes()


@needs_ray
@pytest.mark.slow
def test_a_killed_worker_costs_no_answer_and_none_is_doubled(tmp_path):
    assert run("toy_reader:Steady", tmp_path / "one", cwd=tmp_path).returncode == 0
    plan = tmp_path / "plan"
    plan.write_text("5")
    done = run("toy_reader:Steady", tmp_path / "ray", *RAY, cwd=tmp_path, TOY_KILL_AT=str(plan))
    assert done.returncode == 0, done.stderr
    assert not plan.exists() and "a Ray worker died: another takes its place" in done.stderr
    assert lines(tmp_path / "ray") == lines(tmp_path / "one")


@needs_ray
@pytest.mark.slow
def test_a_case_on_which_every_worker_dies_ends_the_run_with_a_sentence(tmp_path):
    done = run("toy_reader:Deadly", tmp_path / "ray", *RAY, "--sample", "6", cwd=tmp_path)
    assert done.returncode == 2
    assert "3 Ray workers died one after the other at record " in done.stderr.splitlines()[-1]
    assert len(set(lines(tmp_path / "ray"))) == len(lines(tmp_path / "ray"))


@needs_ray
@pytest.mark.slow
def test_a_reader_that_stops_ends_the_run_with_its_sentence_and_what_was_read_is_kept(tmp_path):
    done = run("toy_reader:Stopping", tmp_path / "ray", *RAY, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Error: no case after the fifth: ask for more"
    assert 4 <= len(lines(tmp_path / "ray")) <= 8


@needs_ray
@pytest.mark.slow
def test_ctrl_c_keeps_what_was_read_and_one_process_goes_on(tmp_path):
    out = tmp_path / "ray"
    begun = started("bench", "run", "--reader", "toy_reader:Slow", "--out", out, *RAY, cwd=tmp_path)
    while not list(out.glob("*/readings.jsonl")) or not lines(out):
        assert begun.poll() is None, ended(begun).stderr
        time.sleep(0.05)
    begun.send_signal(signal.SIGINT)
    stopped = ended(begun)
    assert stopped.returncode == 130 and "the same command resumes" in stopped.stderr
    kept = len(lines(out))
    assert 0 < kept < 66
    assert f"resuming: {kept} of 66" in run("toy_reader:Slow", out, cwd=tmp_path).stderr
    assert len({json.loads(line)["ecg_id"] for line in lines(out)}) == 66 == len(lines(out))


@needs_ray
def test_a_cluster_that_cannot_be_reached_is_told_and_nothing_is_written(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        refused = bench("run", "--reader", "majority", "--engine", "ray", "--ray-address", address, cwd=tmp_path)
        assert is_one_sentence(refused, f"the Ray cluster at {address} cannot be reached (Connection refused)")
        named = bench("run", "--reader", "majority", "--engine", "ray", cwd=tmp_path, RAY_ADDRESS=address)
        assert is_one_sentence(named, f"the Ray cluster at {address} cannot be reached")
    assert not (tmp_path / "runs").exists()


@needs_ray
def test_what_listens_and_is_no_ray_is_waited_for_no_longer_than_it_may_take(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.run.ray_cluster.HEALTH_S", 1.0)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        refused = bench("run", "--reader", "majority", "--engine", "ray", "--ray-address", address, cwd=tmp_path)
    assert is_one_sentence(refused, "what listens there does not answer as Ray within 1 s")


@needs_ray
@pytest.mark.parametrize("address", ["nonsense", "host:", ":6379", "ray://host:10001", "host:70000"])
def test_an_address_that_is_none_is_refused(address, tmp_path):
    refused = bench("run", "--reader", "majority", "--engine", "ray", "--ray-address", address, cwd=tmp_path)
    assert is_one_sentence(refused, "--ray-address takes HOST:PORT of a cluster's head, or auto, not ")


@needs_ray
@pytest.mark.parametrize("host", ["..", "локал..x", "a" * 300])
def test_a_host_that_no_name_can_be_is_refused(host, tmp_path):
    refused = bench("run", "--reader", "majority", "--engine", "ray", "--ray-address", f"{host}:22", cwd=tmp_path)
    assert is_one_sentence(refused, f"--ray-address takes HOST:PORT, and {host[:80]!r} cannot be a host's name")
    named = bench("run", "--reader", "majority", "--engine", "ray", cwd=tmp_path, RAY_ADDRESS=f"{host}:22")
    assert is_one_sentence(named, "cannot be a host's name")


def test_without_ray_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.run.ray_cluster.find_spec", lambda name: None)
    refused = bench("run", "--reader", "majority", "--engine", "ray", cwd=tmp_path)
    assert is_one_sentence(
        refused, "--engine ray needs Ray, which is not installed: pip install 'ecg-reading-bench[ray]'"
    )


def test_a_reader_behind_an_api_is_no_work_for_ray(tmp_path):
    refused = bench("run", "--reader", "openai:gpt-5.4", "--engine", "ray", cwd=tmp_path)
    assert is_one_sentence(refused, "'openai:gpt-5.4' waits for a service: --concurrency 512 keeps as many")


def test_options_of_ray_without_ray_are_refused(tmp_path):
    refused = bench("run", "--reader", "majority", "--workers", 4, cwd=tmp_path)
    assert is_one_sentence(refused, "--workers goes with --engine ray")


def test_more_workers_than_there_is_room_for_are_refused():
    said = []
    observer = type("Observer", (), {"say": staticmethod(said.append)})
    assert worker_count(RayOptions(), {"CPU": 8.0}, 66) == 8
    assert worker_count(RayOptions(gpus=0.5), {"CPU": 8.0, "GPU": 2.0}, 66) == 4
    with pytest.raises(RunError, match="has 8 CPUs and 0 GPUs, too few for 9 workers with 1 CPU each"):
        worker_count(RayOptions(workers=9), {"CPU": 8.0}, 66)
    with pytest.raises(RunError, match="too few for 1 workers with 1 GPU and 1 CPU each"):
        worker_count(RayOptions(gpus=1.0), {"CPU": 8.0}, 66)
    assert worker_count(RayOptions(workers=2), {"CPU": 8.0, "GPU": 1.0}, 66, observer) == 2
    assert "--gpus-per-worker 1" in said[0]


def test_there_are_no_more_workers_than_questions():
    assert worker_count(RayOptions(workers=24), {"CPU": 32.0}, 6) == 6
    assert worker_count(RayOptions(), {"CPU": 32.0}, 6) == 6
    assert worker_count(RayOptions(workers=4), {"CPU": 32.0}, 6) == 4


@needs_ray
def test_far_more_workers_than_cores_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    refused = bench("run", "--reader", "majority", "--engine", "ray", "--workers", 17, cwd=tmp_path, RAY_ADDRESS="")
    assert is_one_sentence(refused, "--workers 17 is too many for the 4 cores of this machine, which take at most 16")
    assert not (tmp_path / "runs").exists()


def test_a_reader_that_raises_keyboard_interrupt_ends_its_calls_with_a_sentence(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("PTBXL_DIR", "phantoms:1,66")
    monkeypatch.setenv("ECG_BENCH_PROCESSES", "1")
    options = RunOptions("toy_reader:Interrupted")
    job = prepared(options)
    *read, last = readings_of(options, job.settings.run_id, [question.key for question in job.questions[:4]])
    assert len(read) == 2
    assert last == Ended(
        RunError, "reader 'toy_reader:Interrupted' raised KeyboardInterrupt in a Ray worker: it ended the run"
    )


@needs_ray
@pytest.mark.slow
def test_more_workers_than_questions_are_not_started_and_nothing_is_left(tmp_path):
    # A socket's path is at most 107 bytes, and pytest's folders are deep.
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as room:
        begun = time.monotonic()
        out = tmp_path / "ray"
        words = ("--engine", "ray", "--workers", "8", "--sample", "2")
        done = run("toy_reader:Steady", out, *words, cwd=tmp_path, RAY_TMPDIR=room, RAY_ADDRESS="")
        assert done.returncode == 0, done.stderr
        assert "raylet" not in done.stdout + done.stderr
        assert not list(Path(room).glob("**/session_2*"))
        assert time.monotonic() - begun < 60
