from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from measurements import Measurement, Measurements, measure
from measurements.delineation import delineate
from measurements.measurement import TABLE
from phantoms.physiology import Noise
from taxonomy.threshold import axis_of

SILENT = Noise(0, 0, 0, respiration=0)
VISIBLE_MV = 0.020


@pytest.fixture(scope="module")
def fine(population):
    """Every phantom of the test split with its measurements at 500 Hz."""
    cohort = population.cohort()
    return list(zip(cohort, cohort.measure().values(), strict=True))


@pytest.fixture(scope="module")
def simulated(population, fine):
    """Measurements at 500 Hz, and the recording that they are of with its exact truth."""
    return [(found, population.draw(record.ecg_id).simulated()) for record, found in fine]


def _of(signal):
    return signal.mv, signal.fs


def with_one_of(population, *codes, most=15):
    """Return the first phantoms of which one of these statements is true."""
    return [record for record in population if population.draw(record.ecg_id).codes & set(codes)][:most]


def area(positive, negative):
    return np.mean([[(p > n) + (p == n) / 2 for n in negative] for p in positive])


def gaps(pairs):
    """Return measured minus true, where there are both."""
    return np.array([a - b for a, b in pairs if a is not None and b is not None])


@pytest.mark.parametrize("fs", [100, 500])
@pytest.mark.parametrize(("code", "side"), [("SBRAD", -1), ("STACH", 1)])
def test_bradycardia_and_tachycardia_are_on_their_side(population, code, side, fs):
    chosen = with_one_of(population, code, most=6)
    assert len(chosen) == 6
    for record in chosen:
        assert side * (measure(*_of(record.signal(fs))).heart_rate.value - (60 if side < 0 else 100)) > 0


def test_the_rate_is_that_of_the_simulated_beats(simulated):
    off = np.abs(gaps((found.heart_rate.value, phantom.rate) for found, phantom in simulated))
    assert len(off) == len(simulated)
    assert np.median(off) < 0.1
    assert np.mean(off < 1) >= 0.9


def test_the_qrs_axis_is_that_of_the_simulated_dipole(simulated):
    pairs = [(found.qrs_axis.value, phantom.heart.axis) for found, phantom in simulated if phantom.heart.pr]
    off = np.abs((gaps(pairs) + 180) % 360 - 180)
    assert np.median(off) < 5
    assert np.mean([axis_of(a) == axis_of(b) for a, b in pairs if a is not None]) >= 0.9


def test_pr_and_qrs_are_within_15_ms_of_the_simulated_waves_in_the_median(simulated):
    pr = gaps((found.pr.value, phantom.heart.pr) for found, phantom in simulated)
    qrs = gaps((found.qrs.value, 1000 * (w.offset - w.onset)) for found, phantom in simulated for w in phantom.qrs[1:2])
    for off in (pr, qrs):
        assert len(off) > 40
        assert abs(np.median(off)) < 15


def visible_qt(population, record):
    """Return QT in ms to the last instant at which a lead of the noiseless record is 20 microvolts off its level."""
    draw = population.draw(record.ecg_id)
    phantom = replace(draw, heart=replace(draw.heart, noise=SILENT)).simulated(fs=1000.0)
    qrs, t = phantom.qrs[1], phantom.t[1]
    level = phantom.mv[:, round(qrs.onset * 1000) - 1][:, None]
    moved = np.flatnonzero(np.abs(phantom.mv - level).max(axis=0) > VISIBLE_MV)
    inside = moved[(moved >= 1000 * qrs.onset) & (moved <= 1000 * t.offset)]
    return float(inside[-1] - inside[0])


def test_qt_is_within_20_ms_of_what_can_be_seen_of_it_in_the_median(population, fine):
    """The dipole itself moves longer than anyone sees: a T wave ends under the noise."""
    normal = [(r, found) for r, found in fine if "NORM" in population.draw(r.ecg_id).codes][:20]
    off = gaps((found.qt.value, visible_qt(population, record)) for record, found in normal)
    assert len(off) == 20
    assert abs(np.median(off)) < 20


def test_noise_moves_no_median_by_more_than_10_ms(population, fine):
    normal = [record for record, _ in fine if "NORM" in population.draw(record.ecg_id).codes][:12]
    medians = []
    for noise in (SILENT, Noise(0.06, 0.025, 0.01)):
        draws = [population.draw(record.ecg_id) for record in normal]
        found = [measure(*_of(replace(d, heart=replace(d.heart, noise=noise)).simulated())) for d in draws]
        medians.append([np.median([getattr(one, name).value for one in found]) for name in ("pr", "qrs", "qt")])
    assert np.abs(np.subtract(*medians)).max() < 10


@pytest.mark.slow
def test_bundle_branch_blocks_are_wide(population, fine):
    blocked = [measure(*_of(r.signal(100))).qrs.value for r in with_one_of(population, "CLBBB", "CRBBB")]
    others = [measure(*_of(r.signal(100))).qrs.value for r, _ in fine if "NORM" in population.draw(r.ecg_id).codes]
    assert area(blocked, others) > 0.95


def test_first_degree_block_has_a_long_pr(population, fine):
    """In sinus rhythm: of a supraventricular tachycardia the P wave lies within the T wave before it."""
    chosen = [r for r in with_one_of(population, "1AVB") if population.draw(r.ecg_id).heart.rhythm == "sinus"]
    blocked = [measure(*_of(record.signal())).pr.value for record in chosen[:8]]
    assert sum(pr is not None for pr in blocked) >= 6
    others = [found.pr.value for record, found in fine if "NORM" in population.draw(record.ecg_id).codes]
    assert area([pr for pr in blocked if pr], [pr for pr in others if pr]) > 0.95


def test_fibrillation_has_no_pr_and_says_why(population):
    found = [measure(*_of(record.signal())).pr for record in with_one_of(population, "AFIB")]
    without = [pr for pr in found if pr.value is None]
    assert len(without) >= 0.9 * len(found)
    assert all("P wave" in pr.reason for pr in without)


def test_100_hz_is_close_to_500_hz(fine):
    pairs = [(measure(*_of(record.signal(100))), found) for record, found in fine[:30]]
    for name, tolerance in (("heart_rate", 1), ("qrs", 12), ("qt", 12), ("qrs_axis", 6)):
        off = gaps((getattr(coarse, name).value, getattr(found, name).value) for coarse, found in pairs)
        assert len(off) > 20
        assert np.median(np.abs(off)) <= tolerance


def test_rate_and_intervals_do_not_depend_on_the_unit(fine):
    record, found = fine[0]
    scaled = measure(record.signal(500).mv * 1000, 500.0)
    for name in ("heart_rate", "pr", "qrs", "qt", "qrs_axis"):
        assert getattr(scaled, name).value == pytest.approx(getattr(found, name).value, abs=2)


@pytest.mark.parametrize("turn", [-60, -20, 35, 90])
def test_turning_the_frontal_plane_turns_the_axis(fine, turn):
    record, found = fine[3]
    mv = record.signal(500).mv.copy()
    angle = np.radians(turn)
    x, y = mv[0], 2 / np.sqrt(3) * mv[5]
    one, avf = x * np.cos(angle) - y * np.sin(angle), np.sqrt(3) / 2 * (x * np.sin(angle) + y * np.cos(angle))
    two = avf + one / 2
    mv[:6] = one, two, two - one, -(one + two) / 2, one - two / 2, avf
    moved = measure(mv, 500.0).qrs_axis.value - found.qrs_axis.value
    assert (moved - turn + 180) % 360 - 180 == pytest.approx(0, abs=3)


def test_a_flat_lead_is_left_out_and_a_flat_limb_lead_leaves_no_axis(fine):
    record, found = fine[0]
    mv = record.signal(500).mv.copy()
    mv[8] = 0
    assert measure(mv, 500.0).heart_rate.value == pytest.approx(found.heart_rate.value, abs=0.5)
    mv[0] = 0
    assert measure(mv, 500.0).qrs_axis.reason == "lead I or aVF is flat"


def test_a_flat_record_is_not_measurable_and_says_so():
    found = measure(np.zeros((12, 5000), np.float32), 500.0)
    assert {getattr(found, name).reason for name in TABLE} == {"every lead is flat"}


def test_gaps_are_bridged(fine):
    record, found = fine[0]
    mv = record.signal(500).mv.copy()
    mv[:, 2000:2040] = np.nan
    assert measure(mv, 500.0).heart_rate.value == pytest.approx(found.heart_rate.value, abs=6)
    assert all(value is None for value in [m.value for m in vars(measure(np.full_like(mv, np.nan), 500.0)).values()])


@pytest.mark.parametrize(
    ("shape", "fs", "words"),
    [((3, 5000), 500, "n_samples"), ((12, 5000), 50, "at least 100 Hz"), ((12, 500), 500, "two seconds")],
)
def test_signals_of_another_form_are_refused(shape, fs, words):
    with pytest.raises(ValueError, match=words):
        measure(np.zeros(shape, np.float32), fs)


@settings(max_examples=25)
@given(arrays(np.float32, (12, 250), elements=st.floats(-20, 20, width=32)), st.sampled_from([100.0, 125.0]))
def test_no_signal_raises(signal, fs):
    found = measure(signal, fs)
    assert Measurements.from_json(found.to_json()) == found


def test_waves_are_in_order(fine):
    for record, _ in fine[:40]:
        found = delineate(record.signal(500).mv, 500.0)
        assert found.qrs.onset < found.qrs.peak < found.qrs.offset
        if found.p:
            assert found.p.onset <= found.p.peak <= found.p.offset <= found.qrs.onset
        if found.t:
            assert found.qrs.offset < found.t.peak < found.t.offset


def test_a_measurement_has_a_value_or_a_reason():
    for wrong in ({}, {"value": 1.0, "reason": "x"}, {"value": float("nan")}):
        with pytest.raises(ValueError, match="measurement"):
            Measurement(**wrong)


def test_noise_has_no_qrs_duration():
    noise = np.random.default_rng(0).normal(0, 1, (12, 5000)).astype(np.float32)
    assert measure(noise, 500).qrs.reason is not None
