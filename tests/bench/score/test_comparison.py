"""Paired differences of readers: known answers, p values that hold, and the records that flipped."""

from dataclasses import replace

import numpy as np
import pytest

from bench.score import ScoredCase
from bench.score.comparison import Answers, AxisGap, Gap, PairComparison, compared, corrected
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


def one_by_one(first, second, true=None, patients=None, **more):
    """Two readers of rhythm, answer by answer."""
    true = true or ["paced" if k % 2 else "sinus" for k in range(len(first))]
    sides = [
        Answers.of(name, [case(k, Truth({"rhythm": t}), patients and patients[k], rhythm=a) for k, (t, a) in pairs])
        for name, pairs in (
            ("a", enumerate(zip(true, first, strict=True))),
            ("b", enumerate(zip(true, second, strict=True))),
        )
    ]
    (pair,) = compared(sides, **{"draws": 2000, **more})
    return pair


def test_a_gap_by_hand():
    """The first is right in 6 of 8, the second in 4; kappas 0.5 and 0."""
    true = ["sinus"] * 4 + ["paced"] * 4
    first = ["sinus"] * 4 + ["paced"] * 2 + ["sinus"] * 2
    pair = one_by_one(first, ["sinus"] * 8, true)
    rhythm = on(pair, "rhythm")
    assert (rhythm.accuracy.first, rhythm.accuracy.second, rhythm.accuracy.difference) == (0.75, 0.5, 0.25)
    assert (rhythm.kappa.first, rhythm.kappa.second, rhythm.kappa.difference) == (0.5, 0, 0.5)
    assert (rhythm.first_only, rhythm.second_only) == ((4, 5), ())
    assert (pair.n, rhythm.n, pair.left_out, rhythm.by_construction) == (8, 8, 0, False)
    # Of the four swaps of two discordant cases two are as far apart.
    assert rhythm.accuracy.p == pytest.approx(0.5, abs=0.04)
    assert rhythm.accuracy.interval[0] <= 0 < 0.25 < rhythm.accuracy.interval[1] < 0.7
    assert pair.mean_kappa.difference == 0.5
    assert pair.to_json()["axes"][0]["first_only"] == (4, 5)


def test_p_of_many_discordant_cases_is_that_of_the_tosses():
    """Ten of ten discordant cases go one way: two swaps of 1,024."""
    n = 12_000
    pair = one_by_one(["paced"] * 10, ["sinus"] * 10, ["paced"] * 10, draws=n)
    assert on(pair, "rhythm").accuracy.p == pytest.approx(2 / 1024, abs=0.0015)
    assert on(pair, "rhythm").accuracy.interval == (1, 1)
    assert on(pair, "rhythm").accuracy.p >= 1 / (1 + n)


def test_a_case_without_a_label_is_on_no_axis():
    true = ["sinus", None, "paced", "sinus", None, "paced"]
    pair = one_by_one(["sinus"] * 6, ["sinus", "sinus", "paced"] * 2, true)
    rhythm = on(pair, "rhythm")
    assert (pair.n, rhythm.n, rhythm.accuracy.first, rhythm.accuracy.second) == (6, 4, 0.5, 1)
    assert (rhythm.first_only, rhythm.second_only) == ((), (2, 5))


def test_five_hundredths_are_no_difference():
    gap = Gap(0.5, 0.4, 0.1, None, 0.01, p_holm=0.05)
    assert not gap.is_shown
    assert replace(gap, p_holm=0.049).is_shown
    assert not replace(gap, p_holm=1.0).is_shown


def test_the_correction_is_over_pairs_and_axes_with_kappas_apart_from_accuracies():
    def axis(name, kappa, accuracy, by_construction=False):
        figures = (Gap(0, 0, 0, None, p) for p in (kappa, accuracy))
        return AxisGap(name, 9, by_construction, *figures, (), ())

    def pair(mean, *axes):
        return PairComparison("a", "b", 9, 0, (), mean and Gap(0, 0, 0, None, mean), axes)

    undefined = replace(axis("axis", 0.5, 0.04), kappa=None)
    one = pair(0.01, axis("rhythm", 0.01, 0.02), axis("rate", 0.0, 0.0, by_construction=True), undefined)
    first, second = corrected([one, pair(None, axis("rhythm", 0.02, 0.03))])
    assert first.mean_kappa.p_holm == 0.01 and second.mean_kappa is None
    assert [axis.kappa and axis.kappa.p_holm for axis in first.axes] == [0.02, 1.0, None]
    assert [axis.accuracy.p_holm for axis in first.axes] == [0.06, 1.0, 0.06]
    assert (second.axes[0].kappa.p_holm, second.axes[0].accuracy.p_holm) == (0.02, 0.06)


def test_findings_of_both_are_compared_over_those_with_ten_positives():
    def side(name, said):
        true = [frozenset({"lvh"} if k < 10 else ()) | frozenset({"rvh"} if k < 5 else ()) for k in range(20)]
        return Answers.of(
            name, [case(k, Truth({"other_findings": t}), other_findings=said(t)) for k, t in enumerate(true)]
        )

    (pair,) = compared([side("a", lambda true: true & {"lvh"}), side("b", lambda true: frozenset())], draws=100)
    found = on(pair, "other_findings")
    assert (found.kappa.first, found.kappa.second) == (1, 0), "five of rvh are too few"
    assert (found.accuracy.first, found.accuracy.second) == (0.75, 0.5)
