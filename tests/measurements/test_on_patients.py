"""Measurements of real records, against cardiologists' labels and another program's intervals."""

import csv
from pathlib import Path

import numpy as np
import pytest

from measurements import measure
from measurements.delineation import delineate
from taxonomy.axis import NORMALITY
from taxonomy.threshold import PR_LIMIT, QRS_LIMITS, QTC_LIMITS, axis_of
from taxonomy.truth import HEART_AXIS

REFERENCE = Path(__file__).parents[2] / "benchmarks" / "measurements_reference" / "ecgdeli.csv"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reference():
    """PR, QRS and QT in ms as ecgdeli measures them."""
    with REFERENCE.open(newline="") as table:
        return {
            int(row["ecg_id"]): {name: float(row[name]) for name in ("pr", "qrs", "qt")}
            for row in csv.DictReader(table)
        }


@pytest.fixture(scope="module")
def measured(ptbxl, reference):
    """The records with a recording at 500 Hz that the reference holds, and their measurements."""
    records = [ptbxl.record(ecg_id) for ecg_id in reference]
    found = [r for r in records if 500 in r.rates]
    if len(found) < 400:
        pytest.skip(f"of the records with reference intervals, {len(found)} have a recording at 500 Hz here")
    return [(record, measure(record.signal(500).mv, 500.0)) for record in found]


def says(dataset, record, *codes):
    return not dataset.truth(record).statements.isdisjoint(codes)


def area(positive, negative):
    return np.mean([[(p > n) + (p == n) / 2 for n in negative] for p in positive])


@pytest.mark.parametrize(
    ("name", "shift", "spread"),
    [("pr", (-20, 5), 28), ("qrs", (-35, -15), 20), ("qt", (-30, -5), 28)],
)
def test_intervals_follow_the_reference_at_the_distance_of_their_definitions(measured, reference, name, shift, spread):
    """By ecgdeli, half of all normal QRS complexes are longer than published limits allow: the spread can agree."""
    pairs = [(getattr(found, name).value, reference[record.ecg_id][name]) for record, found in measured]
    gaps = [a - b for a, b in pairs if a is not None and np.isfinite(b)]
    assert len(gaps) > 0.8 * len(measured)
    low, middle, high = np.percentile(gaps, [25, 50, 75])
    assert shift[0] < middle < shift[1]
    assert high - low < spread


@pytest.fixture(scope="module")
def wholly_normal(ptbxl, measured):
    """Records whose truth is normal, with nothing abnormal beside it."""
    return [(record, found) for record, found in measured if ptbxl.truth(record).values[NORMALITY.name] == "normal"]


def test_normal_adults_have_the_published_qrs_duration(wholly_normal):
    """Mason et al. 2007 give 69 to 109 ms as the 2nd and 98th percentiles."""
    low, middle, high = np.percentile([found.qrs.value for _, found in wholly_normal], [2, 50, 98])
    assert low >= 69 and high <= 112
    assert 86 <= middle <= 94


def test_fewer_than_5_of_100_normal_records_have_an_abnormal_number(wholly_normal):
    abnormal = [
        (found.pr.printed or 0) > PR_LIMIT
        or found.qrs.printed >= QRS_LIMITS[1]
        or (found.qtc_bazett.printed or 0) >= QTC_LIMITS[record.sex == "female"]
        for record, found in wholly_normal
    ]
    assert len(abnormal) > 200
    assert np.mean(abnormal) < 0.05


def test_the_qrs_axis_agrees_with_the_cardiologist_in_nine_of_ten(ptbxl, measured):
    right = []
    for record, found in measured:
        said = ptbxl.labels(record.ecg_id).heart_axis
        if said in {"MID", "ALAD", "RAD", "ARAD"}:
            right.append(axis_of(found.qrs_axis.value) == HEART_AXIS[said])
    assert len(right) > 20
    assert np.mean(right) >= 0.9


@pytest.mark.parametrize(("code", "side"), [("SBRAD", -1), ("STACH", 1)])
def test_bradycardia_and_tachycardia_are_on_their_side(ptbxl, measured, code, side):
    rates = [found.heart_rate.value for record, found in measured if says(ptbxl, record, code)]
    assert rates
    assert all(side * (rate - (60 if side < 0 else 100)) > 0 for rate in rates)


@pytest.mark.parametrize(("name", "codes"), [("pr", ("1AVB",)), ("qrs", ("CLBBB", "CRBBB"))])
def test_a_block_has_a_long_interval(ptbxl, measured, name, codes):
    values = {True: [], False: []}
    for record, found in measured:
        value = getattr(found, name).value
        if value is not None:
            values[says(ptbxl, record, *codes)].append(value)
    assert len(values[True]) >= 5
    assert area(values[True], values[False]) > 0.95


def test_fibrillation_has_no_pr_and_says_why(ptbxl, measured):
    found = [found.pr for record, found in measured if says(ptbxl, record, "AFIB")]
    without = [pr for pr in found if pr.value is None]
    assert len(without) >= 0.8 * len(found) > 0
    assert all("P wave" in pr.reason for pr in without)


@pytest.mark.parametrize("ecg_id", [292, 304, 332, 475])
def test_no_artefact_is_taken_for_a_beat(ptbxl, ecg_id):
    signal = ptbxl.record(ecg_id).signal(500)
    beats = delineate(signal.mv, signal.fs).beats
    assert np.diff(beats).min() > 0.7 * np.median(np.diff(beats))


def test_no_qt_is_longer_than_its_beat(measured):
    for _, found in measured:
        if found.qt.value is not None and found.heart_rate.value is not None:
            assert found.qtc_fridericia.value < 700
            assert found.qt.value < 60_000 / found.heart_rate.value


def test_both_detectors_agree_within_2_on_99_of_100_records(measured):
    pairs = [(found.heart_rate.value, found.second_rate.value) for _, found in measured]
    near = [None not in pair and abs(pair[0] - pair[1]) <= 2 for pair in pairs]
    assert len(near) - sum(near) <= 0.0103 * len(near), "five of 488"
