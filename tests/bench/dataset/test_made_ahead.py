"""Phantoms that another process makes are those that this one would make."""

import numpy as np
import pytest

from bench.dataset import made_ahead
from bench.dataset.made_ahead import MadeAhead, pays
from bench.dataset.phantom import Phantoms
from measurements import measure

LENGTH = 5_000


@pytest.fixture
def few_pay(monkeypatch):
    """Let a second process pay for three phantoms."""
    monkeypatch.setattr(made_ahead, "WORTH_A_PROCESS", 3)
    monkeypatch.setattr("bench.dataset.made_ahead.os.sched_getaffinity", lambda pid: {0, 1}, raising=False)


def test_another_process_makes_the_same_samples_and_measurements(few_pay, population):
    phantoms = Phantoms("1,66,balanced")
    with phantoms.made_ahead([5, 3, 8]):
        found = {number: phantoms.record(number).signal() for number in (5, 8, 3)}
        assert set(phantoms.measured) == {5, 3, 8}
    alone = Phantoms("1,66,balanced")
    for number, signal in found.items():
        expected = alone.record(number).signal()
        assert np.array_equal(signal.mv, expected.mv) and signal.mv.dtype == np.float32 and signal.fs == expected.fs
        assert phantoms.measured[number] == measure(expected.mv, expected.fs)


def test_a_phantom_that_was_not_asked_for_or_is_asked_for_again_is_made_here(few_pay):
    phantoms = Phantoms("1,66")
    with phantoms.made_ahead([0, 1, 2]):
        first, again, other = (phantoms.record(number).signal().mv for number in (1, 1, 7))
    assert np.array_equal(first, again)
    assert np.array_equal(other, Phantoms("1,66").record(7).signal().mv)


def test_a_cohort_that_shares_its_work_is_measured_alike(few_pay):
    cohort = Phantoms("4,12").cohort("test")
    alone = {record.ecg_id: measure(record.signal().mv, 500) for record in Phantoms("4,12").cohort("test")}
    assert cohort.measure() == alone


def test_any_order_is_served_though_few_are_kept(monkeypatch):
    monkeypatch.setattr(made_ahead, "KEPT_AHEAD", 1)
    ahead = MadeAhead("1,66", range(6), LENGTH)
    try:
        assert all(ahead.take(number) is not None for number in (4, 0, 5, 3, 1, 2))
        assert ahead.take(2) is None
    finally:
        ahead.close()


def test_phantoms_are_made_here_when_the_process_is_gone():
    ahead = MadeAhead("1,66", range(40), LENGTH)
    assert ahead.take(0) is not None
    ahead._process.kill()
    ahead._process.wait()
    assert ahead.take(39) is None
    ahead.close()


def test_closing_ends_the_process_though_nothing_was_taken():
    ahead = MadeAhead("1,66", range(500), LENGTH)
    ahead.close()
    assert ahead._process.returncode is not None and not ahead._thread.is_alive()


def test_one_core_or_few_phantoms_need_no_second_process(monkeypatch):
    monkeypatch.setattr("bench.dataset.made_ahead.os.sched_getaffinity", lambda pid: {0, 1}, raising=False)
    assert pays(500) and not pays(66)
    monkeypatch.setattr("bench.dataset.made_ahead.os.sched_getaffinity", lambda pid: {0}, raising=False)
    assert not pays(500)
