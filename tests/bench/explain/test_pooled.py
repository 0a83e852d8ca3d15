"""Pooling: means over the recordings that have a part, with intervals over patients."""

import json

import pytest

from bench.explain.hiding.effect import Effect, Explanation
from bench.explain.hiding.pooled import pooled
from bench.explain.hiding.target import Target
from bench.explain.maps.part import Part

QRS, P = Part("V1 QRS", ("V1",), ("QRS",)), Part("V1 P", ("V1",), ("P",))


def explanation(number, **values):
    effects = tuple(Effect(part, values[name]) for name, part in (("qrs", QRS), ("p", P)) if name in values)
    return Explanation(number, "cell", Target("conduction", "lbbb"), "probability", 1.0, effects, 3)


def test_a_part_is_pooled_over_the_recordings_that_have_it():
    found = [explanation(1, qrs=0.4, p=0.1), explanation(2, qrs=0.6), explanation(3, qrs=0.5, p=None)]
    qrs, p = pooled(found, [7, 8, 9])
    assert (qrs.part, qrs.records) == (QRS, 3)
    assert qrs.value == pytest.approx(0.5) and 0.4 <= qrs.low < 0.5 < qrs.high <= 0.6
    assert (p.records, p.value, p.low, p.high) == (1, 0.1, None, None)
    json.dumps([one.to_json() for one in (qrs, p)])


def test_recordings_of_one_patient_are_one_and_without_any_there_is_nothing():
    (qrs,) = pooled([explanation(1, qrs=0.4), explanation(2, qrs=0.6)], [7, 7])
    assert qrs.low is None
    assert pooled([], []) == ()
