"""Doubles of known explanation come out right, and random weights fail."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.explain.belief import judging
from bench.explain.belief.double import DOUBLES
from bench.explain.belief.estimate import Estimate
from bench.explain.belief.planted import PLANTED_FS
from bench.explain.belief.selftest import DUE, NOT_FAITHFUL, phantoms, selftest
from bench.explain.belief.verdict import Evidence, verdict
from bench.explain.maps.cell import cells_of
from bench.explain.maps.method import METHODS, chosen, method_named
from bench.explain.maps.metric import energy
from renderers import LEADS
from taxonomy.error import ReaderError

QUICK = ("saliency", "gradient_times_input", "occlusion_cell")


def shown(double, tracing):
    cells = cells_of(tracing.beats, PLANTED_FS, tracing.leads.shape[1])
    return double.shown(tracing, cells), cells


@pytest.mark.parametrize("double", DOUBLES, ids=lambda double: double.name)
def test_a_double_sees_what_its_name_says_and_nothing_else(double):
    seen, cells = shown(double, phantoms(1)[0])
    truth = double.truth(seen, cells)
    network, beside = double.network(), torch.from_numpy(seen.beside)[None]
    chance = np.random.default_rng(0).normal(size=seen.leads.shape).astype(np.float32)

    def logit(leads):
        with torch.inference_mode():
            return float(network.logits(torch.from_numpy(leads)[None], beside)[0, 0])

    own = np.array([[lead in double.leads] for lead in LEADS])
    inside = cells.mask(double.leads, double.segments) if double.segments else np.broadcast_to(own, truth.shape)
    assert logit(np.where(inside, seen.leads, chance)) == pytest.approx(logit(seen.leads), rel=1e-5)
    if double.name != "constant":
        assert logit(np.where(inside, seen.leads + chance, seen.leads)) != pytest.approx(logit(seen.leads), rel=1e-3)
        assert (truth & ~inside).sum() == 0


def test_a_double_that_looks_elsewhere_does_not_look_at_its_own_cells():
    for double in (one for one in DOUBLES if one.segments):
        seen, cells = shown(double, phantoms(1)[0])
        hidden = np.where(double.truth(seen, cells), 0, seen.leads).astype(np.float32)
        network, beside = double.elsewhere(0), torch.from_numpy(seen.beside)[None]
        with torch.inference_mode():
            one, other = (
                float(network.logits(torch.from_numpy(leads)[None], beside)) for leads in (seen.leads, hidden)
            )
        assert one == pytest.approx(other)


def test_every_double_has_verdicts_that_are_due():
    assert set(DUE) == {double.name for double in DOUBLES}
    names = {method.name for method in METHODS}
    assert all(set(due) <= {"", *names} and "" in due for due in DUE.values())


def test_quick_methods_come_out_right_and_random_weights_fail():
    found = list(selftest(chosen(QUICK)))
    wrong = [(one.double, one.method, one.with_random_weights, one.verdict) for one in found if not one.is_right]
    assert not wrong
    assert len(found) == len(QUICK) * (2 * len(DOUBLES) - 1)
    random = [one for one in found if one.with_random_weights]
    assert all(one.due == NOT_FAITHFUL for one in random)
    by = {(one.double, one.method): one for one in found if not one.with_random_weights}
    assert by["V1's QRS only", "saliency"].area.value > 0.99
    assert by["P absent", "saliency"].area.value > 0.99
    assert by["P absent", "gradient_times_input"].area.value == pytest.approx(0.5, abs=0.02)
    assert by["constant", "saliency"].area is None


GRADIENT = method_named("gradient_times_input")
"""A method that is right on the double of V1's QRS complex, spoilt below."""


def noise(asked):
    return np.random.default_rng(0).random(asked.shown.leads.shape, dtype=np.float32)


BROKEN = {
    "energy": lambda asked: energy(asked.shown),
    "noise": noise,
    "against": lambda asked: -GRADIENT.explain(asked),
    "other leads": lambda asked: np.roll(GRADIENT.explain(asked), 1, axis=0),
    "late by 0.2 s": lambda asked: np.roll(GRADIENT.explain(asked), PLANTED_FS // 5, axis=1),
    "one curve for all leads": lambda asked: np.tile(GRADIENT.explain(asked).mean(axis=0), (12, 1)),
    "nothing": lambda asked: np.zeros_like(asked.shown.leads),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_method_does_not_come_out_right(fault):
    v1 = DOUBLES[:1]
    assert all(one.is_right for one in selftest([GRADIENT], v1))
    assert not all(one.is_right for one in selftest([replace(GRADIENT, explain=BROKEN[fault])], v1))


def deletion_alone(found):
    return Evidence({"any": Estimate(1.0, 1.0, 1.0, 99)}, found.deletion, found.random)


def truth_alone(found):
    return Evidence(found.truth, Estimate(1.0, 1.0, 1.0, 99), found.random)


@pytest.mark.parametrize("loosened", [deletion_alone, truth_alone])
def test_a_verdict_that_rests_on_less_does_not_come_out_right(loosened, monkeypatch):
    methods = chosen(("saliency", "gradient_times_input", "occlusion_lead"))
    doubles = [one for one in DOUBLES if one.name in ("V1's QRS only", "P absent", "energy only")]
    monkeypatch.setattr(judging, "verdict", lambda found: verdict(loosened(found)))
    assert not all(one.is_right for one in selftest(methods, doubles))


def test_a_method_that_raises_is_no_pass():
    def raises(_asked):
        raise ReaderError("broken")

    with pytest.raises(ReaderError, match="broken"):
        list(selftest([replace(GRADIENT, explain=raises)], DOUBLES[:1]))


@pytest.mark.slow
def test_every_method_comes_out_right():
    found = list(selftest(METHODS))
    assert not [(one.double, one.method, one.with_random_weights, one.verdict) for one in found if not one.is_right]
