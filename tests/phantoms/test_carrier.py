"""Where a finding shows is known from the simulation, and is where textbooks look for it."""

import numpy as np
import pytest

from phantoms.carrier import LEADS, SEGMENTS, carriers, findings
from phantoms.physiology import Infarct, Physiology
from renderers import LEADS as PAGE_LEADS

SEEDS = (1, 2, 3)


def only(name, seed, **changes):
    """Return the carrier of a heart's only finding."""
    found = carriers(Physiology(**changes), seed)
    assert found.keys() == {name}
    return found[name]


def at(carrier, lead, segment):
    return carrier.mv[LEADS.index(lead), SEGMENTS.index(segment)]


def test_leads_are_in_the_order_of_the_recordings():
    assert tuple(PAGE_LEADS) == LEADS


def test_a_healthy_heart_has_no_finding():
    assert carriers(Physiology(rate=83, axis=20, voltage=1.3, t_gain=1.2), 1) == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_fibrillation_shows_where_the_p_waves_are_missing(seed):
    found = only("rhythm", seed, rhythm="atrial_fibrillation", pr=None)
    assert found.segments[0] == "P" and "QRS" not in found.segments
    assert ("II", "P") in found.places and at(found, "II", "P") < 0 < at(found, "aVR", "P")


@pytest.mark.parametrize("seed", SEEDS)
def test_right_bundle_branch_block_raises_the_qrs_in_v1_and_v2(seed):
    found = only("ventricle", seed, ventricle="rbbb", qrs=150, axis=60)
    assert {("V1", "QRS"), ("V2", "QRS")} <= found.places
    assert at(found, "V1", "QRS") > 0 and at(found, "V2", "QRS") > 0
    assert "P" not in found.segments


@pytest.mark.parametrize("seed", SEEDS)
def test_acute_inferior_infarction_raises_inferior_st_and_lowers_it_in_avl(seed):
    found = only("infarcts", seed, infarcts=(Infarct("inferior", "acute"),))
    assert {("II", "ST"), ("III", "ST"), ("aVF", "ST"), ("aVL", "ST")} <= found.places
    assert min(at(found, lead, "ST") for lead in ("II", "III", "aVF")) > 0 > at(found, "aVL", "ST")
    assert {lead for lead, segment in found.places if segment == "ST"}.isdisjoint({"V1", "V2", "V3"})
    highest = np.argsort(found.mv[:, SEGMENTS.index("ST")])[-3:]
    assert {LEADS[row] for row in highest} == {"II", "III", "aVF"}


def test_a_long_pr_moves_the_p_wave_alone():
    assert only("pr", 1, pr=260).segments == ("P",)


def test_premature_beats_are_compared_with_usual_ones():
    found = only("premature_ventricular", 1, premature_ventricular=2)
    assert {"QRS", "T"} <= set(found.segments)
    assert np.abs(found.mv[:, SEGMENTS.index("QRS")]).max() > 0.5


def test_each_finding_is_told_by_itself():
    heart = Physiology(left_atrium=True, lvh=True, strain=True)
    assert findings(heart) == ("lvh", "strain", "left_atrium")
    found = carriers(heart, 1)
    assert found["left_atrium"].segments == ("P",)
    assert "QRS" in found["lvh"].segments and "QRS" not in found["strain"].segments
    assert {"V5", "V6"} <= set(found["strain"].leads)


def test_one_of_two_hypertrophies_leaves_the_strain_of_the_other():
    found = carriers(Physiology(lvh=True, rvh=True, strain=True), 1)
    assert found.keys() == {"lvh", "rvh", "strain"}
