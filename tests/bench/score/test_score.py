import json
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar as sm_mcnemar
from statsmodels.stats.multitest import multipletests

from bench.score import Score, ScoredCase, ScoreSettings, score
from bench.score import agreement as ag
from bench.score.bootstrap import interval, resampled_sums
from bench.score.probability import area_and_influence, average_precision, calibration, logit_interval
from readers.majority import majority_values
from taxonomy.axis import AXES
from taxonomy.error import FileError
from taxonomy.reading import Failure, Reading
from taxonomy.statement import SUPERCLASSES
from taxonomy.truth import Labels, Numbers, truth

QUICK = ScoreSettings(draws=200)
BASELINE = majority_values()
NUMBERS = Numbers(rate=72, qrs_axis=40.0, source="12SL", is_own=False)

answers = st.integers(2, 60).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 3), min_size=n, max_size=n), st.lists(st.integers(-1, 3), min_size=n, max_size=n)
    )
)


def case(ecg_id, codes=("NORM", "SR"), reading=None, patient=None, **more):
    labels = Labels(dict.fromkeys(codes, 100.0), "MID")
    return ScoredCase(
        ecg_id=ecg_id,
        patient_id=ecg_id if patient is None else patient,
        sex=more.get("sex", "male"),
        age=more.get("age", 50.0),
        truth=truth(labels, NUMBERS),
        reading=reading or Reading(),
    )


def right(codes):
    return Reading(values=truth(Labels(dict.fromkeys(codes, 100.0), "MID"), NUMBERS).values)


@given(answers)
def test_agreement_is_scikit_learns(pair):
    true, given_ = (np.array(part) for part in pair)
    recalls = metrics.recall_score(true, given_, labels=np.unique(true), average="macro", zero_division=0)
    labels = np.union1d(true, given_[given_ >= 0])
    assert ag.balanced_accuracy(true, given_) == pytest.approx(recalls)
    expected = metrics.f1_score(true, given_, labels=labels, average="macro", zero_division=0)
    assert ag.macro_f1(true, given_) == pytest.approx(expected)
    bits = metrics.mutual_info_score(true, given_) / np.log(2)
    assert ag.mutual_information(true, given_) == pytest.approx(bits, abs=1e-9)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_mcnemar_is_statsmodels(pairs):
    ours, base = (np.array(part) for part in zip(*pairs, strict=True))
    table = [[np.sum(ours & base), np.sum(ours & ~base)], [np.sum(~ours & base), np.sum(~ours & ~base)]]
    assert ag.mcnemar(ours, base) == pytest.approx(min(1.0, sm_mcnemar(table, exact=True).pvalue))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_is_statsmodels(p):
    with patch("gc.collect"):  # which statsmodels does at every call: half a second beside torch
        expected = multipletests(p, method="holm")[1].tolist()
    assert ag.holm(p) == pytest.approx(expected)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4, max_size=60))
def test_areas_are_scikit_learns_with_ties(pairs):
    true, chance = np.array([t for t, _ in pairs]), np.array([c / 5 for _, c in pairs])
    if 0 < true.sum() < len(true):
        area, influence = area_and_influence(true, chance, np.arange(len(true)))
        assert area == pytest.approx(metrics.roc_auc_score(true, chance))
        assert influence.sum() == pytest.approx(0, abs=1e-9)
        assert average_precision(true, chance) == pytest.approx(metrics.average_precision_score(true, chance))


def test_the_interval_of_an_area_covers_it_with_clustered_patients():
    rng = np.random.default_rng(1)
    true_area, hits, rounds = 0.7602, 0, 300  # P(X > Y) for unit normals one apart, by the normal distribution
    for _ in range(rounds):
        patients = rng.integers(0, 120, 240)
        effect = rng.normal(0, 0.5, 120)[patients]
        positive = rng.random(240) < 0.4
        chance = positive + effect + rng.normal(0, np.sqrt(0.75), 240)
        area, influence = area_and_influence(positive, chance, np.unique(patients, return_inverse=True)[1])
        low, high = logit_interval(area, influence)
        hits += low <= true_area <= high
    assert 0.91 <= hits / rounds <= 0.985


def test_the_bootstrap_resamples_patients_and_not_records():
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(50), 4)
    right_ = np.repeat(rng.integers(0, 2, 50), 4).astype(float)
    columns = {"right": right_, "n": np.ones(200)}

    def width(groups):
        sums = resampled_sums(columns, groups, 2000, 0)
        low, high = interval(sums["right"] / sums["n"])
        return high - low

    assert width(patients) == pytest.approx(2 * width(np.arange(200)), rel=0.15)


def test_the_majority_reader_shows_nothing_and_never_beats_the_prior(sample):
    cases = []
    for record in sample:
        if record.fold == 10:
            labels = truth(sample.labels(record.ecg_id), NUMBERS)
            cases.append(
                ScoredCase(record.ecg_id, record.patient_id, record.sex, record.age, labels, Reading(values=BASELINE))
            )
    found = score(cases, BASELINE, QUICK)
    assert (found.kappa.kappa, found.kappa.interval) == (0, (0, 0))
    for axis in found.axes:
        assert axis.difference <= 0
        assert (axis.s, axis.knows_p) == (0, 1)
        assert axis.names_p in (1, None)
        assert axis.kappa in (0, None)
        assert axis.verdict.startswith("nothing shown")
        assert axis.entropy_ratio in (0, None)
        assert axis.mutual_information == 0


def test_a_perfect_reader_is_above_the_prior_where_the_prior_is_wrong_often_enough():
    cases = [case(k, codes, right(codes)) for k, codes in enumerate([("NORM", "SR"), ("CLBBB", "AFIB")] * 15)]
    found = score(cases, BASELINE, QUICK)
    assert found.axis("conduction").accuracy == 1
    assert found.axis("conduction").verdict == "knows it, beats the prior"
    assert found.axis("rate").verdict == "nothing shown (n = 30, too few to show any)"
    assert found.findings_predicted == found.findings_true
    assert found.superclass.overall.dwe == 0


def test_unlabelled_axes_leave_the_denominator():
    found = score([case(1, ("SR",), right(("SR",))), case(2)], BASELINE, QUICK)
    assert found.axis("rhythm").n == 2
    assert (found.axis("conduction").n, found.axis("conduction").unlabelled) == (1, 1)


def test_no_answer_is_wrong_and_counted_by_kind():
    unread = Reading(values={"rhythm": "sinus"}, problems={"rate": "rate has no value 72"})
    cases = [
        case(1, reading=right(("NORM", "SR"))),
        case(2, reading=Reading(error=Failure("refusal", "no"))),
        case(3, reading=unread),
        case(4),
    ]
    rate = score(cases, BASELINE, QUICK).axis("rate")
    assert rate.accuracy == 0.25
    assert rate.no_answer == {"missing": 1, "refusal": 1, "unreadable": 1}


def test_failed_calls_are_no_answers_and_leave_the_score_unranked():
    cases = [case(1, reading=right(("NORM", "SR"))), case(2, reading=Reading(error=Failure("crash", "boom")))]
    found = score(cases, BASELINE, QUICK)
    assert not found.ranked
    assert found.failed == {"crash": 1}
    assert (found.axis("rate").n, found.axis("rate").failed, found.axis("rate").accuracy) == (1, 1, 1.0)
    assert found.superclass.overall.n == 1


def test_dwe_by_hand():
    answers_ = [("NORM", "IMI"), ("IMI", "NORM"), ("LVH", "LVH"), ("CLBBB", None)]
    cases = [case(k, (t,), Reading(values={"diagnosis": a})) for k, (t, a) in enumerate(answers_)]
    found = score(cases, BASELINE, QUICK).superclass
    assert found.overall.dwe == pytest.approx((3 + 3 + 0 + 1) / 4)
    assert found.overall.critical == 2
    assert found.confusion[SUPERCLASSES.index("CD")][5] == 1


def test_subgroups_are_by_sex_and_age_with_stated_bounds():
    ages = {1: 39.9, 2: 40.0, 3: 60.0, 4: 75.0, 5: 76.0, 6: None}
    cases = [case(k, reading=right(("NORM", "SR")), age=age, sex="female") for k, age in ages.items()]
    groups = score(cases, BASELINE, QUICK).superclass.groups
    sizes = {name: group.n for name, group in groups.items()}
    assert sizes == {"female": 6, "age <40": 1, "age 40-60": 1, "age 60-75": 2, "age >75": 1}


def test_findings_are_scored_as_sets_with_micro_f1():
    said = Reading(values={"other_findings": frozenset({"lvh", "unlisted"})})
    found = score(
        [case(1, ("LVH", "PVC"), said), case(2, ("NORM",), Reading(values={"other_findings": frozenset()}))],
        BASELINE,
        QUICK,
    )
    axis = found.axis("other_findings")
    assert axis.micro_f1 == pytest.approx(2 * 1 / (2 + 2))
    assert axis.accuracy == 0.5
    assert axis.kappa is None


def test_superclass_probabilities_stand_in_for_a_diagnosis():
    chances = dict.fromkeys(SUPERCLASSES, 0.1)
    cases = [
        case(1, ("IMI",), Reading(probabilities={"superclass": chances | {"MI": 0.9}})),
        case(2, ("NORM",), Reading(probabilities={"superclass": chances | {"NORM": 0.8}})),
    ]
    found = score(cases, BASELINE, QUICK)
    assert found.superclass.overall.dwe == 0
    assert found.probability.auroc == {"NORM": 1.0, "MI": 1.0, "macro": 1.0}
    assert found.probability.intervals["macro"] == (1, 1)


def test_calibration_of_a_perfectly_calibrated_reader_is_near_zero():
    rng = np.random.default_rng(0)
    chance = rng.random(20_000)
    error, table = calibration(chance, rng.random(20_000) < chance)
    assert error < 0.02
    assert sum(count for *_, count in table) == 20_000
    assert calibration(np.full(100, 0.9), np.zeros(100, bool))[0] == pytest.approx(0.9)


def test_the_order_of_cases_does_not_matter_and_json_holds_everything():
    codes = [("NORM", "SR"), ("IMI", "AFIB"), ("CLBBB",), ("LVH", "PVC")] * 4
    cases = [case(k, c, right(codes[(k + 1) % 16]), patient=k // 2) for k, c in enumerate(codes)]
    found, shuffled = score(cases, BASELINE, QUICK), score(cases[::-1], BASELINE, QUICK)
    written = json.dumps(found.to_json(), sort_keys=True, allow_nan=False)
    assert written == json.dumps(shuffled.to_json(), sort_keys=True)
    back = Score.from_json(json.loads(written))
    assert json.dumps(back.to_json(), sort_keys=True) == written


def test_one_value_everywhere_is_scored_without_a_crash():
    found = score([case(k, reading=right(("NORM", "SR"))) for k in range(3)], BASELINE, QUICK)
    assert found.axis("rhythm").kappa == 0
    assert found.axis("rhythm").entropy_ratio is None
    assert found.probability is None


def test_nothing_to_score_and_a_foreign_score_are_told():
    with pytest.raises(FileError, match="no case"):
        score([], BASELINE)
    with pytest.raises(FileError, match="not a score"):
        Score.from_json({"n": 3})


def test_the_text_ceiling_stands_beside_its_axis():
    settings_ = ScoreSettings(draws=50, text_ceiling={"rate": (0.75, 1)})
    found = score([case(1, reading=right(("NORM", "SR")))], BASELINE, settings_)
    assert (found.axis("rate").text_ceiling, found.axis("rate").text_ceiling_n) == (0.75, 1)
    assert all(axis.text_ceiling is None for axis in found.axes if axis.axis != "rate")


def test_every_axis_is_scored():
    assert [axis.axis for axis in score([case(1)], BASELINE, QUICK).axes] == [axis.name for axis in AXES]
