"""Kappa, the table of answers and resamples, with known truth."""

import numpy as np
import pytest

from bench.score import association as association_module
from bench.score import bootstrap
from bench.score.answer_table import accepting, answer_table, demanded, kinds_of_truth
from bench.score.association import association
from bench.score.bootstrap import interval, patient_numbers, ratio, resampled_sums
from bench.score.kappa import kappa, kappa_columns, kappa_interval, kappa_of_sums, knowable_kappa
from bench.score.proportion import clopper_pearson, share_interval, sign_flip, tango
from taxonomy.axis import CONDUCTION, OTHER_FINDINGS
from taxonomy.truth import Truth


def truths(*values, axis=CONDUCTION):
    return [Truth({axis.name: value}) for value in values]


def table_of(rows):
    """Return truths and answers from (truth, answer, count)."""
    pairs = [(true, said) for true, said, count in rows for _ in range(count)]
    return truths(*[true for true, _ in pairs]), [said for _, said in pairs]


def test_cohens_own_kappa_by_hand():
    """35 of 50 agree; by chance 0.5 * 0.6 + 0.5 * 0.4 of them would."""
    true, said = table_of([("lbbb", "lbbb", 20), ("lbbb", "none", 5), ("none", "lbbb", 10), ("none", "none", 15)])
    assert kappa(CONDUCTION, said, true) == pytest.approx(0.4)


def test_kappa_of_an_inverted_reader_is_negative():
    true, said = table_of([("lbbb", "none", 10), ("none", "lbbb", 10)])
    assert kappa(CONDUCTION, said, true) == pytest.approx(-1)


def test_no_answer_agrees_with_nothing():
    true, said = table_of([("lbbb", "lbbb", 10), ("none", None, 10)])
    assert kappa(CONDUCTION, said, true) == pytest.approx((0.5 - 0.25) / 0.75)


def test_kappa_of_one_value_alone_is_0_and_of_no_case_none():
    assert kappa(CONDUCTION, ["none"] * 3, truths("none", "none", "none")) == 0
    assert kappa(CONDUCTION, [], []) is None
    assert kappa(OTHER_FINDINGS, [frozenset()] * 3, truths(*[frozenset()] * 3, axis=OTHER_FINDINGS)) is None


def test_two_findings_with_ten_positives_are_averaged():
    true = truths(*[frozenset({"lvh", "rvh"})] * 10, *[frozenset()] * 10, axis=OTHER_FINDINGS)
    said = [frozenset({"lvh"})] * 10 + [frozenset()] * 10
    assert kappa(OTHER_FINDINGS, said, true) == pytest.approx((1 + 0) / 2)


def test_an_optional_finding_leaves_its_case_out_and_a_demanded_one_does_not():
    demanded = [Truth({"other_findings": frozenset({"lvh"})}, allowed=frozenset({"lvh"}))] * 10
    optional = [Truth({"other_findings": frozenset()}, allowed=frozenset({"lvh"}))] * 7
    none = [Truth({"other_findings": frozenset()})] * 10
    said = [frozenset({"lvh"})] * 5 + [frozenset()] * 5 + [frozenset({"lvh"})] * 7 + [frozenset()] * 10
    # Of 20 cases 15 are right; said in 5, there in 10.
    assert kappa(OTHER_FINDINGS, said, demanded + optional + none) == pytest.approx((0.75 - 0.5) / 0.5)


def drawn_kappa(columns, patients):
    return kappa_of_sums(resampled_sums(columns, np.array(patients), 500, 0))


def test_the_interval_of_a_kappa_below_one_is_that_of_its_resamples():
    true, said = table_of([("lbbb", "lbbb", 20), ("lbbb", "none", 5), ("none", "lbbb", 10), ("none", "none", 15)])
    columns = kappa_columns(CONDUCTION, said, true)
    resampled = drawn_kappa(columns, range(50))
    assert kappa_interval(columns, resampled) == interval(resampled)
    assert kappa_interval(columns, np.full(5, np.nan)) is None


def test_the_interval_of_a_kappa_of_one_ends_at_the_exact_share():
    true, said = table_of([("lbbb", "lbbb", 10), ("none", "none", 10)])
    columns = kappa_columns(CONDUCTION, said, true)
    low, high = kappa_interval(columns, drawn_kappa(columns, range(20)))
    assert (low, high) == (pytest.approx((clopper_pearson(20, 20)[0] - 0.5) / 0.5, abs=1e-6), 1)


def test_a_resample_without_a_case_or_of_one_value_has_no_kappa():
    sums = {
        "value n": np.array([0.0, 4.0, 4.0]),
        "value right": np.array([0.0, 4.0, 3.0]),
        "value said 0": np.array([0.0, 4.0, 2.0]),
        "value fits 0": np.array([0.0, 4.0, 1.0]),
        "value said 1": np.array([0.0, 0.0, 2.0]),
        "value fits 1": np.array([0.0, 0.0, 3.0]),
    }
    found = kappa_of_sums(sums)
    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx((0.75 - 0.5) / 0.5)
    assert kappa_of_sums({}) is None


def test_the_kappa_that_could_be_shown_by_hand():
    """Two abnormal of 40: one right answer has the chance 1/20, so that both are needed at 5%: 1/780."""
    q = np.sqrt(0.8)  # both are answered rightly in 80% of tries
    abnormal, said = 0.05, 0.05 * q
    expected = said * abnormal + (1 - said) * (1 - abnormal)
    enough = (1 - abnormal + said - expected) / (1 - expected)
    assert knowable_kappa(40, 2, 2) == pytest.approx(enough)
    one = 1 - np.sqrt(0.2)  # either of them in 80% of tries
    said = 0.05 * one
    expected = said * abnormal + (1 - said) * (1 - abnormal)
    assert knowable_kappa(40, 2, 1) == pytest.approx((1 - abnormal + said - expected) / (1 - expected))
    assert knowable_kappa(40, 2, 0) == knowable_kappa(40, 2, 1)
    # One of 40 is a chance of 1/40, which is the level of two tests; one of 39 is more.
    assert knowable_kappa(40, 1, 2) is not None
    assert knowable_kappa(39, 1, 2) is None


def test_kinds_of_truth_are_those_that_accept_the_same():
    both = Truth({"conduction": "lbbb"}, accepted={"conduction": frozenset({"lbbb", "rbbb"})})
    kind, distinct = kinds_of_truth(CONDUCTION, [*truths("none", "lbbb", "none"), both])
    assert kind.tolist() == [0, 1, 0, 2]
    assert [truth.values["conduction"] for truth in distinct] == ["none", "lbbb", "lbbb"]
    assert accepting(CONDUCTION, [*truths("none", "lbbb"), both], ["lbbb", "rbbb", "none", "other"]).tolist() == [
        2,
        1,
        1,
        0,
    ]


def test_a_table_credits_right_answers_beyond_the_prior():
    table = answer_table(CONDUCTION, ["none", "lbbb", "lbbb", None], truths("none", "lbbb", "rbbb", "none"), "none")
    assert table.right.tolist() == [True, True, False, False]
    assert table.s == 1
    assert table.holds_prior[table.kind].tolist() == [True, False, False, True]


def test_a_table_of_findings_credits_each_beyond_the_prior():
    true = truths(frozenset({"lvh", "rvh"}), frozenset({"lvh"}), frozenset(), axis=OTHER_FINDINGS)
    said = [frozenset({"lvh", "rvh", "long_qt"}), frozenset({"lvh"}), None]
    table = answer_table(OTHER_FINDINGS, said, true, frozenset({"lvh"}))
    assert table.right.tolist() == [False, True, False]
    assert table.s == 1
    assert table.holds_prior[table.kind].tolist() == [False, True, True]
    assert answer_table(OTHER_FINDINGS, said, true, None).s == 3


def test_an_unlabelled_axis_demands_no_finding():
    assert demanded(OTHER_FINDINGS, Truth({})) == demanded(CONDUCTION, Truth({"conduction": "lbbb"})) == frozenset()


@pytest.mark.parametrize(("observed", "chance"), [(1, 1), (2, 1 / 6), (3, 4 / 8), (4, 9 / 10)])
def test_chatterjees_bound_by_hand(observed, chance):
    """One of four is expected: to exceed it by t has a chance of at most exp(-t^2 / (4 + 2 t))."""
    kinds = np.array([[0], [1], [1], [1]])
    group = association_module._Group(kinds, kinds, np.array([[1, 0], [0, 0]], dtype=np.uint8))
    twice = association_module._Group(kinds, kinds, np.array([[4, 0], [0, 0]], dtype=np.uint8))
    assert (group.expected, twice.expected) == (0.25, 1)
    bound = association_module._chance_to_reach(observed, [group] * 4)
    assert bound == pytest.approx(1 if observed == 1 else np.exp(-chance))
    assert association_module._chance_to_reach(observed, [twice]) == pytest.approx(
        1 if observed == 1 else np.exp(-chance / 4)
    )


def test_nothing_to_name_is_no_name():
    found = association(CONDUCTION, ["lbbb", "rbbb"], truths("lbbb", "rbbb"), "none", [1, 2], [0, 0])
    assert (found.n, found.s, found.p, found.names_n, found.names_p) == (2, 2, 0.5, 2, 0.5)


def test_every_resample_holds_as_many_patients(monkeypatch):
    columns = {"n": np.ones(6), "first": np.array([2.0, 0, 0, 0, 0, 0])}
    for block in (4_000_000, 7):
        monkeypatch.setattr(bootstrap, "BLOCK_SIZE", block)
        sums = resampled_sums(columns, np.arange(6), 301, 0)
        assert set(sums["n"]) == {6.0} and len(sums["n"]) == 301
        assert sums["first"].mean() == pytest.approx(2, abs=0.4)
        assert set(sums["first"]) <= {0, 2, 4, 6, 8, 10, 12}


def test_a_seed_draws_the_same_and_another_others():
    columns = {"x": np.arange(9.0)}
    one, again, other = (resampled_sums(columns, np.arange(9), 40, seed)["x"] for seed in (0, 0, 1))
    assert (one == again).all() and (one != other).any()


def test_records_of_one_patient_are_drawn_together():
    assert patient_numbers(["b", "a", "b", "c"]).tolist() == [1, 0, 1, 2]
    sums = resampled_sums({"x": np.array([1.0, 10.0])}, np.array([4, 4]), 5, 0)
    assert sums["x"].tolist() == [11.0] * 5


def test_what_is_not_defined_is_left_out_of_an_interval():
    found = ratio(np.array([1.0, 2.0, 0.0]), np.array([2.0, 0.0, 5.0]))
    assert found[0] == 0.5 and np.isnan(found[1]) and found[2] == 0
    assert interval(np.array([np.nan, 0.5, np.inf])) == (0.5, 0.5)
    assert interval(np.array([np.nan])) is None
    low, high = interval(np.arange(1001) / 1000)
    assert (low, high) == (0.025, 0.975)


def test_exact_bounds_by_hand():
    """One of one: the share of which one is seen in 2.5% of tries, and 0 of 2 likewise."""
    assert clopper_pearson(1, 1) == (0.025, 1.0)
    assert clopper_pearson(0, 2) == (0.0, pytest.approx(1 - np.sqrt(0.025), abs=1e-6))
    assert clopper_pearson(1, 2) == (
        pytest.approx(1 - np.sqrt(0.975), abs=1e-6),
        pytest.approx(np.sqrt(0.975), abs=1e-6),
    )
    assert share_interval(0.5, 3, (0.1, 0.2)) == (0.1, 0.2)
    assert share_interval(3.0, 3, (1.0, 1.0)) == clopper_pearson(3, 3)


def test_tangos_bounds_of_nothing_seen_are_wilsons():
    """Without a discordant pair the bound is z^2 / (n + z^2)."""
    z2 = 1.959964**2
    assert tango(0, 0, 10) == pytest.approx((-z2 / (10 + z2), z2 / (10 + z2)), abs=1e-5)
    assert tango(5, 0, 5) == (pytest.approx((5 - z2) / (5 + z2), abs=1e-5), 1)


def test_signs_are_tossed_for_each_patient():
    assert sign_flip(np.array([2, 1])) == 0.5, "of +-3 and +-1 two are as far"
    assert sign_flip(np.array([2, -1])) == 1
    assert sign_flip(np.array([3, 1, 1])) == 0.25
    assert sign_flip(np.array([0, 0])) == 1


def test_a_finding_whose_absence_is_never_said_has_no_kappa():
    present, spared = frozenset({"lvh"}), frozenset({"lvh", "rvh"})
    true = [Truth({OTHER_FINDINGS.name: present}, allowed=spared)] * 12
    true += [Truth({OTHER_FINDINGS.name: frozenset()}, allowed=spared)] * 12
    said = [present, frozenset()] * 12
    assert kappa(OTHER_FINDINGS, said, true) is None
    assert kappa(OTHER_FINDINGS, said, [*true, Truth({OTHER_FINDINGS.name: frozenset()})][1:]) is not None
