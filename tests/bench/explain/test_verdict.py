"""The verdict on a method for a reader: each word, and each boundary."""

from dataclasses import replace

import numpy as np
import pytest

from bench.explain.belief.estimate import Estimate, above, estimate
from bench.explain.belief.verdict import CORRELATION_LIMIT, LEAST_PATIENTS, LEAST_POINTING, Evidence, verdict

KINDS = ("late QRS", "ST shift", "absent P")


def at(low, high, n=40):
    return Estimate((low + high) / 2, low, high, n)


def found(truth=None, deletion=None, random=None, **kinds):
    each = dict.fromkeys(KINDS, truth or at(0.1, 0.2)) | {name.replace("_", " "): one for name, one in kinds.items()}
    return Evidence(each, deletion or at(0.05, 0.1), random or at(0.0, 0.1))


def test_faithful_when_all_is_above_energy_and_random_weights_give_other_maps():
    assert verdict(found()).word == "faithful here"
    assert str(verdict(found())) == "faithful here"


@pytest.mark.parametrize(
    ("evidence", "word"),
    [
        (found(random=at(CORRELATION_LIMIT, 0.5)), "fails the sanity check"),
        (found(random=at(CORRELATION_LIMIT - 1e-6, 0.5)), "cannot tell"),
        (found(random=at(0.1, CORRELATION_LIMIT)), "cannot tell"),
        (found(random=at(0.1, CORRELATION_LIMIT - 1e-6)), "faithful here"),
        (found(deletion=at(-0.1, 0.0)), "no better than amplitude"),
        (found(deletion=at(0.0, 0.0)), "no better than amplitude"),
        (found(deletion=at(-0.1, 1e-6)), "cannot tell"),
        (found(deletion=at(0.0, 0.1)), "cannot tell"),
        (found(deletion=at(1e-6, 0.1)), "faithful here"),
        (found(ST_shift=at(-0.1, 0.0)), "no better than amplitude"),
        (found(ST_shift=at(-0.1, 0.1)), "cannot tell"),
        (found(ST_shift=at(0.0, 0.1)), "cannot tell"),
        (found(absent_P=at(1e-6, 0.1)), "faithful here"),
        (found(deletion=at(-0.2, -0.1), random=at(0.4, 0.5)), "fails the sanity check"),
    ],
)
def test_each_word_by_the_bounds_of_the_intervals(evidence, word):
    assert verdict(evidence).word == word


def test_too_few_patients_tell_nothing_and_how_many_is_said():
    few = verdict(found(deletion=at(0.1, 0.2, LEAST_PATIENTS - 1)))
    assert few.word == "cannot tell"
    assert str(few) == f"cannot tell: n = {LEAST_PATIENTS - 1} patients, fewer than {LEAST_PATIENTS}"
    assert verdict(found(deletion=at(0.1, 0.2, LEAST_PATIENTS))).word == "faithful here"
    assert verdict(found(random=at(0.5, 0.6, LEAST_PATIENTS - 1))).word == "cannot tell"
    assert verdict(found(deletion=at(-0.2, -0.1, LEAST_PATIENTS - 1))).word == "cannot tell"


def test_what_is_not_known_cannot_be_believed():
    assert verdict(Evidence({}, at(0.1, 0.2), at(0, 0.1))).because == "no known truth"
    assert verdict(Evidence({"ST shift": None}, at(0.1, 0.2), at(0, 0.1))).word == "cannot tell"
    assert "deletion is not known (n = 0)" in verdict(Evidence({"ST shift": at(0.1, 0.2)}, None, at(0, 0.1))).because
    black_box = verdict(Evidence({"ST shift": at(0.1, 0.2)}, at(0.1, 0.2), None))
    assert str(black_box) == "cannot tell: correlation with random weights is not known (n = 0)"


def test_what_is_left_open_is_named_with_n():
    said = str(verdict(found(deletion=at(-0.1, 0.1, 23), random=at(0.2, 0.4))))
    assert said == "cannot tell: n = 23 patients leave deletion, correlation with random weights open"
    bounds = str(verdict(found(deletion=at(0.0, 0.1, 30), random=at(0.2, CORRELATION_LIMIT))))
    assert bounds == "cannot tell: n = 30 patients leave deletion, correlation with random weights open"
    just = str(verdict(found(deletion=at(0.0, 0.1, LEAST_PATIENTS))))
    assert just == f"cannot tell: n = {LEAST_PATIENTS} patients leave deletion open"
    assert str(verdict(found(deletion=at(0.0, 0.1)))) == "cannot tell: n = 40 patients leave deletion open"


def test_the_n_of_what_is_left_open_is_its_own_and_not_that_of_what_is_settled():
    said = str(verdict(found(late_QRS=at(-0.1, 0.1, 40), deletion=at(0.1, 0.2, 12))))
    assert said == "cannot tell: n = 40 patients leave known truth (late QRS) open"


def test_a_map_that_never_points_at_what_was_planted_is_not_faithful():
    """One curve for all leads has a large area over samples: it tells the time alone."""
    all_leads = replace(found(), pointing=dict.fromkeys(KINDS, at(0.5, 0.9)) | {"late QRS": at(0.0, 0.0)})
    said = "cannot tell: the map does not point at planted evidence (late QRS)"
    assert str(verdict(all_leads)) == said
    for low, word in ((LEAST_POINTING, "cannot tell"), (LEAST_POINTING + 1e-6, "faithful here")):
        assert verdict(replace(all_leads, pointing={"late QRS": at(low, 0.9)})).word == word


def test_the_reason_names_the_kind_that_is_not_seen():
    because = verdict(found(absent_P=at(-0.2, -0.1))).because
    assert because.startswith("known truth (absent P) is found no better than by the signal's energy, chance or random")
    hidden = verdict(found(deletion=at(-0.2, -0.1))).because
    assert hidden == "hiding what the map points at does no more than hiding what is large (-0.15)"


def test_estimates_are_by_patient_and_of_what_is_there():
    one = estimate([0.1, 0.3, None, 0.5], ["a", "a", "b", "c"])
    assert one.value == pytest.approx(0.3)
    assert one.n == 2
    assert one.low <= one.value <= one.high
    assert estimate([None], ["a"]) is None
    assert estimate([], []) is None
    same = [0.0] * 50 + [1.0] * 50
    apart = estimate(same, list(range(100)))
    together = estimate(same, [number // 50 for number in range(100)])
    assert apart.high - apart.low < 0.3 < together.high - together.low
    assert estimate(same, list(range(100))) == apart
    assert above([1.0, None, 2.0], [0.5, 1.0, None]) == [0.5, None, None]


def test_intervals_of_few_patients_hold_the_truth_nearly_as_often_as_they_say():
    """Of ten patients the plain percentiles hold it in 90 of 100 samples."""
    chance = np.random.default_rng(0)
    samples = chance.normal(size=(400, LEAST_PATIENTS))
    found = [estimate(one.tolist(), list(range(LEAST_PATIENTS))) for one in samples]
    assert np.mean([one.low <= 0 <= one.high for one in found]) > 0.92
    assert np.mean([one.low > 0 for one in found]) < 0.05
    alone = estimate([0.3], ["a"])
    assert (alone.value, alone.low, alone.high, alone.n) == (0.3, 0.3, 0.3, 1)
