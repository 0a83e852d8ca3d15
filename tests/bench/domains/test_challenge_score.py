"""The Challenge's normalised score: by hand, by its definition, and on what our answers can say."""

import numpy as np
import pytest

from bench.domains.challenge_score import (
    challenge_credits,
    challenge_labels,
    challenge_table,
    normalised,
    normalised_score,
    published_scores,
    reachable_score,
)
from taxonomy.reading import Failure, Reading
from taxonomy.snomed import snomed_codes

from .simulated import domain_of, truth_of

TABLE = challenge_table()
PLACE = {one.short: k for k, one in enumerate(TABLE.classes)}


def classes(*names):
    return frozenset(PLACE[name] for name in names)


def score(labels, answers, sayable=()):
    found = challenge_credits(labels, answers, frozenset(sayable))
    return float(normalised({name: np.array([column.sum()]) for name, column in found.columns.items()})[0])


def test_the_table_is_that_of_2021():
    assert len(TABLE.classes) == 26
    assert sum(len(one.codes) for one in TABLE.classes) == 30
    assert (TABLE.weights == TABLE.weights.T).all() and (np.diag(TABLE.weights) == 1).all()
    assert TABLE.classes[TABLE.normal].short == "NSR"
    for first, second in (("713427006", "59118001"), ("284470004", "63593006"), ("733534002", "164909002")):
        assert TABLE.of_codes([first]) == TABLE.of_codes([second]) != frozenset()
    assert all(code in snomed_codes() for one in TABLE.classes for code in one.codes)


def test_two_records_by_hand():
    # AF named AF is 1. NSR named NSR and PAC is (1 + 0.4125) / 2. Sinus rhythm for both is 0.25 / 2 + 1.
    labels, answers = [classes("AF"), classes("NSR")], [classes("AF"), classes("NSR", "PAC")]
    assert score(labels, answers) == pytest.approx((1 + 1.4125 / 2 - 1.125) / (2 - 1.125))


def test_two_labels_are_halved_by_what_either_names():
    # AF and RBBB, answered AF and AFL: pairs 1 + 0.5 + 0.4 + 0.4 over the three classes that are either.
    labels, answers = [classes("AF", "RBBB")], [classes("AF", "AFL")]
    exact, sinus = (1 + 0.4 + 0.4 + 1) / 2, (0.25 + 0.35) / 3
    assert score(labels, answers) == pytest.approx((2.3 / 3 - sinus) / (exact - sinus))


def test_exact_labels_are_one_sinus_rhythm_is_nothing_and_no_answer_is_less():
    labels = [classes("AF"), classes("NSR"), classes("LBBB", "LAD")]
    assert score(labels, labels) == pytest.approx(1)
    assert score(labels, [classes("NSR")] * 3) == pytest.approx(0)
    assert score(labels, [frozenset()] * 3) < 0


def by_definition(labels, answers):
    """Return the score from the confusion matrix of Reyna et al. 2021, by matrix products."""

    def total(said):
        either = np.maximum((labels | said).sum(axis=1), 1)
        return float((TABLE.weights * (labels.T @ (said / either[:, None]))).sum())

    sinus = np.zeros_like(labels)
    sinus[:, TABLE.normal] = 1
    return (total(answers) - total(sinus)) / (total(labels) - total(sinus))


def test_random_labels_and_answers_agree_with_the_definition():
    rng = np.random.default_rng(0)
    for _ in range(20):
        labels, answers = ((rng.random((40, 26)) < share).astype(int) for share in (0.08, 0.12))
        sides = [[frozenset(np.flatnonzero(row).tolist()) for row in side] for side in (labels, answers)]
        assert score(*sides) == pytest.approx(by_definition(labels, answers), abs=1e-12)


def test_answers_on_the_axes_say_scored_classes():
    values = {
        "rate": "bradycardia",
        "rhythm": "sinus",
        "axis": "left",
        "conduction": "fascicular_block",
        "other_findings": frozenset({"rbbb", "premature_atrial"}),
    }
    assert TABLE.answer(Reading(values)) == classes("SB", "LAD", "LAnFB", "RBBB", "PAC")
    assert TABLE.answer(Reading({"rate": "normal", "rhythm": "sinus"})) == classes("NSR")
    assert TABLE.answer(Reading(error=Failure("refusal", "no"))) == frozenset()
    told = Reading(probabilities={"statement": {"INVT": 0.6, "LPR": 0.4}})
    assert TABLE.answer(told) == classes("TInv")
    silent = Reading(probabilities={"statement": {"INVT": 0.4}})
    assert TABLE.answers([told, silent, Reading(values), told]) == [
        classes("TInv"),
        frozenset(),
        TABLE.answer(Reading(values)),
        classes("TInv"),
    ]


def test_what_there_are_no_words_for_bounds_the_score():
    sayable = TABLE.sayable([Reading({"rhythm": "sinus", "rate": "normal"})])
    assert sayable == classes("AF", "AFL", "NSR", "PR", "SA", "SB", "STach")
    labels = [classes("AF"), classes("TInv"), classes("NSR", "PRWP")]
    found = challenge_credits(labels, labels, sayable)
    assert 0 < reachable_score(found) < 1
    assert reachable_score(challenge_credits(labels[:1], labels[:1], sayable)) == 1
    assert TABLE.classes[PLACE["PRWP"]].unsaid and not TABLE.classes[PLACE["PRWP"]].said_by


def test_labels_are_codes_or_statements_or_nothing():
    coded = domain_of("a", {"x": truth_of()}, codes={"x": ["59118001", "1"]})
    assert challenge_labels(coded) == {"x": classes("RBBB")}
    assert challenge_labels(domain_of("b", {"x": truth_of()})) is None
    told = truth_of(axis="left")
    object.__setattr__(told, "statements", frozenset({"SR", "CRBBB", "IMI"}))
    assert challenge_labels(domain_of("c", {"x": told})) == {"x": classes("NSR", "RBBB", "LAD")}


def test_sinus_rhythm_alone_has_no_score_and_one_patient_no_interval():
    sinus = challenge_credits([classes("NSR")] * 3, [classes("NSR")] * 3, frozenset())
    assert normalised_score(sinus, np.arange(3), 50, 0).value is None
    found = challenge_credits([classes("AF")] * 3, [classes("AF")] * 3, frozenset())
    lone = normalised_score(found, np.zeros(3, dtype=np.int64), 50, 0)
    assert lone.value == 1 and lone.interval is None and "patients" in lone.withheld
    assert normalised_score(found, np.arange(3), 50, 0).interval == (1, 1)


def test_published_scores_name_their_source():
    assert {one.score for one in published_scores()} == {0.59, 0.61, 0.53}
    assert all("doi:" in one.source for one in published_scores())
