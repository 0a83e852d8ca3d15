"""Records that are measured by several processes."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock

import pytest

from bench.dataset import measuring
from bench.dataset.phantom import Phantoms
from readers import process
from taxonomy.error import StopReading

COUNT = 40


@pytest.fixture
def several(monkeypatch):
    """A process for every ten records, two at most, that are waited for."""
    begun = []

    class Awaited(process.Processes):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            begun.extend(self._children)
            while not self.are_ready:
                time.sleep(0.01)

    monkeypatch.setattr("readers.prefetch.Processes", Awaited)
    monkeypatch.setattr(measuring, "WORTH_A_PROCESS", 10)
    monkeypatch.setenv("ECG_BENCH_PROCESSES", "2")
    return begun


def measured(cohort):
    return {ecg_id: json.dumps(numbers.to_json()) for ecg_id, numbers in cohort.measure().items()}


@pytest.mark.slow
def test_measurements_of_several_processes_are_the_same_to_the_last_byte(several, monkeypatch):
    beside = measured(Phantoms(f"31,{COUNT}").cohort())
    assert len(several) == 2
    monkeypatch.setenv("ECG_BENCH_PROCESSES", "1")
    assert measured(Phantoms(f"31,{COUNT}").cohort()) == beside
    assert len(several) == 2


def test_few_records_begin_no_process(several):
    Phantoms(f"32,{COUNT}").cohort(limit=19).measure()
    assert not several


def test_records_that_were_measured_here_already_begin_no_process(several, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_PROCESSES", "1")
    Phantoms("33,30").cohort().measure()
    monkeypatch.setenv("ECG_BENCH_PROCESSES", "2")
    Phantoms("33,30").cohort().measure()
    assert not several


@pytest.mark.slow
def test_a_killed_process_is_told_and_what_was_measured_is_kept(several, monkeypatch, tmp_path):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    monkeypatch.setattr("bench.dataset.cohort.WORTH_CACHING", COUNT)
    monkeypatch.setattr("bench.dataset.cohort.REPORTED_EVERY", 1)

    def killing(number, of):
        several[0].kill()

    cohort = Phantoms(f"34,{10 * COUNT}").cohort()
    with pytest.raises(StopReading, match=r"^a process that prepares cases was killed"):
        cohort.measure(killing)
    (path,) = tmp_path.iterdir()
    assert 0 < len(json.loads(path.read_text())) < len(cohort)


class Unsendable(Phantoms):
    """Its lock cannot be sent."""

    def __init__(self, population):
        super().__init__(population)
        self.held = Lock()


def test_a_dataset_that_cannot_be_sent_is_measured_in_one_process_which_is_said(several, caplog):
    dataset = Unsendable(f"35,{COUNT}")
    with caplog.at_level(logging.WARNING, "bench"):
        found = dataset.cohort().measure()
    assert len(found) == COUNT
    (line,) = caplog.messages
    assert "cannot be sent to other processes" in line


SCRIPT = """
from bench.dataset.phantom import Phantoms
class Mine(Phantoms):
    pass
print("begun")
print(len(Mine("36,400").cohort().measure()))
"""
"""Without a guard of its main module, and with a dataset that a child cannot find."""


@pytest.mark.slow
def test_a_script_without_a_guard_is_run_once(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    found = subprocess.run(
        [sys.executable, tmp_path / "script.py"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path.cwd()), "ECG_BENCH_PROCESSES": "2"},
    )
    assert found.stdout.split() == ["begun", "400"]
    assert "Traceback" not in found.stderr


@pytest.mark.slow
def test_ctrl_c_ends_a_run_and_its_processes(tmp_path):
    run = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "bench",
            "run",
            "--reader",
            "measurements",
            "--data",
            "phantoms:37,3000",
            "--out",
            tmp_path,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"ECG_BENCH_PROCESSES": "2", "ECG_BENCH_CACHE": str(tmp_path / "cache")},
    )
    until = time.monotonic() + 60
    while len(children := _children(run.pid)) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert len(children) == 2
    time.sleep(3)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=30)[0].decode()
    assert "Traceback" not in said
    assert run.returncode != 0
    until = time.monotonic() + 10
    while any(map(_runs, children)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_runs, children))


def _children(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def _runs(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state) and not state.startswith("Z")
