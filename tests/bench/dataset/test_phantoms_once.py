"""What costs time is done once: drawing phantoms of other folds, simulating, counting a majority that is known."""

from itertools import islice

import numpy as np
import pytest

from bench.dataset import phantom
from bench.dataset.base import TRAIN, majorities
from bench.dataset.phantom import COUNTED, Phantoms
from phantoms.population import Draw


def test_the_records_of_folds_are_those_that_all_records_hold(population):
    for folds in (("test",), ("val", TRAIN), ("test", "val", TRAIN), ()):
        assert [record.ecg_id for record in population.in_folds(folds)] == [
            record.ecg_id for record in population if record.fold in folds
        ]


def test_no_heart_is_drawn_before_its_truth_or_signal_is_asked_for(monkeypatch):
    asked, usual = [], phantom._draw
    monkeypatch.setattr(phantom, "_draw", lambda *words: asked.append(words[1]) or usual(*words))
    phantoms = Phantoms("4,20")
    cohort = phantoms.cohort("val")
    assert len(cohort) == 20
    assert not asked
    phantoms.draw(cohort[0].ecg_id)
    assert asked == [20]


def test_a_recording_is_simulated_once_and_nobody_can_spoil_it(monkeypatch):
    simulated = []
    usual = Draw.simulated
    monkeypatch.setattr(Draw, "simulated", lambda one, **words: simulated.append(one.seed) or usual(one, **words))
    record = Phantoms("4,20").record(3)
    first = record.signal()
    kept = first.mv.copy()
    first.mv[:] = 0
    assert np.array_equal(record.signal().mv, kept)
    assert len(simulated) == 1


@pytest.mark.slow
def test_the_majority_of_a_population_as_frequent_as_ptbxl_is_ptbxls():
    published = Phantoms()
    assert published.baselines == majorities(map(published.truth, published.in_folds((TRAIN,))))


def test_a_balanced_population_is_counted():
    balanced = Phantoms("1,balanced,40")
    first = islice(balanced.in_folds((TRAIN,)), COUNTED)
    assert balanced.baselines == majorities(map(balanced.truth, first))
    assert balanced.baselines != Phantoms("1,40").baselines
