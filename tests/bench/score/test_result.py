"""A score as it is asked, printed, tabled and read back."""

import json

import pytest

from bench.score import Score, ScoreSettings, score
from bench.score.result import MeanKappa
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from readers.majority import majority_values
from taxonomy.axis import AXES
from taxonomy.error import FileError, UnknownNameError
from taxonomy.reading import Failure, Reading
from taxonomy.truth import Truth


def case(ecg_id, true, said, error=None, **more):
    return ScoredCase(
        ecg_id, ecg_id, None, None, Truth(true), Reading(values={} if error else said, error=error), **more
    )


@pytest.fixture(scope="module")
def half() -> Score:
    """Twelve rhythms, of which every abnormal one is found; the diagnosis is answered in one case of three."""
    true = [{"rhythm": "sinus" if k % 2 else "paced", "diagnosis": "NORM"} for k in range(12)]
    said = [{**one, "diagnosis": "NORM" if k < 4 else None} for k, one in enumerate(true)]
    cases = [case(k, one, answer) for k, (one, answer) in enumerate(zip(true, said, strict=True))]
    return score(cases, majority_values(), ScoreSettings(draws=50))


def test_a_score_is_asked_by_axis(half):
    assert half.axis("rhythm").n == 12
    assert [axis.axis for axis in half.asked] == ["rhythm", "diagnosis"]
    with pytest.raises(UnknownNameError, match=r"rythm.*rhythm"):
        half.axis("rythm")


def test_the_share_of_missing_answers_is_over_all_axes(half):
    assert half.axis("diagnosis").no_answer == {"missing": 8}
    assert half.unanswered == pytest.approx(8 / 24)


def test_nothing_asked_is_nothing_missing():
    found = score([case(1, {}, {})], majority_values(), ScoreSettings(draws=5))
    assert (found.asked, found.unanswered, found.kappa) == ((), 0, None)
    assert repr(found) == "<Score of 1 ECGs: knows 0 of 0 axes>"


def test_one_missing_answer_of_one_is_all():
    assert score([case(1, {"rhythm": "sinus"}, {})], majority_values(), ScoreSettings(draws=5)).unanswered == 1


def test_normality_alone_is_what_was_asked():
    only = [case(k, {"normality": "normal"}, {"diagnosis": "NORM"}, asked=frozenset({"normality"})) for k in range(3)]
    found = score(only, majority_values(), ScoreSettings(draws=5))
    assert [axis.axis for axis in found.asked] == ["normality"]


def test_the_table_has_a_row_for_each_axis(half):
    frame = half.to_frame()
    assert list(frame.index) == [axis.name for axis in AXES]
    assert frame.loc["rhythm", "accuracy"] == 1
    assert repr(half)[1:-1] in half._repr_html_() and "knows_p_holm" in half._repr_html_()


def test_what_is_said_of_a_score(half):
    assert (half.axis("rhythm").knows, half.axis("diagnosis").knows) == (True, False)
    assert repr(half) == "<Score of 12 ECGs: knows 1 of 2 axes, mean kappa 0.50>"
    assert half.kappa == MeanKappa(("rhythm", "diagnosis"), 0.5, half.kappa.interval)


def test_a_score_is_read_back_as_it_was(half):
    assert Score.from_json(json.loads(json.dumps(half.to_json()))) == half


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n": "12"}, r"not a score of this version \(n: "),
        ({"extra": 1}, r"\(extra: "),
        ({"taxonomy_version": "0.1"}, "not a score of taxonomy .* but of 0.1"),
        ({"taxonomy_version": 7}, r"\(taxonomy_version: "),
    ],
)
def test_a_score_of_another_form_is_one_sentence(half, change, said):
    with pytest.raises(FileError, match=said):
        Score.from_json({**half.to_json(), **change})


def test_failed_calls_are_counted_by_kind_and_unrank():
    errors = [None, Failure("refusal", "no"), Failure("quota", "spent"), Failure("quota", "spent")]
    cases = [case(k, {"rhythm": "sinus"}, {"rhythm": "sinus"}, error) for k, error in enumerate(errors)]
    found = score(cases, majority_values(), ScoreSettings(draws=5))
    assert (found.failed, found.ranked, found.n) == ({"quota": 2}, False, 4)
    assert (found.axis("rhythm").n, found.axis("rhythm").failed, found.axis("rhythm").accuracy) == (2, 2, 0.5)
    assert score(cases[:2], majority_values(), ScoreSettings(draws=5)).ranked, "a refusal is an answer"


def test_findings_are_counted_over_the_answered_cases_alone():
    """Three abnormal values and two findings, none, and a failed call that would have been right."""
    many = {
        "rate": "tachycardia",
        "rhythm": "atrial_fibrillation",
        "conduction": "lbbb",
        "ischemia_stage": "none",
        "ischemia_territory": "none",
        "diagnosis": "CLBBB",
        "other_findings": frozenset({"lvh", "long_qt"}),
    }
    none = {
        **many,
        "rate": "normal",
        "rhythm": "sinus",
        "conduction": "none",
        "diagnosis": "NORM",
        "other_findings": frozenset(),
    }
    cases = [
        case(1, many, {"rhythm": "paced", "other_findings": frozenset({"lvh"}), "diagnosis": "LVH", "rate": "normal"}),
        case(2, none, {"rhythm": "sinus"}),
        case(3, none, {"conduction": "rbbb"}),
        case(4, many, many, Failure("transport", "no connection")),
    ]
    found = score(cases, majority_values(), ScoreSettings(draws=5))
    assert found.findings_true == pytest.approx(5 / 3, abs=1e-6)
    assert found.findings_predicted == pytest.approx((2 + 0 + 1) / 3, abs=1e-6)
    lost = score(cases[3:], majority_values(), ScoreSettings(draws=5))
    assert (lost.findings_predicted, lost.findings_true) == (0, 0)


def test_figures_have_six_decimals_and_no_minus_zero():
    assert rounded(0.12345678) == 0.123457
    assert str(rounded(-0.0000001)) == "0.0"
    assert rounded(-1.5) == -1.5
    with pytest.raises(ValueError, match="finite, not nan"):
        rounded(float("nan"))
