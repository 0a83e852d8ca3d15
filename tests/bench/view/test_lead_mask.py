"""Which leads are blanked, and which carry a finding."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.view import Question, View, cases_of
from bench.view.lead_mask import carrying_leads, masked_leads
from renderers import LEADS


@given(st.integers(0, 2**32), st.integers(1, 30_000) | st.text(min_size=1))
def test_a_third_of_the_leads_is_masked_in_their_order(seed, ecg_id):
    leads = masked_leads(seed, ecg_id)
    assert len(set(leads)) == 4
    assert list(leads) == [lead for lead in LEADS if lead in leads]
    assert leads == masked_leads(seed, ecg_id)


def test_every_lead_is_masked_alike_whatever_the_truth(population):
    """A mask that followed the truth would blank some leads more often where a finding is."""
    truths = {one.ecg_id: population.truth(one).values["diagnosis"] for one in population}
    for normal in (True, False):
        chosen = [ecg_id for ecg_id, value in truths.items() if (value == "NORM") is normal]
        counts = Counter(lead for ecg_id in chosen for seed in range(5) for lead in masked_leads(seed, ecg_id))
        n = 5 * len(chosen)
        assert all(abs(counts[lead] - n / 3) < 4 * (n * 2 / 9) ** 0.5 for lead in LEADS)


def test_a_masked_case_looks_at_no_truth_and_blanks_those_leads(population, monkeypatch):
    def seen(*_):
        raise AssertionError("the truth was asked for")

    monkeypatch.setattr(type(population), "truth", seen)
    record = population.cohort()[3]
    cases = cases_of(View("lead-mask", seed=5).for_inputs(frozenset({"signal"})), population.cohort().of([record]))
    shown, whole = cases.case(Question(record)).signal, record.signal().mv
    for lead, row, own in zip(LEADS, shown, whole, strict=True):
        assert np.array_equal(row, np.zeros_like(own) if lead in masked_leads(5, record.ecg_id) else own)


@pytest.mark.parametrize(
    ("axis", "value", "leads"),
    [
        ("ischemia_territory", "inferior", ("II", "III", "aVF")),
        ("ischemia", "acute inferior", ("II", "III", "aVF")),
        ("ischemia", "recent posterior", ("V1", "V2", "V3")),
        ("ischemia_territory", "none", None),
        ("ischemia", "none none", None),
        ("ischemia", "old multiple", None),
        ("ischemia_stage", "acute", None),
        ("rhythm", "atrial_fibrillation", ("II", "V1")),
        ("conduction", "lbbb", ("I", "V1", "V6")),
        ("conduction", "fascicular_block", ("I", "II", "III", "aVR", "aVL", "aVF")),
        ("diagnosis", "IMI", None),
        ("note", "*", None),
        ("other_findings", frozenset({"lvh"}), None),
        ("rhythm", None, None),
    ],
)
def test_leads_that_carry_a_finding_are_those_of_the_table(axis, value, leads):
    assert carrying_leads(axis, value) == leads
