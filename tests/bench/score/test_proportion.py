import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from bench.score.proportion import clopper_pearson, share_interval, sign_flip, tango


def test_tangos_interval_of_the_published_example():
    # Airway hyper-responsiveness, Bentur et al. 2009, as computed by Fagerland, Lydersen and Laake (2014).
    assert tango(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=0.001)


@given(st.integers(0, 15), st.integers(0, 15), st.integers(0, 30))
def test_tangos_bounds_lie_where_the_score_test_turns(wins, losses, rest):
    n = wins + losses + rest
    if not n:
        return
    low, high = tango(wins, losses, n)
    assert -1 <= low <= (wins - losses) / n <= high <= 1
    for bound in (low, high):
        if abs(bound) < 0.999:
            assert abs(score_statistic(wins, losses, n, bound)) == pytest.approx(1.96, abs=0.02)


def score_statistic(wins, losses, n, difference):
    """The score statistic with the constrained maximum of the likelihood found by search."""
    low, high = max(0.0, -difference) + 1e-12, (1 - difference) / 2 - 1e-12

    def loss(q):
        rest = max(1 - 2 * q - difference, 1e-300)
        return -(wins * np.log(q + difference) + losses * np.log(q) + (n - wins - losses) * np.log(rest))

    q = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return (wins - losses - n * difference) / np.sqrt(n * (2 * q + difference * (1 - difference)))


def test_tangos_interval_is_mirrored_and_never_of_no_width():
    low, high = tango(3, 8, 40)
    assert tango(8, 3, 40) == pytest.approx((-high, -low))
    assert tango(0, 0, 25) == pytest.approx((-0.1332, 0.1332), abs=0.0005)  # z^2 / (n + z^2)


@pytest.mark.parametrize(("count", "n"), [(0, 25), (25, 25), (7, 20), (1, 3)])
def test_clopper_pearson_is_statsmodels(count, n):
    assert clopper_pearson(count, n) == pytest.approx(proportion_confint(count, n, method="beta"), abs=1e-6)


def test_zero_of_25_is_not_known_to_be_zero():
    assert clopper_pearson(0, 25) == (0, 0.137185)
    assert share_interval(0, 25, (0.0, 0.0)) == (0, 0.137185)
    assert share_interval(25, 25, (1.0, 1.0))[1] == 1
    assert share_interval(5, 25, (0.1, 0.3)) == (0.1, 0.3)
    assert share_interval(5, 25, None) == clopper_pearson(5, 25)


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_sign_flip_is_mcnemars_where_every_patient_has_one_record(wins, losses):
    gains = np.array([1] * wins + [-1] * losses + [0] * 5)
    expected = mcnemar([[0, wins], [losses, 0]], exact=True).pvalue if wins + losses else 1.0
    assert sign_flip(gains) == pytest.approx(min(1.0, expected))


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_the_sign_flip_is_the_share_of_all_signs(gains):
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(gains))).reshape(len(gains), -1)
    sums = np.abs(np.array(gains) @ signs)
    assert sign_flip(np.array(gains)) == pytest.approx(np.mean(sums >= abs(sum(gains))))


def test_records_of_one_patient_do_not_count_as_many():
    assert sign_flip(np.array([6, 6])) == 0.5
    assert sign_flip(np.ones(12, dtype=int)) == pytest.approx(stats.binomtest(12, 12).pvalue)
