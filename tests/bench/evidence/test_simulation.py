"""False verdicts and power, from the labels alone."""

import numpy as np
import pytest

from bench.dataset.ptbxl import PtbXl
from bench.evidence import verdict as words
from bench.evidence.simulation import (
    HOPELESS,
    READS,
    REFUSES,
    RULES,
    SHUFFLES,
    findings,
    screened,
    simulate,
    simulated_worlds,
)
from bench.score.association import association
from bench.score.proportion import clopper_pearson
from readers.control import seen
from taxonomy.axis import CONDUCTION, DIAGNOSIS

from ...command import bench

RULE = {rule.name: rule for rule in RULES}


@pytest.fixture(scope="module")
def world(population):
    return next(simulated_worlds(population.cohort("test"), [0]))


def test_each_rule_is_found_out(population, world):
    majority = population.baselines
    assert findings(RULE["refuses on mismatch"], world, majority) == {words.REFUSES}
    assert words.NUMBERS in findings(RULE["copies the numbers"], world, majority)
    assert words.NAMES in findings(RULE["sees 50% of abnormal"], world, majority)
    assert findings(RULE["page height, order"], world, majority) == set()


@pytest.mark.slow
def test_a_trial_is_the_same_again_and_another_is_another(population):
    cohort = population.cohort("test")
    assert simulate(cohort, 2) == simulate(cohort, 2)
    one, other = simulated_worlds(cohort, [0, 1])
    assert one.donors != other.donors


def test_donors_are_other_patients(world):
    pairs = [(source, world.sources[place]) for source, place in zip(world.sources, world.donors, strict=True)]
    assert all(image.patient_id != numbers.patient_id for image, numbers in pairs)
    assert sorted(world.donors) == list(range(len(world.sources)))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_a_reader_that_sees_a_share_sees_that_share(world, share):
    known = seen(world.values, share, "lot")
    for axis in (CONDUCTION, DIAGNOSIS):
        abnormal = [value[axis.name] for value in world.values if value[axis.name] not in (None, axis.negative)]
        told = [
            (one[axis.name], truth[axis.name])
            for one, truth in zip(known, world.values, strict=True)
            if axis.name in one
        ]
        assert len(told) == int(np.ceil(share * len(abnormal)))
        assert all(one == truth for one, truth in told)


def test_screening_changes_no_small_p(world):
    truths = [source.truth for source in world.sources if source.truth.values["diagnosis"]]
    answers = [truth.values["diagnosis"] if place % 4 == 0 else "NORM" for place, truth in enumerate(truths)]
    people, folds = list(range(len(truths))), [10] * len(truths)
    told = (DIAGNOSIS, answers, truths, "NORM", people, folds)
    assert screened(*told, seed=3) == association(*told, 3, SHUFFLES)
    reversed_answers = (DIAGNOSIS, answers[::-1], truths, "NORM", people, folds)
    assert (screened(*reversed_answers).p > HOPELESS) == (association(*reversed_answers).p > HOPELESS)


@pytest.mark.slow
def test_few_verdicts_are_false_and_the_true_ones_are_found(population):
    """At n = 66, 60 trials: under 5% false on any axis together, and power for one abnormal truth in ten."""
    found = {one.name: one.rates for one in simulate(population.cohort("test"), 60)}
    for rule in RULES:
        if rule.knows == "nothing":
            assert found[rule.name][READS].value <= 0.05, rule.name
    assert found["refuses on mismatch"][REFUSES].value == 1
    assert found["sees 10% of abnormal"][READS].value > 0.85
    assert found["sees 25% of abnormal"][READS].value > 0.95
    rate = found["sees 50% of abnormal"][READS]
    assert rate.interval == clopper_pearson(rate.count, 60)


@pytest.mark.slow
def test_the_labels_of_a_whole_fold_are_enough(shared_data, population):
    cohort = PtbXl(shared_data / "ptbxl").cohort("test", with_signal=False)
    (world,) = simulated_worlds(cohort, [0])
    assert len(world.sources) == 2198
    majority = cohort.dataset.baselines
    assert words.READS not in findings(RULE["arbitrary by image"], world, majority)
    gross = findings(RULE["gross abnormality"], world, majority)
    assert words.READS in gross and words.NAMES not in gross
    assert words.NAMES in findings(RULE["sees 10% of abnormal"], world, majority)


@pytest.mark.slow
def test_the_command_prints_the_table(tmp_path):
    done = bench("selftest", "--simulate", "--trials", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "n = 66, 3 trials" in done.stdout
    assert all(rule.name in done.stdout for rule in RULES)
