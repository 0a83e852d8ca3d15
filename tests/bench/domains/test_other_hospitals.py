"""Real records of other hospitals: what the shipped network is worth there, and what the study says of them."""

import pytest

from bench.dataset.challenge import Challenge
from bench.domains.domain import ZERO_SHOT, Answered, Domain
from bench.domains.result import POOLED
from bench.domains.shift import domain_study
from bench.study import ask

PUBLISHED = {
    "fibrillation or flutter": 0.948,
    "right bundle branch block": 0.977,
    "NORM": 0.930,
    "STTC": 0.854,
    "CD": 0.832,
    "MI": 0.829,
    "HYP": 0.639,
}
"""AUROC of the shipped weights on these 204 records, as it was told before this study."""


def domains_of(folder):
    strict, lenient = Challenge(str(folder)), Challenge(f"{folder},lenient")
    names = sorted({strict.domain(record.ecg_id) for record in strict})
    by_name = {name: tuple(one for one in strict if strict.domain(one.ecg_id) == name and one.rates) for name in names}
    return [Domain(name, strict, records, lenient) for name, records in by_name.items()]


@pytest.mark.slow
def test_the_shipped_network_on_204_records_of_other_hospitals(shared_data):
    folder = shared_data / "other_domains"
    if not folder.is_dir():
        pytest.skip(f"no records of other hospitals at {folder}")
    domains = domains_of(folder)
    if sum(len(one.records) for one in domains) != 204:
        pytest.skip(f"the records at {folder} are others than the 204 of which the figures are")
    study = domain_study([Answered("resnet1d", ZERO_SHOT, one, ask("resnet1d", one.cohort)) for one in domains])
    pooled = study.cell("resnet1d", ZERO_SHOT, POOLED)
    areas = {one.name: one.auroc for one in pooled.classes}
    for name, told in PUBLISHED.items():
        assert areas[name].interval[0] < told < areas[name].interval[1], name
        assert areas[name].value > told - 0.005, name
    assert pooled.challenge.interval[0] < 0.45 < pooled.challenge.interval[1]
    described = {one.domain: one for one in study.domains}
    assert described["ptb"].patients_named is False
    assert "interpretation program" in described["georgia"].facts["annotation"]
    assert "4880" in described["georgia"].facts["units per mV"]
    assert described["ningbo"].facts["flat leads"].startswith("6 of 66")
    assert "Georgia 12-lead 73" in described["georgia"].particulars["sources"]
