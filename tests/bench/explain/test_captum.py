"""Gradient maps are those of an independent implementation."""

import numpy as np
import pytest
import torch
from torch import nn

from bench.explain.maps.gradient import STEPS, gradient_times_input, integrated_gradients, saliency
from phantoms.population import of_statements
from readers.contract import Case
from readers.network import Network
from readers.resnet1d.reader import Resnet1dReader
from readers.torch_reader import TorchReader

attr = pytest.importorskip("captum.attr", reason="captum is not installed: pip install 'ecg-reading-bench[dev]' has it")

CLOSE = 1e-5
"""Greatest difference, as a share of the largest relevance: sums of 32-bit numbers in another order."""


class Nonlinear(nn.Module):
    """A small stranger's network with what gradients of rectifiers alone would not try."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv1d(12, 8, 9, 2), nn.GELU(), nn.Conv1d(8, 8, 5, 2), nn.Tanh())
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.body(x).mean(dim=2))


def resnet1d():
    return next(Resnet1dReader().network().each_member()), [("rhythm", "sinus"), ("conduction", "lbbb")]


def strangers():
    with torch.random.fork_rng():
        reader = TorchReader(Nonlinear().eval(), {"rhythm": ("sinus", "paced")}, fs=100)
    return reader.network(), [("rhythm", "sinus"), ("rhythm", "paced")]


@pytest.fixture(params=[resnet1d, strangers], ids=["resnet1d", "TorchReader"])
def asked(request):
    network, outputs = request.param()
    phantom = of_statements(frozenset({"NORM", "SR"}), 500).simulated()
    shown = network.prepare(Case("c", signal=phantom.mv, fs=phantom.fs))
    return network, shown, [network.place(*output) for output in outputs]


def theirs(name, network: Network, shown, place, **settings):
    leads = torch.from_numpy(shown.leads[None]).requires_grad_()
    beside = None if shown.beside is None else torch.from_numpy(shown.beside[None])

    def logits(leads, *others):
        return network.log_odds(leads, others[0].expand(len(leads), -1) if others else None)

    if beside is not None:
        settings["additional_forward_args"] = (beside,)
    found = getattr(attr, name)(logits).attribute(leads, target=place, **settings)
    return found[0].detach().numpy().astype(np.float32)


def assert_alike(ours, theirs_):
    assert np.abs(ours - theirs_).max() <= CLOSE * np.abs(theirs_).max()
    assert np.corrcoef(ours.ravel(), theirs_.ravel())[0, 1] > 0.999999


def test_integrated_gradients_are_those_of_captum(asked):
    network, shown, places = asked
    for place in places:
        alike = theirs(
            "IntegratedGradients", network, shown, place, n_steps=STEPS, method="riemann_middle", baselines=0.0
        )
        assert_alike(integrated_gradients(network, shown, place), alike)


def test_few_steps_are_near_to_the_many_of_another_rule(asked):
    network, shown, places = asked
    fine = theirs("IntegratedGradients", network, shown, places[0], n_steps=100, method="gausslegendre", baselines=0.0)
    assert np.corrcoef(integrated_gradients(network, shown, places[0]).ravel(), fine.ravel())[0, 1] > 0.99


def test_saliency_and_gradient_times_input_are_those_of_captum(asked):
    network, shown, places = asked
    assert_alike(saliency(network, shown, places[0]), theirs("Saliency", network, shown, places[0]))
    assert_alike(gradient_times_input(network, shown, places[0]), theirs("InputXGradient", network, shown, places[0]))
