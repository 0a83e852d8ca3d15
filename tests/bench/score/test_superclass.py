"""Superclasses, danger and subgroups, by hand; and what of a case is its answer."""

from dataclasses import replace

import numpy as np
import pytest

from bench.score.scored_case import ScoredCase
from bench.score.superclass import AGE_BANDS, superclass_score
from taxonomy.danger import DangerTable, danger_table
from taxonomy.reading import Failure, Reading
from taxonomy.statement import SUPERCLASSES
from taxonomy.truth import Truth

CODES = {"NORM": "NORM", "MI": "IMI", "STTC": "NST_", "CD": "CLBBB", "HYP": "LVH"}
PLACE = {name: place for place, name in enumerate(SUPERCLASSES)}
STEPS = DangerTable("steps", "1", np.abs(np.subtract.outer(np.arange(5.0), np.arange(5.0))))
"""The danger is how many rows lie between the two."""


def case(ecg_id, true, said, patient=None, **more):
    truth = Truth({"diagnosis": CODES.get(true)}, superclass=true)
    reading = Reading(values={"diagnosis": CODES[said]} if said else {})
    return ScoredCase(ecg_id, patient or ecg_id, more.get("sex"), more.get("age"), truth, reading)


def scored(pairs, table=STEPS, **more):
    return superclass_score([case(k, *pair, **more) for k, pair in enumerate(pairs)], table, 200, 0)


ORDER = list(SUPERCLASSES)
PAIRS = [
    *[(ORDER[0], ORDER[0])] * 3,
    (ORDER[0], ORDER[4]),
    *[(ORDER[1], ORDER[1])] * 1,
    (ORDER[1], ORDER[0]),
    (ORDER[4], None),
]


def test_confusion_recall_and_danger_by_hand():
    found = scored(PAIRS)
    assert np.sum(found.confusion) == 7
    assert found.confusion[0] == (3, 0, 0, 0, 1, 0)
    assert found.confusion[1] == (1, 1, 0, 0, 0, 0)
    assert found.confusion[4] == (0, 0, 0, 0, 0, 1)
    assert found.balanced_accuracy == pytest.approx((3 / 4 + 1 / 2 + 0) / 3, abs=1e-6)
    # Specificities: one of three others is called the first, none of five the second, one of six the last.
    areas = ((3 / 4 + 2 / 3) / 2, (1 / 2 + 1) / 2, (0 + 5 / 6) / 2)
    assert found.hard_answer_auc == pytest.approx(np.mean(areas), abs=1e-6)
    # Four rows apart, one row, and no answer, which costs as much as the worst.
    assert found.overall.dwe == pytest.approx((4 + 1 + 4) / 7, abs=1e-6)
    assert (found.overall.n, found.overall.critical) == (7, 2)
    assert found.overall.critical_share == pytest.approx(2 / 7, abs=1e-6)
    assert found.overall.dwe_interval[0] < found.overall.dwe < found.overall.dwe_interval[1]
    assert found.overall.critical_interval[0] < 2 / 7 < found.overall.critical_interval[1]
    assert found.danger_table == "steps 1"
    assert found.groups == {}


def test_a_danger_of_three_is_critical():
    assert scored([(ORDER[0], ORDER[3]), (ORDER[0], ORDER[2])]).overall.critical == 1


def test_one_class_alone_has_no_specificity():
    found = scored([(ORDER[0], ORDER[0])] * 3)
    assert (found.balanced_accuracy, found.hard_answer_auc) == (1, 0.5)


def test_patients_are_resampled_and_not_records():
    found = scored(PAIRS, patient="one").overall
    assert found.dwe_interval == (found.dwe, found.dwe)


def test_failed_calls_and_records_without_a_superclass_are_left_out():
    cases = [case(1, ORDER[0], ORDER[0]), case(2, None, ORDER[0]), case(3, ORDER[1], ORDER[0])]
    broken = replace(cases[2], reading=Reading(error=Failure("crash", "boom")))
    refused = replace(cases[2], reading=Reading(error=Failure("refusal", "no")))
    assert superclass_score([*cases[:2], broken], STEPS, 20, 0).overall.n == 1
    assert superclass_score([*cases[:2], refused], STEPS, 20, 0).confusion[1][5] == 1
    assert superclass_score(cases[1:2], STEPS, 20, 0) is None


@pytest.mark.parametrize(
    ("age", "band"),
    [(39.9, "<40"), (40, "40-60"), (59.9, "40-60"), (60, "60-75"), (75, "60-75"), (75.1, ">75")],
)
def test_every_age_has_one_band(age, band):
    assert [name for name, holds in AGE_BANDS.items() if holds(age)] == [band]


def test_groups_are_scored_apart():
    cases = [
        case(1, ORDER[0], ORDER[0], sex="female", age=30.0),
        case(2, ORDER[0], ORDER[2], sex="male", age=None),
        case(3, ORDER[0], ORDER[1], sex="male", age=30.0),
    ]
    found = superclass_score(cases, STEPS, 50, 0)
    assert {name: (group.n, group.dwe) for name, group in found.groups.items()} == {
        "male": (2, 1.5),
        "female": (1, 0),
        "age <40": (2, 0.5),
    }


def test_the_answer_is_the_diagnosis_and_else_the_most_probable_superclass():
    chances = {"superclass": {"MI": 0.2, "CD": 0.6, "HYP": 0.2}}
    silent = replace(case(1, "MI", None), reading=Reading(probabilities=chances))
    assert silent.superclass() == "CD"
    assert replace(silent, reading=Reading(values={"diagnosis": "IMI"}, probabilities=chances)).superclass() == "MI"
    refused = replace(silent, reading=Reading(error=Failure("refusal", "no")))
    assert refused.superclass() is None
    assert case(1, "MI", None).superclass() is None


def test_an_answer_of_an_accepted_diagnosis_is_its_own_true_class():
    truth = Truth({"diagnosis": "IMI"}, superclass="MI", accepted={"diagnosis": frozenset({"IMI", "LVH"})})
    said = {name: replace(case(1, "MI", name), truth=truth).true_superclass() for name in (*CODES, None)}
    assert said == dict.fromkeys((*CODES, None), "MI") | {"HYP": "HYP"}


def test_what_was_not_asked_has_no_truth_and_an_error_no_answer():
    one = case(1, "MI", "MI")
    assert (one.true("diagnosis"), one.answer("diagnosis"), one.is_right("diagnosis")) == ("IMI", "IMI", True)
    assert (one.answer("normality"), one.true("rhythm")) == ("abnormal", None)
    assert replace(one, asked=frozenset({"rhythm"})).true("diagnosis") is None
    refused = replace(one, reading=Reading(error=Failure("refusal", "no")))
    assert (refused.answer("diagnosis"), refused.is_right("diagnosis")) == (None, False)


def test_the_table_that_is_shipped_fears_a_missed_infarction_most():
    found = superclass_score([case(1, "MI", "NORM"), case(2, "NORM", "NORM")], danger_table(), 20, 0)
    assert (found.overall.critical, found.overall.dwe) == (1, 1.5)
