"""The controls of a domain study: nulls, planted drops, planted label noise, and what each mutation would break."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bench.domains.domain import ZERO_SHOT, Answered
from bench.domains.domain_class import domain_classes
from bench.domains.linear import area_estimate, less, part
from bench.domains.result import POOLED, DomainStudy
from bench.domains.shift import domain_study
from taxonomy.error import FileError

from .simulated import (
    both,
    chances,
    domain_of,
    mi_truths,
    of_mi,
    population,
    reading_of,
    scores,
    truth_of,
)

DRAWS = 200
MI = next(k for k, one in enumerate(domain_classes()) if one.name == "MI")


def change(study, name="MI", domain="a"):
    drop = next(one for one in study.drops if one.domain == domain)
    return next(one for one in drop.changes if one.name == name)


def noise(study, name="MI"):
    return next(one for one in study.drops[0].noise if one.name == name)


def planted(seed, home=0.92, away=0.75, people=250, lenient=None):
    """Return a study of one domain with patients of one record to three, and a planted drop."""
    rng = np.random.default_rng(seed)
    truth, patients = population(rng, people)
    shared = rng.normal(size=people)
    sides = [of_mi(scores(rng, truth, patients, area, shared)) for area in (home, away)]
    named = {ecg_id: int(patient) for ecg_id, patient in enumerate(patients)}
    domain = domain_of("a", mi_truths(truth), named, None if lenient is None else mi_truths(lenient(rng, truth)))
    return domain_study(both(domain, *sides), DRAWS)


def test_the_same_answers_drop_by_exactly_nothing():
    rng = np.random.default_rng(0)
    truth, patients = population(rng)
    read = {
        ecg_id: reading_of({"rhythm": "paced" if sick else "sinus", "diagnosis": "NORM"}, MI=p)
        for ecg_id, (sick, p) in enumerate(zip(truth, chances(scores(rng, truth, patients, 0.8)), strict=True))
    }
    truths = {k: truth_of("MI" if s else "NORM", rhythm="paced" if s else "sinus") for k, s in enumerate(truth)}
    study = domain_study(both(domain_of("a", truths), read, dict(read)), DRAWS)
    told = [one for one in study.drops[0].changes if one.drop.value is not None]
    assert {"MI", "rhythm", "mean AUROC", "mean kappa", "macro-F1", "calibration error"} <= {one.name for one in told}
    for one in told:
        assert (one.drop.value, one.drop.interval, one.p) == (0, (0, 0), 1), one.name
        assert one.says.startswith("no drop shown: both are the same"), one.name


def test_a_planted_drop_is_held_and_said():
    found = change(planted(1))
    assert found.drop.interval[0] < 0.92 - 0.75 < found.drop.interval[1]
    assert found.says == "drops" and found.p_holm < 0.001
    assert found.home == pytest.approx(0.92, abs=0.05) and found.away == pytest.approx(0.75, abs=0.08)


def test_a_reader_that_is_better_away_gains():
    assert change(planted(1, home=0.75, away=0.92)).says == "gains"


def test_want_of_evidence_is_no_verdict_and_says_what_could_have_been_shown():
    found = change(planted(3, 0.85, 0.82, people=40))
    assert found.says.startswith(f"no drop shown (n positives = {found.positives}, could have shown 0.")
    assert found.could_show > (found.drop.interval[1] - found.drop.interval[0]) / 2


def area(truth, score, patients):
    return area_estimate(truth.astype(np.int8), score, patients)


def coverage(trials, drop, patients_of=lambda patients: patients, halves=1, **form):
    """Return the share of intervals that hold a planted drop, over trials and halves of the patients by lot."""
    rng, held = np.random.default_rng(17), []
    for _ in range(trials):
        truth, patients = population(rng, **form)
        shared = rng.normal(size=patients.max() + 1)
        sides = [scores(rng, truth, patients, one, shared) for one in (0.85, 0.85 - drop)]
        lot = rng.integers(0, halves, patients.max() + 1)[patients]
        for half in range(halves):
            inside = lot == half
            people = np.unique(patients_of(patients)[inside], return_inverse=True)[1]
            home, away = (area(truth[inside], side[inside], people) for side in sides)
            if isinstance(home, str):  # fewer than ten positives, in a few trials
                continue
            low, high = less(home, away).figure.interval
            held.append(low <= drop <= high)
    return np.mean(held)


def test_one_source_split_by_lot_has_no_drop_in_95_percent_of_intervals():
    assert 0.93 <= coverage(300, 0.0, halves=2, people=160) <= 0.98


def test_intervals_hold_a_planted_drop_in_95_percent():
    assert 0.93 <= coverage(400, 0.1, people=120, most=2) <= 0.98


@pytest.mark.slow
def test_intervals_hold_a_planted_drop_with_ten_positives_too():
    assert 0.92 <= coverage(3000, 0.1, people=40, most=1, share=0.3) <= 0.98


def test_records_taken_for_patients_would_hold_it_too_seldom():
    many = {"people": 60, "most": 8, "share": 0.4}
    assert coverage(300, 0.0, **many) > 0.92
    assert coverage(300, 0.0, lambda patients: np.arange(len(patients)), **many) < 0.9


def test_pairing_makes_the_interval_narrow_where_the_answers_go_together():
    rng = np.random.default_rng(2)
    truth, patients = population(rng, 200)
    score = scores(rng, truth, patients, 0.8)
    domain = domain_of("a", mi_truths(truth), {k: int(p) for k, p in enumerate(patients)})
    nearly = score + rng.normal(0, 0.05, len(score))
    low, high = change(domain_study(both(domain, of_mi(score), of_mi(nearly)), DRAWS)).drop.interval
    alone = area(truth, score, patients)
    assert high - low < 0.2 * 2 * 1.96 * alone.error


def test_scores_are_paired_by_patient_too():
    rng = np.random.default_rng(4)
    values = ["lbbb" if one else "none" for one in rng.random(120) < 0.5]
    wrong = rng.random(120) < 0.4
    home = {
        k: reading_of({"conduction": "none" if bad else v})
        for k, (v, bad) in enumerate(zip(values, wrong, strict=True))
    }
    away = {**home, 0: reading_of({"conduction": "rbbb"})}
    truths = {k: truth_of(conduction=v) for k, v in enumerate(values)}
    study = domain_study(both(domain_of("a", truths), home, away), DRAWS)
    for name in ("macro-F1", "conduction"):
        low, high = change(study, name).drop.interval
        assert high - low < 0.05, name


def test_a_class_without_a_positive_is_withheld_and_not_half():
    study = planted(1)
    for one in study.cells:
        figure = next(found for found in one.classes if found.name == "HYP")
        assert figure.auroc.value is None and figure.auroc.withheld == "no positive"
        assert one.auroc_classes == 2
    assert change(study, "HYP").says == "withheld: no positive"
    assert change(study, "mean AUROC").home == pytest.approx(
        np.mean([change(study, name).home for name in ("NORM", "MI")]), abs=1e-5
    )


def test_nine_positives_are_withheld_and_ten_are_not():
    for positives, withheld in ((9, "9 positives, under 10"), (10, "")):
        truths = mi_truths(np.arange(40) < positives)
        read = of_mi(np.random.default_rng(0).normal(size=40))
        (cell,) = domain_study([Answered("r", ZERO_SHOT, domain_of("a", truths), read)], DRAWS).cells
        assert cell.classes[MI].auroc.withheld == withheld


def test_a_perfect_area_is_not_certain():
    truths = mi_truths(np.arange(40) < 10)
    perfect, poor = (of_mi(np.where(np.arange(40) < 10, 3.0, at)) for at in (-3.0, 3.0))
    study = domain_study(both(domain_of("a", truths), perfect, poor), DRAWS)
    assert next(one.classes[MI].auroc for one in study.cells).interval == (pytest.approx(0.6915, abs=1e-3), 1)
    low, high = change(study).drop.interval
    assert low < 0.5 < high


def test_label_noise_of_strict_labels_alone_is_told_as_such():
    # A source calls one in eight wrongly by a habit that an arm taught there has learnt; lenient labels have none.
    rng = np.random.default_rng(5)
    truth, patients = population(rng, 500, most=1)
    strict = truth ^ (rng.random(len(truth)) < 0.12)
    home = (scores(rng, truth, patients, 0.85) + scores(rng, strict, patients, 0.85)) / 2
    away = scores(rng, truth, patients, 0.92)
    domain = domain_of("a", mi_truths(strict), lenient=mi_truths(truth))
    found = noise(domain_study(both(domain, of_mi(home), of_mi(away)), DRAWS))
    assert found.says.startswith("label noise") and found.part.interval[0] > 0.5
    assert found.strict.interval[0] > 0 and found.difference.interval[0] > 0


def test_shift_that_both_labels_have_is_told_as_shift():
    found = noise(planted(6, people=400, lenient=lambda rng, truth: truth ^ (rng.random(len(truth)) < 0.02)))
    assert found.says.startswith("shift") and found.part.interval[1] < 0.5


def test_where_both_mappings_give_the_same_labels_nothing_is_told():
    same = noise(planted(6, people=400, lenient=lambda rng, truth: truth))
    assert same.difference.interval == (0, 0) and same.part.value is None
    assert same.says == "cannot be told: both mappings give the same labels"


def test_of_a_drop_that_is_not_shown_nothing_is_told():
    found = noise(planted(7, 0.85, 0.85, people=60, lenient=lambda rng, truth: truth ^ (rng.random(len(truth)) < 0.05)))
    assert found.says == "cannot be told: no drop is shown by strict labels"
    assert found.part.value is None


def test_the_part_of_a_drop_is_held_by_fiellers_interval():
    rng, held = np.random.default_rng(8), []
    for _ in range(200):
        truth, patients = population(rng, 200, most=1, share=0.5)
        shared = rng.normal(size=200)
        home, away, other = (scores(rng, truth, patients, one, shared) for one in (0.9, 0.7, 0.8))
        whole = less(area(truth, home, patients), area(truth, away, patients))
        gone = less(area(truth, home, patients), area(truth, other, patients))
        low, high = part(gone, whole).interval
        held.append(low <= 0.5 <= high)
    assert 0.9 <= np.mean(held) <= 0.99


def test_a_part_that_is_always_half_of_the_drop_is_half_for_certain():
    rng = np.random.default_rng(13)
    truth, patients = population(rng, 100)
    whole = less(*(area(truth, scores(rng, truth, patients, one), patients) for one in (0.9, 0.7)))
    half = replace(whole, value=whole.value / 2, influence=whole.influence / 2)
    assert part(half, whole).interval == pytest.approx((0.5, 0.5), abs=1e-4)


def of_classes(rng, labels, patients, areas):
    """Return readings whose probability of each superclass follows its label with an area of its own."""
    found = {name: chances(scores(rng, labels[name], patients, areas[name])) for name in labels}
    return {k: reading_of(**{name: found[name][k] for name in labels}) for k in range(len(patients))}


def test_rare_classes_that_drop_more_are_told():
    rng = np.random.default_rng(9)
    people = np.arange(1500)
    shares = {"HYP": 0.04, "MI": 0.06, "CD": 0.4, "STTC": 0.5}
    labels = {name: rng.random(1500) < share for name, share in shares.items()}
    truths = {k: truth_of(*([name for name in labels if labels[name][k]] or ["NORM"])) for k in people}
    home = of_classes(rng, labels, people, dict.fromkeys(labels, 0.9))
    away = of_classes(rng, labels, people, {"HYP": 0.65, "MI": 0.65, "CD": 0.88, "STTC": 0.88})
    study = domain_study(both(domain_of("a", truths), home, away), DRAWS)
    found = study.drops[0].groups
    assert {"HYP", "MI"} <= set(found.rare) and {"CD", "STTC"} <= set(found.common)
    assert found.difference.interval[0] > 0 and found.says == "rare classes drop more"
    assert found.by == "the domain"


def test_classes_are_rare_or_common_by_what_was_taught():
    rng = np.random.default_rng(10)
    answered = []
    for name, share in (("a", 0.7), ("b", 0.2)):
        truth, patients = population(rng, 100, most=1, share=share)
        read = [of_mi(scores(rng, truth, patients, 0.8)) for _ in range(2)]
        answered += both(domain_of(name, mi_truths(truth)), *read, **{"b" if name == "a" else "a": 50.0})
    study = domain_study(answered, DRAWS)
    groups = {one.domain: one.groups for one in study.drops}
    assert groups["a"].by == "the training records"
    assert groups["a"].rare == ("MI",) and groups["b"].rare == ("NORM",)


def test_domains_with_the_same_ids_are_kept_apart():
    rng = np.random.default_rng(11)
    truth, patients = population(rng, 80, most=1, share=0.5)
    good, poor = (of_mi(scores(rng, truth, patients, one)) for one in (0.95, 0.55))
    pair = [
        Answered("r", ZERO_SHOT, domain_of(name, mi_truths(truth)), read) for name, read in (("a", good), ("b", poor))
    ]
    study = domain_study(pair, DRAWS)
    first, second, pooled = (study.cell("r", ZERO_SHOT, name) for name in ("a", "b", POOLED))
    assert first.classes[MI].auroc.value > 0.85 > 0.7 > second.classes[MI].auroc.value
    assert pooled.n == 160 and pooled.patients == 160 and pooled.classes[MI].positives == 2 * truth.sum()


def test_kappas_of_domains_with_the_same_ids_are_pooled_over_all_their_records():
    truths = {k: truth_of(rhythm="paced" if k % 2 else "sinus") for k in range(20)}
    right, wrong = ({k: reading_of({"rhythm": "paced" if k % 2 == odd else "sinus"}) for k in truths} for odd in (1, 0))
    answered = both(domain_of("a", truths), right, right) + both(domain_of("b", truths), right, wrong)
    found = change(domain_study(answered, DRAWS), "rhythm", POOLED)
    assert (found.n, found.home, found.away) == (40, 1, 0)


def test_contaminated_records_are_told_and_take_no_part_in_a_drop():
    rng = np.random.default_rng(12)
    truth, patients = population(rng, 80, most=1, share=0.5)
    domain, read = domain_of("a", mi_truths(truth)), of_mi(scores(rng, truth, patients, 0.8))
    pair = both(domain, read, read)
    taught = Answered("arm", pair[1].protocol, domain, read, contaminated=frozenset(range(5)))
    study = domain_study([pair[0], taught], DRAWS)
    assert study.cells[1].contaminated == 5 and study.cells[1].n == 80
    assert study.drops[0].n == 75 and study.drops[0].contaminated == 5


def test_a_study_is_read_back_as_it_was_written():
    study = planted(1, lenient=lambda rng, truth: truth)
    written = json.loads(json.dumps(study.to_json()))
    assert DomainStudy.from_json(written) == study
    for broken in ({}, {**written, "cells": 1}, [], {**written, "more": 1}):
        with pytest.raises(FileError, match="not a domain study"):
            DomainStudy.from_json(broken)


def test_the_same_answers_and_seed_have_the_same_figures():
    assert planted(1) == planted(1)
