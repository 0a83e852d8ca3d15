"""Networks that are taught once more answer otherwise: what a drop may say where that alone makes a difference."""

import numpy as np
import pytest

from bench.domains.domain_class import domain_classes
from bench.domains.linear import area_estimate, drop
from bench.domains.paired import network_pairs
from bench.domains.sheet import sheet_of
from bench.domains.shift import domain_study
from bench.domains.spread import jackknifed, shared_part
from taxonomy.axis import RHYTHM
from taxonomy.reading import Reading

from .simulated import both, domain_of, folds_of, mi_truths, of_mi, reading_of, separation, truth_of

LUCK = 0.03
"""Standard deviation of the area over networks that are taught alike."""

MI = next(k for k, one in enumerate(domain_classes()) if one.name == "MI")


def drops(rng, tries, folds=5, shift=0.0, shared=0.0, records=600):  # noqa: PLR0913  # what the luck follows from
    """Yield drops of networks that differ by luck, of which this share all folds of a side have together."""
    truth = np.arange(records) % 3 == 0
    fold, patients = np.arange(records) // 3 % folds, np.arange(records)
    for _ in range(tries):
        person = rng.normal(size=records) / np.sqrt(2)
        sides = []
        for area in (0.85, 0.85 - shift):
            luck = LUCK * (np.sqrt(shared) * rng.normal() + np.sqrt(1 - shared) * rng.normal(size=folds))
            apart = np.array([separation(one) for one in np.clip(area + luck, 0.5, 0.999)])
            score = apart[fold] * truth + person + rng.normal(size=records) / np.sqrt(2)
            sides.append(area_estimate(truth.astype(np.int8), score + 2.0 * fold, patients, fold))
        yield drop(*sides, shared_part(folds))


def false_verdicts(found):
    """Return the share of drops that are told, and of those that would be told over patients alone."""
    every = [(one.p, one.spreads[0].p(one.value)) for one in found]
    return tuple(np.mean([p < 0.05 for p in held]) for held in zip(*every, strict=True))


@pytest.mark.parametrize("folds", [3, 5, 10])
def test_luck_of_networks_is_no_shift(folds):
    told, over_patients = false_verdicts(drops(np.random.default_rng(folds), 300, folds))
    assert told <= 0.05
    assert over_patients > 0.06


@pytest.mark.slow
def test_luck_that_folds_share_by_their_training_records_is_no_shift_either():
    told, over_patients = false_verdicts(drops(np.random.default_rng(1), 3000, shared=0.25, records=3000))
    assert told < 0.06 < 0.2 < over_patients


def test_without_the_part_that_folds_share_verdicts_would_be_false_too_often():
    found = list(drops(np.random.default_rng(2), 400, shared=0.25, records=3000))
    untaken = [alone(each).p(each.value) for each in found]
    assert np.mean([p < 0.05 for p in untaken]) > 0.06 > np.mean([each.p < 0.05 for each in found])


def alone(found):
    return type(found.networks)(found.networks.each, found.networks.weights, 0.0).spread(found.error**2)


def test_a_shift_that_is_greater_than_luck_is_told():
    told, _ = false_verdicts(drops(np.random.default_rng(3), 100, shift=0.2, folds=10))
    assert told > 0.95


def test_intervals_hold_the_shift_in_95_percent():
    held = [one.figure.interval for one in drops(np.random.default_rng(4), 300, shift=0.1)]
    assert np.mean([low <= 0.1 <= high for low, high in held]) >= 0.93


def test_an_interval_is_never_narrower_than_over_patients():
    for one in drops(np.random.default_rng(5), 50):
        low, high = one.figure.interval
        assert high - low >= 2 * one.spreads[0].half - 1e-5


def answers(rng, networks=5, one_away=False):
    truth = np.arange(300) % 3 == 0
    domain = domain_of("a", mi_truths(truth))
    home, away = (of_mi(separation(area) * truth + rng.normal(size=300)) for area in (0.95, 0.6))
    pair = both(domain, home, away, networks)
    return [pair[0], type(pair[1])(pair[1].arm, pair[1].protocol, domain, away, pair[1].taught)] if one_away else pair


def change(study, name="MI"):
    return next(one for one in study.drops[0].changes if one.name == name)


def test_one_network_away_has_a_figure_and_no_verdict():
    told, untold = (
        domain_study(answers(np.random.default_rng(6), one_away=alone), draws=50) for alone in (False, True)
    )
    assert change(told).says == "drops"
    for name in ("MI", "mean AUROC", "calibration error"):
        found = change(untold, name)
        assert found.drop.interval and found.p is None, name
        assert found.says == "cannot tell: of these networks alone: another training is not in the interval", name
    assert untold.drops[0].groups.says.startswith("cannot tell: of these networks alone")


def test_two_networks_do_not_tell_how_much_networks_differ():
    assert change(domain_study(answers(np.random.default_rng(6), 2), draws=50)).p is None


def test_a_class_whose_positives_two_networks_answered_has_no_verdict():
    rng = np.random.default_rng(7)
    domain = domain_of("a", {number: truth_of("NORM") for number in range(100)})
    fold = folds_of(domain, 5)
    sick = [number for number in range(100) if fold[number] < 3][:12]
    domain = domain_of("a", mi_truths([number in sick for number in range(100)]))
    home, away = (of_mi(separation(area) * np.isin(np.arange(100), sick) + rng.normal(size=100)) for area in (0.9, 0.6))
    found = change(domain_study(both(domain, home, away, 5), draws=50))
    assert found.says == "cannot tell: fewer than 3 networks answered both a positive and a negative"


def test_a_network_of_two_pairs_is_not_counted_twice():
    home, away = answers(np.random.default_rng(8))
    twice = type(away)(
        away.arm, away.protocol, away.domain, away.readings, networks={k: n // 2 for k, n in away.networks.items()}
    )
    assert network_pairs(sheet_of([home]), sheet_of([away]))[1] == pytest.approx(5 / 3)
    assert network_pairs(sheet_of([home]), sheet_of([twice]))[1] is None


def test_kappas_of_lucky_networks_are_no_shift():
    rng, told, tries = np.random.default_rng(9), 0, 40
    values = [RHYTHM.values[number % 2] for number in range(300)]
    domain = domain_of("a", {k: truth_of(rhythm=value) for k, value in enumerate(values)})
    fold = folds_of(domain, 5)
    for _ in range(tries):
        sides = []
        for _ in range(2):
            wrong = rng.random(300) < np.clip(0.25 + 0.12 * rng.normal(size=6), 0, 1)[[fold[k] for k in range(300)]]
            said = [RHYTHM.values[(k + bad) % 2] for k, bad in enumerate(wrong)]
            sides.append({k: Reading({"rhythm": one}) for k, one in enumerate(said)})
        found = change(domain_study(both(domain, *sides, 5), draws=200), "rhythm")
        told += found.p < 0.05
    assert told <= 0.1 * tries


def test_a_jackknife_of_means_is_their_standard_error():
    values = np.array([0.1, 0.4, 0.2, 0.5])
    without = (values.sum() - values) / 3
    assert jackknifed(without, 0.0).spread(0.0).error == pytest.approx(values.std(ddof=1) / 2)


def test_a_part_of_the_drop_is_judged_over_networks_too_and_only_of_a_drop_that_the_correction_leaves():
    rng = np.random.default_rng(10)
    labels = np.arange(600) % 3 == 0
    names = ("MI", "STTC", "CD", "HYP")
    sick = {"MI": labels, **{name: rng.random(600) < 0.3 for name in names[1:]}}
    truths = {k: truth_of(*([name for name in names if sick[name][k]] or ["NORM"])) for k in range(600)}
    loose = {k: truth_of("NORM") if k % 97 == 0 else truth for k, truth in truths.items()}
    for _ in range(40):  # until one drop is shown before the correction, and none after it
        sides = []
        for area in (0.83, 0.76):
            score = separation(area) * labels + rng.normal(size=600)
            sides.append({k: reading_of(MI=1 / (1 + np.exp(-score[k])), STTC=0.2, CD=0.2, HYP=0.2) for k in truths})
        study = domain_study(both(domain_of("a", truths, lenient=loose), *sides, 5), draws=20)
        found = change(study)
        if found.p < 0.05 <= found.p_holm:
            break
    assert found.p < 0.05 <= found.p_holm
    noise = next(one for one in study.drops[0].noise if one.name == "MI")
    assert noise.says == "cannot be told: no drop is shown by strict labels"
