"""Each method on networks of which it is known what moves them."""

import numpy as np
import pytest
import torch
from torch import nn

from bench.explain.maps.activation import grad_cam, guided_grad_cam, layer_cam
from bench.explain.maps.cell import Cells, bridged, cells_of, zeroed
from bench.explain.maps.gradient import gradient_times_input, integrated_gradients, saliency
from bench.explain.maps.occlusion import by_cell, by_lead, by_segment, by_window, painted
from measurements.segment import Span, segmented
from phantoms.population import of_statements
from readers.contract import Case
from readers.network import Shown
from readers.resnet1d.reader import Resnet1dReader
from readers.torch_reader import TorchReader
from renderers import LEADS
from taxonomy.error import ReaderError, UnknownNameError

V1 = LEADS.index("V1")
FS = 100


class OnlyV1(nn.Module):
    """Adds up the squares of V1, and looks at nothing else."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(12, 1, 5, padding=2, bias=False)
        nn.init.zeros_(self.stem.weight)
        self.stem.weight.data[0, V1, 2] = 1.0

    def forward(self, x):
        return torch.cat([self.stem(x).square().sum(dim=2), torch.zeros(len(x), 1)], dim=1)


@pytest.fixture(scope="module")
def phantom():
    return of_statements(frozenset({"NORM", "SR"}), 500).simulated()


@pytest.fixture(scope="module")
def network():
    return TorchReader(OnlyV1().eval(), {"rhythm": ("sinus", "paced")}, fs=FS).network()


@pytest.fixture(scope="module")
def shown(network, phantom):
    return network.prepare(Case("c", signal=phantom.mv, fs=phantom.fs))


@pytest.fixture(scope="module")
def cells(phantom):
    return cells_of(segmented(phantom.mv, phantom.fs), FS, 1000)


GRADIENT = (saliency, gradient_times_input, integrated_gradients)
CAMS = (grad_cam, layer_cam, guided_grad_cam)


@pytest.mark.parametrize("method", GRADIENT)
def test_gradients_lie_where_the_network_looks_and_nowhere_else(method, network, shown):
    found = method(network, shown, 0)
    assert found.shape == (12, 1000)
    assert np.abs(found[V1]).sum() > 0
    assert not np.delete(found, V1, axis=0).any()
    against = method(network, shown, 1)
    assert against == pytest.approx(found if method is saliency else -found, abs=1e-5), (
        "of two values, one or the other"
    )


class CommonTerm(OnlyV1):
    """Adds to every logit what it sees in II, which moves no answer."""

    def forward(self, x):
        return super().forward(x) + 50 * x[:, LEADS.index("II")].square().mean(dim=1, keepdim=True)


@pytest.mark.parametrize("method", GRADIENT)
def test_what_is_common_to_all_logits_of_a_choice_moves_no_answer(method, network, shown):
    common = TorchReader(CommonTerm().eval(), {"rhythm": ("sinus", "paced")}, fs=FS).network()
    assert method(common, shown, 0) == pytest.approx(method(network, shown, 0), abs=1e-3)


def test_the_log_odds_are_those_of_the_probabilities_and_of_questions_of_their_own_the_logits(shown):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(12, 6, 9), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    heads = {"conduction": ("none", "lbbb", "rbbb"), "other_findings": ("lvh", "rvh"), "rhythm": ("sinus",)}
    network = TorchReader(net.eval(), heads, fs=FS).network()
    leads = torch.from_numpy(shown.leads[None])
    with torch.inference_mode():
        chances, odds = network.probabilities(leads), network.log_odds(leads)
        assert odds.numpy() == pytest.approx((chances.log() - (1 - chances).log()).numpy(), abs=1e-4)
        assert torch.equal(odds[:, 3:], network.logits(leads)[:, 3:])


@pytest.mark.parametrize("method", CAMS)
def test_activations_are_told_by_lead(method, network, shown):
    found = method(network, shown, 0, "stem")
    assert found.shape == (12, 1000)
    assert found[V1].sum() > 0
    assert not np.delete(found, V1, axis=0).any()
    assert (found >= 0).all()


def test_saliency_of_a_square_is_twice_the_input_and_integrated_gradients_are_the_square(network, shown):
    assert saliency(network, shown, 0)[V1] == pytest.approx(2 * np.abs(shown.leads[V1]), abs=1e-5)
    assert integrated_gradients(network, shown, 0)[V1] == pytest.approx(shown.leads[V1] ** 2, abs=1e-5)


def test_integrated_gradients_add_up_to_the_change_of_the_log_odds(shown):
    torch.manual_seed(0)
    deep = nn.Sequential(
        nn.Conv1d(12, 8, 7, 2), nn.ReLU(), nn.Conv1d(8, 8, 5, 2), nn.Tanh(), nn.Flatten(), nn.LazyLinear(2)
    )
    deep(torch.zeros(1, 12, 1000))
    network = TorchReader(deep.eval(), {"rhythm": ("sinus", "paced")}, fs=FS).network()
    with torch.no_grad():
        ends = network.log_odds(torch.from_numpy(np.stack([shown.leads, 0 * shown.leads])))[:, 0]
    change = float(ends[0] - ends[1])
    assert integrated_gradients(network, shown, 0).sum() == pytest.approx(change, rel=0.02)


def test_hiding_v1_takes_all_and_hiding_another_lead_nothing(network, shown):
    found = by_lead(network, shown, 0, zeroed)
    assert found["V1"] == pytest.approx((shown.leads[V1] ** 2).sum(), rel=1e-4)
    assert all(value == 0 for lead, value in found.items() if lead != "V1")


def test_the_cell_of_the_largest_drop_is_the_qrs_complex_of_v1(network, shown, cells):
    found = by_cell(network, shown, 0, cells, zeroed)
    assert max(found, key=found.get) == ("V1", "QRS")
    assert found["V1", "QRS"] == pytest.approx((shown.leads[V1, cells.during("QRS")] ** 2).sum(), rel=1e-4)
    assert by_segment(network, shown, 0, cells, zeroed)["QRS"] == pytest.approx(found["V1", "QRS"], rel=1e-4)
    map_ = painted(found, cells)
    assert map_[V1].sum() == pytest.approx(sum(value for (lead, _), value in found.items() if lead == "V1"), rel=1e-4)


def test_windows_tell_each_sample_what_its_tenth_of_a_second_takes(network, shown):
    found = by_window(network, shown, 0, zeroed)
    assert found.shape == (12, 1000)
    assert found[V1].reshape(100, 10)[:, 0] == pytest.approx(
        (shown.leads[V1] ** 2).reshape(100, 10).sum(axis=1), abs=1e-3
    )
    assert not np.delete(found, V1, axis=0).any()


def test_an_unknown_layer_names_the_nearest_and_one_without_time_is_refused(network, shown):
    with pytest.raises(UnknownNameError, match=r"unknown layer of the network 'sten'.*'stem'"):
        grad_cam(network, shown, 0, "sten")
    pooled = nn.Sequential(nn.Sequential(nn.Conv1d(12, 2, 5), nn.AdaptiveAvgPool1d(1)), nn.Flatten()).eval()
    flat = TorchReader(pooled, {"rhythm": ("sinus", "paced")}, fs=FS).network()
    with pytest.raises(ReaderError, match=r"layer '0' .* gives no activations over time.*layers that do are 0\.0$"):
        grad_cam(flat, shown, 0, "0")


@pytest.fixture(scope="module")
def shipped(phantom):
    network = Resnet1dReader().network()
    whole = network.prepare(Case("c", signal=phantom.mv, fs=phantom.fs))
    return network, Shown(whole.leads[:, 300:550], whole.beside)


def test_every_listed_layer_of_resnet1d_has_a_map_and_one_that_is_not_called_says_which_are(shipped):
    network, shown = shipped
    one = next(network.each_member())
    listed = one.layers(shown)
    assert {"stem.0", "in_mv", "stem.2", "trunk.7", "trunk"} <= set(listed)
    assert "stem" not in listed
    place = one.place("rhythm", "sinus")
    for layer in listed:
        for cam in (grad_cam, layer_cam):
            found = cam(one, shown, place, layer)
            assert found.shape == (12, 250), layer
            assert np.isfinite(found).all(), layer
            assert found.max() > 0, layer
    with pytest.raises(ReaderError, match=r"layer 'stem' .* never called as a whole.* stem\.2, stem\.1, stem\.0"):
        layer_cam(network, shown, place, "stem")


class InPlace(nn.Module):
    """Squares what its layer answers, in the place of it where it is told to."""

    def __init__(self, in_place):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.in_place = nn.Conv1d(12, 4, 5, padding=2), in_place

    def forward(self, x):
        y = self.conv(x)
        y = y.relu_() if self.in_place else y.relu()
        return torch.stack([y.square().sum(dim=(1, 2)), 0 * y.sum(dim=(1, 2))], dim=1)


def test_a_layer_is_told_before_what_follows_changes_it_in_place(shown):
    apart, in_place = (
        TorchReader(InPlace(one).eval(), {"rhythm": ("sinus", "paced")}, fs=FS).network() for one in (False, True)
    )
    for cam in (grad_cam, layer_cam):
        assert np.array_equal(cam(apart, shown, 0, "conv"), cam(in_place, shown, 0, "conv"))


class Deaf(nn.Module):
    """Answers by numbers that have no gradient."""

    def __init__(self, detached):
        super().__init__()
        self.conv, self.detached = nn.Conv1d(12, 2, 5), detached

    def forward(self, x):
        if self.detached:
            return self.conv(x.detach()).mean(dim=2)
        with torch.no_grad():
            return self.conv(x).mean(dim=2)


@pytest.mark.parametrize("detached", [False, True])
def test_a_network_without_gradients_names_a_method_that_needs_none(detached, shown):
    deaf = TorchReader(Deaf(detached).eval(), {"rhythm": ("sinus", "paced")}, fs=FS).network()
    for method in GRADIENT:
        with pytest.raises(ReaderError, match=r"no gradient with respect to its leads .* such as occlusion_cell"):
            method(deaf, shown, 0)
    assert len(by_lead(deaf, shown, 0, zeroed)) == 12


def test_cells_cover_the_beats_once(cells, phantom):
    taken = sum(cells.during(segment).astype(int) for segment in cells.segments)
    assert taken.max() == 1
    assert taken[int(phantom.qrs[1].onset * FS) : int(phantom.qrs[-2].offset * FS)].mean() > 0.97
    assert cells.segments == ("P", "PR", "QRS", "ST", "T", "TQ")
    assert len(cells.each) == 72


def test_a_short_segment_is_one_with_the_one_before_and_a_missing_one_says_why(phantom):
    fibrillating = of_statements(frozenset({"AFIB"}), 500).simulated()
    found = cells_of(segmented(fibrillating.mv, fibrillating.fs), FS, 1000)
    assert {"P", "PR"} <= set(found.missing)
    assert "no P wave stands" in found.missing["P"]
    from measurements.segment import BeatSegments

    beat = BeatSegments(0.2, True, {"P": Span(0.0, 0.1), "PR": Span(0.1, 0.12), "QRS": Span(0.12, 0.2)}, {"ST": "x"})
    merged = cells_of([beat], FS, 1000)
    assert merged.segments == ("P", "QRS")
    assert merged.missing["PR"] == "it lasts less than 30 ms and is told with P"
    assert merged.during("P")[:12].all()


def test_bridges_are_straight_lines_and_nothing_else_changes(cells, shown):
    mask = cells.mask(("V1",), ("QRS",))
    for filled in (bridged(shown.leads, mask), zeroed(shown.leads, mask)):
        assert np.array_equal(filled[~mask], shown.leads[~mask])
    assert not zeroed(shown.leads, mask)[mask].any()
    ramp = np.tile(np.arange(1000, dtype=np.float32), (12, 1))
    assert bridged(ramp, mask) == pytest.approx(ramp, abs=1e-3)
    assert not bridged(ramp, np.ones((12, 1000), dtype=bool)).any()


def test_no_beats_no_cells():
    empty = cells_of((), FS, 1000)
    assert isinstance(empty, Cells)
    assert empty.each == ()
    assert set(empty.missing.values()) == {"no beat is found"}
