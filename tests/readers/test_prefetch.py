import os
import signal
import subprocess
import sys
import time
from itertools import chain, count, repeat
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save_file

from measurements import measure
from readers import process
from readers.contract import Case
from readers.prefetch import WORTH_PROCESSES, Elsewhere, prefetched
from readers.resnet1d.config import training_config_from
from readers.resnet1d.network import EcgResNet
from readers.resnet1d.reader import BATCH, Resnet1dReader
from readers.resnet1d.weights import Description, save_weights
from readers.training_target import training_heads
from taxonomy.error import StopReading

SIZE = 4
TWO_AT_ONCE = Elsewhere(2, after=SIZE)


@pytest.fixture
def started(monkeypatch):
    """The processes that are started."""
    found = []

    class Noted(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            found.append(self)

    monkeypatch.setattr(process.subprocess, "Popen", Noted)
    return found


@pytest.fixture
def at_once(monkeypatch):
    """Processes are waited for."""

    class Awaited(process.Processes):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            while not self.are_ready:
                time.sleep(0.01)

    monkeypatch.setattr("readers.prefetch.Processes", Awaited)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A reader with small networks."""
    folder = tmp_path_factory.mktemp("weights")
    tiny = training_config_from({"seeds": [3], "channels": [8, 8], "blocks": 1})
    save_file(EcgResNet(tiny, training_heads()).state_dict(), folder / "best.safetensors")
    save_weights(folder / "w.safetensors", [folder / "best.safetensors"], Description(tiny, {"folds": "1-8"}))
    return Resnet1dReader(str(folder / "w.safetensors"))


@pytest.fixture(scope="module")
def cases(population):
    signals = [record.signal(500) for record in population.cohort(limit=16)]
    rng = np.random.default_rng(1)
    return [
        Case(str(k), one.mv + np.float32(rng.uniform(0, 0.01)), one.fs)
        for k in range(7 * BATCH + 5)
        for one in (signals[k % len(signals)],)
    ]


def test_batches_keep_their_order_in_processes(started, at_once):
    sums = list(prefetched(range(801), SIZE, sum, TWO_AT_ONCE))
    assert sums == [*(sum(range(k, k + SIZE)) for k in range(0, 800, SIZE)), 800]
    assert len(started) == 2
    assert all(child.returncode is not None for child in started)


def test_a_batch_prepared_elsewhere_is_told_with_its_result(at_once):
    told = []
    elsewhere = Elsewhere(1, after=SIZE, received=lambda batch, prepared: told.append((batch, prepared)))
    total = list(prefetched(range(800), SIZE, sum, elsewhere))
    assert len(told) == len(total) - 1
    assert all(sum(batch) == prepared for batch, prepared in told)


def test_few_items_begin_no_process(started):
    list(prefetched(range(WORTH_PROCESSES - 1), SIZE, sum, Elsewhere(2)))
    list(prefetched(range(4 * WORTH_PROCESSES), SIZE, sum, Elsewhere(0)))
    list(prefetched(range(4 * WORTH_PROCESSES), SIZE, sum))
    assert not started


def test_nothing_waits_for_processes_that_begin(started, monkeypatch):
    monkeypatch.setattr(process, "BEGIN", "import time; time.sleep(60)")
    begun = time.monotonic()
    assert list(prefetched(range(400), SIZE, sum, TWO_AT_ONCE)) == list(prefetched(range(400), SIZE, sum))
    assert len(started) == 2
    assert all(child.returncode is not None for child in started)
    assert time.monotonic() - begun < 30


def test_few_items_are_taken_ahead(at_once):
    taken = []
    batches = prefetched((taken.append(k) or k for k in count()), SIZE, sum, TWO_AT_ONCE)
    for given in range(1, 200):
        next(batches)
        assert len(taken) <= (given + 5) * SIZE
    batches.close()


@pytest.mark.parametrize("elsewhere", [None, TWO_AT_ONCE])
def test_an_error_of_the_preparation_comes_at_its_place(elsewhere, at_once):
    batches = prefetched(chain(range(600), ["a"], range(40)), SIZE, sum, elsewhere)
    assert [next(batches) for _ in range(150)] == [sum(range(k, k + SIZE)) for k in range(0, 600, SIZE)]
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \+: 'int' and 'str'"):
        next(batches)


@pytest.mark.parametrize("elsewhere", [None, TWO_AT_ONCE])
def test_an_error_of_the_items_comes_at_its_place(elsewhere, at_once):
    def failing():
        yield from range(600)
        raise KeyError("no such record")

    batches = prefetched(failing(), SIZE, sum, elsewhere)
    assert len([next(batches) for _ in range(150)]) == 150
    with pytest.raises(KeyError, match="no such record"):
        next(batches)


def test_a_killed_process_is_told_in_one_sentence(started, at_once):
    batches = prefetched(count(), SIZE, sum, TWO_AT_ONCE)
    next(batches)
    next(batches)
    started[0].kill()
    with pytest.raises(
        StopReading, match=r"^a process that prepares cases was killed, perhaps for its memory: "
    ) as told:
        for _ in range(200):
            next(batches)
    assert "\n" not in str(told.value)
    assert all(child.returncode is not None for child in started)


def test_a_process_that_cannot_begin_is_told_too(started, at_once, monkeypatch):
    monkeypatch.setattr(process, "BEGIN", "raise SystemExit(1)")
    with pytest.raises(StopReading, match="ended with exit status 1"):
        list(prefetched(range(400), SIZE, sum, TWO_AT_ONCE))


def test_a_file_in_the_current_folder_is_never_run(started, at_once, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("open('run', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    list(prefetched(range(800), SIZE, sum, TWO_AT_ONCE))
    assert len(started) == 2
    assert not (tmp_path / "run").exists()


def test_what_is_left_unread_leaves_no_process(started, at_once):
    batches = prefetched(count(), SIZE, sum, TWO_AT_ONCE)
    next(batches)
    next(batches)
    assert [child.poll() for child in started] == [None, None]
    batches.close()
    assert all(child.returncode is not None for child in started)


SCRIPT = """
import itertools, signal, time
from readers.prefetch import Elsewhere, prefetched
signal.signal(signal.SIGINT, signal.default_int_handler)
print("begun", flush=True)
for number, total in enumerate(prefetched(itertools.count(), 4, sum, Elsewhere(2, after=4))):
    time.sleep(0.005)
    if number == 300:
        print("working", flush=True)
"""
"""Without a guard of its main module: spawned processes would begin it again."""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_script_however_it_ends(how, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    script = subprocess.Popen(
        [sys.executable, tmp_path / "script.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    assert [script.stdout.readline() for _ in range(2)] == ["begun\n", "working\n"]
    children = _children(script.pid)
    assert len(children) == 2
    script.send_signal(how)
    rest, said = script.communicate(timeout=20)
    assert rest == ""
    assert said.count("Traceback") == (how == signal.SIGINT)
    until = time.monotonic() + 10
    while any(_runs(child) for child in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(_runs(child) for child in children)


def _children(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def _runs(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state) and not state.startswith("Z")


def _read(reader, cases, elsewhere):
    reader.elsewhere = elsewhere
    return [reading.to_json() for reading in reader.read(case for case in cases)]


@pytest.mark.slow
def test_readings_are_the_same_to_the_last_byte_with_processes(reader, cases, started, at_once):
    alone = _read(reader, cases, Elsewhere(0))
    received = []
    beside = Elsewhere(2, after=BATCH, received=lambda batch, prepared: received.append(batch))
    assert _read(reader, cases, beside) == alone
    assert len(started) == 2
    assert len(received) == 7


@pytest.mark.slow
def test_what_processes_measured_is_not_measured_again(reader, cases, at_once, monkeypatch):
    fresh = [Case(case.case_id, case.signal + np.float32(0.02), case.fs) for case in cases]
    _read(reader, fresh, Elsewhere(2, after=BATCH, received=Resnet1dReader().elsewhere.received))
    monkeypatch.setattr("measurements.measuring._measured", None)
    for case in fresh:
        measure(case.signal, case.fs)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [0, 2])
def test_a_case_without_a_signal_is_told_at_its_place(reader, cases, processes, at_once):
    reader.elsewhere = Elsewhere(processes, after=BATCH)
    readings = reader.read(chain(cases[: 6 * BATCH], [Case("x")], repeat(cases[0], 40)))
    for _ in range(6 * BATCH):
        next(readings)
    with pytest.raises(ValueError, match=r"^resnet1d needs a signal in every case$"):
        next(readings)


def test_a_reader_takes_half_of_the_processors_for_the_preparation(reader, monkeypatch):
    monkeypatch.setattr("readers.resnet1d.reader.own_processors", lambda: 8)
    assert Resnet1dReader().elsewhere.count == 4
    assert Resnet1dReader().elsewhere.after == WORTH_PROCESSES
