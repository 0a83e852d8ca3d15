"""Repeated questions: agreement, accuracy and the vote, by hand."""

import pytest

from bench.score import ScoredCase
from bench.score.repeat import repeat_score
from taxonomy.reading import Failure, Reading
from taxonomy.truth import Truth

FAILED = Reading(error=Failure("transport", "no connection"))


def asked(*answers, **more):
    return [Reading(values={} if answer is None else {"diagnosis": answer, **more}) for answer in answers]


def case(ecg_id, true, patient=None):
    return ScoredCase(ecg_id, patient or ecg_id, None, None, Truth({"diagnosis": true}), Reading())


ANSWERS = {
    1: ("NORM", asked("NORM", "NORM", "IMI")),
    2: ("IMI", asked("NORM", "NORM", "IMI")),
    3: ("IMI", asked("IMI", "LVH", "NORM")),  # the earliest wins a tie
    4: ("NORM", asked(None, None, "NORM")),  # no answer does not vote, but agrees with no answer
}


def scored(answers, patient=None, draws=400):
    cases = [case(ecg_id, true, patient) for ecg_id, (true, _) in answers.items()]
    return repeat_score(cases, {ecg_id: readings for ecg_id, (_, readings) in answers.items()}, draws, 0)


def test_agreement_accuracy_and_the_gain_of_a_vote_by_hand():
    found = scored(ANSWERS)
    assert found.repeats == 3
    (axis,) = found.axes
    assert (axis.axis, axis.n) == ("diagnosis", 4)
    assert axis.agreement == pytest.approx((1 / 3 + 1 / 3 + 0 + 1 / 3) / 4, abs=1e-6)
    assert axis.accuracy == pytest.approx((2 + 1 + 1 + 1) / 12, abs=1e-6)
    assert axis.vote == 0.75
    assert axis.gain == pytest.approx(0.75 - 5 / 12, abs=1e-6)


def test_intervals_of_repeats_are_of_patients():
    (axis,) = scored(ANSWERS).axes
    gains = (1 / 3, -1 / 3, 2 / 3, 2 / 3)
    assert axis.gain_interval[0] == pytest.approx((3 * min(gains) + gains[0]) / 4, abs=0.17)
    assert axis.gain_interval[1] == pytest.approx(max(gains), abs=0.1)
    assert axis.agreement_interval[0] < axis.agreement <= axis.agreement_interval[1] <= 0.333334
    assert axis.vote_interval[0] < axis.vote < axis.vote_interval[1] == 1
    (alone,) = scored(ANSWERS, patient="one").axes
    assert alone.gain_interval == (alone.gain, alone.gain)
    assert alone.agreement_interval == (alone.agreement, alone.agreement)


def test_a_vote_of_equal_answers_gains_nothing():
    (axis,) = scored({1: ("NORM", asked("NORM", "NORM")), 2: ("IMI", asked("NORM", "NORM"))}).axes
    assert (axis.agreement, axis.accuracy, axis.vote, axis.gain) == (1, 0.5, 0.5, 0)
    assert axis.gain_interval == (0, 0)
    assert axis.agreement_interval[0] < 0.2, "two cases of two are no agreement for certain"


def test_nobody_answers_and_nobody_votes():
    (axis,) = scored({1: ("NORM", asked(None, None))}).axes
    assert (axis.agreement, axis.accuracy, axis.vote) == (1, 0, 0)


def test_cases_with_fewer_repeats_or_a_failed_one_are_left_out():
    answers = {**ANSWERS, 5: ("IMI", asked("IMI", "IMI")), 6: ("IMI", [*asked("IMI", "IMI"), FAILED])}
    assert scored(answers) == scored(ANSWERS)


def test_repeats_that_were_not_asked_are_not_scored():
    assert scored({1: ("NORM", asked("NORM"))}) is None
    assert scored({1: ("NORM", [FAILED, FAILED])}) is None
    assert repeat_score([case(1, "NORM")], {}, 20, 0) is None
    assert repeat_score([case(7, "NORM")], {1: asked("NORM", "NORM")}, 20, 0) is None, "another record was asked twice"


def test_two_repeats_are_enough():
    assert scored({1: ("NORM", asked("NORM", "IMI"))}).repeats == 2
