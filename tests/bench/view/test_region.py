"""Where findings are looked for: the table holds together, and phantoms carry their findings there."""

import numpy as np
import pytest

from bench.view.region import expected_region
from measurements.segment import SEGMENTS
from phantoms.carrier import LEADS as CARRIER_LEADS
from phantoms.carrier import SEGMENTS as CARRIER_SEGMENTS
from phantoms.carrier import carriers
from phantoms.population import of_statements
from renderers import LEADS
from taxonomy.axis import AXES


def test_every_finding_has_a_place_or_is_known_to_have_none():
    without = {
        (axis.name, value) for axis in AXES for value in axis.values if expected_region(axis.name, value) is None
    }
    assert without == {
        *(("rate", value) for value in ("bradycardia", "normal", "tachycardia")),
        *(("ischemia_territory", value) for value in ("none", "multiple", "unspecified")),
        ("ischemia_stage", "none"),
        ("diagnosis", "NORM"),
    }


def test_regions_are_of_leads_and_segments_that_exist_each_with_its_source():
    for axis in AXES:
        for value in axis.values:
            if region := expected_region(axis.name, value):
                assert region.leads
                assert region.segments
                assert list(region.leads) == [lead for lead in LEADS if lead in region.leads]
                assert list(region.segments) == [one for one in SEGMENTS if one in region.segments]
                assert any(year in region.source for year in ("2007", "2009", "2018", "2019"))


def test_a_name_that_is_no_value_has_no_place():
    assert expected_region("note", "*") is None
    assert expected_region("conduction", "lvh") is None


@pytest.mark.parametrize(
    ("value", "leads", "segments"),
    [
        ("acute inferior", ("II", "III", "aVF"), ("ST", "T")),
        ("old anterior", ("V1", "V2", "V3", "V4"), ("QRS",)),
        ("recent lateral", ("I", "aVL", "V5", "V6"), ("QRS", "ST", "T")),
    ],
)
def test_stage_and_territory_together_have_the_leads_of_one_and_the_segments_of_the_other(value, leads, segments):
    region = expected_region("ischemia", value)
    assert (region.leads, region.segments) == (leads, segments)
    assert expected_region("ischemia", "old multiple") is expected_region("ischemia", "none none") is None


@pytest.mark.parametrize(
    ("code", "parameter", "axis", "value"),
    [
        ("IMI", "infarcts", "diagnosis", "IMI"),
        ("AMI", "infarcts", "diagnosis", "AMI"),
        ("PMI", "infarcts", "diagnosis", "PMI"),
        ("INJAS", "injury", "ischemia", "acute anteroseptal"),
        ("LVH", "lvh", "diagnosis", "LVH"),
        ("RAO/RAE", "right_atrium", "diagnosis", "RAO/RAE"),
        ("STD_", "st", "other_findings", "st_depression"),
    ],
)
def test_a_phantom_shows_its_finding_most_where_it_is_looked_for(code, parameter, axis, value):
    region, most = expected_region(axis, value), []
    for seed in range(500, 504):
        draw = of_statements(frozenset({code, "SR"}), seed)
        shown = np.abs(carriers(draw.heart, draw.seed)[parameter].mv)
        lead, segment = np.unravel_index(np.argmax(shown), shown.shape)
        most.append(CARRIER_LEADS[lead] in region.leads and CARRIER_SEGMENTS[segment] in region.segments)
    assert np.mean(most) >= 0.75
