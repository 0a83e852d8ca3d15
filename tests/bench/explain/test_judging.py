"""Figures of methods on answers, and what they say of a method on a reader."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bench.explain.belief.estimate import Estimate
from bench.explain.belief.judging import Figures, Nulls, judged, row, rows
from bench.explain.belief.planted import Known
from bench.explain.belief.sample import answers_of, positives
from bench.explain.maps.method import chosen
from bench.progress import Observer
from readers.torch_reader import TorchReader
from renderers import LEADS
from taxonomy.error import ReaderError, RunError, UnknownNameError

METHODS = chosen(("saliency", "integrated_gradients", "grad_cam", "occlusion_lead"))


class Learned(nn.Module):
    """A small network; it answers sinus rhythm to whatever has a lead II."""

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.conv = nn.Conv1d(12, 4, 9, padding=4)
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        looks = self.head(self.conv(x).relu().mean(dim=2)).square() + x[:, 1].square().mean(dim=1, keepdim=True)
        return torch.cat([50 * looks, torch.zeros_like(looks)], dim=1)


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        members = [Learned(0).eval(), Learned(1).eval()]
    return TorchReader(members, {"rhythm": ("sinus", "paced")}, fs=100).network()


@pytest.fixture(scope="module")
def cohort(population):
    return population.cohort("test")


@pytest.fixture(scope="module")
def found(network, cohort):
    return positives(network, cohort, each=3)


@pytest.fixture(scope="module")
def figures(found):
    return list(judged(found, METHODS))


def test_positives_are_findings_that_the_reader_finds_once_a_patient(network, cohort, found):
    assert {one.output for one in found} == {("rhythm", "sinus")}
    assert len({one.patient_id for one in found}) == len(found) == 3
    for one in found:
        assert cohort.truth(cohort.dataset.record(one.ecg_id)).values["rhythm"] == "sinus"
        assert ("rhythm", "sinus") in set(answers_of(network, one.answer))
        rows_seen = one.region.any(axis=1)
        assert [lead for lead, is_seen in zip(LEADS, rows_seen, strict=True) if is_seen] == ["II", "V1"]


def test_findings_that_the_reader_misses_are_told(network, cohort):
    said = []
    positives(network, cohort, [("rhythm", "sinus"), ("rhythm", "paced")], 1, Observer(say=said.append))
    assert "findings are left out: the recordings have them, and the reader does not find them" in said[0]


def test_no_positives_are_one_sentence(network, cohort):
    with pytest.raises(RunError, match=r"none of 66 recordings has a finding that the reader finds .*rhythm=paced"):
        positives(network, cohort, [("rhythm", "paced")])


def test_every_method_has_figures_beside_those_of_the_energy(figures, found):
    assert len(figures) == len(found) * len(METHODS)
    for one in figures:
        assert 0 < one.area < 1
        assert 0 <= one.mass <= 1
        assert 0 <= one.energy.mass <= 1
        assert one.deletion is not None
        assert one.energy.deletion is not None
        assert -1 <= one.random <= 1
        assert -1 <= one.agreement <= 1
        assert one.seconds > 0
    of_one = {one.energy for one in figures if one.ecg_id == found[0].ecg_id}
    assert len(of_one) == 1


def test_figures_of_one_answer_rest_on_nothing_else(figures, found):
    alone = list(judged(found[1:2], METHODS))
    stored = [Figures.from_json(json.loads(json.dumps(one.to_json()))) for one in figures]
    assert stored == figures
    same = [one for one in figures if one.ecg_id == found[1].ecg_id]

    def without_time(each):
        return [{**one.to_json(), "seconds": 0} for one in each]

    assert without_time(alone) == without_time(same)


def test_an_unknown_layer_is_refused_before_anything_is_asked(found):
    with pytest.raises(UnknownNameError, match=r"unknown layer of the network 'cnv'.*'conv'"):
        next(judged(found, METHODS, layer="cnv"))


def test_a_method_that_ignores_the_weights_fails_the_sanity_check(found):
    """A map that looks at the edges of the trace is the same for any network."""
    edges = replace(METHODS[0], name="edges", explain=lambda asked: np.abs(np.gradient(asked.shown.leads, axis=1)))
    each = [replace(one, patient_id=number) for number, one in enumerate(found * 4)]
    (told,) = rows("double", list(judged(each, [edges])))
    assert told.verdict.word == "fails the sanity check"
    assert told.random.value > 0.9


def figure(patient, mass=0.5, deletion=0.4, energy=0.2, random=0.0):
    return Figures(
        "mine", patient, patient, "rhythm", "sinus", 0.1, mass, 1.0, deletion, 0.3, Nulls(0.2, 0.0, energy, 0.1),
        random, None, 0.1,
    )  # fmt: skip


def test_a_mass_stands_with_its_verdict_and_both_nulls():
    told = row("r", [figure(number) for number in range(12)], {})
    assert told.clinical.verdict is told.verdict
    assert told.verdict.word == "cannot tell"
    assert told.clinical.mass.value == pytest.approx(0.5)
    assert told.clinical.above_area.value == pytest.approx(0.4)
    assert told.clinical.above_energy.value == pytest.approx(0.3)
    assert told.clinical.pointing_above_energy.value == pytest.approx(1.0)
    assert told.deletion_above_energy.value == pytest.approx(0.2)
    assert told.to_json()["clinical"]["verdict"]["word"] == "cannot tell"
    assert json.loads(json.dumps(told.to_json())) == told.to_json()


def test_how_often_planted_evidence_is_pointed_at_counts():
    sure = Estimate(0.3, 0.2, 0.4, 40)
    never = Estimate(0.0, 0.0, 0.0, 40)
    for pointing, word in ((sure, "faithful here"), (never, "cannot tell")):
        known = [Known("mine", "ST shift", sure, sure, sure, sure, pointing)]
        (told,) = rows("r", [figure(number) for number in range(12)], known)
        assert told.verdict.word == word


def test_figures_that_are_missing_leave_the_others():
    told = row("r", [figure(number, mass=None, deletion=None, random=None) for number in range(12)], {})
    assert told.clinical is None
    assert told.deletion_above_energy is None
    assert told.random is None
    assert told.insertion_above_energy.value == pytest.approx(0.2)


def test_patients_are_counted_and_not_recordings():
    told = row("r", [figure(number % 4) for number in range(12)], {})
    assert (told.answers, told.patients) == (12, 4)
    assert "n = 4 patients" in told.verdict.because or told.verdict.because == "no known truth"


def test_each_answer_has_random_weights_of_its_own_that_its_seed_decides(found, network):
    learned = {float(member.head.bias.detach()) for member in network.members}

    def drawn(seed):
        seen = []

        def noting(asked):
            seen.extend(float(member.head.bias.detach()) for member in asked.network.members)
            return asked.shown.leads

        list(judged(found, [replace(METHODS[0], name="noting", explain=noting)], seed=seed))
        return [bias for bias in seen if bias not in learned]

    assert len(set(drawn(0))) == len(drawn(0)) == len(found)
    assert drawn(0) == drawn(0)
    assert not set(drawn(0)) & set(drawn(1))


def test_a_map_without_an_order_is_as_good_as_a_random_one_and_counts(found):
    """Else a method that says nothing wherever it is hard would be judged by the easy answers alone."""
    flat = replace(METHODS[0], name="flat", explain=lambda asked: np.zeros_like(asked.shown.leads))
    for one in judged(found, [flat]):
        assert (one.deletion, one.insertion) == (0.0, 0.0)
        assert (one.mass, one.random) == (None, None)
        assert one.energy.deletion != 0


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda leads: np.where(leads == leads.max(), np.nan, leads), "holds NaN or infinity"),
        (lambda leads: leads[:, :-1], r"has shape \(12, 999\), not \(12, 1000\)"),
        (lambda leads: leads.sum(axis=0), r"has shape \(1000,\), not \(12, 1000\)"),
    ],
)
def test_a_method_whose_map_is_none_is_named(found, spoilt, said):
    mine = replace(METHODS[0], name="mine", explain=lambda asked: spoilt(asked.shown.leads))
    with pytest.raises(ReaderError, match=rf"a map of the method 'mine' {said}: mend the method, or leave it out"):
        list(judged(found[:1], [mine]))
