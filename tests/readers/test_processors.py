import os

import pytest

from readers import processors
from readers.digitizer.reader import DigitizerReader
from readers.processors import other_processes, own_processors
from readers.resnet1d.reader import Resnet1dReader
from taxonomy.error import SettingError


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch, tmp_path):
    """A machine with eight, and no limit from outside."""
    for name in ("ECG_BENCH_PROCESSES", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(processors, "QUOTA", tmp_path / "cpu.max")


def test_a_process_takes_the_processors_that_it_may_run_on():
    assert own_processors() == other_processes() == 8


@pytest.mark.parametrize(("written", "found"), [("max 100000", 8), ("250000 100000", 3), ("9900000 100000", 8)])
def test_a_containers_share_is_not_exceeded(written, found):
    processors.QUOTA.write_text(written)
    assert own_processors() == found


def test_processes_that_torchrun_started_share_them(monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    assert own_processors() == 2
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
    assert own_processors() == 1


def test_the_variable_says_how_many(monkeypatch):
    monkeypatch.setenv("ECG_BENCH_PROCESSES", "2")
    assert own_processors() == other_processes() == 2
    monkeypatch.setenv("ECG_BENCH_PROCESSES", "1")
    assert other_processes() == 0
    assert Resnet1dReader().elsewhere.count == DigitizerReader().elsewhere.count == 0


@pytest.mark.parametrize("written", ["0", "-1", "two", "1.5", "99999", "²"])
def test_a_variable_that_is_no_number_is_told(monkeypatch, written):
    monkeypatch.setenv("ECG_BENCH_PROCESSES", written)
    with pytest.raises(SettingError, match=rf"^ECG_BENCH_PROCESSES must be a whole number .*'{written}'$"):
        own_processors()
