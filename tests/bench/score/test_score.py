import json
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from statsmodels.stats.multitest import multipletests

from bench.score import Score, ScoredCase, ScoreSettings, score
from bench.score import agreement as ag
from bench.score.area import area_and_influence, average_precision, logit_interval
from bench.score.axis_score import AxisScore, Majority
from bench.score.bootstrap import interval, resampled_sums
from bench.score.probability import calibration
from bench.score.proportion import tango
from bench.score.score import verdict
from readers.majority import majority_values
from taxonomy.axis import AXES
from taxonomy.error import FileError
from taxonomy.reading import Failure, Reading
from taxonomy.statement import SUPERCLASSES
from taxonomy.truth import Labels, Numbers, Truth, truth

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
@settings(max_examples=40)
def test_agreement_is_scikit_learns(pair):
    true, given_ = (np.array(part) for part in pair)
    recalls = metrics.recall_score(true, given_, labels=np.unique(true), average="macro", zero_division=0)
    labels = np.union1d(true, given_[given_ >= 0])
    assert ag.balanced_accuracy(true, given_) == pytest.approx(recalls)
    expected = metrics.f1_score(true, given_, labels=labels, average="macro", zero_division=0)
    assert ag.macro_f1(true, given_) == pytest.approx(expected)
    bits = metrics.mutual_info_score(true, given_) / np.log(2)
    assert ag.mutual_information(true, given_) == pytest.approx(bits, abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_is_statsmodels(p):
    with patch("gc.collect"):  # which statsmodels does at every call: half a second beside torch
        expected = multipletests(p, method="holm")[1].tolist()
    assert ag.holm(p) == pytest.approx(expected)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4, max_size=60))
@settings(max_examples=50)
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


def test_the_majority_reader_shows_nothing_and_never_beats_the_prior(population):
    cases = []
    for record in population.cohort():
        true = population.truth(record)
        cases.append(
            ScoredCase(record.ecg_id, record.patient_id, record.sex, record.age, true, Reading(values=BASELINE))
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
    assert found.probability.superclass.macro is None, "two records are too few for an area"
    assert found.probability.superclass.macro_of_all.auroc == 1


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


def told(ecg_id, values, true, patient=None, accepted=None, **more):
    """A case by its truth and answer alone."""
    given_truth = Truth(true, accepted=accepted or {}, circular=more.pop("circular", frozenset()))
    patient = ecg_id if patient is None else patient
    return ScoredCase(ecg_id, patient, "male", 50.0, given_truth, Reading(values=values), **more)


def diagnoses(said, true, **more):
    return [
        told(k, {"diagnosis": a}, {"diagnosis": t}, **more) for k, (a, t) in enumerate(zip(said, true, strict=True))
    ]


def test_the_baseline_is_the_better_of_the_two_majorities():
    abnormal_prior = {**BASELINE, "normality": "abnormal"}
    cases = diagnoses(["NORM"] * 30, ["NORM"] * 21 + ["IMI"] * 9)
    normality = score(cases, abnormal_prior, QUICK).normality
    assert (normality.baseline_trained, normality.baseline_here) == (Majority("abnormal", 0.3), Majority("normal", 0.7))
    assert (normality.baseline, normality.difference, normality.p) == (0.7, 0, 1)
    assert normality.verdict.startswith("nothing shown (n = 30")


def test_a_tie_of_majorities_goes_to_the_trained_one():
    cases = diagnoses(["NORM"] * 4, ["NORM", "NORM", "IMI", "IMI"])
    assert score(cases, {**BASELINE, "diagnosis": "NORM"}, QUICK).axis("diagnosis").baseline_value == "NORM"
    assert score(cases, {**BASELINE, "diagnosis": "IMI"}, QUICK).axis("diagnosis").baseline_value == "IMI"


def test_every_accepted_value_is_right_and_strict_figures_stand_beside():
    both = {"diagnosis": frozenset({"IMI", "LVH"})}
    cases = [told(k, {"diagnosis": "LVH"}, {"diagnosis": "IMI"}, accepted=both) for k in range(6)]
    cases += [told(k, {"diagnosis": "NORM"}, {"diagnosis": "NORM"}) for k in range(6, 12)]
    axis = score(cases, BASELINE, QUICK).axis("diagnosis")
    assert (axis.accuracy, axis.kappa, axis.balanced_accuracy, axis.macro_f1) == (1, 1, 1, 1)
    assert (axis.strict.accuracy, axis.strict.baseline, axis.strict.difference) == (0.5, 0.5, 0)
    # Strictly LVH fits nobody: right in half, and by chance NORM (said in half) fits half.
    assert axis.strict.kappa == pytest.approx((0.5 - 0.25) / 0.75)


def test_an_accepted_diagnosis_costs_nothing_and_is_its_own_true_class():
    both = {"diagnosis": frozenset({"IMI", "LVH"})}
    cases = [told(1, {"diagnosis": said}, {"diagnosis": "IMI"}, accepted=both) for said in ("LVH", "IMI", "NORM", None)]
    cases = [replace(one, ecg_id=k, truth=replace(one.truth, superclass="MI")) for k, one in enumerate(cases)]
    found = score(cases, BASELINE, QUICK).superclass
    assert found.overall.dwe == pytest.approx((0 + 0 + 3 + 3) / 4)
    assert found.confusion[SUPERCLASSES.index("HYP")][SUPERCLASSES.index("HYP")] == 1


def test_no_critical_error_of_25_is_not_known_to_be_none():
    found = score([case(k, reading=right(("NORM", "SR"))) for k in range(25)], BASELINE, QUICK)
    assert found.superclass.overall.critical_interval == (0, 0.137185)
    assert found.axis("diagnosis").accuracy_interval == (0.862815, 1)


def shown(**more):
    figures = {"n": 64, "unlabelled": 0, "failed": 0, "baseline_value": "none", "difference": 0.1, "p_holm": 0.5}
    return verdict(AxisScore("conduction", False, **{**figures, "knows_p_holm": 0.5, "knowable": 0.21, **more}))


def test_the_words_of_a_verdict():
    knows, below = {"knows_p_holm": 0.01}, {"p_holm": 0.01, "difference": -0.1}
    assert shown(**knows, p_holm=0.01) == "knows it, beats the prior"
    assert shown(**knows, **below) == "knows it, below the prior's accuracy"
    assert shown(**knows) == "knows it"
    assert shown() == "nothing shown (n = 64, could have shown kappa 0.21)"
    assert shown(knowable=None, n=2) == "nothing shown (n = 2, too few to show any)"
    assert shown(**below) == "nothing shown, below the prior's accuracy"
    assert shown(**knows, by_construction=True) == "by construction"
    assert shown(n=0, unlabelled=3) == "no case"
    assert shown(n=0) == "not asked"


def test_five_hundredths_are_not_enough():
    assert shown(knows_p_holm=0.05).startswith("nothing shown")
    assert shown(knows_p_holm=0.049) == "knows it"


def measured_cases(is_own):
    rates = ["normal"] * 20 + ["tachycardia"] * 20
    return [
        told(
            k,
            {"rate": rate, "diagnosis": "NORM" if k % 2 else "IMI"},
            {"rate": rate, "diagnosis": "NORM" if k % 3 else "IMI"},
            circular=frozenset({"rate"}) if is_own and k == 0 else frozenset(),
        )
        for k, rate in enumerate(rates)
    ]


def test_an_axis_that_holds_by_construction_enters_no_mean_and_no_correction():
    settings_ = ScoreSettings(draws=50, measured=frozenset({"rate"}))
    marked, plain = (score(measured_cases(own), BASELINE, settings_) for own in (True, False))
    rate = marked.axis("rate")
    assert (rate.verdict, rate.p_holm, rate.knows_p_holm, rate.accuracy) == ("by construction", None, None, 1)
    assert (marked.text_inferable, plain.text_inferable.axes) == (None, 1)
    assert plain.axis("rate").verdict == "knows it, beats the prior"
    diagnosis, alone = plain.axis("diagnosis"), marked.axis("diagnosis")
    assert alone.p_holm == alone.p
    assert diagnosis.p_holm == pytest.approx(min(1, diagnosis.p), abs=1e-6)
    assert diagnosis.knowable > alone.knowable  # one test more to pass


def test_a_reader_that_measured_nothing_is_not_marked():
    assert score(measured_cases(True), BASELINE, QUICK).axis("rate").verdict == "knows it, beats the prior"


def test_an_axis_that_is_not_offered_is_not_scored():
    cases = [replace(case(k), asked=frozenset({"rhythm"})) for k in range(3)]
    found = score(cases, BASELINE, QUICK)
    assert [axis.axis for axis in found.axes if axis.n] == ["rhythm"]
    assert {axis.verdict for axis in found.axes if not axis.n} == {"not asked"}
    assert (found.ischemia, found.normality) == (None, None)


def test_few_discordant_pairs_take_tangos_interval_and_many_the_bootstrap():
    few = score(diagnoses(["NORM"] * 40 + ["IMI"] * 10, ["NORM"] * 40 + ["IMI"] * 10), BASELINE, QUICK)
    assert few.axis("diagnosis").interval == tango(10, 0, 50)
    many = score(diagnoses(["NORM"] * 30 + ["IMI"] * 20, ["NORM"] * 30 + ["IMI"] * 20), BASELINE, QUICK)
    assert many.axis("diagnosis").interval != tango(20, 0, 50)
    assert many.axis("diagnosis").interval[0] == pytest.approx(0.26, abs=0.05)


def test_patients_with_several_records_weaken_the_test_against_the_baseline():
    said = true = ["NORM"] * 40 + ["IMI"] * 12
    alone = score(diagnoses(said, true), BASELINE, QUICK).axis("diagnosis")
    patients = [*range(40), *[100] * 6, *[101] * 6]
    cases = [replace(one, patient_id=p) for one, p in zip(diagnoses(said, true), patients, strict=True)]
    clustered = score(cases, BASELINE, QUICK).axis("diagnosis")
    assert (alone.p, clustered.p) == (pytest.approx(2 * 0.5**12, abs=1e-6), 0.5)
    assert (alone.knows_p, clustered.knows_p) == (pytest.approx(1 / 10_001, abs=1e-6), 1)


def test_answers_are_shuffled_within_the_fold():
    said = true = ["NORM"] * 20 + ["IMI"] * 20
    cases = [replace(one, fold=9 if k < 20 else 10) for k, one in enumerate(diagnoses(said, true))]
    assert score(cases, BASELINE, QUICK).axis("diagnosis").knows_p == 1


def test_the_headline_is_the_mean_kappa_of_the_independent_axes():
    codes = [("NORM", "SR"), ("IMI", "AFIB"), ("CLBBB", "SR"), ("LVH", "PVC", "SR")] * 10
    wrong = [codes[(k + k % 2) % 40] for k in range(40)]
    found = score([case(k, c, right(w)) for k, (c, w) in enumerate(zip(codes, wrong, strict=True))], BASELINE, QUICK)
    assert found.kappa.axes == ("rhythm", "conduction", "ischemia", "other_findings", "diagnosis")
    each = [found.axis(name).kappa for name in ("rhythm", "conduction", "other_findings", "diagnosis")]
    assert found.kappa.kappa == pytest.approx(np.mean([*each, found.ischemia.kappa]), abs=1e-6)
    low, high = found.kappa.interval
    assert low < found.kappa.kappa < high
    assert high - low < max(np.diff(axis.kappa_interval)[0] for axis in found.axes if axis.kappa_interval)


def test_an_axis_without_anything_abnormal_leaves_the_headline_its_interval():
    cases = [
        told(k, {"diagnosis": said, "rhythm": "sinus"}, {"diagnosis": "IMI" if k % 2 else "NORM", "rhythm": "sinus"})
        for k, said in enumerate(["NORM", "IMI", "NORM", "NORM"] * 8)
    ]
    found = score(cases, BASELINE, QUICK)
    assert (found.axis("rhythm").kappa, found.axis("rhythm").kappa_interval) == (0, (0, 0))
    assert found.kappa.interval[0] < found.kappa.kappa < found.kappa.interval[1]


def test_the_headline_leaves_out_what_holds_by_construction():
    true = {"rhythm": "sinus", "diagnosis": "IMI"}
    cases = [told(k, true, true, circular=frozenset({"rhythm"})) for k in range(4)]
    found = score(cases, BASELINE, ScoreSettings(draws=20, measured=frozenset({"rhythm"})))
    assert found.kappa.axes == ("diagnosis",)


def test_kappas_interval_is_that_of_a_bootstrap_of_patients():
    rng = np.random.default_rng(2)
    true = rng.choice(["NORM", "IMI", "LVH"], 120).tolist()
    said = [t if rng.random() < 0.5 else "NORM" for t in true]
    patients = rng.integers(0, 70, 120)
    cases = [replace(one, patient_id=int(p)) for one, p in zip(diagnoses(said, true), patients, strict=True)]
    found = score(cases, BASELINE, ScoreSettings(draws=2000)).axis("diagnosis").kappa_interval
    kappas = []
    for _ in range(250):
        drawn = np.concatenate(
            [np.flatnonzero(patients == p) for p in rng.choice(np.unique(patients), len(np.unique(patients)))]
        )
        kappas.append(metrics.cohen_kappa_score(np.array(true)[drawn], np.array(said)[drawn]))
    assert found == pytest.approx(np.quantile(kappas, [0.025, 0.975]), abs=0.03)


@pytest.mark.parametrize("n", [2, 6, 40])
def test_every_answer_right_is_no_kappa_of_one_for_certain(n):
    true = ["NORM", "IMI"] * (n // 2)
    found = score(diagnoses(true, true), BASELINE, QUICK)
    low, high = found.axis("diagnosis").kappa_interval
    least = 0.025 ** (1 / n)
    assert (low, high) == (pytest.approx((least - 0.5) / 0.5, abs=1e-6), 1)
    assert found.kappa.interval == (low, high)


def test_what_restates_axes_is_corrected_over_them_and_leaves_them_as_they_are():
    rng = np.random.default_rng(0)
    values = [{"diagnosis": d, "rhythm": "sinus"} for d in rng.choice(["NORM", "IMI"], 40)]
    said = [{"diagnosis": "IMI" if rng.random() < 0.55 else "NORM", "rhythm": "sinus"} for _ in values]
    found = score([told(k, *one) for k, one in enumerate(zip(said, values, strict=True))], BASELINE, QUICK)
    normality, diagnosis = found.normality, found.axis("diagnosis")
    assert normality.knows_p == pytest.approx(diagnosis.knows_p, abs=0.02)
    assert diagnosis.knows_p_holm == pytest.approx(2 * diagnosis.knows_p, abs=1e-5)  # diagnosis and rhythm
    assert normality.knows_p_holm > 1.9 * normality.knows_p  # with those two, three


def test_stage_and_territory_are_one_answer():
    pairs = frozenset({"acute inferior", "old anterior"})
    true = {"ischemia_stage": "acute", "ischemia_territory": "inferior"}
    accepted = {
        "ischemia_stage": frozenset({"acute", "old"}),
        "ischemia_territory": frozenset({"inferior", "anterior"}),
        "ischemia": pairs,
    }
    mixed = told(1, {"ischemia_stage": "acute", "ischemia_territory": "anterior"}, true, accepted=accepted)
    other = told(2, {"ischemia_stage": "old", "ischemia_territory": "anterior"}, true, accepted=accepted)
    refused = told(3, {}, true, accepted=accepted)
    refused = replace(refused, reading=Reading(error=Failure("refusal", "no")))
    found = score([mixed, other, refused], BASELINE, QUICK)
    assert found.axis("ischemia_stage").accuracy == pytest.approx(2 / 3, abs=1e-6)
    assert found.ischemia.accuracy == pytest.approx(1 / 3, abs=1e-6)
    assert found.ischemia.no_answer == {"refusal": 1}


def test_findings_that_may_stand_count_neither_way():
    truth_ = Truth({"other_findings": frozenset({"lvh"})}, allowed=frozenset({"rbbb", "lvh"}))
    reading = Reading(values={"other_findings": frozenset({"lvh", "rbbb"})})
    axis = score([ScoredCase(1, 1, None, None, truth_, reading)], BASELINE, QUICK).axis("other_findings")
    assert (axis.accuracy, axis.micro_f1, axis.strict.accuracy) == (1, 1, 0)


def test_repeats_are_right_by_the_accepted_values():
    both = {"diagnosis": frozenset({"IMI", "LVH"})}
    cases = [told(k, {"diagnosis": "IMI"}, {"diagnosis": "IMI"}, accepted=both) for k in range(25)]
    again = [Reading(values={"diagnosis": value}) for value in ("LVH", "LVH", "IMI")]
    (axis,) = score(cases, BASELINE, QUICK, dict.fromkeys(range(25), again)).repeats.axes
    assert (axis.accuracy, axis.vote) == (1, 1)
    assert axis.vote_interval == (0.862815, 1)
    assert axis.agreement == pytest.approx(1 / 3, abs=1e-6)


def test_a_score_of_an_earlier_taxonomy_is_told_in_one_sentence():
    with pytest.raises(FileError, match=r"not a score of taxonomy 2\.1\.0 but of 1\.1\.0: 'bench score RUN'"):
        Score.from_json({"n": 3, "taxonomy_version": "1.1.0"})


def test_the_whole_score_says_what_is_known():
    found = score(measured_cases(False), BASELINE, QUICK)
    assert repr(found).startswith("<Score of 40 ECGs: knows 1 of 2 axes, mean kappa")
