"""What can be seen of a phantom's waves, by each definition."""

from dataclasses import replace

import numpy as np
import pytest

from phantoms.physiology import Noise, Physiology
from phantoms.population import of_statements
from phantoms.simulator import simulate
from phantoms.visible import VISIBLE_MV, visible

SILENT = Noise(0, 0, 0, respiration=0)


@pytest.mark.parametrize("code", ["NORM", "CLBBB", "CRBBB", "WPW", "LVH", "1AVB"])
def test_a_wave_is_seen_for_less_long_than_its_dipole_moves(code):
    for seed in range(5):
        true = visible(of_statements(frozenset({code, "SR"}), seed).simulated(), seed)
        assert true.threshold.qrs < true.support.qrs
        assert true.tangent.qt < true.threshold.qt < true.support.qt
        assert true.support.pr - 15 < true.threshold.pr < true.support.pr + 15


def test_support_is_that_of_the_simulated_beats():
    phantom = simulate(Physiology(rate=64), 5)
    true = visible(phantom, 5)
    assert true.support.qrs == pytest.approx(1000 * (phantom.qrs[1].offset - phantom.qrs[1].onset))
    assert true.support.qt == pytest.approx(1000 * (phantom.t[1].offset - phantom.qrs[1].onset))
    assert true.support.pr == pytest.approx(1000 * (phantom.qrs[1].onset - phantom.p[1].onset), abs=0.5)


def test_pr_is_from_one_20_microvolts_to_the_other_in_the_recording_itself():
    phantom = simulate(replace(Physiology(rate=60), noise=SILENT), 8, fs=1000.0)
    moved = np.abs(phantom.mv).max(axis=0) > VISIBLE_MV
    p, qrs = phantom.p[2], phantom.qrs[2]
    first_of_p = round(1000 * p.onset) + int(np.argmax(moved[round(1000 * p.onset) :]))
    first_of_qrs = round(1000 * qrs.onset) + int(np.argmax(moved[round(1000 * qrs.onset) :]))
    assert visible(phantom, 8).threshold.pr == pytest.approx(first_of_qrs - first_of_p, abs=2)


def test_there_is_no_true_pr_without_p_waves():
    phantom = of_statements(frozenset({"AFIB"}), 1).simulated()
    assert visible(phantom, 1).threshold.pr is None
