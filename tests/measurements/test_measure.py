import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from measurements import Measurement, Measurements, measure
from measurements.delineation import delineate
from measurements.measurement import TABLE
from taxonomy.threshold import axis_of
from taxonomy.truth import HEART_AXIS

REFERENCE = Path(__file__).parents[2] / "benchmarks" / "measurements_reference" / "ecgdeli.csv"


@pytest.fixture(scope="module")
def fine(population):
    """Measurements of every 500 Hz record of the sample (folds 9 and 10)."""
    records = [record for record in population if 500 in record.rates]
    return [(record, measure(*_of(record.signal(500)))) for record in records]


def _of(signal):
    return signal.mv, signal.fs


def says(population, record, *codes):
    return not population.truth(record).statements.isdisjoint(codes)


def area(positive, negative):
    return np.mean([[(p > n) + (p == n) / 2 for n in negative] for p in positive])


@pytest.mark.parametrize("fs", [100, 500])
def test_bradycardia_and_tachycardia_are_on_their_side(population, fs):
    for record in population:
        if says(population, record, "SBRAD", "STACH") and fs in record.rates:
            rate = measure(*_of(record.signal(fs))).heart_rate.value
            assert rate < 60 if says(population, record, "SBRAD") else rate > 100


def test_the_qrs_axis_agrees_with_the_cardiologist_in_nine_of_ten(population):
    right = []
    for record in population:
        said = population.labels(record.ecg_id).heart_axis
        if said in {"MID", "ALAD", "RAD", "ARAD"}:
            value = measure(*_of(record.signal())).qrs_axis.value
            right.append(axis_of(value) == HEART_AXIS[said])
    assert len(right) == 40
    assert np.mean(right) >= 0.9


@pytest.mark.slow
def test_bundle_branch_blocks_are_wide(population):
    widths = {True: [], False: []}
    for record in population:
        widths[says(population, record, "CLBBB", "CRBBB")].append(measure(*_of(record.signal(100))).qrs.value)
    assert area(widths[True], widths[False]) > 0.95


def test_first_degree_block_has_a_long_pr(population, fine):
    values = {True: [], False: []}
    for record, found in fine:
        if found.pr.value is not None:
            values[says(population, record, "1AVB")].append(found.pr.value)
    assert area(values[True], values[False]) > 0.95


@pytest.mark.parametrize("name", ["pr", "qrs", "qt"])
def test_intervals_are_within_15_ms_of_the_reference_in_the_median(fine, name):
    with REFERENCE.open(newline="") as table:
        reference = {int(row["ecg_id"]): float(row[name]) for row in csv.DictReader(table)}
    pairs = [(getattr(found, name).value, reference[record.ecg_id]) for record, found in fine]
    gaps = [a - b for a, b in pairs if a is not None and np.isfinite(b)]
    assert len(gaps) > 130
    assert abs(np.median(gaps)) < 15


def test_fibrillation_has_no_pr_and_says_why(population, fine):
    fibrillating = [found for record, found in fine if says(population, record, "AFIB")]
    without = [found.pr for found in fibrillating if found.pr.value is None]
    assert len(without) >= len(fibrillating) - 1
    assert all("P wave" in pr.reason for pr in without)


def test_100_hz_is_close_to_500_hz(fine):
    pairs = [(measure(*_of(record.signal(100))), found) for record, found in fine]
    for name, tolerance in (("heart_rate", 1), ("qrs", 12), ("qt", 12), ("qrs_axis", 6)):
        gaps = []
        for coarse, found in pairs:
            slow, quick = getattr(coarse, name).value, getattr(found, name).value
            if slow is not None and quick is not None:
                gaps.append(abs(slow - quick))
        assert np.median(gaps) <= tolerance


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
