"""Calibration and the areas of classes, by hand."""

import math

import numpy as np
import pytest

from bench.score.area import AreaTable, ClassScores, area_and_influence, area_table, average_precision, logit_interval
from bench.score.axis_score import answers_on
from bench.score.probability import axis_probabilities, calibration, probability_score
from bench.score.scored_case import ScoredCase
from taxonomy.axis import OTHER_FINDINGS, RHYTHM
from taxonomy.reading import Failure, Reading
from taxonomy.truth import Truth


def calibrated(*pairs):
    chance, true = zip(*pairs, strict=True)
    return calibration(np.array(chance), np.array(true, dtype=np.bool_))


def test_ten_bins_of_equal_width_by_hand():
    error, table = calibrated(
        (0.0, False), (0.09, True), (0.1, False), (0.55, True), (0.58, True), (0.9, True), (1, False)
    )
    assert table == (
        (0.045, 0.5, 2),
        (0.1, 0.0, 1),
        (0.565, 1.0, 2),
        (0.95, 0.5, 2),  # a certain one stands in the last bin
    )
    assert error == pytest.approx((2 * 0.455 + 0.1 + 2 * 0.435 + 2 * 0.45) / 7, abs=1e-6)


@pytest.mark.parametrize("number", range(10))
def test_each_bin_is_a_tenth(number):
    low, high = number / 10 + 1e-9, (number + 1) / 10 - 1e-9
    assert len(calibrated((low, True), (high, False))[1]) == 1
    assert len(calibrated((low, True), ((number + 0.95) / 10 - 0.1, False))[1]) == (2 if number else 1)


def test_too_sure_and_too_unsure_are_both_errors():
    assert calibrated((0.9, False), (0.2, True))[0] == pytest.approx((0.9 + 0.8) / 2)
    assert calibrated((1.0, True), (0.0, False))[0] == 0


def scores(true, chance, patients=None):
    shape = (len(true), -1)
    true, chance = np.array(true, np.int8).reshape(shape), np.array(chance, np.float64).reshape(shape)
    people = np.arange(len(true)) if patients is None else np.array(patients)
    return ClassScores("superclass", tuple("abcdef"[: true.shape[1]]), true, chance, people)


def found(*told, **more) -> AreaTable:
    table = area_table(scores(*told, **more))
    assert table is not None
    return table


def test_area_precision_and_f1_of_a_class_by_hand():
    """Ten positives of which one lies below every negative, and one as high as the threshold."""
    true = [1] * 10 + [0] * 10
    chance = [0.9] * 8 + [0.5, 0.1] + [0.2] * 9 + [0.5]
    one = found(true, chance).classes["a"]
    # Eight beat ten; that of 0.5 beats nine and ties with one; that of 0.1 beats none.
    assert one.auroc == pytest.approx((80 + 9.5) / 100)
    assert one.average_precision == pytest.approx(0.8 * 1 + 0.1 * 9 / 10 + 0.1 * 10 / 20)
    assert one.f1 == pytest.approx(2 * 9 / (10 + 10), abs=1e-6)
    assert one.interval[0] < one.auroc < one.interval[1]


def test_ten_of_either_are_enough_and_nine_are_not():
    for positives, negatives, known in ((10, 10, True), (9, 10, False), (10, 9, False)):
        one = found([1] * positives + [0] * negatives, np.linspace(1, 0, positives + negatives)).classes["a"]
        assert (one.positives, one.negatives) == (positives, negatives)
        assert (one.auroc, one.f1 is None) == ((1.0, False) if known else (None, True))


def test_neither_positive_nor_negative_counts_nowhere():
    true, chance = [1] * 10 + [0] * 10 + [-1] * 5, [0.8] * 10 + [0.3] * 10 + [0.95] * 5
    one = found(true, chance).classes["a"]
    assert (one.positives, one.negatives, one.auroc, one.f1) == (10, 10, 1, 1)


def test_a_class_that_does_not_occur_is_no_class_and_one_that_always_does_has_no_area():
    table = found([(0, 1)] * 12, [(0.3, 0.4)] * 12)
    assert set(table.classes) == {"b"}
    assert (table.classes["b"].negatives, table.classes["b"].auroc, table.macro, table.macro_of_all) == (
        0,
        None,
        None,
        None,
    )
    assert table.missing == ()


def test_the_macro_is_the_mean_of_its_classes():
    true = [(1, 0)] * 10 + [(0, 1)] * 10
    table = found(true, [(0.9, 0.7)] * 10 + [(0.2, 0.4)] * 10)
    assert (table.classes["a"].auroc, table.classes["b"].auroc) == (1, 0)
    assert (table.macro.classes, table.macro.auroc) == (2, 0.5)
    assert table.macro.average_precision == pytest.approx((1 + 0.5) / 2)
    assert table.macro.f1 == pytest.approx((1 + 0) / 2)
    assert table.without == 0 and table.n == 20


def test_a_case_without_any_probability_ranks_worst_and_is_counted():
    nan = math.nan
    table = found([1] * 11 + [0] * 11, [0.9] * 10 + [nan] + [0.1] * 10 + [nan])
    assert (table.n, table.without) == (22, 2)
    # Of 121 pairs the silent positive loses eleven and the silent negative wins against the other ten.
    assert table.classes["a"].auroc == pytest.approx(100 / 121, abs=1e-6)
    assert table.classes["a"].f1 == pytest.approx(2 * 10 / (11 + 11), abs=1e-6)


def test_the_influence_is_delongs_by_hand():
    area, influence = area_and_influence(np.array([True, True, False]), np.array([0.9, 0.3, 0.5]), np.array([0, 1, 1]))
    assert area == 0.5
    assert influence == pytest.approx([(1 - 0.5) / 2, (0 - 0.5) / 2 + (0.5 - 0.5) / 1])


def test_the_interval_of_an_area_by_hand():
    influence = np.array([0.1, -0.1, 0.05, -0.05])
    low, high = logit_interval(0.8, influence)
    half = 1.959964 * math.sqrt(0.025 * 4 / 3) / (0.8 * 0.2)
    assert low == pytest.approx(1 / (1 + math.exp(-(math.log(4) - half))), abs=1e-5)
    assert high == pytest.approx(1 / (1 + math.exp(-(math.log(4) + half))), abs=1e-5)
    assert logit_interval(1.0, influence) == (1, 1)
    assert logit_interval(0.0, influence) == (0, 0)
    assert logit_interval(0.8, np.array([0.1])) == (0.8, 0.8)
    assert logit_interval(0.8, np.array([0.01, -0.01]))[0] < 0.8


def test_average_precision_counts_ties_once():
    assert average_precision(np.array([True, False, True]), np.array([0.5, 0.5, 0.1])) == pytest.approx(
        0.5 * 0.5 + 0.5 * 2 / 3
    )


def rhythm(number, true, error=None, **chances):
    reading = Reading(probabilities={"rhythm": chances} if chances and error is None else {}, error=error)
    return ScoredCase(number, number, None, None, Truth({"rhythm": true}), reading)


def test_the_most_probable_value_of_an_axis_is_calibrated():
    cases = [
        rhythm(1, "sinus", sinus=0.7, paced=0.2),
        rhythm(2, "paced", sinus=0.6, paced=0.3),
        rhythm(3, "paced", paced=1.0),
        rhythm(4, "paced"),
        rhythm(5, "sinus", error=Failure("refusal", "no"), paced=0.8),
    ]
    got = axis_probabilities(answers_on(RHYTHM, cases, "sinus"))
    assert got.calibration_error == pytest.approx((0.3 + 0.6 + 0.0) / 3, abs=1e-6)
    assert (got.table.n, got.table.without) == (5, 2)
    assert got.auroc is None, "too few"


def test_a_value_that_is_left_out_beside_others_has_the_probability_0():
    cases = [rhythm(k, "sinus", sinus=1.0) for k in range(10)] + [rhythm(k, "paced", paced=0.9) for k in range(10, 20)]
    assert axis_probabilities(answers_on(RHYTHM, cases, "sinus")).table.classes["sinus"].auroc == 1
    assert axis_probabilities(answers_on(RHYTHM, cases, "sinus")).auroc == 1


def test_findings_have_areas_and_no_calibration():
    cases = [
        ScoredCase(
            k,
            k,
            None,
            None,
            Truth(
                {"other_findings": frozenset({"lvh"} if k < 10 else ())}, allowed=frozenset({"lvh"} if k > 19 else ())
            ),
            Reading(probabilities={"other_findings": {"lvh": 0.9 if k < 10 or k > 19 else 0.2}}),
        )
        for k in range(25)
    ]
    got = axis_probabilities(answers_on(OTHER_FINDINGS, cases, frozenset()))
    assert got.calibration_error is None
    one = got.table.classes["lvh"]
    assert (one.positives, one.negatives, one.auroc) == (10, 10, 1)


def test_no_probability_is_no_figure():
    cases = [rhythm(k, "sinus") for k in range(3)]
    assert axis_probabilities(answers_on(RHYTHM, cases, "sinus")).table is None
    assert axis_probabilities(answers_on(RHYTHM, cases, "sinus")).auroc is None
    assert probability_score(cases) is None


def superclass(number, codes, chances, error=None):
    truth = Truth({}, superclasses=frozenset(codes), statements=frozenset())
    reading = Reading(probabilities={} if error else {"superclass": chances}, error=error)
    return ScoredCase(number, number, None, None, truth, reading)


def test_pairs_of_record_and_superclass_are_calibrated():
    cases = [
        superclass(1, {"NORM"}, {"NORM": 0.75, "MI": 0.25}),
        superclass(2, {"MI", "CD"}, {"NORM": 0.25, "MI": 1.0}),
        superclass(3, {"NORM"}, {"NORM": 0.0}, Failure("quota", "spent")),
        superclass(4, (), {"NORM": 0.5}),
    ]
    got = probability_score(cases)
    assert got.reliability == ((0.25, 0.0, 2), (0.75, 1.0, 1), (1.0, 1.0, 1))
    assert got.calibration_error == pytest.approx((0.25 * 2 + 0.25) / 4)
    assert (got.superclass.n, got.superclass_of_all.n) == (2, 3)
    assert got.macro is None, "too few"
    assert got.superclass.missing == ("CD",)


def test_records_without_statements_are_in_no_area_of_statements():
    def record(number, statements):
        reading = Reading(probabilities={"statement": {"PVC": 0.9 if statements else 0.2}})
        return ScoredCase(number, number, None, None, Truth({}, statements=statements), reading)

    cases = [record(1, frozenset({"PVC"})), record(2, frozenset()), record(3, None)]
    assert probability_score(cases).statement.n == 2
