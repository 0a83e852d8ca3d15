"""Paired differences of readers: known answers, p values that hold, and the records that flipped."""

from dataclasses import replace

import numpy as np
import pytest

from bench.score import ScoredCase
from bench.score.comparison import Answers, compared
from bench.score.kappa import kappa
from taxonomy.axis import CONDUCTION, RHYTHM
from taxonomy.error import FileError
from taxonomy.reading import Failure, Reading
from taxonomy.truth import Truth

RHYTHMS = ("sinus", "atrial_fibrillation", "paced")


def truths(n, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Truth({"rhythm": str(rng.choice(RHYTHMS, p=(0.7, 0.2, 0.1))), "conduction": str(rng.choice(("none", "lbbb")))})
        for _ in range(n)
    ]


def case(number, truth, patient=None, **values):
    return ScoredCase(number, patient or number, None, None, truth, Reading(values=values))


def reader(name, truth, share, seed):
    """A reader that answers a random share of the cases rightly, and the others with the commonest value."""
    rng = np.random.default_rng(seed)
    return Answers.of(
        name,
        [
            case(number, one, rhythm=one.values["rhythm"] if rng.random() < share else "sinus", conduction="none")
            for number, one in enumerate(truth)
        ],
    )


def on(pair, axis):
    return next(found for found in pair.axes if found.axis == axis)


def test_differences_are_those_of_the_two_figures():
    truth = truths(200)
    first, second = reader("a", truth, 0.9, 1), reader("b", truth, 0.2, 2)
    (pair,) = compared([first, second], draws=500)
    rhythm = on(pair, "rhythm")
    for figure, answers in ((rhythm.kappa.first, first), (rhythm.kappa.second, second)):
        said = [answers.cases[number].answer("rhythm") for number in range(200)]
        assert figure == pytest.approx(kappa(RHYTHM, said, truth), abs=1e-6)
    right = [sum(c.truth.accepts("rhythm", c.answer("rhythm")) for c in one.cases.values()) for one in (first, second)]
    assert rhythm.accuracy.difference == pytest.approx((right[0] - right[1]) / 200, abs=1e-6)
    assert len(rhythm.first_only) - len(rhythm.second_only) == right[0] - right[1]
    assert pair.mean_axes == (RHYTHM.name, CONDUCTION.name)
    assert pair.mean_kappa.first == pytest.approx((rhythm.kappa.first + 0.0) / 2, abs=1e-6)
    assert rhythm.kappa.interval[0] < rhythm.kappa.difference < rhythm.kappa.interval[1]
    assert pair.mean_kappa.is_shown and rhythm.accuracy.is_shown


def test_the_order_of_the_two_changes_the_signs_alone():
    truth = truths(80)
    answers = [reader("a", truth, 0.8, 1), reader("b", truth, 0.4, 2)]
    (there,), (back,) = compared(answers, draws=400), compared(answers[::-1], draws=400)
    assert there.mean_kappa.difference == -back.mean_kappa.difference
    assert there.mean_kappa.p == back.mean_kappa.p
    assert on(there, "rhythm").first_only == on(back, "rhythm").second_only


@pytest.mark.slow
def test_readers_that_are_the_same_by_lot_are_seldom_told_apart():
    told = 0
    for seed in range(100):
        truth = truths(60, seed)
        (pair,) = compared([reader("a", truth, 0.5, 2 * seed), reader("b", truth, 0.5, 2 * seed + 1)], draws=200)
        told += pair.mean_kappa.p <= 0.05
    assert told <= 12, "5 in 100 are to be expected"


def test_the_same_answers_do_not_differ():
    truth = truths(40)
    (pair,) = compared([reader("a", truth, 0.5, 1), reader("b", truth, 0.5, 1)], draws=100)
    assert (pair.mean_kappa.difference, pair.mean_kappa.p) == (0.0, 1.0)
    assert not on(pair, "rhythm").first_only and not on(pair, "rhythm").second_only


def test_the_records_of_a_patient_are_swapped_and_resampled_together():
    truth = [Truth({"rhythm": value}) for value in ("sinus", "atrial_fibrillation") * 8]
    sides = [
        Answers.of(name, [case(n, one, patient=1 + n // 8, rhythm=answer(one)) for n, one in enumerate(truth)])
        for name, answer in (("right", lambda one: one.values["rhythm"]), ("prior", lambda one: "sinus"))
    ]
    (pair,) = compared(sides, draws=2000)
    assert pair.mean_kappa.difference == 1.0
    assert 0.4 < pair.mean_kappa.p < 0.6, "two patients have four swaps, two of them as extreme"


def test_every_accepted_value_is_right():
    truth = [Truth({"rhythm": "sinus"}, accepted={"rhythm": frozenset({"sinus", "sinus_arrhythmia"})})] * 12
    sides = [
        Answers.of(name, [case(n, one, rhythm=name) for n, one in enumerate(truth)])
        for name in ("sinus", "sinus_arrhythmia")
    ]
    (pair,) = compared(sides, draws=100)
    assert on(pair, "rhythm").accuracy.first == on(pair, "rhythm").accuracy.second == 1.0


def test_failed_calls_are_left_out_of_both_and_counted():
    truth = truths(30)
    first, second = reader("a", truth, 0.9, 1), reader("b", truth, 0.2, 2)
    broken = {**second.cases, 3: replace(second.cases[3], reading=Reading(error=Failure("transport", "")))}
    (pair,) = compared([first, Answers("b", broken)], draws=100)
    assert (pair.n, pair.left_out) == (29, 1)
    assert on(pair, "rhythm").n == 29


def test_only_axes_that_both_were_asked_are_compared():
    truth = truths(30)
    first, second = reader("a", truth, 0.9, 1), reader("b", truth, 0.2, 2)
    narrow = {one: replace(c, asked=frozenset({"rhythm"})) for one, c in second.cases.items()}
    (pair,) = compared([first, Answers("b", narrow)], draws=100)
    assert [axis.axis for axis in pair.axes] == ["rhythm"]
    assert pair.mean_axes == ("rhythm",)


def test_an_axis_by_construction_is_marked_and_enters_no_correction():
    truth = [replace(one, circular=frozenset({"rhythm"})) for one in truths(120)]
    first, second = reader("a", truth, 0.9, 1), reader("b", truth, 0.1, 2)
    (plain,) = compared([first, second], draws=1000)
    (marked,) = compared([replace(first, measured=frozenset({"rhythm"})), second], draws=1000)
    assert on(plain, "rhythm").accuracy.is_shown and not on(plain, "rhythm").by_construction
    assert on(marked, "rhythm").by_construction and not on(marked, "rhythm").accuracy.is_shown
    assert on(marked, "conduction").accuracy.p_holm == on(marked, "conduction").accuracy.p


def test_the_correction_is_over_the_pairs():
    truth = truths(120)
    readers = [reader(name, truth, share, n) for n, (name, share) in enumerate((("a", 0.9), ("b", 0.5), ("c", 0.1)))]
    (alone,) = compared(readers[:2], draws=2000)
    pairs = compared(readers, draws=2000)
    assert [(pair.first, pair.second) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert alone.mean_kappa.p == pairs[0].mean_kappa.p == alone.mean_kappa.p_holm
    assert sorted(pair.mean_kappa.p_holm for pair in pairs)[0] == pytest.approx(
        3 * min(pair.mean_kappa.p for pair in pairs), abs=1e-5
    )


def test_what_cannot_be_compared_is_told():
    truth = truths(4)
    one = reader("a", truth, 0.9, 1)
    with pytest.raises(FileError, match="needs two readers or more"):
        compared([one])
    with pytest.raises(FileError, match="a and b share no case"):
        compared([one, Answers.of("b", [case("elsewhere", truth[0], rhythm="sinus")])])


def test_an_axis_whose_kappa_is_not_defined_has_none_and_enters_no_mean():
    truth = [Truth({"rhythm": "sinus", "conduction": value}) for value in ("none", "lbbb") * 10]
    sides = [
        Answers.of(name, [case(n, one, rhythm="sinus", conduction=said(one)) for n, one in enumerate(truth)])
        for name, said in (("right", lambda one: one.values["conduction"]), ("prior", lambda one: "none"))
    ]
    (pair,) = compared(sides, draws=100)
    assert on(pair, "rhythm").kappa is None and on(pair, "rhythm").accuracy.difference == 0.0
    assert pair.mean_axes == ("conduction",)
    assert pair.mean_kappa.difference == 1.0
