"""Preparing and sharing the records of a training: in several processes, from one file."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

from bench.dataset.array_cache import cached_array
from bench.dataset.phantom import Phantoms
from bench.training.preparation import each_prepared
from bench.training.resnet1d import training_set
from bench.training.sharing import _file_of
from taxonomy.error import DatasetError


def first_second(signal):
    return signal.mv[:, :500]


def killed(signal):
    os._exit(9)


class Unsent(Phantoms):
    """A dataset that holds what no other process can be given."""

    def __init__(self):
        super().__init__("1,12")
        self.opened = lambda: None


def prepared(dataset, prepare=first_second, workers=2):
    cohort = dataset.cohort("train", limit=70)
    array = cached_array(cohort, ("test", prepare), lambda d, t: None, partial(each_prepared, dataset, workers))
    return cohort, array


def is_of(array, cohort):
    return all(np.array_equal(row, first_second(one.signal())) for row, one in zip(array, cohort, strict=True))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))


@pytest.fixture
def in_processes(monkeypatch):
    monkeypatch.setattr("bench.training.preparation.WORTH_PROCESSES", 1)


@pytest.mark.slow
def test_several_processes_prepare_the_same_rows_in_order(in_processes):
    cohort, array = prepared(Phantoms("1,12"))
    assert is_of(array, cohort)


@pytest.mark.slow
def test_a_process_that_is_killed_is_one_sentence(in_processes):
    with pytest.raises(DatasetError, match=r"a process that prepares signals was killed.*fewer --workers than 2"):
        prepared(Phantoms("1,12"), killed)


def test_a_dataset_that_cannot_be_sent_is_prepared_here_and_said(in_processes, caplog):
    cohort, array = prepared(Unsent())
    assert is_of(array, cohort)
    (said,) = caplog.messages
    assert said.startswith("phantoms-1-12 cannot be sent to other processes (")


def test_few_records_start_no_process(monkeypatch):
    monkeypatch.setattr("bench.training.preparation.worker_processes", None)
    cohort, array = prepared(Phantoms("1,12"))
    assert is_of(array, cohort)


def test_the_signals_of_a_training_stay_in_the_file_of_the_cache(tmp_path):
    data = training_set(Phantoms("1,2"), None, lambda done, total: None)
    (cached,) = tmp_path.glob("signals-resnet1d-100hz-*.npy")
    assert isinstance(data.signal, np.memmap)
    assert _file_of(data.signal, tmp_path / "other.npy") == cached


def test_signals_that_lie_in_no_file_are_put_into_one(tmp_path):
    data = training_set(Phantoms("1,2"), None, lambda done, total: None)
    for number, whole in enumerate((data.signal[3:], np.concatenate([data.signal, data.signal[:1]]))):
        path = tmp_path / f"other{number}.npy"
        assert _file_of(whole, path) == path
        assert np.array_equal(np.load(path), whole)


@pytest.mark.slow
def test_ctrl_c_while_records_are_prepared_keeps_them(tmp_path):
    (tmp_path / "tiny.toml").write_text("channels = [8, 8]\nblocks = 1\nepochs = 1\n")
    words = ["--data", "phantoms:1,200", "--workers", "2", "--config", str(tmp_path / "tiny.toml")]
    words = [sys.executable, "-m", "bench", "train", "resnet1d", *words, "--out", str(tmp_path / "out")]

    def part():
        return next(iter([path.stat().st_size for path in tmp_path.glob(".*.part")]), 0)

    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as training:
        while not part() and training.poll() is None:
            time.sleep(0.05)
        training.send_signal(signal.SIGINT)
        begun = time.monotonic()
        _, said = training.communicate()
    assert training.returncode == 130 and time.monotonic() - begun < 10
    assert said.strip() == "Stopped. What was finished is kept; the same command resumes."
    assert 0 < part() < 1800 * 48_000
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not part() and "1600 records to train on, 200 to stop on" in done.stdout
