"""A concept is found where an answer uses it by construction, and nowhere else; a control only where it is used."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bench.explain.concepts.concept import CONCEPTS, CONTROLS, Facts, concept_named, facts_of
from bench.explain.concepts.concept_study import ConceptQuestion, concept_table
from bench.explain.concepts.concept_vector import (
    CavOptions,
    ConceptUse,
    Fitted,
    Scored,
    _logistic,
    _Tried,
    _verdict,
    concept_uses,
    pooled_activations,
    pooled_gradients,
)
from bench.explain.concepts.separation import separation
from measurements import Measurement, Measurements
from readers.network import Network, Shown
from readers.torch_reader import TorchReader
from taxonomy.error import DatasetError, ReaderError, UnknownNameError
from taxonomy.truth import Truth

USED, UNUSED, AGE, SEX, INTO = 0, 3, 7, 9, 24
"""The leads in which the made recordings bear what they have, and the units of the layer."""

OPTIONS = CavOptions(draws=8, randoms=16, each=40)


class Sees(nn.Module):
    """A layer of mixed leads, and an answer that rests on some leads alone, a saturating function of their mean."""

    def __init__(self, **leads):
        super().__init__()
        torch.manual_seed(3)
        self.mixed = nn.Conv1d(12, INTO, 1, bias=False)
        nn.init.orthogonal_(self.mixed.weight)
        self.register_buffer("weights", torch.zeros(12))
        for lead, weight in leads.items():
            self.weights[int(lead[1:])] = weight

    def forward(self, x):
        inside = torch.einsum("buT,ul->blT", self.mixed(x), self.mixed.weight[:, :, 0])
        told = torch.tanh(inside.mean(dim=2) @ self.weights)
        return torch.stack([told, torch.zeros(len(x))], dim=1)


def open_network(*modules):
    return TorchReader([one.eval() for one in modules], {"rhythm": ("sinus", "paced")}, fs=100).network()


@pytest.fixture(scope="module")
def made():
    """Recordings of 240 patients whose leads are high where they have a concept."""
    chance = np.random.default_rng(1)
    has = {name: chance.integers(0, 2, 240).astype(float) for name in ("used", "unused", "age", "sex", "absent")}
    leads = chance.normal(0, 1, (240, 12, 1)) * 0.5 + chance.normal(0, 1, (240, 12, 50)) * 0.2
    for name, lead in (("used", USED), ("unused", UNUSED), ("age", AGE), ("sex", SEX)):
        leads[:, lead] += 1.5 * has[name][:, None]
    return [Shown(one) for one in leads.astype(np.float32)], has


def uses_of(network, made, options=OPTIONS, **changed):
    shown, has = made
    fitted = Fitted(pooled_activations(network, shown, "mixed"), list(range(240)), has | changed)
    gradients = pooled_gradients(network, shown[:30], "mixed", 0)
    found = concept_uses(fitted, {("rhythm", "sinus"): Scored(gradients, list(range(30)))}, ("age", "sex"), options)
    return {use.concept: use for use in found}


@pytest.fixture(scope="module")
def sees_used(made):
    return uses_of(open_network(Sees(l0=1.0)), made)


def test_a_concept_that_the_answer_uses_is_found_with_its_sign(made, sees_used):
    assert sees_used["used"].use == "for"
    assert sees_used["used"].area > 0.9
    assert sees_used["used"].score.value == 1.0
    assert sees_used["used"].score.interval[0] > 0.8
    assert sees_used["used"].strength > 0.5 > sees_used["used"].random
    assert sees_used["used"].p_holm < 0.001
    assert sees_used["used"].p_control.keys() == {"age", "sex"}
    against = uses_of(open_network(Sees(l0=-1.0)), made)["used"]
    assert (against.use, against.score.value) == ("against", 0.0)
    assert against.strength < -0.5


def test_a_concept_that_it_does_not_use_is_not_found_though_the_layer_holds_it(sees_used):
    assert sees_used["unused"].area > 0.9
    assert sees_used["unused"].use == "no more than random"
    assert sees_used["unused"].p_random > 0.05


def test_a_control_fires_only_where_it_is_used(made, sees_used):
    assert {sees_used[name].use for name in ("age", "sex")} == {"no more than random"}
    assert sees_used["age"].is_control
    biased = uses_of(open_network(Sees(l7=1.0)), made)
    assert (biased["age"].use, biased["sex"].use) == ("for", "no more than random")


def test_a_concept_no_nearer_than_a_control_is_said_to_be(made):
    """The answer uses age; a concept that is known only of the old and the ill leans on it, and less."""
    shown, has = made
    leaning = np.where(np.random.default_rng(5).random(240) < 0.4, has["age"], has["unused"])
    found = uses_of(open_network(Sees(l7=1.0)), (shown, has), leaning=leaning)
    assert found["leaning"].area > 0.75
    assert found["leaning"].use == "no more than a control"
    assert found["leaning"].why == "the control age lies as near to the gradients"
    assert found["leaning"].p_random < 0.05 < found["leaning"].p_holm


def test_a_concept_that_the_layer_does_not_hold_is_left_out_of_the_tests(sees_used):
    assert sees_used["absent"].area < 0.75
    assert sees_used["absent"].use == "not in this layer"
    assert sees_used["absent"].p_holm is None


def test_too_few_patients_cannot_tell(made):
    network = open_network(Sees(l0=1.0))
    rare = np.where(np.arange(240) < 11, 1.0, 0.0)
    assert uses_of(network, made, rare=rare)["rare"].use == "cannot tell"
    assert uses_of(network, made, rare=rare)["rare"].patients == (11, 229)
    shown, has = made
    fitted = Fitted(pooled_activations(network, shown, "mixed"), list(range(240)), {"used": has["used"]})
    few = Scored(pooled_gradients(network, shown[:9], "mixed", 0), [0, 1, 2, 3] + [3] * 5)
    (found,) = concept_uses(fitted, {("rhythm", "sinus"): few}, (), OPTIONS)
    assert (found.use, found.p_holm) == ("cannot tell", None)
    enough = Scored(few.gradients, [0, 1, 2, 3] + [4] * 5)
    (found,) = concept_uses(fitted, {("rhythm", "sinus"): enough}, (), OPTIONS)
    assert found.use == "for"


def test_units_on_another_scale_change_nothing(made, sees_used):
    shown, has = made
    network = open_network(Sees(l0=1.0))
    scale = 10.0 ** np.random.default_rng(0).uniform(-2, 2, INTO)
    fitted = Fitted(pooled_activations(network, shown, "mixed") * scale, list(range(240)), has)
    scored = Scored(pooled_gradients(network, shown[:30], "mixed", 0) / scale, list(range(30)))
    found = {use.concept: use for use in concept_uses(fitted, {("rhythm", "sinus"): scored}, ("age", "sex"), OPTIONS)}
    assert found["used"].strength == pytest.approx(sees_used["used"].strength, abs=1e-4)
    assert found["used"].area == pytest.approx(sees_used["used"].area, abs=1e-4)


def test_among_many_concepts_a_near_one_is_no_more_than_random():
    use = ConceptUse("long_pr", "rhythm", "sinus", False, (20, 20), "for", "", p_random=0.04, p_control={"age": 0.001})
    found = _verdict(_Tried(use, 0.04), 0.16)
    assert (found.use, found.p_holm) == ("no more than random", 0.16)
    assert found.why.startswith("so many concepts and outputs were tried")
    assert _verdict(_Tried(use, 0.04), 0.04).why.startswith("the logit rises with the concept")
    beaten = _verdict(_Tried(replace(use, p_control={"sex": 0.001, "age": 0.05}), 0.05), 0.1)
    assert (beaten.use, beaten.why) == ("no more than a control", "the control age lies as near to the gradients")


def test_an_answer_that_nothing_moves_uses_nothing(made):
    found = uses_of(open_network(Sees()), made)
    assert {found[name].use for name in ("used", "unused", "age")} == {"no more than random"}
    assert found["used"].p_random == 1.0


def test_equal_seeds_give_equal_tables_and_p_is_corrected(made, sees_used):
    network = open_network(Sees(l0=1.0))
    again = uses_of(network, made)
    assert again == sees_used
    assert uses_of(network, made, replace(OPTIONS, seed=1))["used"].strength != sees_used["used"].strength
    json.dumps([use.to_json() for use in again.values()])
    worst = max(again["unused"].p_random, *again["unused"].p_control.values())
    assert again["unused"].p_holm >= worst


def test_members_stand_side_by_side_and_their_gradients_add_up_to_the_logits(made):
    shown = made[0][:3]
    two = open_network(Sees(l0=1.0), Sees(l3=2.0))
    found = pooled_activations(two, shown, "mixed")
    assert found.shape == (3, 2 * INTO)
    first = pooled_activations(open_network(Sees(l0=1.0)), shown, "mixed")
    assert found[:, :INTO] == pytest.approx(first)
    gradients = pooled_gradients(two, shown, "mixed", 0)
    moved = 1e-2 * np.random.default_rng(0).normal(size=2 * INTO)

    def logit(shift):
        hooks = [
            module.register_forward_hook(
                lambda _m, _i, out, part=part: out + torch.tensor(part, dtype=torch.float32)[None, :, None]
            )
            for module, part in zip(two.layer("mixed"), np.split(shift, 2), strict=True)
        ]
        with torch.no_grad():
            row = two.logits(torch.from_numpy(np.stack([one.leads for one in shown])))[:, 0].numpy()
        for hook in hooks:
            hook.remove()
        return row

    assert logit(moved) - logit(-moved) == pytest.approx(2 * gradients @ moved, abs=2e-4)


def test_a_layer_that_no_logit_rests_on_moves_nothing(made):
    class Aside(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.aside = nn.Conv1d(12, 2, 5), nn.Conv1d(12, 3, 5)

        def forward(self, x):
            self.aside(x)
            return self.one(x).mean(dim=2)

    network = TorchReader(Aside().eval(), {"rhythm": ("sinus", "paced")}, fs=100).network()
    found = pooled_gradients(network, made[0][:3], "aside", 0)
    assert found.shape == (3, 3) and not found.any()
    assert pooled_gradients(network, made[0][:3], "one", 1) == pytest.approx(np.array([[-1.0, 1.0]] * 3), abs=1e-5)


def test_an_unknown_layer_names_the_nearest_and_one_without_time_is_refused(made):
    with pytest.raises(UnknownNameError, match=r"'mixd'.*'mixed'"):
        pooled_activations(open_network(Sees()), made[0][:2], "mixd")
    flat = nn.Sequential(nn.Sequential(nn.Conv1d(12, 2, 5), nn.AdaptiveAvgPool1d(1), nn.Flatten()))
    network = TorchReader(flat.eval(), {"rhythm": ("sinus", "paced")}, fs=100).network()
    with pytest.raises(ReaderError, match=r"layer '0' .* gives no activations over time.*layers that do are 0\.0$"):
        pooled_activations(network, made[0][:2], "0")

    class PartByPart(nn.Module):
        def __init__(self):
            super().__init__()
            self.row = nn.Sequential(nn.Conv1d(12, 2, 5), nn.ReLU())

        def forward(self, x):
            return self.row[1](self.row[0](x)).mean(dim=2)

    uncalled = TorchReader(PartByPart().eval(), {"rhythm": ("sinus", "paced")}, fs=100).network()
    with pytest.raises(ReaderError, match=r"layer 'row' .* never called as a whole.*row\.1, row\.0$"):
        pooled_activations(uncalled, made[0][:2], "row")
    with pytest.raises(ReaderError, match="no recording"):
        pooled_activations(network, [], "0")


def test_the_regression_is_that_of_the_ridge():
    chance = np.random.default_rng(0)
    y = np.repeat([0.0, 1.0], 20)
    x = chance.normal(size=(40, 5)) + y[:, None] * np.array([2, 0, 0, 0, -1])
    weights = _logistic(x, y)

    def loss(w):
        best = min(
            np.log1p(np.exp(-(2 * y - 1) * ((x - x.mean(axis=0)) @ w + bias))).sum() for bias in np.linspace(-1, 1, 401)
        )
        return best + 5 / 2 * w @ w

    assert all(loss(weights) <= loss(weights + 0.05 * chance.normal(size=5)) for _ in range(30))
    assert weights[0] > 0 > weights[4]


def test_separation_is_the_area_under_roc():
    assert separation(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert separation(np.array([1.0]), np.array([0.0, 1.0, 2.0])) == 0.5
    assert separation(np.array([0.0, 0.0]), np.array([0.0])) == 0.5


def measured(**values):
    return replace(Measurements.none("no"), **{name: Measurement(value) for name, value in values.items()})


def test_concepts_follow_from_measurements_patient_and_labels(population):
    record = replace(population.record(0), age=65, sex="female")

    def has(name, numbers=None, record=record):
        truth = Truth({"conduction": "lbbb"})
        return concept_named(name).of(Facts(record, numbers or measured(), truth))

    assert [has("long_pr", measured(pr=ms)) for ms in (200, 201)] == [False, True]
    assert [has("wide_qrs", measured(qrs=ms)) for ms in (119, 120)] == [False, True]
    assert [has("left_axis", measured(qrs_axis=angle)) for angle in (-31, -30)] == [True, False]
    assert [has("right_axis", measured(qrs_axis=angle)) for angle in (91, 90)] == [True, False]
    assert [has("slow_rate", measured(heart_rate=rate)) for rate in (59, 60)] == [True, False]
    assert [has("fast_rate", measured(heart_rate=rate)) for rate in (100, 101)] == [False, True]
    assert [has("long_qtc", measured(qtc_bazett=ms)) for ms in (455, 460)] == [False, True]
    assert has("long_qtc", measured(qtc_bazett=455), replace(record, sex="male")) is True
    assert has("long_qtc", measured(qtc_bazett=455), replace(record, sex=None)) is None
    assert has("long_pr") is None
    assert [has(name) for name in CONTROLS] == [True, True]
    assert has("age", record=replace(record, age=64)) is False
    assert [has(f"conduction={value}") for value in ("lbbb", "rbbb")] == [True, False]
    with pytest.raises(UnknownNameError, match=r"'long_pt'.*'long_pr'"):
        concept_named("long_pt")
    assert all(concept.meaning for concept in CONCEPTS.values())


class Frontal(nn.Module):
    """Says left axis where lead II has more below its middle than above: means of rectified leads, and nothing else."""

    def __init__(self):
        super().__init__()
        self.leads = nn.Sequential(nn.Conv1d(12, 24, 1, bias=False), nn.ReLU())
        self.leads[0].weight.data[:, :, 0] = torch.cat([torch.eye(12), -torch.eye(12)])

    def forward(self, x):
        means = self.leads(x).square().mean(dim=2)
        return torch.stack([(means[:, 13] - means[:, 1]).tanh(), torch.zeros(len(x))], dim=1)


@pytest.mark.slow
def test_the_axis_is_found_in_phantoms_by_a_network_that_uses_it(population):
    network = TorchReader(Frontal().eval(), {"axis": ("left", "normal")}, fs=100).network()
    asked = ConceptQuestion("leads", (("axis", "left"),), ("left_axis", "fast_rate"), OPTIONS, 500, 20)
    found = concept_table(network, asked, population.cohort("train"))
    assert found.fitted == 500
    uses = {use.concept: use for use in found.uses}
    assert uses["left_axis"].use == "for"
    assert uses.keys() == {"left_axis", "fast_rate", "age", "sex"}
    assert all(use.use != "for" for name, use in uses.items() if name != "left_axis")
    json.dumps(found.to_json())


def test_what_is_asked_for_and_not_there_is_told_before_anything_is_read(population):
    network = open_network(Sees())
    assert isinstance(network, Network)
    cohort = population.cohort()

    def asked(layer="mixed", output=("rhythm", "sinus"), concept="long_pr"):
        return ConceptQuestion(layer, (output,), (concept,), OPTIONS, 2, 2)

    for question, said in (
        (asked(layer="mixt"), "mixed"),
        (asked(output=("rhythm", "sinusoid")), "sinus"),
        (asked(concept="lng_pr"), "long_pr"),
    ):
        with pytest.raises(UnknownNameError, match=said):
            concept_table(network, question, cohort)

    class Untaught(type(population)):
        def __init__(self):
            super().__init__("1,66")
            del self.splits["train"]

    with pytest.raises(DatasetError, match="no recordings of training folds"):
        concept_table(network, asked(), Untaught().cohort())


def test_the_facts_of_a_cohort_are_measured(population):
    (facts,) = facts_of(population.cohort()[:1])
    assert facts.numbers.heart_rate.value
    assert facts.truth.values["rhythm"]
