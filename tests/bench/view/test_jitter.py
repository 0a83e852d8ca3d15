"""A jittered trace shows the same and is another file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.dataset import Signal
from bench.view import Question, View, cases_of
from bench.view.jitter import Jitter, jitter
from measurements import measure


@given(st.integers(0, 2**32), st.integers(1, 30_000) | st.text(min_size=1))
def test_a_jitter_is_small_and_never_nothing(seed, ecg_id):
    drawn = jitter(seed, ecg_id)
    assert drawn == jitter(seed, ecg_id)
    assert 0.02 <= abs(drawn.shift_s) <= 0.2
    assert 0.002 <= abs(drawn.factor - 1) <= 0.01


def test_both_directions_are_drawn_alike():
    drawn = [jitter(0, number) for number in range(1000)]
    assert 430 < sum(one.shift_s > 0 for one in drawn) < 570
    assert 430 < sum(one.factor > 1 for one in drawn) < 570


@given(st.integers(0, 1000), st.sampled_from([100, 250, 500, 1000]))
def test_samples_are_moved_scaled_and_held_at_the_end(ecg_id, fs):
    drawn = jitter(0, ecg_id)
    mv = np.random.default_rng(ecg_id).normal(size=(12, fs)).astype(np.float32)
    shown, moved = drawn.of(Signal(mv, fs)), round(drawn.shift_s * fs)
    assert abs(moved - drawn.shift_s * fs) <= 0.5
    scaled = mv * np.float32(drawn.factor)
    if moved > 0:
        assert np.array_equal(shown.mv[:, moved:], scaled[:, :-moved])
        assert (shown.mv[:, :moved] == scaled[:, :1]).all()
    else:
        assert np.array_equal(shown.mv[:, :moved], scaled[:, -moved:])
        assert (shown.mv[:, moved:] == scaled[:, -1:]).all()
    assert (shown.mv.dtype, shown.fs) == (np.float32, fs)


def test_gaps_stay_gaps():
    mv = np.ones((12, 100), dtype=np.float32)
    mv[3, 40:60] = np.nan
    mv[5] = np.nan
    shown = Jitter(0.1, 1.01).of(Signal(mv, 100)).mv
    assert np.flatnonzero(np.isnan(shown[3])).tolist() == list(range(50, 70))
    assert np.isnan(shown[5]).all()
    assert np.isnan(shown).sum() == 120


def test_every_record_really_changes(population):
    cohort = population.cohort()
    shown = cases_of(View("jittered", seed=2).for_inputs(frozenset({"signal"})), cohort)
    for record in cohort:
        own, case = record.signal().mv, shown.case(Question(record))
        assert case.signal.shape == own.shape
        assert np.mean(case.signal != own) > 0.9


@pytest.mark.parametrize("renderer", ["printed", "leads"])
def test_the_picture_changes_and_what_it_shows_does_not(population, renderer):
    cohort = population.cohort(limit=5)
    inputs = frozenset({"signal", "image", "text"})
    full, moved = (cases_of(View(name, renderer, 3).for_inputs(inputs), cohort) for name in ("full", "jittered"))
    for record in cohort:
        own, case = full.case(Question(record)), moved.case(Question(record))
        assert all(one.png() != other.png() for one, other in zip(own.images, case.images, strict=True))
        assert case.prompt == own.prompt
        rate = measure(case.signal, case.fs).heart_rate.value
        assert rate == pytest.approx(cohort.measured(record).heart_rate.value, abs=1.5)
