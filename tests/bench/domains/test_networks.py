"""Records that several networks answered: only those of the same network are ranked against one another."""

import numpy as np
import pytest

from bench.domains.domain import HELD_OUT, INTRA, Answered
from bench.domains.linear import Estimate, area_estimate
from bench.domains.result import POOLED
from bench.domains.shift import domain_study
from bench.score.area import area_and_influence, logit_interval

from .simulated import chances, domain_of, reading_of, separation, truth_of

AREA = 0.8


def scored(rng, truth):
    return separation(AREA) * truth + rng.normal(size=len(truth))


def answered(protocol, domain, score, networks=None):
    readings = {one.ecg_id: reading_of(NORM=p) for one, p in zip(domain.records, chances(score), strict=True)}
    return Answered("arm", protocol, domain, readings, networks=networks or {})


def test_one_network_is_ranked_as_ever():
    rng = np.random.default_rng(0)
    truth, patients = rng.random(80) < 0.4, np.repeat(np.arange(40), 2)
    score = scored(rng, truth)
    found = area_estimate(truth.astype(np.int8), score, patients, np.full(80, 3))
    area, influence = area_and_influence(truth, score, patients)
    assert found.value == pytest.approx(area)
    assert np.allclose(found.influence, influence)


def test_networks_that_shift_every_probability_lose_nothing():
    rng = np.random.default_rng(1)
    truth = rng.random(600) < 0.3
    domain = domain_of("here", {number: truth_of("NORM" if one else "MI") for number, one in enumerate(truth)})
    score, fold = scored(rng, truth), rng.integers(1, 6, 600)
    networks = dict(enumerate(fold.tolist()))
    away = answered(HELD_OUT, domain, score)
    told, untold = (
        domain_study([answered(INTRA, domain, score + 2.0 * fold, told), away], draws=50) for told in (networks, {})
    )
    (drop,), (wrong,) = ([one for one in study.drops[0].changes if one.name == "NORM"] for study in (told, untold))
    assert drop.drop.value == 0 and abs(drop.home - AREA) < 0.04
    assert wrong.drop.interval[1] < -0.05, "ranked as if one network had answered, the source seems worse"


def test_the_interval_holds_the_area_as_often_as_it_says_with_few_positives_in_a_group():
    rng, held, tries = np.random.default_rng(2), 0, 600
    for _ in range(tries):
        truth = np.arange(90) < 12
        groups = rng.permutation(np.arange(90) % 5)
        found = area_estimate(truth.astype(np.int8), scored(rng, truth) + 3.0 * groups, np.arange(90), groups)
        low, high = logit_interval(found.value, found.influence)
        held += low <= AREA <= high
    assert 0.92 <= held / tries <= 0.99


def test_a_class_of_which_no_network_answered_both_sides_is_withheld():
    truth = np.arange(24) < 12
    found = area_estimate(truth.astype(np.int8), np.linspace(0, 1, 24), np.arange(24), truth.astype(np.int64))
    assert found == "no network answered both a positive and a negative"
    one_sided = np.where(np.arange(24) < 2, 5, truth.astype(np.int64))
    one_sided[-1] = 5
    assert isinstance(area_estimate(truth.astype(np.int8), np.linspace(0, 1, 24), np.arange(24), one_sided), Estimate)


def test_the_folds_of_two_domains_are_other_networks():
    rng = np.random.default_rng(3)
    truth = rng.random(200) < 0.4
    labels = {number: truth_of("NORM" if one else "MI") for number, one in enumerate(truth)}
    domains = [domain_of(name, labels) for name in ("one", "two")]
    home, away = (
        [answered(protocol, domain, scored(rng, truth) + 4.0 * number) for number, domain in enumerate(domains)]
        for protocol in (INTRA, HELD_OUT)
    )
    (pooled,) = [one for one in domain_study([*home, *away], draws=50).drops if one.domain == POOLED]
    (change,) = [one for one in pooled.changes if one.name == "NORM"]
    assert abs(change.home - AREA) < 0.06 and abs(change.away - AREA) < 0.06
