"""Pooled joint masks on answers whose cause is known."""

import numpy as np
import pytest

from bench.explain.hiding.joint_effect import part_effects
from bench.explain.maps.cell import Cells
from bench.explain.maps.joint_mask import JointMasks
from bench.explain.maps.ridge import Pool, fitted
from bench.score.bootstrap import expanded
from measurements.segment import SEGMENTS

CELLS = Cells({segment: (slice(10 * at, 10 * at + 10),) for at, segment in enumerate(SEGMENTS)}, {}, 60)


def found(answer, seed, records=7, masks=18):
    chance = np.random.default_rng(seed)
    drawn = [JointMasks.drawn(CELLS, masks, chance) for _ in range(records)]
    answers = [answer(one, chance) for one in drawn]
    pool = Pool.of([one.hidden for one in drawn], answers, list(range(records)))
    return part_effects(drawn[0].parts, pool, fitted(pool, seed), seed)[0]


def names_above(effects):
    return {effect.part.name for effect in effects if effect.is_above_null}


def by_v1_and_qrs(drawn, chance):
    names = [part.name for part in drawn.parts]
    hidden = drawn.hidden[:, names.index("V1")] | drawn.hidden[:, names.index("QRS")]
    return (~hidden).astype(np.float64)


def test_hard_answers_by_v1_and_the_qrs_complex_are_told_apart_from_18_masks_of_7_records():
    for seed in range(5):
        effects = found(by_v1_and_qrs, seed)
        assert names_above(effects) == {"V1", "QRS"}
        inside = [
            effect for effect in effects if effect.part.name not in {"V1", "QRS"} and effect.low <= 0 <= effect.high
        ]
        assert len(inside) >= 12


def test_answers_by_lot_are_rarely_above_the_null_and_their_sureness_tells_nothing():
    def by_lot(drawn, chance):
        return (chance.random(len(drawn.hidden)) < chance.uniform(0.2, 0.9)).astype(np.float64)

    assert sum(bool(names_above(found(by_lot, seed))) for seed in range(20)) <= 3


def test_masks_hide_each_lead_in_35_and_each_segment_in_20_of_100_and_nothing_that_is_not_there():
    drawn = JointMasks.drawn(Cells({"QRS": CELLS.spans["QRS"]}, {}, 60), 4000, np.random.default_rng(0))
    shares = dict(zip([part.name for part in drawn.parts], drawn.hidden.mean(axis=0), strict=True))
    assert shares["V1"] == pytest.approx(0.35, abs=0.03) and shares["QRS"] == pytest.approx(0.2, abs=0.03)
    assert shares["P"] == 0


def test_failed_calls_are_left_out():
    drawn = JointMasks.drawn(CELLS, 30, np.random.default_rng(0))
    answers = by_v1_and_qrs(drawn, None)
    answers[::3] = np.nan
    pool = Pool.of([drawn.hidden], [answers], [1])
    assert len(pool.answers) == 20 and np.isfinite(fitted(pool).values).all()


def test_an_interval_over_few_patients_is_wider():
    assert expanded(3) < expanded(7) < expanded(1000) == pytest.approx(0.05, abs=1e-3)
