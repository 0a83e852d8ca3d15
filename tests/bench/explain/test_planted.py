"""Planted evidence: it lies in its mask and nowhere else, and a network learns to see it."""

import numpy as np
import pytest

from bench.explain.belief import planted
from bench.explain.belief.planted import (
    HELD_OUT_EVERY,
    LATE_QRS,
    NO_P,
    NOTCH_MV,
    PLANTED_FS,
    PLANTS,
    SHIFT_MV,
    ST_SHIFT,
    above_null,
    known_truth,
    parted,
    taught,
    tracing_of,
    tracings,
)
from bench.explain.belief.selftest import phantoms
from bench.explain.maps.method import chosen
from phantoms.population import of_statements
from renderers import LEADS
from taxonomy.error import RunError


@pytest.fixture(scope="module")
def tracing():
    return phantoms(1)[0]


@pytest.mark.parametrize("kind", PLANTS)
def test_what_is_planted_lies_in_its_mask_in_one_lead_on_every_beat(kind, tracing):
    leads, mask = PLANTS[kind](tracing)
    changed = leads != tracing.leads
    assert changed.any()
    assert not (changed & ~mask).any()
    assert mask.any(axis=1).sum() == 1
    runs = np.diff(mask.any(axis=0).astype(int), prepend=0, append=0) == 1
    assert abs(runs.sum() - len(tracing.beats)) <= 1
    assert leads.dtype == np.float32


def test_each_kind_is_what_its_name_says(tracing):
    late, mask = PLANTS[LATE_QRS](tracing)
    assert (late - tracing.leads).max() == pytest.approx(NOTCH_MV, abs=1e-3)
    ends = [round(beat.spans["QRS"].end * PLANTED_FS) for beat in tracing.beats[1:-1]]
    assert mask[LEADS.index("V2"), ends].all()
    shifted, mask = PLANTS[ST_SHIFT](tracing)
    assert (shifted - tracing.leads)[mask] == pytest.approx(SHIFT_MV, abs=1e-5)
    flat, mask = PLANTS[NO_P](tracing)
    row, inside = flat[LEADS.index("II")], mask[LEADS.index("II")]
    assert np.ptp(row[inside]) < 0.7 * np.ptp(tracing.leads[LEADS.index("II"), inside])


def test_a_recording_without_p_waves_is_no_tracing():
    fibrillating = of_statements(frozenset({"AFIB"}), 500).simulated()
    assert tracing_of(1, fibrillating.mv, fibrillating.fs) is None


def test_tracings_are_the_first_that_fit_and_no_patient_is_on_both_sides(population):
    found = tracings(population, 12)
    assert len(found) == 12
    doubled = (*found, *found)
    given, held_out = parted(doubled)
    assert len(held_out) == 2 * (12 // HELD_OUT_EVERY)
    assert not {one.patient for one in given} & {one.patient for one in held_out}
    assert len(given) + len(held_out) == 24


def test_too_few_recordings_are_one_sentence(tracing):
    with pytest.raises(RunError, match=r"needs 32 recordings at least with P, QRS and ST .* there are 1"):
        taught([tracing], [tracing])


def test_a_network_that_has_not_learned_is_no_yardstick(monkeypatch):
    monkeypatch.setattr(planted, "EPOCHS", 2)
    few = phantoms(32)
    with pytest.raises(RunError, match=r"did not learn to see .* best of 4 tries\): give more recordings than 32"):
        taught(few, few[:8])


def test_where_the_first_weights_learn_too_little_others_are_tried(monkeypatch):
    few = phantoms(32)
    monkeypatch.setattr(planted, "EPOCHS", 3)
    monkeypatch.setattr(planted, "LEAST_AUC", 0.0)
    first = min(taught(few, few[:8], seed=2).areas.values())
    monkeypatch.setattr(planted, "LEAST_AUC", first + 1e-6)
    assert min(taught(few, few[:8], seed=2).areas.values()) > first


def test_a_map_must_beat_chance_where_the_energy_does_worse():
    assert above_null([0.5, 0.9, None], [0.1, 0.8, 0.7]) == pytest.approx([0.0, 0.1, None], nan_ok=True)


def test_a_map_must_beat_what_random_weights_find():
    assert above_null([0.8, 0.95], [0.1, 0.9], 0.85) == pytest.approx([-0.05, 0.05])
    assert above_null([0.8], [0.1], 0.3) == pytest.approx([0.3])


@pytest.mark.slow
def test_a_taught_network_sees_all_three_kinds_and_saliency_finds_them(population):
    given, held_out = parted(tracings(population))
    found = taught(given, held_out)
    again = taught(given, held_out)
    assert min(found.areas.values()) > 0.95
    for one, other in zip(found.network.members[0].parameters(), again.network.members[0].parameters(), strict=True):
        assert one.equal(other)
    rows = {(row.method, row.kind): row for row in known_truth(found, held_out, chosen(("saliency", "grad_cam")))}
    assert len(rows) == 6
    for kind in PLANTS:
        row = rows["saliency", kind]
        assert row.above_null.low > 0
        assert row.area.value > 0.9
        assert abs(row.random.value - 0.5) < 0.1
        assert row.pointing.low > 0.5, "1 of 12 by lot"
    assert rows["grad_cam", NO_P].area.value < rows["saliency", NO_P].area.value - 0.1


@pytest.mark.slow
def test_what_is_planted_in_real_tracings_is_learned_too(ptbxl):
    found = tracings(ptbxl)
    if len(found) < 150:
        pytest.skip(f"{len(found)} recordings of PTB-XL at hand have P, QRS and ST in their beats; 150 are needed")
    given, held_out = parted(found)
    network = taught(given, held_out)
    rows = known_truth(network, held_out, chosen(("saliency",)))
    assert [row.kind for row in rows if row.above_null.low > 0] == list(PLANTS)
