"""The second detector of QRS complexes: right on trains whose rate is known, and independent of the first."""

import numpy as np
import pytest

from measurements import measure
from measurements.second_rate import second_rate
from phantoms.population import of_statements

AMPLITUDES = np.array([0.8, 1.2, 0.4, -1.0, 0.3, 0.8, -0.6, -0.9, 0.7, 1.4, 1.2, 0.9])
"""Height of the R or S wave in mV by lead."""


def train(rate, fs=500.0, seconds=10.0):
    """Return (12, n): QRS complexes of 80 ms with a T wave at a quarter of their height."""
    time = np.arange(round(seconds * fs)) / fs
    beats = np.arange(0.3, seconds - 0.1, 60 / rate)
    wave = np.zeros_like(time)
    for beat in beats:
        wave += np.exp(-(((time - beat) / 0.02) ** 2))
        wave += 0.25 * np.exp(-(((time - beat - min(0.25, 24 / rate)) / 0.04) ** 2))
    return (AMPLITUDES[:, None] * wave).astype(np.float32)


def noisy(signal, mv):
    """Return the signal with white noise and a wandering baseline."""
    drawn = np.random.default_rng(0).normal(0, mv, signal.shape)
    return (signal + drawn + 0.5 * np.sin(np.linspace(0, 12, signal.shape[1]))).astype(np.float32)


@pytest.mark.parametrize("fs", [100.0, 250.0, 360.0, 500.0, 1000.0])
@pytest.mark.parametrize("rate", [30, 45, 59, 60, 75, 100, 101, 150, 200, 240, 250])
def test_a_regular_train_has_its_rate(rate, fs):
    assert second_rate(train(rate, fs), fs) == pytest.approx(rate, abs=max(0.6, 0.01 * rate))


@pytest.mark.parametrize("rate", [30, 60, 120, 200])
def test_noise_and_a_wandering_baseline_do_not_change_it(rate):
    assert second_rate(noisy(train(rate), 0.05), 500.0) == pytest.approx(rate, abs=1.5)


def test_it_does_not_depend_on_the_unit_or_the_sign():
    signal = noisy(train(75), 0.02)
    expected = second_rate(signal, 500.0)
    assert second_rate(signal * 1000, 500.0) == pytest.approx(expected, abs=0.01)
    assert second_rate(-signal, 500.0) == pytest.approx(expected, abs=0.01)


def test_the_leads_vote_so_that_noise_in_a_few_does_not_count():
    signal = train(75)
    signal[:4] = np.random.default_rng(1).normal(0, 1, signal[:4].shape)
    assert second_rate(signal, 500.0) == pytest.approx(75, abs=0.6)


def test_limb_leads_count_once_each():
    """Six leads show two independent voltages: doubled in all of them, a rate is still outvoted by the chest leads."""
    signal = train(75)
    signal[:6] = train(150)[:6]
    assert second_rate(signal, 500.0) == pytest.approx(75, abs=0.6)


def test_flat_leads_and_gaps_do_not_vote():
    signal = train(75)
    signal[3:8] = 0
    signal[8] = np.nan
    signal[9, 500:900] = np.nan
    assert second_rate(signal, 500.0) == pytest.approx(75, abs=0.6)


@pytest.mark.parametrize("leads", [0, 1, 2])
def test_fewer_than_three_leads_have_no_rate(leads):
    signal = np.zeros((12, 5000), np.float32)
    signal[:leads] = train(75)[:leads]
    assert second_rate(signal, 500.0) is None
    signal[leads:] = np.nan
    assert second_rate(signal, 500.0) is None


def test_a_single_beat_has_no_rate():
    assert second_rate(train(10, seconds=2.0), 500.0) is None


def test_measurements_say_why_there_is_no_second_rate():
    flat = measure(np.zeros((12, 5000), np.float32), 500.0)
    assert flat.second_rate.reason == "the second detector finds no rate"
    assert measure(train(75), 500.0).second_rate.value == pytest.approx(75, abs=0.6)


def test_it_counts_the_beats_of_phantoms(population):
    cohort = population.cohort()
    pairs = [
        (cohort.measured(record).second_rate.value, population.draw(record.ecg_id).simulated().rate)
        for record in cohort
    ]
    near = [found is not None and abs(found - true) <= 2 for found, true in pairs]
    assert np.mean(near) >= 0.95


def test_a_gap_beside_an_offset_changes_no_rate():
    phantom = of_statements(frozenset({"NORM", "SR"}), 3).simulated()
    mv = phantom.mv + np.float32(3)
    mv[:, 2000:2300] = np.nan
    mv[:, 400] = np.inf
    assert second_rate(mv, phantom.fs) == pytest.approx(phantom.rate, abs=2)
