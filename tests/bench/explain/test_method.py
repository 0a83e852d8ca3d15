"""Methods by name: which there are, what they need, and what is said of one that does not work."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bench.explain.maps.cell import cells_of
from bench.explain.maps.method import (
    METHODS,
    Answer,
    Method,
    chosen,
    last_layer,
    method_named,
    network_of,
    output_named,
)
from measurements.segment import segmented
from phantoms.population import of_statements
from readers.contract import Case
from readers.majority import MajorityReader
from readers.torch_reader import TorchReader
from renderers import LEADS
from taxonomy.error import ReaderError, UnknownNameError

V1 = LEADS.index("V1")


class Square(nn.Module):
    def forward(self, x):
        return x.square()


class LooksAt(nn.Module):
    """Adds up the squares of one lead."""

    def __init__(self, lead, weight=1.0):
        super().__init__()
        conv = nn.Conv1d(12, 1, 1, bias=False)
        nn.init.zeros_(conv.weight)
        conv.weight.data[0, lead, 0] = weight
        self.features = nn.Sequential(conv, Square())

    def forward(self, x):
        return torch.cat([self.features(x).sum(dim=2), torch.zeros(len(x), 1)], dim=1)


def reader(*modules):
    return TorchReader([module.eval() for module in modules], {"rhythm": ("sinus", "paced")}, fs=100)


def answer(network):
    phantom = of_statements(frozenset({"NORM", "SR"}), 500).simulated(5)
    shown = network.prepare(Case("c", signal=phantom.mv, fs=phantom.fs))
    return Answer(network, shown, 0, cells_of(segmented(phantom.mv, phantom.fs), 100, shown.leads.shape[1]))


def test_names_are_unique_and_each_has_a_source():
    assert len({method.name for method in METHODS}) == len(METHODS)
    assert all(method.source for method in METHODS)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_maps_a_network_of_one_lead_to_that_lead(method):
    asked = answer(reader(LooksAt(V1)).network())
    map_ = method.explain(asked)
    assert map_.shape == asked.shown.leads.shape
    assert map_.dtype == np.float32
    assert method.is_signed or map_.min() >= 0
    if method.name == "occlusion_segment":
        assert np.array_equal(map_[V1], map_[0])
    elif method.name == "occlusion_group":
        assert map_[V1].max() > 0 and np.array_equal(map_[V1], map_[V1 + 1])
        assert not np.delete(map_, (V1, V1 + 1), axis=0).any()
    elif method.name == "joint_masks":  # a regression of a square on masks is right but for some noise
        assert map_.sum(axis=1).argmax() == V1 and map_[V1].sum() > 0.5 * map_.sum()
    else:
        assert map_[V1].max() > 0
        assert not np.delete(map_, V1, axis=0).any()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_the_map_of_an_ensemble_is_the_mean_of_its_members_where_it_is_said_to_be(method):
    asked = answer(reader(LooksAt(V1), LooksAt(1, 0.5)).network())
    each = [method.explain(replace(asked, network=one)) for one in asked.network.each_member()]
    is_mean = np.allclose(np.mean(each, axis=0), method.explain(asked), atol=1e-5)
    assert is_mean or not method.is_mean


def test_what_is_chosen_without_names_is_all_that_is_quick():
    names = [method.name for method in chosen(())]
    assert "saliency" in names
    assert "occlusion_window" not in names
    assert [method.name for method in chosen(("occlusion_window", "saliency", "saliency"))] == [
        "occlusion_window",
        "saliency",
    ]


def test_a_new_method_is_one_line():
    mine = Method("mine", lambda asked: asked.shown.leads, "queries", True, "here")
    assert method_named("mine", (*METHODS, mine)) is mine


def test_an_unknown_method_names_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown method 'salency'.*Did you mean 'saliency'"):
        chosen(("salency",))


def test_a_gradient_method_on_a_black_box_says_which_methods_work():
    box = MajorityReader()
    with pytest.raises(ReaderError, match=r"grad_cam needs .* 'majority' is a black box: choose from occlusion_lead"):
        network_of(box, chosen(("occlusion_cell", "grad_cam")))
    assert network_of(box, chosen(("occlusion_cell",))) is None
    own = reader(LooksAt(V1))
    assert network_of(own, METHODS) is own.network()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("rhythm=sinsu", r"unknown value of the network's rhythm 'sinsu'.*'sinus'"),
        ("rythm=sinus", r"unknown head of the network 'rythm'.*'rhythm'"),
        ("sinus", r"unknown target 'sinus': a target is AXIS=VALUE, here rhythm=sinus$"),
        ("sinuss", r"unknown target 'sinuss': choose from rhythm=paced, rhythm=sinus"),
    ],
)
def test_an_unknown_target_names_the_nearest(target, said):
    network = reader(LooksAt(V1)).network()
    assert output_named(network, "rhythm=paced") == ("rhythm", "paced")
    with pytest.raises(UnknownNameError, match=said):
        output_named(network, target)


def test_the_last_layer_is_the_last_with_a_course_over_time():
    asked = answer(reader(LooksAt(V1)).network())
    assert last_layer(asked.network, asked.shown) == "features"
    pooled = nn.Sequential(nn.Sequential(nn.Conv1d(12, 2, 5), nn.AdaptiveAvgPool1d(1)), nn.Flatten())
    network = reader(pooled).network()
    assert last_layer(network, asked.shown) == "0.0"


def test_a_network_without_a_course_over_time_has_no_layer_to_explain():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(12 * 500, 2))
    network = reader(flat).network()
    with pytest.raises(ReaderError, match="no layer of the network has activations over time"):
        last_layer(network, answer(reader(LooksAt(V1)).network()).shown)


def test_joint_masks_are_the_same_for_equal_weights_and_others_for_others():
    """Random weights that were asked by the same masks would give a map like the reader's own by their noise alone."""
    method = method_named("joint_masks")
    own, again, other = (method.explain(answer(reader(LooksAt(V1, weight)).network())) for weight in (1.0, 1.0, 2**0.5))
    assert np.array_equal(own, again)
    noise = np.delete(np.arange(12), V1)
    assert own[noise].any()
    assert not np.allclose(other[noise], 4 * own[noise], rtol=0.1)  # as twice the logit would be by the same masks
