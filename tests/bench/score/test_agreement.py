"""Agreement, entropy and the commonest answers, by hand."""

import numpy as np
import pytest

from bench.score import agreement as ag


def codes(*values):
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("answers", "share"),
    [
        ((0, 0, 0, 1, 1, 2, 3), 5 / 7),
        ((2, 0, 1, 0, 1, 0, 2, 2, 2), 7 / 9),
        ((-1, -1, 0, 1), 3 / 4),  # no answer is an answer here
        ((4, 4, 4), 1),
        ((0, 1), 1),
        ((0, 1, 2, 3), 0.5),
    ],
)
def test_the_share_of_the_two_commonest_answers(answers, share):
    assert ag.top_two_share(codes(*answers)) == pytest.approx(share)


def test_entropy_is_in_bits():
    assert ag.entropy(codes(0, 1, 2, 3)) == 2
    assert ag.entropy(codes(0, 0, 0, 1)) == pytest.approx(0.811278, abs=1e-6)
    assert ag.entropy(codes(5, 5)) == 0


def test_answers_that_follow_share_every_bit_and_others_none():
    assert ag.mutual_information(codes(0, 1, 2, 3), codes(3, 2, 1, 0)) == 2
    assert ag.mutual_information(codes(0, 0, 1, 1), codes(0, 1, 0, 1)) == 0
    assert ag.mutual_information(codes(0, 0, 1, 1), codes(-1, -1, 0, 0)) == 1
    assert ag.mutual_information(codes(0, 1, 2, 1), codes(2, 0, -1, 0)) == 1.5, "pairs stay apart"
    assert ag.mutual_information(codes(0, 1), codes(-1, -1)) == 0


def test_recall_and_f1_by_hand():
    true, said = codes(0, 0, 0, 1, 1, 2), codes(0, 0, 1, 1, -1, 0)
    assert ag.balanced_accuracy(true, said) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert ag.macro_f1(true, said) == pytest.approx((2 * 2 / (3 + 3) + 2 * 1 / (2 + 2) + 0) / 3)
    assert ag.macro_f1(codes(0, 0), codes(0, 3)) == pytest.approx((2 / 3 + 0) / 2), "a value that is said alone counts"


def test_holm_by_hand():
    assert ag.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert ag.holm([0.5, 0.9]) == [1, 1]
    assert ag.holm([]) == []
