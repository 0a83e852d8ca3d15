"""Deletion curves that are asked of a reader are those of an open network, and tell a true map from a false one."""

import numpy as np
import pytest
import torch
from torch import nn

from bench.explain.hiding.blackbox import black_box
from bench.explain.hiding.deletion import asked_deletions, deletion_count, deletion_questions
from bench.explain.hiding.masked_case import Masked
from bench.explain.hiding.open_box import OpenBox
from bench.explain.hiding.target import Target
from bench.explain.maps.cell import zeroed
from bench.explain.maps.gradient import integrated_gradients
from bench.explain.maps.metric import RANDOM_ORDERS, STEPS, deletions, energy
from readers.contract import Case
from readers.network import Shown
from readers.torch_reader import TorchReader
from renderers import LEADS
from taxonomy.error import ReaderError
from taxonomy.reading import Failure, Reading

from .scripted import Constant, QrsOfV1, SureQrsOfV1

LBBB = Target("conduction", "lbbb")


@pytest.fixture(scope="module")
def one(population):
    return population.cohort().of(list(population.cohort())[:1])


@pytest.fixture(scope="module")
def record(one):
    return next(iter(one))


@pytest.fixture(scope="module")
def maps(record, one):
    """One that points at the QRS complex of V1, one that points at the T wave of I, and the energy."""
    cells = black_box(QrsOfV1(), one).cells(record)
    marked = [cells.mask((lead,), (segment,)).astype(np.float32) for lead, segment in (("V1", "QRS"), ("I", "T"))]
    return [*marked, energy(Shown(record.signal().mv))]


class LevelOfV1(nn.Module):
    def forward(self, x):
        return torch.stack([x[:, LEADS.index("V1")].square().sum(dim=1), torch.zeros(len(x))], dim=1)


def test_curves_asked_of_an_open_network_are_its_own(record):
    network = TorchReader(LevelOfV1().eval(), {"conduction": ("lbbb", "none")}, fs=100).network()
    signal = record.signal()
    shown = network.prepare(Case("", signal=signal.mv, fs=signal.fs))
    found = [integrated_gradients(network, shown, 0, 8), energy(shown)]
    own = deletions(network, shown, 0, found, 3)
    asked = asked_deletions(OpenBox(network, zeroed), record, LBBB, found, 100, 3, steps=STEPS, randoms=RANDOM_ORDERS)
    for mine, its in zip(asked, own, strict=True):
        assert mine.deleted == pytest.approx(its.deleted, abs=1e-4)
        assert mine.random_inserted == pytest.approx(its.random_inserted, abs=1e-4)
        assert mine.insertion_gain == pytest.approx(its.insertion_gain, abs=1e-4)


@pytest.mark.parametrize("reader", [SureQrsOfV1, QrsOfV1])
def test_a_true_map_is_above_random_order_and_energy_and_a_false_one_is_not(one, record, maps, reader):
    true, false, null = asked_deletions(black_box(reader(), one), record, LBBB, maps, 500)
    assert true.deletion_gain > max(false.deletion_gain, null.deletion_gain) + 0.1
    assert true.deleted[0] == 1 and true.deleted[-1] == 0 and true.inserted[-1] == 1
    assert abs(false.deletion_gain) < 0.1
    assert len(true.shares) == 9


def test_maps_of_another_rate_hide_the_same_time(one, record, maps):
    low = [map_.reshape(12, 1000, 5).mean(axis=2) for map_ in maps]
    at_500 = asked_deletions(black_box(SureQrsOfV1(), one), record, LBBB, maps, 500)
    at_100 = asked_deletions(black_box(SureQrsOfV1(), one), record, LBBB, low, 100)
    assert at_100[0].deletion_gain == pytest.approx(at_500[0].deletion_gain, abs=0.01)


def test_the_questions_are_counted_before_they_are_asked_and_each_is_asked_once(one, record, maps):
    reader, chance = SureQrsOfV1(), np.random.default_rng(0)
    box, others = black_box(reader, one), [chance.random((12, 5000)).astype(np.float32) for _ in range(3)]
    list(box.readings([Masked(record)]))
    (first, *_) = asked_deletions(box, record, LBBB, others, 500)
    assert reader.asked == deletion_count(3) == len(deletion_questions(box, record, 3))
    (again, *_) = asked_deletions(box, record, LBBB, others, 500)
    assert reader.asked == deletion_count(3) and again.deletion_gain == first.deletion_gain


def test_an_answer_that_flat_leads_get_too_has_no_curve(one, record, maps):
    assert asked_deletions(black_box(Constant(), one), record, LBBB, maps, 500) == [None] * 3


class Failing(SureQrsOfV1):
    """Fails at one call."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def read(self, cases):
        for reading in super().read(cases):
            yield Reading(error=Failure("transport", "gone")) if self.asked == self.number else reading


def test_a_failed_call_leaves_out_the_curve_that_it_belongs_to(one, record, maps):
    curves = asked_deletions(black_box(Failing(4), one), record, LBBB, maps, 500)
    assert [curve is None for curve in curves] == [True, False, False]
    assert asked_deletions(black_box(Failing(1), one), record, LBBB, maps, 500) == [None] * 3
    assert np.isfinite(asked_deletions(black_box(Failing(50), one), record, LBBB, maps, 500)[0].deletion_gain)


def test_maps_that_last_otherwise_than_the_recording_are_refused(one, record):
    short = np.zeros((len(LEADS), 1000), np.float32)
    with pytest.raises(ReaderError, match=r"last 2 s at 500 Hz, and the recording 10 s"):
        asked_deletions(black_box(QrsOfV1(), one), record, LBBB, [short], 500)
