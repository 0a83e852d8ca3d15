"""Onsets and offsets against the exact truth of phantoms, by each definition."""

from dataclasses import replace

import numpy as np
import pytest

from measurements import measure
from measurements.conditioning import FS
from measurements.delineation import delineate
from measurements.spike import without_spikes
from measurements.ventricle import find_t
from measurements.wave import DelineationLimits
from phantoms.physiology import Noise, Physiology
from phantoms.population import of_statements
from phantoms.simulator import simulate
from phantoms.visible import visible

SEEDS = range(500, 510)
NOISES = {"usual": Noise(), "noisy": Noise(0.06, 0.025, 0.01)}
WITHOUT_SINUS = {"AFIB", "AFLT", "PACE"}


def phantoms(code, noise="usual"):
    """Return phantoms of a statement, each with its seed."""
    codes = frozenset({code} | (set() if code in WITHOUT_SINUS else {"SR"}))
    draws = [of_statements(codes, seed) for seed in SEEDS]
    return [(replace(one, heart=replace(one.heart, noise=NOISES[noise])).simulated(), one.seed) for one in draws]


def off(code, name, definition, noise="usual"):
    """Return measured minus true in ms of each phantom that has a value."""
    rows = [
        (
            getattr(measure(phantom.mv, phantom.fs), name).value,
            getattr(getattr(visible(phantom, seed), definition), name),
        )
        for phantom, seed in phantoms(code, noise)
    ]
    return np.array([found - true for found, true in rows if found is not None])


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(
    ("name", "definition", "low", "high"),
    [
        ("pr", "threshold", -5, 5),
        ("pr", "support", -10, 2),
        ("qrs", "threshold", 3, 14),
        ("qrs", "support", -20, -6),
        ("qt", "threshold", -18, -6),
        ("qt", "support", -34, -14),
        ("qt", "tangent", 5, 20),
    ],
)
def test_normal_intervals_lie_between_the_definitions_where_the_docs_say(noise, name, definition, low, high):
    gaps = off("NORM", name, definition, noise)
    assert len(gaps) == len(SEEDS)
    assert low < np.median(gaps) < high
    assert np.ptp(np.quantile(gaps, [0.1, 0.9])) < 12


@pytest.mark.parametrize("code", ["CLBBB", "CRBBB", "LAFB", "LVH", "IMI", "LNGQT", "1AVB"])
@pytest.mark.parametrize(("name", "bias"), [("pr", -1), ("qrs", 8), ("qt", -9)])
def test_a_finding_moves_no_median_by_more_than_10_ms(code, name, bias):
    assert abs(np.median(off(code, name, "threshold")) - bias) <= 10


@pytest.mark.parametrize(("name", "bias"), [("pr", -3), ("qrs", 10)])
def test_a_delta_wave_belongs_to_the_qrs_complex(name, bias):
    gaps = off("WPW", name, "threshold")
    assert len(gaps) >= 8
    assert np.abs(gaps - bias).max() <= 12


@pytest.mark.parametrize("code", ["AFLT", "AFIB", "PACE"])
@pytest.mark.parametrize("noise", NOISES)
def test_there_is_no_pr_without_p_waves(code, noise):
    reasons = [measure(phantom.mv, phantom.fs).pr.reason for phantom, _ in phantoms(code, noise)]
    most = 1 if code == "AFIB" or (code, noise) == ("AFLT", "noisy") else 0
    assert sum(reason is None for reason in reasons) <= most
    assert all("P wave" in reason for reason in reasons if reason)


@pytest.mark.parametrize("code", ["NORM", "CLBBB", "1AVB", "LVH"])
def test_sinus_rhythm_has_a_pr(code):
    assert all(measure(phantom.mv, phantom.fs).pr.value for phantom, _ in phantoms(code))


@pytest.mark.parametrize("pr", [200.0, 220.0, 240.0, 280.0])
def test_a_long_pr_is_no_flutter(pr):
    for seed in range(5):
        phantom = simulate(Physiology(rate=60, pr=pr, noise=NOISES["noisy"]), seed)
        assert measure(phantom.mv, phantom.fs).pr.value == pytest.approx(pr, abs=20)


@pytest.mark.parametrize("rate", range(124, 170, 5))
def test_sinus_tachycardia_is_no_flutter_of_two_to_one(rate):
    phantom = simulate(Physiology(rate=float(rate), pr=140.0, qt=290.0), rate)
    assert "flutter" not in (measure(phantom.mv, phantom.fs).pr.reason or "")


@pytest.mark.parametrize(("rate", "ratio"), [(128, 2), (140, 2), (155, 2), (100, 3), (75, 4)])
def test_regular_flutter_has_no_pr_at_any_ratio(rate, ratio):
    heart = Physiology(rate=float(rate), pr=None, rhythm="atrial_flutter", flutter_ratio=ratio)
    for seed in range(5):
        phantom = simulate(heart, seed)
        assert "P wave" in measure(phantom.mv, phantom.fs).pr.reason


def test_a_pacing_spike_is_no_qrs_complex():
    gaps = off("PACE", "qrs", "support")
    assert -12 < np.median(gaps) < 12


def test_each_spike_is_cut_and_nothing_else_is():
    for code in ("PACE", "NORM"):
        for phantom, _ in phantoms(code):
            mended = without_spikes(phantom.mv, phantom.fs)
            moved = np.flatnonzero((mended != phantom.mv).any(axis=0))
            cuts = 1 + np.count_nonzero(np.diff(moved) > 0.1 * phantom.fs) if len(moved) else 0
            assert abs(cuts - len(phantom.qrs)) <= 1 if code == "PACE" else cuts == 0


@pytest.mark.parametrize("t_gain", [1.0, 1.5, 2.5])
@pytest.mark.parametrize("hyperkalemia", [False, True])
def test_a_tall_t_wave_is_no_beat(t_gain, hyperkalemia):
    for seed in range(4):
        phantom = simulate(Physiology(rate=62, t_gain=t_gain, hyperkalemia=hyperkalemia), seed)
        assert measure(phantom.mv, phantom.fs).heart_rate.value == pytest.approx(phantom.rate, abs=0.5)


@pytest.mark.parametrize("leads", [[7], [3, 6], [6, 7, 8]])
def test_an_artefact_in_a_few_leads_is_no_beat(leads):
    phantom = simulate(Physiology(rate=60), 3)
    time = np.arange(phantom.mv.shape[1]) / phantom.fs
    pulse = 3 * np.exp(-(((time - phantom.qrs[4].onset - 0.55) / 0.012) ** 2))
    mv = phantom.mv.copy()
    mv[leads] += pulse.astype(np.float32)
    assert measure(mv, phantom.fs).heart_rate.value == pytest.approx(phantom.rate, abs=0.5)


def test_a_beat_under_an_artefact_is_still_found():
    phantom = simulate(Physiology(rate=60), 3)
    time = np.arange(phantom.mv.shape[1]) / phantom.fs
    mv = phantom.mv.copy()
    mv[7] += (6 * np.exp(-(((time - phantom.qrs[4].onset - 0.2) / 0.012) ** 2))).astype(np.float32)
    assert len(delineate(mv, phantom.fs).beats) == len(delineate(phantom.mv, phantom.fs).beats)


def test_premature_beats_are_counted():
    for phantom, _ in phantoms("PVC"):
        assert measure(phantom.mv, phantom.fs).heart_rate.value == pytest.approx(phantom.rate, abs=1)


def test_a_qt_that_fits_no_heart_is_refused_and_says_why():
    phantom, _ = phantoms("NORM")[0]
    found = delineate(phantom.mv, phantom.fs)
    leads, rr = found.beat.signal[found.used], float(np.median(np.diff(found.beats)))
    assert find_t(leads, found.qrs, rr, DelineationLimits())[1] is None
    for limits, words in (
        (DelineationLimits(qtc=(500.0, 650.0)), "no QT at this rate"),
        (DelineationLimits(qt_of_rr=0.2), "next beat"),
    ):
        t, reason = find_t(leads, found.qrs, rr, limits)
        assert t is None
        assert words in reason


def test_no_qt_is_longer_than_its_beat():
    for code in ("STACH", "SVTAC", "AFLT", "AFIB", "LNGQT"):
        for phantom, _ in phantoms(code) if code in WITHOUT_SINUS | {"LNGQT"} else rapid(code):
            waves = delineate(phantom.mv, phantom.fs)
            if waves.t:
                assert waves.t.offset - waves.qrs.onset < np.median(np.diff(waves.beats))
                assert 1000 * (waves.t.offset - waves.qrs.onset) / FS < 620


def rapid(code):
    draws = [of_statements(frozenset({code}), seed) for seed in SEEDS]
    return [(one.simulated(), one.seed) for one in draws]


def test_under_5_of_100_normal_phantoms_have_an_abnormal_number():
    found = [measure(*_of(of_statements(frozenset({"NORM", "SR"}), seed))) for seed in range(60)]
    abnormal = [(one.pr.printed or 0) > 200 or one.qrs.printed >= 120 or one.qtc_bazett.printed >= 460 for one in found]
    assert np.mean(abnormal) < 0.05


def _of(draw):
    phantom = draw.simulated()
    return phantom.mv, phantom.fs
