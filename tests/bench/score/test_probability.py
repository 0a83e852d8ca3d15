import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from bench.report.probability_page import probability_lines, probability_parts
from bench.score.area import ClassScores, area_table
from bench.score.axis_score import answers_on
from bench.score.probability import axis_probabilities, probability_score
from bench.score.scored_case import ScoredCase
from taxonomy.axis import OTHER_FINDINGS, RHYTHM
from taxonomy.reading import Failure, Reading
from taxonomy.statement import SUPERCLASSES
from taxonomy.truth import Labels, truth


def scores(true, chance, names=("a",)):
    shape = (len(true), len(names))
    return ClassScores(
        "superclass",
        names,
        np.array(true, dtype=np.int8).reshape(shape),
        np.array(chance, dtype=np.float64).reshape(shape),
        np.arange(len(true)),
    )


def case(ecg_id, codes, chances=None, error=None):
    reading = Reading(probabilities=chances or {}, error=error)
    return ScoredCase(ecg_id, ecg_id, "male", 50.0, truth(Labels(dict.fromkeys(codes, 100.0))), reading)


def superclasses(**chances):
    return {"superclass": dict.fromkeys(SUPERCLASSES, 0.1) | chances}


rows = st.lists(st.tuples(st.booleans(), st.sampled_from((0.0, 0.2, 0.5, 0.7, 1.0)), st.booleans()), min_size=1)


@given(rows)
def test_leaving_rows_out_never_helps(drawn):
    more = [(True, 0.5, True)] * 10 + [(False, 0.5, True)] * 10
    true, chance, kept = zip(*(more + drawn), strict=True)
    whole = area_table(scores(true, chance)).classes["a"]
    thinned = area_table(scores(true, np.where(kept, chance, np.nan))).classes["a"]
    assert thinned.auroc <= whole.auroc
    assert thinned.average_precision <= whole.average_precision + 1e-6
    assert thinned.f1 <= whole.f1


def test_the_figures_of_a_class_are_scikit_learns():
    rng = np.random.default_rng(0)
    true, chance = rng.random(200) < 0.3, rng.random(200).round(1)
    found = area_table(scores(true, chance))
    one = found.classes["a"]
    assert one.auroc == pytest.approx(metrics.roc_auc_score(true, chance), abs=1e-6)
    assert one.average_precision == pytest.approx(metrics.average_precision_score(true, chance), abs=1e-6)
    assert one.f1 == pytest.approx(metrics.f1_score(true, chance >= 0.5), abs=1e-6)
    assert (one.positives, one.negatives) == (true.sum(), 200 - true.sum())
    assert found.macro == found.macro_of_all
    assert found.macro.auroc == one.auroc


def test_a_class_with_nine_positives_is_withheld_and_stays_in_the_macro_with_rare_ones_alone():
    true = [(k < 9, k < 10, k >= 35) for k in range(40)]
    chance = [(k < 9, k >= 10, k % 2) for k in range(40)]
    found = area_table(scores(true, chance, ("rare", "enough", "rarer")))
    assert found.classes["rare"].auroc is None
    assert found.classes["rare"].positives == 9
    assert found.classes["enough"].auroc == 0
    assert (found.macro.classes, found.macro.auroc) == (1, 0)
    assert (found.macro_of_all.classes, found.macro_of_all.auroc) == (
        3,
        pytest.approx((1 + 0 + 97.5 / 175) / 3, abs=1e-6),
    )


def test_a_class_with_nine_negatives_is_withheld():
    true = [k >= 9 for k in range(40)]
    assert area_table(scores(true, [0.5] * 40)).classes["a"].auroc is None


def test_a_class_without_probabilities_is_named_and_refuses_the_published_macro():
    true = [(k % 2, k % 3 == 0) for k in range(60)]
    found = area_table(scores(true, [(k % 2, np.nan) for k in range(60)], ("a", "b")))
    assert found.missing == ("b",)
    assert found.macro.classes == 1
    assert found.macro_of_all is None
    assert area_table(scores(true, [(np.nan, np.nan)] * 60, ("a", "b"))) is None


def test_a_refusal_ranks_worst_and_a_failed_call_is_left_out():
    good = [case(k, ("NORM",), superclasses(NORM=0.9)) for k in range(20)]
    good += [case(k, ("IMI",), superclasses(MI=0.9)) for k in range(20, 40)]
    assert probability_score(good).superclass.classes["NORM"].auroc == 1
    refused = probability_score([*good, case(50, ("NORM",), error=Failure("refusal", "no"))]).superclass
    assert refused.classes["NORM"].auroc == pytest.approx(20 / 21, abs=1e-6)
    assert refused.classes["MI"].auroc == pytest.approx(20 / 21, abs=1e-6)
    assert (refused.n, refused.without) == (41, 1)
    failed = probability_score([*good, case(50, ("NORM",), error=Failure("quota", "spent"))]).superclass
    assert (failed.n, failed.classes["NORM"].auroc) == (40, 1)


def test_records_without_a_diagnosis_are_negatives_of_every_superclass_in_the_second_table():
    cases = [case(k, ("NORM",), superclasses(NORM=0.9)) for k in range(20)]
    cases += [case(k, ("IMI",), superclasses(MI=0.9)) for k in range(20, 40)]
    cases += [case(k, ("SR",), superclasses(NORM=1.0)) for k in range(40, 45)]
    found = probability_score(cases)
    assert (found.superclass.n, found.superclass_of_all.n) == (40, 45)
    assert found.superclass.classes["NORM"].auroc == 1
    assert found.superclass_of_all.classes["NORM"].auroc == pytest.approx(0.8)
    said = dict(probability_lines(found))
    assert said["superclass macro AUROC"].endswith("2 classes, n = 40 with a diagnosis")
    assert said["  over every record"].endswith("2 classes, n = 45")


def rhythms(k, **chances):
    return case(k, ("SR" if k < 30 else "AFIB", "NORM"), {"rhythm": chances})


def test_one_case_without_probabilities_does_not_silence_the_axis():
    cases = [rhythms(k, sinus=0.9 if k < 30 else 0.2, atrial_fibrillation=0.1 if k < 30 else 0.8) for k in range(60)]
    found = axis_probabilities(answers_on(RHYTHM, cases, "sinus"))
    assert found.auroc == 1
    assert found.calibration_error == pytest.approx(0.15)
    cases.append(case(100, ("AFIB", "NORM")))
    found = axis_probabilities(answers_on(RHYTHM, cases, "sinus"))
    assert found.auroc == pytest.approx(30 / 31, abs=1e-6)
    assert found.calibration_error == pytest.approx(0.15)


def test_a_value_that_is_right_without_being_primary_is_no_negative():
    """Sinus rhythm and sinus arrhythmia stand for each other."""
    codes = ["SR"] * 20 + ["SARRH"] * 20 + ["AFIB"] * 20
    chances = {"SR": (0.2, 0.8), "SARRH": (0.2, 0.8), "AFIB": (0.0, 0.1)}
    cases = [
        case(k, (code,), {"rhythm": {"sinus": chances[code][0], "sinus_arrhythmia": chances[code][1]}})
        for k, code in enumerate(codes)
    ]
    table = axis_probabilities(answers_on(RHYTHM, cases, "sinus")).table
    assert (table.classes["sinus"].positives, table.classes["sinus"].negatives) == (20, 20)
    assert table.classes["sinus"].auroc == table.classes["sinus_arrhythmia"].auroc == 1
    assert table.missing == ("atrial_fibrillation",)


def test_statements_and_sets_have_areas_and_the_page_says_what_is_withheld():
    codes = [("NORM",)] * 20 + [("NORM", "PVC")] * 20 + [("LVH",)]
    cases = [
        case(
            k,
            said,
            {
                "statement": {"PVC": float("PVC" in said), "LVH": 0.2},
                "other_findings": {"premature_ventricular": float("PVC" in said), "lvh": 0.1},
            },
        )
        for k, said in enumerate(codes)
    ]
    on_axes = [axis_probabilities(answers_on(axis, cases, "none")) for axis in (RHYTHM, OTHER_FINDINGS)]
    found = probability_score(cases, on_axes)
    assert found.statement.classes["PVC"].auroc == 1
    assert found.statement.missing == ("NORM",)
    assert [table.of for table in found.axes] == ["other_findings"]
    assert found.axes[0].classes["premature_ventricular"].auroc == 1
    assert found.calibration_error is not None
    said = "\n".join(probability_parts(found))
    assert "withheld (1 positive)" in said
    assert "No probability of NORM: the macro is over the classes given." in said
    assert ("  not in the macro, no probability", "NORM") in probability_lines(found)
