"""The methods of black boxes on evidence that is planted: as methods of an open network, and by hard answers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bench.dataset import Signal
from bench.explain.belief.planted import (
    LATE_QRS,
    NO_P,
    PLANTED_FS,
    PLANTS,
    ST_SHIFT,
    Taught,
    known_truth,
    parted,
    shown_of,
    taught,
    tracing_of,
    tracings,
)
from bench.explain.hiding.blackbox import black_box
from bench.explain.hiding.explaining import explanations, joint_explanation
from bench.explain.hiding.known import bridging_method
from bench.explain.hiding.open_box import OpenBox
from bench.explain.hiding.plan import METHODS, planned, planned_jointly
from bench.explain.hiding.target import Target
from bench.explain.maps.method import Answer
from readers.contract import Case
from readers.torch_reader import TorchReader
from taxonomy.error import UnknownNameError

from .scripted import QrsOfV1, said

LBBB = Target("conduction", "lbbb")


class Uneven(nn.Module):
    """Weighs leads and moments unlike each other."""

    def forward(self, x):
        moments = torch.linspace(0, 2, x.shape[2]).cos()
        level = (x.square().sum(dim=2) * torch.arange(12)).sum(dim=1) + (x[:, 6] * moments).sum(dim=1)
        return torch.stack([level / 1000, torch.zeros(len(x))], dim=1)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "shapley"])
def test_a_method_of_black_boxes_has_the_same_map_as_a_method_of_open_networks(population, method):
    record = next(iter(population.cohort()))
    network = TorchReader(Uneven().eval(), {"conduction": ("lbbb", "none")}, fs=100).network()
    box, signal = OpenBox(network), record.signal()
    (found,) = explanations(box, planned(box, [record], method), LBBB)
    shown = network.prepare(Case("", signal=signal.mv, fs=signal.fs))
    map_ = bridging_method(method).explain(Answer(network, shown, 0, box.cells(record)))
    assert map_.any()
    assert map_ == pytest.approx(found.map(box.cells(record), 100), abs=1e-5)


def test_shapley_values_are_a_method_too_and_joint_ones_are_none(population):
    assert bridging_method("shapley").is_signed
    with pytest.raises(UnknownNameError, match="'joint_leads'"):
        bridging_method("joint_leads")


@pytest.fixture(scope="module")
def planted(population):
    given, held_out = parted(tracings(population))
    return taught(given, held_out).network, held_out


class HardPlanted(QrsOfV1):
    """Says LBBB where the network finds one kind of what was planted."""

    name = "hard-planted"
    preferred_fs = PLANTED_FS

    def __init__(self, network, kind):
        super().__init__()
        self.network, self.place = network, network.place(kind, kind)

    def read(self, cases):
        for case in cases:
            with torch.inference_mode():
                logit = self.network.logits(torch.from_numpy(shown_of(case).leads[None]))[0, self.place]
            yield said(bool(logit > 0))


def with_evidence(cohort, kind, count):
    """Return records at 100 Hz into whose leads a kind is planted."""
    found = []
    for record in cohort:
        signal = record.signal()
        tracing = tracing_of(record.patient_id, signal.mv, signal.fs)
        if tracing is not None and len(found) < count:
            mv = PLANTS[kind](tracing)[0].astype(np.float32)
            found.append(replace(record, rates=(100,), _load=lambda _id, _fs, mv=mv: Signal(mv, PLANTED_FS)))
    return cohort.of(found)


def asked_hard(network, cohort, kind):
    given = with_evidence(cohort, kind, 10)
    box = black_box(HardPlanted(network, kind), given)
    found = joint_explanation(box, planned_jointly(list(given), "joint_leads"), LBBB)
    return [effect.part.name for effect in sorted(found.effects, key=lambda one: -one.value) if effect.is_above_null]


@pytest.mark.slow
def test_what_is_planted_is_found_from_hard_answers(planted, population):
    first = asked_hard(planted[0], population.cohort(), LATE_QRS)
    assert set(first[:2]) == {"V2", "QRS"}


@pytest.mark.slow
def test_hiding_does_not_find_the_lead_of_what_is_absent(planted, population):
    """A flat lead has no P wave either: hiding ends there."""
    assert "II" not in asked_hard(planted[0], population.cohort(), NO_P)


@pytest.mark.slow
def test_straight_lines_do_not_find_what_is_absent(planted):
    network, held_out = planted
    methods = [bridging_method(name) for name in ("cell", "leads_and_segments")]
    found = {(row.method, row.kind): row for row in known_truth(Taught(network, {}), held_out, methods)}
    assert {kind for _, kind in found} == set(PLANTS)
    assert found["cell", NO_P].above_null.high <= 0
    assert found["leads_and_segments", NO_P].above_null.high <= 0
    assert found["cell", ST_SHIFT].area.value > 0.6
