"""How regular a rhythm is: known sequences of beats, and phantoms."""

import numpy as np
import pytest

from measurements import Measurements, measure
from measurements.rhythm import rr_regularity
from phantoms.population import of_statements


def values(beats):
    return [one.value for one in rr_regularity(np.array(beats))]


def test_an_even_rhythm_has_no_spread_no_change_and_no_early_beat():
    assert values(range(0, 5000, 400)) == [0.0, 0.0, 0.0]


def test_alternating_intervals_have_the_spread_and_change_of_the_formulae():
    rr = np.array([300, 500] * 4)
    spread, change, early = values(np.concatenate([[0], np.cumsum(rr)]))
    assert spread == pytest.approx(100 / 400)
    assert change == pytest.approx(200 / 400)
    assert early == pytest.approx(0.5)


def test_no_unit_and_no_rate_changes_them():
    beats = np.array([0, 390, 800, 1150, 1590, 2000])
    assert values(beats) == pytest.approx(values(3 * beats + 17))


@pytest.mark.parametrize("beats", [[], [5], [5, 9], [5, 9, 14]])
def test_too_few_beats_have_no_regularity_and_say_why(beats):
    assert all(one.reason == "fewer than 4 beats are in the record" for one in rr_regularity(np.array(beats)))


def test_premature_beats_come_early_and_survive_being_stored():
    codes = {"even": {"NORM", "SR"}, "premature": {"PVC", "SR"}}
    found = {}
    for name, statements in codes.items():
        phantoms = [of_statements(frozenset(statements), seed).simulated() for seed in range(6)]
        found[name] = [measure(phantom.mv, phantom.fs) for phantom in phantoms]
    assert max(one.early_beats.value for one in found["even"]) == 0
    assert min(one.early_beats.value for one in found["premature"]) > 0
    numbers = found["premature"][0]
    assert Measurements.from_json(numbers.to_json()) == numbers
