"""The figures of one axis, by hand."""

from dataclasses import replace

import pytest

from bench.score import ScoredCase, ScoreSettings, score
from bench.score.axis_score import AxisScore, Majority, answers_on, axis_score, majority_here, value_in_words
from bench.score.score import corrected, verdict
from readers.majority import majority_values
from taxonomy.axis import CONDUCTION, ISCHEMIA, OTHER_FINDINGS, RHYTHM
from taxonomy.reading import Failure, Reading
from taxonomy.truth import Truth

FAILED = Failure("transport", "no connection")
REFUSED = Failure("refusal", "no")


def case(ecg_id, true, said, patient=None, error=None, **more):
    truth = Truth({"rhythm": true}, **more)
    reading = Reading(values={} if said is None or error else {"rhythm": said}, error=error)
    return ScoredCase(ecg_id, patient or ecg_id, None, None, truth, reading)


def rhythm(cases, trained="sinus"):
    return axis_score(answers_on(RHYTHM, cases, trained))


PAIRS = [("sinus", "sinus")] * 4 + [("paced", "paced")] * 2 + [("paced", "sinus"), ("sinus", "paced"), ("paced", None)]


def test_figures_by_hand():
    found = rhythm([case(k, *pair) for k, pair in enumerate(PAIRS)])
    assert (found.n, found.unlabelled, found.failed) == (9, 0, 0)
    assert found.accuracy == pytest.approx(6 / 9, abs=1e-6)
    assert (found.baseline_value, found.baseline) == ("sinus", pytest.approx(5 / 9, abs=1e-6))
    assert found.difference == pytest.approx(1 / 9, abs=1e-6)
    assert (found.s, found.names_n) == (2, 4)
    assert found.p == 1  # two wins, one loss
    assert found.kappa == pytest.approx((54 - 37) / (81 - 37), abs=1e-6)  # by chance (5 * 5 + 3 * 4) / 81
    assert found.balanced_accuracy == pytest.approx((4 / 5 + 2 / 4) / 2)
    assert found.macro_f1 == pytest.approx((8 / 10 + 4 / 7) / 2, abs=1e-6)
    assert found.micro_f1 is None
    assert found.top_two_share == pytest.approx(8 / 9, abs=1e-6)
    assert found.no_answer == {"missing": 1}
    assert found.strict.accuracy == found.accuracy and found.strict.kappa == found.kappa
    assert (found.strict.baseline, found.strict.difference) == (found.baseline, found.difference)


def test_failed_and_unlabelled_cases_are_counted_and_not_scored():
    cases = [case(1, "sinus", "sinus"), case(2, None, "sinus"), case(3, "paced", "paced", error=FAILED)]
    cases += [case(4, "paced", "paced", error=REFUSED), case(5, None, None, error=FAILED)]
    answers = answers_on(RHYTHM, cases, "sinus")
    assert (answers.unlabelled, answers.failed, answers.position.tolist()) == (2, 1, [0, 3])
    assert rhythm(cases).accuracy == 0.5
    assert rhythm(cases).no_answer == {"refusal": 1}
    nothing = rhythm(cases[1:3])
    assert (nothing.n, nothing.unlabelled, nothing.failed, nothing.accuracy) == (0, 1, 1, None)
    assert (nothing.names_n, nothing.text_ceiling_n, nothing.by_construction) == (0, 0, False)


def test_the_answers_entropy_stands_to_the_truths():
    found = rhythm([case(k, *pair) for k, pair in enumerate([("sinus", "paced"), ("paced", "paced")] * 2)])
    assert (found.entropy_ratio, found.mutual_information) == (0, 0)
    other = rhythm([case(k, true, true) for k, true in enumerate(["sinus", "paced"] * 2)])
    assert (other.entropy_ratio, other.mutual_information, other.top_two_share) == (1, 1, 1)


def test_wins_and_losses_are_those_of_discordant_cases():
    answers = answers_on(RHYTHM, [case(k, *pair) for k, pair in enumerate(PAIRS)], "sinus")
    assert answers.discordant == (2, 1)


def test_a_patients_gains_are_tossed_together():
    cases = [case(k, "paced", "paced", patient="one") for k in range(4)] + [
        case(k, "sinus", "sinus") for k in range(10, 16)
    ]
    assert rhythm(cases).p == 1
    assert rhythm([replace(one, patient_id=one.ecg_id) for one in cases]).p == pytest.approx(2 / 2**4)


def test_the_majority_here_is_what_most_truths_accept():
    both = Truth({"rhythm": "paced"}, accepted={"rhythm": frozenset({"paced", "atrial_flutter"})})
    flutter = Truth({"rhythm": "atrial_flutter"})
    sinus = Truth({"rhythm": "sinus"})
    assert majority_here(RHYTHM, [both, flutter, sinus], "sinus") == "atrial_flutter"
    assert majority_here(RHYTHM, [both, sinus], "sinus") == "sinus", "the trained one wins a tie"
    assert majority_here(RHYTHM, [both], "sinus") == "atrial_flutter", "then the first by name"
    found = rhythm([case(1, "paced", "sinus"), case(2, "sinus", "sinus"), case(3, "paced", "sinus")])
    assert (found.baseline_trained, found.baseline_here) == (Majority("sinus", 0.333333), Majority("paced", 0.666667))
    assert (found.baseline_value, found.difference) == ("paced", pytest.approx(-1 / 3, abs=1e-6))


def test_a_set_is_shown_as_its_findings():
    assert value_in_words(frozenset({"rvh", "lvh"})) == "lvh + rvh"
    assert value_in_words(frozenset()) == "no finding"
    assert value_in_words("sinus") == "sinus"


def findings(ecg_id, true, said, allowed=()):
    truth = Truth({"other_findings": frozenset(true)}, allowed=frozenset(allowed))
    reading = Reading(values={} if said is None else {"other_findings": frozenset(said)})
    return ScoredCase(ecg_id, ecg_id, None, None, truth, reading)


def test_micro_f1_by_hand():
    cases = [
        findings(1, {"lvh", "rvh"}, {"lvh", "long_qt"}),
        findings(2, (), {"long_qt"}, allowed={"long_qt"}),
        findings(3, {"lvh"}, {"lvh"}, allowed={"lvh"}),
        findings(4, {"lvh"}, None),
    ]
    found = axis_score(answers_on(OTHER_FINDINGS, cases, frozenset()))
    assert found.micro_f1 == pytest.approx(2 * 2 / (3 + 4), abs=1e-6)
    assert (found.accuracy, found.balanced_accuracy, found.macro_f1) == (0.5, None, None)
    assert found.no_answer == {"missing": 1}
    nothing = axis_score(answers_on(OTHER_FINDINGS, [findings(1, (), ())], frozenset()))
    assert (nothing.micro_f1, nothing.accuracy, nothing.entropy_ratio) == (1, 1, None)


def test_an_unreadable_part_makes_the_whole_answer_unreadable():
    truth = Truth({"ischemia": "acute inferior"})
    reading = Reading(values={"ischemia_stage": "acute"}, problems={"ischemia_territory": "no value 'below'"})
    found = axis_score(answers_on(ISCHEMIA, [ScoredCase(1, 1, None, None, truth, reading)], "none"))
    assert found.no_answer == {"unreadable": 1}
    other = replace(reading, problems={"rhythm": "no value"})
    found = axis_score(answers_on(ISCHEMIA, [ScoredCase(1, 1, None, None, truth, other)], "none"))
    assert found.no_answer == {"missing": 1}


def axis(name, **figures):
    more = {"n": 50, "unlabelled": 0, "failed": 0, "baseline_value": "none", "difference": 0.2, "names_n": 20}
    return AxisScore(name, False, **{**more, **figures})


def test_the_correction_is_over_the_axes_that_have_cases_and_were_not_made_of_the_measurement():
    axes = [
        axis("rhythm", p=0.01, knows_p=0.02, names_p=0.03),
        axis("conduction", p=0.02, knows_p=0.03, names_p=None),
        axis("rate", p=0.0, knows_p=0.0, names_p=0.0, by_construction=True),
        axis("axis", n=0),
    ]
    found = {one.axis: one for one in corrected(axes)}
    assert (found["rhythm"].p_holm, found["conduction"].p_holm) == (0.02, 0.02)
    assert (found["rhythm"].knows_p_holm, found["conduction"].knows_p_holm) == (0.04, 0.04)
    assert (found["rhythm"].names_p_holm, found["conduction"].names_p_holm) == (0.03, None)
    assert (found["rate"].p_holm, found["rate"].knows_p_holm, found["rate"].knowable) == (None, None, None)
    assert found["rate"].verdict == "by construction" and not found["rate"].knows
    assert found["axis"].verdict == "not asked"
    assert found["rhythm"].knowable is not None
    assert found["rhythm"].verdict == "knows it, beats the prior"


def test_a_verdict_without_a_difference_is_by_construction():
    assert verdict(axis("rate", difference=None, p_holm=0.5)) == "by construction"
    assert verdict(axis("rate", p_holm=None)) == "by construction"
    assert verdict(axis("rate", n=0, failed=2)) == "no case"
    assert verdict(axis("rate", p_holm=0.01, knows_p_holm=0.01, difference=0.0)) == "knows it"
    assert verdict(axis("rate", p_holm=0.01, knows_p_holm=0.5, difference=0.0, knowable=0.3)).endswith("kappa 0.30)")
    assert verdict(axis("rate", p_holm=0.05, knows_p_holm=0.01, difference=-0.2)) == "knows it"


def test_means_are_over_the_axes_of_their_kind():
    """Rate is told by the numbers, rhythm and conduction by the trace alone."""
    true = {"rate": "tachycardia", "rhythm": "paced", "conduction": "lbbb"}
    usual = {"rate": "normal", "rhythm": "sinus", "conduction": "none"}
    cases = []
    for k in range(20):
        truth = true if k % 4 == 0 else usual
        said = {**usual, "rate": truth["rate"], "rhythm": truth["rhythm"]}
        cases.append(ScoredCase(k, k, None, None, Truth(truth), Reading(values=said)))
    found = score(cases, majority_values(), ScoreSettings(draws=100))
    assert (found.text_inferable.axes, found.text_inferable.difference) == (1, 0.25)
    assert (found.waveform_only.axes, found.waveform_only.difference) == (2, 0.125)
    assert found.waveform_only.interval[0] < 0.125 < found.waveform_only.interval[1]
    assert (found.kappa.axes, found.kappa.kappa) == (("rhythm", "conduction"), 0.5)
    least = found.axis("rhythm").kappa_interval[0]
    assert 0 < least < 1
    assert found.kappa.interval == (pytest.approx(least / 2, abs=1e-6), 0.5), "no resample varies it"
    assert found.axis("conduction").kappa_interval == (0, 0)
    assert found.axis("rhythm").accuracy_interval[1] == 1 and found.axis("rhythm").accuracy_interval[0] < 0.85
    assert CONDUCTION.name in {one.axis for one in found.axes}


def test_the_text_ceiling_is_of_its_axis_and_kept_in_six_decimals():
    settings = ScoreSettings(draws=5, text_ceiling={"rhythm": (1 / 3, 7)})
    found = score([case(1, "sinus", "sinus")], majority_values(), settings)
    assert (found.axis("rhythm").text_ceiling, found.axis("rhythm").text_ceiling_n) == (0.333333, 7)
    assert (found.axis("rate").text_ceiling, found.axis("rate").text_ceiling_n) == (None, 0)
