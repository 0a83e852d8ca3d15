"""Findings per ECG, macro-F1 and the share of the head labels come out as they must for readers of known behaviour."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from bench.run.scoring import scored_cases
from bench.score.label_figures import head_labels, label_figures
from bench.view import QuestionKey
from readers.control import ABNORMAL
from readers.majority import majority_values
from taxonomy.axis import AXES, AXIS_NAMES, DIAGNOSIS
from taxonomy.reading import Failure, Reading

COUNTED = ("rate", "rhythm", "axis", "conduction", "ischemia_stage")
SINGLE = [axis.name for axis in AXES if not axis.is_set]


@pytest.fixture(scope="module")
def cohort(population):
    return population.cohort("test")


@pytest.fixture(scope="module")
def heads(population):
    return head_labels(list(population.cohort("train").truths().values()))


@pytest.fixture(scope="module")
def figures_of(cohort, heads):
    """Returns the figures of a reader that answers so on a record's truth."""

    def figures(answer, form="", strict=False):
        readings = {
            QuestionKey(record.ecg_id): Reading(values=answer(cohort.truth(record).values)) for record in cohort
        }
        cases = scored_cases(readings, cohort, form)
        if strict:
            cases = [replace(case, truth=case.truth.strict) for case in cases]
        return label_figures(cases, cohort.dataset.baselines, heads, draws=200)

    return figures


def truths(cohort):
    return [cohort.truth(record).values for record in cohort]


def labels_of(value):
    return value if isinstance(value, frozenset) else frozenset({value} if value else ())


def abnormal(values):
    """Count the findings of an ECG another way: those of five axes that are not normal, and each other finding."""
    negative = {axis.name: axis.negative for axis in AXES}
    usual = sum(values.get(axis) not in (None, negative[axis]) for axis in COUNTED)
    return usual + len(values.get("other_findings") or ())


def test_the_majority_names_no_finding_and_the_head_alone(figures_of, cohort):
    found = figures_of(lambda truth: majority_values(), strict=True)
    assert found.findings.answered == 0
    assert found.findings.true == pytest.approx(np.mean([abnormal(one) for one in truths(cohort)]), abs=1e-6)
    assert found.head_share.answered == 1 > found.head_share.true
    low, high = found.head_share.interval
    assert 0 < low <= found.head_share.difference <= high
    f1 = []
    for axis in AXES:
        values = [one[axis.name] for one in truths(cohort) if one[axis.name] is not None]
        counts = Counter(label for value in values for label in labels_of(value))
        usual = labels_of(majority_values()[axis.name])
        f1 += [2 * n / (len(values) + n) if label in usual else 0.0 for label, n in counts.items()]
    assert found.labels == len(f1)
    assert found.macro_f1 == pytest.approx(np.mean(f1), abs=1e-6)
    low, high = found.macro_f1_interval
    assert low < found.macro_f1 < high  # rare labels, which many resamples do not hold, do not shift it


def test_one_that_knows_every_truth_has_the_figures_of_the_truth(figures_of):
    found = figures_of(lambda truth: truth)
    assert found.macro_f1 == 1 and found.macro_f1_interval == (1, 1)
    for beside in (found.findings, found.head_share, *found.head_by_axis.values()):
        assert beside.answered == beside.true and beside.difference == 0 and beside.interval == (0, 0)


def test_one_that_takes_every_accepted_alternative_is_right_everywhere(cohort, heads):
    """Where the labels support two values, either is right: the label that is primary is found."""
    readings, others = {}, 0
    for record in cohort:
        truth = cohort.truth(record)
        values = dict(truth.values)
        for axis in SINGLE:
            other = sorted(value for value in truth.accepted.get(axis, ()) if value != values[axis])
            values[axis] = other[0] if other else values[axis]
            others += bool(other)
        readings[QuestionKey(record.ecg_id)] = Reading(values=values)
    assert others > 10
    assert label_figures(scored_cases(readings, cohort, ""), cohort.dataset.baselines, heads, draws=50).macro_f1 == 1


def test_one_that_always_names_the_same_abnormal_values_has_as_many_findings_and_a_share_of_heads(
    figures_of, cohort, heads
):
    found = figures_of(lambda truth: ABNORMAL)
    assert found.findings.answered == abnormal(ABNORMAL) == 6
    outside = [name for name in heads if not labels_of(ABNORMAL[name]) & frozenset(heads[name])]
    assert {"conduction", "diagnosis"} & set(outside)
    assert all(found.head_by_axis[name].answered == (name not in outside) for name in heads)
    sizes = {name: sum(one[name] is not None for one in truths(cohort)) for name in heads}
    inside = sum(size for name, size in sizes.items() if name not in outside)
    assert found.head_share.answered == pytest.approx(inside / sum(sizes.values()), abs=1e-6)


def test_a_flat_answer_has_the_head_of_its_one_axis_and_no_findings(figures_of, cohort, heads):
    found = figures_of(lambda truth: {"diagnosis": heads["diagnosis"][0]}, form="flat")
    own = [one["diagnosis"] for one in truths(cohort) if one["diagnosis"]]
    share = np.mean([value in heads["diagnosis"] for value in own])
    assert found.findings is None and list(found.head_by_axis) == ["diagnosis"]
    assert found.head_share.answered == 1 and found.head_share.true == pytest.approx(share, abs=1e-6)


def test_normal_against_abnormal_has_two_labels_and_no_tail(figures_of):
    found = figures_of(lambda truth: {"normality": "normal"}, form="binary", strict=True)
    assert found.labels == 2 and found.head_share is None and found.findings is None


def test_macro_f1_is_scikit_learns_where_one_value_is_right(figures_of, cohort):
    chance = random.Random(0)
    values = {axis.name: axis.values for axis in AXES}

    def guess(truth):
        return {name: truth[name] if chance.random() < 0.5 else chance.choice(values[name]) for name in SINGLE}

    guesses = {id(one): guess(one) for one in truths(cohort)}
    ordered = iter([guesses[id(one)] for one in truths(cohort)])
    found = figures_of(lambda truth: next(ordered), strict=True)
    f1 = []
    for name in SINGLE:
        pairs = [(one[name], guesses[id(one)][name]) for one in truths(cohort) if one[name] is not None]
        counts = Counter(true for true, _ in pairs)
        true, said = [true for true, _ in pairs], [value or "" for _, value in pairs]
        f1 += list(f1_score(true, said, labels=sorted(counts), average=None, zero_division=0))
    findings = Counter(label for one in truths(cohort) for label in labels_of(one["other_findings"]))
    f1 += [0.0] * len(findings)
    assert found.labels == len(f1) and found.macro_f1 == pytest.approx(np.mean(f1), abs=1e-6)


def test_failed_calls_take_no_part_and_missing_answers_count(cohort, heads):
    readings = {
        QuestionKey(record.ecg_id): (
            Reading(error=Failure("transport", "no network"))
            if n % 3 == 0
            else Reading(values=cohort.truth(record).values)
            if n % 3 == 1
            else Reading(error=Failure("refusal", "no"))
        )
        for n, record in enumerate(cohort)
    }
    found = label_figures(scored_cases(readings, cohort), cohort.dataset.baselines, heads, draws=200)
    assert 0.3 < found.macro_f1 < 1
    assert found.findings.answered < found.findings.true
    nothing = {key: Reading(error=Failure("refusal", "no")) for key in readings}
    found = label_figures(scored_cases(nothing, cohort), cohort.dataset.baselines, heads, draws=200)
    assert found.head_share.answered is None and found.head_share.interval is None
    assert found.macro_f1 == 0 and found.findings.answered == 0


def test_the_head_is_what_training_has_most(population, heads):
    values = [one.values["diagnosis"] for one in population.cohort("train").truths().values()]
    expected = [name for name, _ in Counter(value for value in values if value).most_common(2)]
    assert list(heads["diagnosis"]) == expected
    assert heads.keys() <= set(AXIS_NAMES) and DIAGNOSIS.name in heads
