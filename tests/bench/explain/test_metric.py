"""Figures of maps: the true map beats the nulls, and each null is what it says."""

import numpy as np
import pytest
import torch
from torch import nn

from bench.explain.maps.gradient import integrated_gradients
from bench.explain.maps.metric import (
    LEAST_RISE,
    agreement,
    deletion,
    deletions,
    energy,
    mass,
    partial_rank_correlation,
    pixel_area,
    points_into,
    rank_correlation,
)
from phantoms.population import of_statements
from readers.contract import Case
from readers.network import Shown
from readers.torch_reader import TorchReader

FS = 100


class Late(nn.Module):
    """Adds up one lead in a stretch of time: the truth of every map of it."""

    def __init__(self, lead=1, begin=400, end=600):
        super().__init__()
        self.place = (lead, slice(begin, end))

    def forward(self, x):
        lead, span = self.place
        return torch.stack([x[:, lead, span].square().sum(dim=1), torch.zeros(len(x))], dim=1)


@pytest.fixture(scope="module")
def shown():
    phantom = of_statements(frozenset({"NORM", "SR"}), 500).simulated()
    return network().prepare(Case("c", signal=phantom.mv, fs=phantom.fs))


def network(module=None):
    return TorchReader((module or Late()).eval(), {"rhythm": ("sinus", "paced")}, fs=FS).network()


def region(lead=1, begin=400, end=600):
    mask = np.zeros((12, 1000), dtype=bool)
    mask[lead, begin:end] = True
    return mask


def test_the_true_map_has_all_its_mass_in_the_region_and_the_energy_little(shown):
    true = integrated_gradients(network(), shown, 0)
    assert mass(true, region()) == pytest.approx(1.0, abs=1e-6)
    assert mass(energy(shown), region()) < 0.1
    assert mass(np.ones((12, 1000), np.float32), region()) == pytest.approx(region().mean())
    assert mass(np.zeros((12, 1000), np.float32), region()) is None
    assert mass(-np.ones((12, 1000), np.float32), region()) is None


def test_the_true_map_points_into_the_region_and_its_inverse_does_not(shown):
    true = integrated_gradients(network(), shown, 0)
    assert points_into(true, region(), FS) is True
    assert points_into(true, ~region(), FS) is False
    assert points_into(np.zeros((12, 1000), np.float32), region(), FS) is None


def test_deleting_by_the_true_map_beats_the_energy_and_a_random_map_gains_nothing(shown):
    net = network()
    true = deletion(net, shown, 0, integrated_gradients(net, shown, 0))
    null = deletion(net, shown, 0, energy(shown))
    noise = np.random.default_rng(1).random((12, 1000)).astype(np.float32)
    random = deletion(net, shown, 0, noise)
    assert true.deletion_gain > null.deletion_gain + 0.05
    assert true.insertion_gain > null.insertion_gain + 0.05
    assert abs(random.deletion_gain) < 0.15
    assert (true.deleted[0], true.deleted[-1]) == pytest.approx((1, 0), abs=1e-6)
    assert (true.inserted[0], true.inserted[-1]) == pytest.approx((0, 1), abs=1e-6)
    worst = deletion(net, shown, 0, -integrated_gradients(net, shown, 0))
    assert worst.deletion_gain < 0


def test_a_network_that_sees_nothing_has_no_curve(shown):
    assert deletion(network(), shown, 1, energy(shown)) is None


def test_what_two_maps_share_only_with_the_energy_is_no_correlation_of_theirs():
    chance = np.random.default_rng(0)
    base, one, other, third = chance.normal(size=(4, 12, 1000)).astype(np.float32)
    a, b = base + 0.5 * one, base + 0.5 * other
    assert rank_correlation(a, b) > 0.7
    assert abs(partial_rank_correlation(a, b, base)) < 0.05
    assert partial_rank_correlation(third + 0.3 * one, third + 0.3 * other, base) > 0.8
    assert rank_correlation(a, np.zeros_like(a)) == 0
    assert partial_rank_correlation(base, base, base) == 0


def test_members_that_agree():
    chance = np.random.default_rng(0)
    one = chance.random((12, 1000)).astype(np.float32)
    assert agreement([one, 2 * one, one**3]) == pytest.approx(1.0)
    assert agreement([one]) is None
    assert agreement([one, chance.random((12, 1000)).astype(np.float32)]) == pytest.approx(0, abs=0.05)


def test_energy_is_the_square_of_the_distance_from_the_median():
    leads = np.zeros((12, 10), np.float32)
    leads[3] = [2, 2, 2, 2, 2, 2, 2, 5, 2, 2]
    assert energy(Shown(leads))[3].tolist() == [0, 0, 0, 0, 0, 0, 0, 9, 0, 0]


def test_several_maps_are_held_against_the_same_random_orders(shown):
    net = network()
    maps = [integrated_gradients(net, shown, 0), energy(shown)]
    both = deletions(net, shown, 0, maps)
    for one, alone in zip(both, (deletion(net, shown, 0, map_) for map_ in maps), strict=True):
        assert one.deletion_gain == pytest.approx(alone.deletion_gain)
        assert one.insertion_gain == pytest.approx(alone.insertion_gain)
    assert np.array_equal(both[0].random_deleted, both[1].random_deleted)


class Scaled(Late):
    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, x):
        return self.by * super().forward(x)


def test_a_rise_that_is_too_small_to_be_shared_has_no_curve(shown):
    with torch.inference_mode():
        rise = float(network().logits(torch.from_numpy(shown.leads[None]))[0, 0])
    assert deletion(network(Scaled(1.01 * LEAST_RISE / rise)), shown, 0, energy(shown)) is not None
    assert deletion(network(Scaled(0.99 * LEAST_RISE / rise)), shown, 0, energy(shown)) is None
    assert deletion(network(Scaled(-1.0)), shown, 0, energy(shown)) is None


def test_a_map_of_one_part_gains_nothing_by_the_order_of_the_others(shown):
    """The network sees lead II alone, and the map points at one tile of V6: the other leads are no order."""
    pointing = np.zeros((12, 1000), np.float32)
    pointing[11, 100:105] = 1
    found = [deletion(network(), shown, 0, pointing, seed).deletion_gain for seed in range(8)]
    assert abs(np.mean(found)) < 0.1


def test_the_area_of_pixels_is_1_inside_0_outside_and_a_half_for_a_map_that_says_nothing():
    mask = region()
    assert pixel_area(mask.astype(np.float32), mask) == 1
    assert pixel_area((~mask).astype(np.float32), mask) == 0
    assert pixel_area(np.zeros((12, 1000), np.float32), mask) == 0.5
    assert pixel_area(-mask.astype(np.float32), mask) == 0.5
    chance = np.random.default_rng(0).random((12, 1000)).astype(np.float32)
    inside, outside = chance[mask], chance[~mask]
    pairs = (inside[:, None] > outside[None]).mean()
    assert pixel_area(chance, mask) == pytest.approx(pairs)
    assert pixel_area(chance, np.zeros_like(mask)) is None
    assert pixel_area(chance, np.ones_like(mask)) is None
