"""What is said of rules whose behaviour is known, and of tests and figures given as such."""

import dataclasses
from random import Random

import pytest

from bench.evidence import verdict as words
from bench.evidence.axis_evidence import Ceilings, axis_evidence
from bench.evidence.figure import Figure, difference
from bench.evidence.knowledge import AxisTests, ShuffleTest, axis_tests, twice_median
from bench.evidence.verdict import Known, reasons, verdict
from taxonomy.axis import RHYTHM
from taxonomy.reading import Reading

from .asked import FAILED, asked, findings, truth_of

SHOWN = Known(n=64, answered=1.0, kappa=Figure(64, 0.0, (-0.05, 0.05)), knowable=0.21)


def reads(image, numbers, condition):
    return truth_of(image)


def copies(image, numbers, condition):
    return truth_of(numbers)


def prior(image, numbers, condition):
    return "sinus"


def refuses(image, numbers, condition):
    return None if image and numbers and image is not numbers else "sinus"


def both(image, numbers, condition):
    told = image if image and (numbers is None or image.ecg_id % 2) else numbers
    return truth_of(told)


def gross(image, numbers, condition):
    return "sinus" if truth_of(image) == "sinus" else "atrial_fibrillation"


def learnt(image, numbers, condition):
    return "sinus" if condition == "jittered" else truth_of(image)


def test_a_reader_of_the_trace_can_read_it_names_it_and_follows_it():
    assert findings(reads) == [words.NAMES, words.TRACE]


def test_a_reader_of_the_numbers_follows_them_and_can_infer_it():
    assert findings(copies) == [words.NUMBERS, words.INFERS]


def test_a_reader_of_both_follows_both():
    assert findings(both) == [words.NAMES, words.BOTH, words.INFERS]


def test_a_refusal_where_they_disagree_is_no_reading():
    assert findings(refuses) == [words.REFUSES]


def test_a_reader_that_says_one_thing_shows_nothing():
    assert findings(prior) == []


def test_who_calls_every_abnormal_ecg_the_same_names_nothing():
    found = findings(gross, n=400, abnormal=100)
    assert words.NAMES not in found
    assert words.READS in found


def test_what_a_small_shift_takes_away_came_from_elsewhere():
    """Even where it reads like a perfect reader in every other condition."""
    assert findings(learnt) == [words.ELSEWHERE]
    assert words.NAMES in findings(learnt, conditions="")


def test_being_right_where_nothing_is_shown_comes_from_elsewhere():
    cases, setting = asked(prior)
    leaking = tuple(
        dataclasses.replace(case, readings={**case.readings, "nothing": Reading(values={"rhythm": truth_of(case.own)})})
        for case in cases
    )
    (found,) = reasons(axis_tests([RHYTHM], leaking, setting)[0])
    assert (found.finding, found.condition) == (words.ELSEWHERE, "nothing")


def test_a_trace_reader_without_text_is_tested_on_the_blank_page():
    inputs = frozenset({"signal"})
    (found,) = axis_tests([RHYTHM], *asked(reads, inputs=inputs))
    assert found.elsewhere is not None and found.elsewhere.condition == "blank-image"
    assert found.follows_trace is None and found.follows_numbers is None and found.infers is None


def test_stored_statements_can_only_be_known():
    inputs = frozenset({"statements"})
    assert findings(reads, inputs=inputs) == [words.KNOWS]


def test_a_verdict_says_the_p_that_it_rests_on():
    cases, setting = asked(reads)
    (tests,) = axis_tests([RHYTHM], cases, setting)
    first, second = reasons(tests)
    assert first.p_holm == max(tests.reads.p_holm, tests.reads.names_p_holm)
    assert second.p_holm == tests.follows_trace.p_holm
    assert first.n == 60


def test_every_family_of_p_values_is_corrected_over_the_axes():
    cases, setting = asked(reads)
    axes = [dataclasses.replace(RHYTHM) for _ in range(3)]
    alone, *_ = axis_tests([RHYTHM], cases, setting)
    among = axis_tests(axes, cases, setting)
    for family in ("reads", "follows_trace", "knows"):
        assert getattr(among[0], family).p_holm == pytest.approx(3 * getattr(alone, family).p)
    assert among[0].reads.names_p_holm == pytest.approx(3 * alone.reads.names_p)


def test_several_draws_count_by_twice_their_median():
    assert twice_median([0.03]) == 0.03
    assert twice_median([0.9, 0.01, 0.02]) == pytest.approx(0.04)
    assert twice_median([0.9, 0.8, 0.7]) == 1.0


def test_failed_calls_are_left_out():
    def fails(image, numbers, condition):
        return FAILED if image and image.ecg_id % 3 == 0 and condition == "image-only" else truth_of(image)

    cases, setting = asked(fails)
    kept = tuple(
        dataclasses.replace(case, readings={k: v for k, v in case.readings.items() if v.outcome != "failed"})
        for case in cases
    )
    (found,) = axis_tests([RHYTHM], kept, setting)
    assert (found.knows.n, found.reads.n) == (60, 40)


def test_the_order_of_the_records_does_not_matter():
    cases, setting = asked(both)
    mixed = list(cases)
    Random(0).shuffle(mixed)
    answers = {case.own.ecg_id: {} for case in cases}
    one, other = (axis_evidence(some, [RHYTHM], setting, Ceilings(answers, {})) for some in (cases, mixed))
    assert one == other


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (SHOWN, words.PRIOR),
        (dataclasses.replace(SHOWN, kappa=Figure(64, 0.2, (-0.1, 0.4))), "cannot tell (n = 64, kappa 0.21 would show)"),
        (dataclasses.replace(SHOWN, knowable=None, n=3), "cannot tell (n = 3, too few to show anything)"),
        (dataclasses.replace(SHOWN, answered=0.4), words.SILENT),
        (dataclasses.replace(SHOWN, n=0), "no case"),
    ],
)
def test_without_a_finding_the_verdict_says_what_can_be_said(known, said):
    assert verdict((), known) == said


def test_findings_are_joined_in_one_line():
    test = ShuffleTest("crossed", 64, 9, 0.0, 20, 0.0, p_holm=0.0, names_p_holm=0.0)
    found = reasons(AxisTests(reads=test, follows_trace=test, follows_numbers=test, infers=test))
    assert verdict(found, SHOWN) == f"{words.NAMES}; {words.BOTH}; {words.INFERS}"


def test_a_refusal_needs_the_lower_end_of_the_interval():
    def at(low):
        return [one.finding for one in reasons(AxisTests(refusal=Figure(60, 0.3, (low, 0.4))))]

    assert at(0.2) == [words.REFUSES]
    assert at(0.19) == []


def test_a_difference_that_never_varies_has_an_interval_all_the_same():
    import numpy as np

    figure = difference(list(range(25)), np.ones(25), np.zeros(25))
    assert figure.value == 1.0
    assert figure.interval[0] < 0.95
