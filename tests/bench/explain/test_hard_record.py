"""Recordings that lack what explanations look for: a flat lead, no P wave, no beat at all."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bench.explain.belief.judging import of_answer
from bench.explain.belief.sample import Positive, region_of
from bench.explain.maps.cell import cells_of
from bench.explain.maps.method import METHODS, Answer, chosen
from measurements.segment import segmented
from phantoms.population import of_statements
from readers.contract import Case
from readers.resnet1d.reader import Resnet1dReader
from readers.torch_reader import TorchReader
from renderers import LEADS

V3 = LEADS.index("V3")


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.head = nn.Conv1d(12, 4, 9, 2), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.conv(x).relu().mean(dim=2))


def z_scored(mv):
    return (mv - mv.mean(axis=1, keepdims=True)) / np.maximum(mv.std(axis=1, keepdims=True), 1e-3)


def own():
    with torch.random.fork_rng():
        reader = TorchReader(Small().eval(), {"rhythm": ("sinus", "paced")}, fs=100, prepare=z_scored)
    return reader.network(), METHODS


def shipped():
    return next(Resnet1dReader().network().each_member()), chosen(())


def signal(statements=("NORM", "SR")):
    phantom = of_statements(frozenset(statements), 500).simulated()
    return phantom.mv.copy(), phantom.fs


def positive(network, mv, fs):
    shown = network.prepare(Case("c", signal=mv, fs=fs))
    cells = cells_of(segmented(mv, fs), network.fs, shown.leads.shape[1])
    answer = Answer(network, shown, network.place("rhythm", "sinus"), cells)
    return Positive(1, 1, ("rhythm", "sinus"), answer, region_of(answer, ("rhythm", "sinus")))


@pytest.fixture(params=[own, shipped], ids=["TorchReader", "resnet1d"], scope="module")
def explained(request):
    return request.param()


def flat_lead(mv):
    mv[V3] = 0


def gap_of_a_lead(mv):
    mv[V3] = np.nan


@pytest.mark.parametrize("spoil", [flat_lead, gap_of_a_lead])
def test_a_flat_lead_gives_finite_maps_of_all_methods_with_nothing_in_it_that_could_be_hidden(explained, spoil):
    network, methods = explained
    mv, fs = signal()
    spoil(mv)
    one = positive(network, mv, fs)
    assert np.isfinite(one.answer.shown.leads).all()
    assert np.ptp(one.answer.shown.leads[V3]) < 1e-3
    for method in methods:
        map_ = method.explain(one.answer)
        assert map_.shape == one.answer.shown.leads.shape
        assert np.isfinite(map_).all(), method.name
        if method.name in ("gradient_times_input", "integrated_gradients", "occlusion_lead", "occlusion_cell"):
            assert np.abs(map_[V3]).max() < 1e-3 * np.abs(map_).max(), method.name


def test_figures_of_a_record_with_a_flat_lead_are_finite(explained):
    network, _ = explained
    mv, fs = signal()
    flat_lead(mv)
    one = positive(network, mv, fs)
    few = chosen(("saliency", "occlusion_lead"))
    for figures in of_answer(one, few, network.randomised(1)):
        told = [*vars(figures).values(), *vars(figures.energy).values()]
        assert all(np.isfinite(value) for value in told if isinstance(value, float))
        assert figures.mass is not None
        assert figures.random is not None


def test_without_p_waves_maps_have_none_and_a_region_of_p_alone_is_no_region():
    network, methods = own()
    mv, fs = signal(("AFIB",))
    one = positive(network, mv, fs)
    assert "P" in one.answer.cells.missing
    for method in methods:
        assert np.isfinite(method.explain(one.answer)).all(), method.name
    assert one.region is None or not one.region[:, one.answer.cells.during("P")].any()
    figures = list(of_answer(replace(one, region=None), chosen(("saliency",)), None))
    assert (figures[0].area, figures[0].mass, figures[0].pointing) == (None, None, None)
    assert figures[0].seconds > 0


def test_a_record_without_a_beat_has_maps_that_say_nothing_where_cells_are_hidden():
    network, methods = own()
    one = positive(network, np.zeros((12, 5000), dtype=np.float32), 500.0)
    assert one.answer.cells.each == ()
    assert one.region is None
    for method in methods:
        map_ = method.explain(one.answer)
        assert np.isfinite(map_).all(), method.name
        if method.name.startswith("occlusion"):
            assert not map_.any(), method.name
