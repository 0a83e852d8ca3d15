from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from bench.score import association as module
from bench.score.answer_table import answer_table
from bench.score.association import association
from bench.score.kappa import kappa, kappa_columns, kappa_of_sums, knowable_kappa
from taxonomy.axis import CONDUCTION, DIAGNOSIS, OTHER_FINDINGS, RHYTHM
from taxonomy.truth import Truth

VALUES = CONDUCTION.values


def truths(axis, *values):
    return [Truth({axis.name: value}) for value in values]


def conduction(answers, true, patients=None, strata=None, **more):
    patients, strata = patients or range(len(answers)), strata or [0] * len(answers)
    return association(CONDUCTION, answers, truths(CONDUCTION, *true), "none", patients, strata, **more)


def drawn(rng, n, abnormal=0.4):
    return [str(value) for value in rng.choice(VALUES[:4], n, p=[1 - abnormal, *[abnormal / 3] * 3])]


def test_a_constant_reader_has_no_association_whatever_it_says():
    true = ["none"] * 20 + ["lbbb"] * 15
    for said in ("none", "lbbb", "rbbb", None):
        found = conduction([said] * 35, true)
        assert (found.p, found.names_p, found.kappa) == (1, 1, 0)
        assert found.s == (15 if said == "lbbb" else 0)


def test_few_cases_are_enumerated_and_give_the_exact_p():
    answers, true = ["lbbb", "none", "rbbb", None, "lbbb", "none"], ["lbbb", "lbbb", "rbbb", "none", "none", "none"]
    found = conduction(answers, true)
    sums = [sum(a == t != "none" for a, t in zip(order, true, strict=True)) for order in permutations(answers)]
    assert found.s == 2
    assert found.p == pytest.approx(np.mean(np.array(sums) >= 2))


def test_one_right_answer_of_many_is_exact_too():
    found = conduction(["lbbb"] + ["none"] * 65, ["lbbb"] * 3 + ["none"] * 63)
    assert found.p == pytest.approx(3 / 66)


def test_two_values_are_fishers_exact_test():
    answers = ["lbbb"] * 14 + ["none"] * 46
    true = ["lbbb"] * 8 + ["none"] * 6 + ["lbbb"] * 10 + ["none"] * 36
    fisher = stats.fisher_exact([[8, 6], [10, 36]], alternative="greater").pvalue
    assert conduction(answers, true, shuffles=80_000).p == pytest.approx(fisher, rel=0.05)


@pytest.mark.parametrize("n", [30, 300])  # few cases are shuffled one by one, many by their counts
def test_either_way_of_shuffling_gives_the_hypergeometric_tail(n):
    abnormal = n // 3
    true = ["lbbb"] * abnormal + ["none"] * (n - abnormal)
    answers = ["lbbb"] * 5 + ["none"] * (abnormal - 5) + ["lbbb"] * 4 + ["none"] * (n - abnormal - 4)
    found = conduction(answers, true, shuffles=9_999)
    expected = stats.hypergeom.sf(found.s - 1, n, n // 3, 9)
    assert found.p == pytest.approx(expected, abs=4 * np.sqrt(expected / 9_999))


def test_counts_of_many_kinds_and_answers_shuffle_as_cases_do():
    rng = np.random.default_rng(1)
    true, answers = drawn(rng, 200), drawn(rng, 200)
    pairs = np.array([[a == t != "none" for t in true] for a in answers])
    sums = [pairs[np.arange(200), rng.permutation(200)].sum() for _ in range(4000)]
    found = conduction(answers, true)
    assert found.p == pytest.approx(np.mean(np.array(sums) >= found.s), abs=0.04)


def test_no_shuffle_is_drawn_where_none_can_reach_s(monkeypatch):
    true, drawn, whole = ["none"] * 300 + ["lbbb", "rbbb"] * 60, module._Group.drawn, []
    monkeypatch.setattr(
        module._Group, "drawn", lambda group, *told: whole.append(len(group.kind)) or drawn(group, *told)
    )
    found = conduction(true, true)
    assert found.p == 1 / 10_001
    assert 420 not in whole
    monkeypatch.setattr(module, "NEVER", 0)
    assert conduction(true, true) == found
    assert 420 in whole


@pytest.mark.parametrize("records", [1, 2])
def test_the_chance_to_reach_s_is_never_told_too_small(records):
    rng = np.random.default_rng(7)
    sizes = (200 // records, records)
    group = module._Group(rng.integers(0, 3, sizes), rng.integers(0, 3, sizes), np.diag([0, 1, 2]).astype(np.uint8))
    sums = group.drawn(rng, 20_000)
    assert group.expected == pytest.approx(sums.mean(), abs=0.2)
    bounds = [module._chance_to_reach(int(s), [group]) for s in np.unique(sums)]
    assert all(np.mean(sums >= s) <= bound for s, bound in zip(np.unique(sums), bounds, strict=True))
    assert module._chance_to_reach(int(group.expected) + 150, [group]) < 0.01


@pytest.mark.slow
def test_the_p_of_a_guesser_is_no_smaller_than_chance_allows():
    rng, p = np.random.default_rng(3), []
    for k in range(400):
        found = conduction(drawn(rng, 60), drawn(rng, 60), shuffles=400, seed=k)
        p.append((found.p, found.names_p))
    for level in (0.05, 0.2, 0.5):
        assert np.all(np.mean(np.array(p) <= level, axis=0) <= level + 3 * np.sqrt(level * (1 - level) / 400))
    assert np.mean(np.array(p)[:, 0] <= 0.5) > 0.3


def false_alarms(patients):
    rng, alarms = np.random.default_rng(5), 0
    for k in range(150):
        true, said = np.repeat(drawn(rng, 30), 4).tolist(), np.repeat(drawn(rng, 30), 4).tolist()
        alarms += conduction(said, true, patients, shuffles=200, seed=k).p <= 0.05
    return alarms / 150


@pytest.mark.slow
def test_records_of_one_patient_move_as_a_block():
    assert false_alarms(np.repeat(np.arange(30), 4).tolist()) <= 0.1
    assert false_alarms(list(range(120))) >= 0.2  # as if every record were another patient's


def test_patients_exchange_answers_with_patients_of_as_many_records_only():
    # Two patients of three records are all right, and the singles say nothing: two arrangements.
    answers, true = ["lbbb"] * 3 + ["rbbb"] * 3 + ["none"] * 30, ["lbbb"] * 3 + ["rbbb"] * 3 + ["none"] * 30
    assert conduction(answers, true, [1, 1, 1, 2, 2, 2, *range(10, 40)]).p == 0.5


def test_answers_stay_in_their_stratum():
    answers = true = ["lbbb"] * 20 + ["none"] * 20
    assert conduction(answers, true).p < 0.001
    assert conduction(answers, true, strata=["a"] * 20 + ["b"] * 20).p == 1


def test_seeing_that_something_is_wrong_is_not_naming_it():
    true = ["none"] * 40 + ["lbbb", "rbbb"] * 15
    notices = conduction(["none"] * 40 + ["lbbb"] * 30, true)
    assert notices.p < 0.001
    assert (notices.names_n, notices.names_p) == (30, 1)
    assert conduction(true, true).names_p < 0.001


def test_naming_needs_two_cases_beyond_the_prior():
    assert conduction(["lbbb", "none"], ["lbbb", "none"]).names_p is None


def test_no_answer_is_like_an_answer_that_earns_nothing():
    true = ["none"] * 30 + ["lbbb"] * 10
    assert conduction([None] * 30 + ["lbbb"] * 10, true).p < 0.001
    assert conduction([None] * 40, true).kappa == 0


def test_any_accepted_value_counts_but_the_priors():
    truth = Truth({"rhythm": "atrial_flutter"}, accepted={"rhythm": frozenset({"atrial_flutter", "sinus"})})
    found = association(RHYTHM, ["atrial_flutter", "sinus"], [truth] * 2, "sinus", [1, 2], [0, 0])
    assert (found.s, found.names_n) == (1, 0)


@given(*[st.sets(st.sampled_from(["lvh", "rbbb", "rvh", "unlisted"]))] * 2, st.sets(st.sampled_from(["rbbb", "lbbb"])))
def test_sets_are_accepted_as_the_truth_accepts_them(said, demanded, allowed):
    truth = Truth({"other_findings": frozenset(demanded - {"unlisted"})}, allowed=frozenset(allowed))
    table = answer_table(OTHER_FINDINGS, [frozenset(said), None], [truth] * 2, frozenset())
    assert table.right.tolist() == [truth.accepts("other_findings", frozenset(said)), False]


def test_findings_count_one_by_one():
    sets = [frozenset({"lvh", "long_qt"}), frozenset({"lvh"}), frozenset()]
    said = [frozenset({"lvh", "long_qt", "rvh"}), frozenset(), frozenset({"lvh"})]
    found = association(OTHER_FINDINGS, said, truths(OTHER_FINDINGS, *sets), frozenset(), [1, 2, 3], [0] * 3)
    assert found.s == 2
    assert found.names_n == 2
    assert found.p == 0.5  # the six orders earn 2, 3, 1, 1, 2 and 1
    assert found.kappa is None


def test_findings_of_the_prior_earn_nothing():
    sets = [frozenset({"lvh", "rvh"}), frozenset({"lvh"})]
    found = association(OTHER_FINDINGS, sets, truths(OTHER_FINDINGS, *sets), frozenset({"lvh"}), [1, 2], [0] * 2)
    assert (found.s, found.names_n, found.names_p) == (1, 1, None)


def test_a_missing_set_is_not_an_empty_one():
    true = truths(OTHER_FINDINGS, *[frozenset({"lvh"})] * 10, *[frozenset()] * 30)
    said = [frozenset({"lvh"})] * 10 + [frozenset()] * 15 + [None] * 15
    # Right in 25 of 40; by chance lvh (said in 10) fits 10 of 40, its absence (said in 15) fits 30 of 40.
    expected = 10 / 40 * 10 / 40 + 15 / 40 * 30 / 40
    assert kappa(OTHER_FINDINGS, said, true) == pytest.approx((25 / 40 - expected) / (1 - expected))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=2, max_size=50))
@settings(max_examples=60)
def test_kappa_is_cohens_where_every_truth_has_one_value(pairs):
    true, said = [VALUES[t] for t, _ in pairs], [VALUES[a] if a < 5 else None for _, a in pairs]
    if len({*true, *said}) > 1:
        expected = cohen_kappa_score(true, [a or "no answer" for a in said])
        assert kappa(CONDUCTION, said, truths(CONDUCTION, *true)) == pytest.approx(expected)


def test_kappa_with_accepted_values_by_hand():
    both = Truth({"diagnosis": "IMI"}, accepted={"diagnosis": frozenset({"IMI", "LVH"})})
    true = [both, *truths(DIAGNOSIS, "NORM", "NORM", "LVH")]
    # Right: 3 of 4. By chance LVH (said in half) fits 2 of 4, NORM (said in half) fits 2 of 4.
    assert kappa(DIAGNOSIS, ["LVH", "NORM", "LVH", "NORM"], true) == pytest.approx(0)
    assert kappa(DIAGNOSIS, ["LVH", "NORM", "NORM", "LVH"], true) == pytest.approx(1)
    assert kappa(DIAGNOSIS, ["LVH", "NORM", "NORM", "NORM"], true) == pytest.approx((0.75 - 0.5) / 0.5)


def test_kappa_of_findings_is_the_mean_over_those_with_ten_positives():
    lvh = np.array([True] * 12 + [False] * 18)
    says = np.array([True] * 8 + [False] * 4 + [True] * 3 + [False] * 15)
    qt = np.arange(30) < 9  # one short of ten
    true = [
        frozenset({"lvh"} if a else set()) | frozenset({"long_qt"} if b else set())
        for a, b in zip(lvh, qt, strict=True)
    ]
    said = [frozenset({"lvh"} if a else set()) for a in says]
    assert kappa(OTHER_FINDINGS, said, truths(OTHER_FINDINGS, *true)) == pytest.approx(cohen_kappa_score(lvh, says))


def test_a_finding_that_may_stand_leaves_its_case_out():
    true = truths(OTHER_FINDINGS, *[frozenset({"rbbb"})] * 10, *[frozenset()] * 10)
    allowed = [Truth({"other_findings": frozenset()}, allowed=frozenset({"rbbb"}))] * 5
    said = [frozenset({"rbbb"})] * 10 + [frozenset()] * 10 + [frozenset({"rbbb"})] * 3 + [frozenset()] * 2
    assert kappa(OTHER_FINDINGS, said, true + allowed) == pytest.approx(1)


def test_kappa_of_resamples_is_the_kappa_of_the_cases_that_were_drawn():
    rng = np.random.default_rng(0)
    true, said = drawn(rng, 40), drawn(rng, 40)
    weight = rng.integers(0, 3, 40)
    columns = kappa_columns(CONDUCTION, said, truths(CONDUCTION, *true))
    sums = {name: np.array([column @ weight]) for name, column in columns.items()}
    repeated = cohen_kappa_score(np.repeat(true, weight), np.repeat(said, weight))
    assert kappa_of_sums(sums)[0] == pytest.approx(repeated)


@pytest.mark.slow
def test_what_could_have_been_shown_is_shown_in_four_of_five_tries():
    n, abnormal, tests = 64, 20, 5
    promised = knowable_kappa(n, abnormal, tests)
    true = ["none"] * (n - abnormal) + ["lbbb"] * abnormal
    rng, shown, kappas = np.random.default_rng(0), 0, []
    enough = next(k for k in range(1, 20) if stats.hypergeom.pmf(k, n, abnormal, k) <= 0.05 / tests)
    q = next(q for q in np.linspace(0, 1, 10_001) if stats.binom.sf(enough - 1, abnormal, q) >= 0.8)
    for k in range(300):
        said = ["none"] * (n - abnormal) + np.where(rng.random(abnormal) < q, "lbbb", "none").tolist()
        found = conduction(said, true, shuffles=2000, seed=k)
        shown += found.p <= 0.05 / tests
        kappas.append(found.kappa)
    assert 0.7 <= shown / 300 <= 0.92
    assert np.mean(kappas) == pytest.approx(promised, abs=0.02)


def test_more_cases_show_less_and_too_few_show_nothing():
    assert knowable_kappa(2000, 500, 5) < knowable_kappa(200, 50, 5) < knowable_kappa(60, 15, 5) < 1
    assert knowable_kappa(5, 2, 5) is None
    assert knowable_kappa(10, 10, 5) is None
    assert knowable_kappa(10, 0, 5) is None


def test_a_reader_that_gives_one_name_to_what_it_notices_names_nothing():
    """It notices infarctions more often than other abnormal cases, and calls all that it notices an infarction."""
    truths = ["AMI"] * 30 + ["CLBBB"] * 30 + ["NORM"] * 60
    noticed = [k % 10 < 9 for k in range(30)] + [k % 10 < 2 for k in range(30)] + [False] * 60
    answers = ["AMI" if seen else "NORM" for seen in noticed]
    found = association(
        DIAGNOSIS, answers, [Truth({"diagnosis": value}) for value in truths], "NORM", range(120), [0] * 120
    )
    assert found.p < 0.001
    assert found.names_p == 1.0
