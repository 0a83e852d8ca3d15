"""Doubles of known explanation come out right, and random weights fail."""

import numpy as np
import pytest
import torch

from bench.explain.belief.double import DOUBLES
from bench.explain.belief.planted import PLANTED_FS
from bench.explain.belief.selftest import DUE, NOT_FAITHFUL, phantoms, selftest
from bench.explain.maps.cell import cells_of
from bench.explain.maps.method import METHODS, chosen
from renderers import LEADS

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


@pytest.mark.slow
def test_every_method_comes_out_right():
    found = list(selftest(METHODS))
    assert not [(one.double, one.method, one.with_random_weights, one.verdict) for one in found if not one.is_right]
