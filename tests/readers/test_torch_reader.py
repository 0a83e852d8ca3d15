"""A stranger's network reads by one line, and every fault of it is one sentence."""

import numpy as np
import pytest
import torch
from torch import nn

from readers.contract import Case
from readers.contract_suite import check_reader
from readers.network import Network, OpenReader
from readers.torch_reader import TorchReader, resampled
from taxonomy.error import ReaderError, UnknownNameError

RHYTHMS = ("sinus", "atrial_fibrillation", "paced")


class Louder(nn.Module):
    """Tells fibrillation by how large V1 is: known in every number."""

    def __init__(self, outputs=3, place=1):
        super().__init__()
        self.first = nn.Conv1d(12, 4, 5, padding=2)
        self.outputs, self.place = outputs, place

    def forward(self, x):
        large = 10 * (x[:, 6].abs().mean(dim=1) - 0.5)
        logits = torch.zeros(len(x), self.outputs)
        return logits.index_copy(1, torch.tensor([self.place]), large[:, None])


def case(mv, fs=500.0, samples=5000):
    signal = np.zeros((12, samples), dtype=np.float32)
    signal[6] = mv
    return Case("c", signal=signal, fs=fs)


def reader(module=None, outputs=None, **settings):
    return TorchReader(
        module if isinstance(module, list) else (module or Louder()).eval(),
        outputs or {"rhythm": RHYTHMS},
        fs=settings.pop("fs", 100),
        **settings,
    )


def test_it_reads_by_the_largest_logit_with_the_probabilities_of_a_softmax():
    loud, quiet = reader().read([case(1.0), case(0.0)])
    assert loud.values == {"rhythm": "atrial_fibrillation"}
    expected = np.exp(5) / (np.exp(5) + 2)
    assert loud.probabilities["rhythm"]["atrial_fibrillation"] == pytest.approx(expected, abs=1e-3)
    assert quiet.values["rhythm"] != "atrial_fibrillation"


def test_it_keeps_the_contract_of_readers():
    assert [check.problem for check in check_reader(reader(), [case(mv) for mv in (0.2, 0.5, 1.0)])] == [None] * 8


def test_heads_of_findings_are_independent_and_one_value_alone_is_answered_where_it_is_probable():
    found = next(iter(reader(Louder(2, 1), {"other_findings": ("lvh", "rvh")}).read([case(1.0)])))
    assert found.values["other_findings"] == frozenset({"lvh", "rvh"}) or "rvh" in found.values["other_findings"]
    assert found.probabilities["other_findings"]["lvh"] == pytest.approx(0.5)
    alone = reader(Louder(1, 0), {"rhythm": ("paced",)})
    yes, no = alone.read([case(1.0), case(0.0)])
    assert (yes.values, no.values) == ({"rhythm": "paced"}, {})


def test_what_is_prepared_is_what_is_shown_and_another_sampling_rate_is_resampled():
    seen = reader(prepare=lambda mv: 2 * mv).network().prepare(case(1.0))
    assert seen.leads.shape == (12, 1000)
    assert seen.leads[6, 100:900] == pytest.approx(2.0, abs=0.01)
    sine = np.sin(2 * np.pi * 5 * np.arange(2570) / 257).astype(np.float32)[None].repeat(12, 0)
    slow = resampled(sine, 257.0, 100.0)
    assert slow.shape[1] == 1000
    assert slow[0, 100:900] == pytest.approx(np.sin(2 * np.pi * 5 * np.arange(1000) / 100)[100:900], abs=0.02)


def test_gaps_are_bridged_before_it_sees_them():
    gapped = case(1.0)
    gapped.signal[6, 1000:1500] = np.nan
    assert np.isfinite(reader().network().prepare(gapped).leads).all()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TorchReader(Louder(), {"rhythm": RHYTHMS}, fs=100), "is in training mode: call its eval"),
        (lambda: reader(fs=0), "a sampling rate above 0 Hz, not 0"),
        (lambda: reader(outputs={"rythm": ("sinus",)}), "unknown head 'rythm'.*'rhythm'"),
        (lambda: reader(outputs={"rhythm": ("sinuss",)}), "unknown value of rhythm 'sinuss'.*'sinus'"),
        (lambda: reader(outputs={"rhythm": ()}), "needs a head with a value"),
        (lambda: TorchReader([], {"rhythm": RHYTHMS}, fs=100), "there is no network"),
        (lambda: list(reader(Louder(2)).read([case(1.0)])), r"logits of shape \(1, 2\), not \(records, 3\)"),
        (
            lambda: list(reader(prepare=lambda mv: mv[:3]).read([case(1.0)])),
            r"of shape \(12, 1000\), and is \(3, 1000\)",
        ),
        (
            lambda: reader(prepare=lambda mv: mv[:, ::2]).network().prepare(case(1.0)),
            r"of shape \(12, 1000\), and is \(12, 500\); cut or pad inside the module",
        ),
        (lambda: list(reader(prepare=lambda mv: mv[12]).read([case(1.0)])), "fails: IndexError: index 12"),
        (
            lambda: list(reader(prepare=lambda mv: exec("raise ValueError('a\\nb')")).read([case(1.0)])),
            "ValueError: a b$",
        ),
        (
            lambda: reader(Louder(place=9)).network().logits(torch.zeros(1, 12, 9)),
            "the network fails on leads of shape",
        ),
        (lambda: list(reader(nn.Conv1d(12, 3, 5).double()).read([case(1.0)])), r"float32\): RuntimeError: .*double"),
        (lambda: list(reader(prepare=lambda mv: np.full_like(mv, np.nan)).read([case(1.0)])), "with NaN or infinity"),
        (lambda: list(reader(prepare=lambda mv: np.full_like(mv, 3e38)).read([case(1.0)])), "logit that is not finite"),
        (lambda: list(reader().read([Case("c")])), "needs a signal in every case"),
        (lambda: reader().network().place("rhythm", "pased"), "unknown value of the network's rhythm 'pased'.*'paced'"),
        (lambda: reader().network().layer("frist"), "unknown layer of the network 'frist'.*'first'"),
    ],
)
def test_a_fault_is_one_sentence(make, said):
    with pytest.raises((ReaderError, UnknownNameError), match=said) as refused:
        make()
    assert "\n" not in str(refused.value)


def test_members_are_averaged_and_random_weights_are_random_by_their_seed_alone():
    torch.manual_seed(0)
    nets = [
        nn.Sequential(
            nn.Conv1d(12, 4, 5), nn.BatchNorm1d(4), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 3)
        ).eval()
        for _ in range(2)
    ]
    network = TorchReader(nets, {"rhythm": RHYTHMS}, fs=100).network()
    leads = torch.randn(2, 12, 1000)
    each = [one.logits(leads) for one in network.each_member()]
    assert torch.allclose(network.logits(leads), (each[0] + each[1]) / 2)
    before = [parameter.clone() for parameter in nets[0].parameters()]
    state = torch.get_rng_state()
    once, again, other = (network.randomised(seed).logits(leads) for seed in (1, 1, 2))
    assert torch.equal(once, again)
    assert not torch.allclose(once, other)
    assert not torch.allclose(once, network.logits(leads))
    assert all(torch.equal(one, now) for one, now in zip(before, nets[0].parameters(), strict=True))
    assert torch.equal(state, torch.get_rng_state())


def test_other_weights_heads_and_modules_are_told_apart_so_that_nothing_that_is_kept_is_taken_for_theirs():
    once, again = reader(Constant(1.0)), reader(Constant(1.0))
    assert once.details == again.details
    others = [
        reader(Constant(2.0)),
        reader(Constant(1.0), {"rhythm": RHYTHMS[::-1]}),
        reader(Constant(1.0), fs=250),
        reader([Constant(1.0).eval()] * 2),
    ]
    assert len({one.details["network"] for one in (once, *others)}) == 5


class Constant(nn.Module):
    """One weight in half precision, one count."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.bfloat16))
        self.register_buffer("count", torch.tensor(3))


class InParts(nn.Module):
    """Calls the parts of one row one by one, answers a vector for the whole trace, and keeps one part for nothing."""

    def __init__(self):
        super().__init__()
        self.row = nn.Sequential(nn.Conv1d(12, 4, 5), nn.BatchNorm1d(4), nn.ReLU(inplace=True))
        self.pooled = nn.Sequential(nn.Conv1d(4, 4, 5), nn.AdaptiveAvgPool1d(1))
        self.unused = nn.Conv1d(12, 4, 5)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        for part in self.row:
            x = part(x)
        return self.head(self.pooled(x)[:, :, 0])


def test_layers_are_those_that_are_called_and_have_a_course_over_time():
    network = reader(InParts()).network()
    shown = network.prepare(case(1.0))
    assert network.layers(shown) == ("row.0", "row.1", "row.2", "pooled.0")
    for name in ("row", "pooled", "unused"):
        assert f"layer '{name}' of the network gives no activations" in str(network.without_course(name, shown))
    assert str(network.without_course("row", shown)).endswith("layers that do are row.2, row.1, row.0, pooled.0")
    other = nn.Sequential(nn.Conv1d(12, 3, 5), nn.AdaptiveAvgPool1d(1), nn.Flatten()).eval()
    assert TorchReader([InParts().eval(), other], {"rhythm": RHYTHMS}, fs=100).network().layers(shown) == ()


def test_which_readers_are_open():
    from readers.majority import MajorityReader
    from readers.resnet1d.reader import Resnet1dReader

    assert isinstance(reader(), OpenReader)
    assert isinstance(Resnet1dReader(), OpenReader)
    assert not isinstance(MajorityReader(), OpenReader)
    assert isinstance(Resnet1dReader().network(), Network)
