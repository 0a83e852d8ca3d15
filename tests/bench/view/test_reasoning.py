"""A reasoning target says what labels and printed numbers support, and nothing else."""

import json
import re
from dataclasses import replace

import pytest

from bench.dataset import open_dataset
from bench.view import View
from bench.view.example import examples
from bench.view.reasoning import reasoning
from measurements import Measurement, Measurements
from renderers import LEADS
from taxonomy.axis import AXES, AXIS_NAMES

NUMBERS = Measurements(*map(Measurement, (71.5, 164.2, 96, 400, 438.4, 424, 45, -63.4, 60)))
VALUES = {
    "rate": "normal", "rhythm": "sinus", "axis": "left", "conduction": "fascicular_block", "ischemia_stage": "old",
    "ischemia_territory": "inferior", "other_findings": frozenset({"lvh", "premature_atrial"}), "diagnosis": "IMI",
}  # fmt: skip


def test_four_sentences_say_what_the_labels_say():
    assert reasoning(VALUES, NUMBERS) == (
        "Sinus rhythm; normal rate (72 per minute). Left axis deviation (-63 degrees); fascicular block. "
        "Old infarction (inferior); left ventricular hypertrophy, atrial premature complexes. "
        "Diagnosis: inferior infarction or injury."
    )


def test_nothing_is_said_without_a_label():
    assert reasoning(dict.fromkeys(AXIS_NAMES), NUMBERS) == ""
    said = reasoning(
        {**VALUES, "axis": None, "rate": None, "ischemia_stage": None, "ischemia_territory": None}, NUMBERS
    )
    for absent in ("axis", "-63", "72", "rate", "infarction (", "ischemia"):
        assert absent not in said


def test_a_number_is_quoted_only_where_it_is_known_and_agrees_with_the_label():
    assert re.search(r"\d", reasoning(VALUES, None)) is None
    assert "72" not in reasoning({**VALUES, "rate": "bradycardia"}, NUMBERS)
    assert "-63" not in reasoning({**VALUES, "axis": "normal"}, NUMBERS)
    unmeasured = replace(NUMBERS, heart_rate=Measurement(reason="flat"))
    assert "per minute" not in reasoning(VALUES, unmeasured)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_every_value_can_be_said(axis):
    for value in axis.values:
        said = reasoning({**VALUES, axis.name: frozenset({value}) if axis.is_set else value}, NUMBERS)
        assert "_" not in said and said.count(". ") <= 3


@pytest.fixture(scope="module")
def population():
    return open_dataset("phantoms:1,66")


def targets(population, **view):
    some = examples(population, "test", View(px_per_mm=2, renderer="leads", **view), limit=12)
    return [json.loads(some[index].answer.text) for index in range(len(some))]


def test_targets_are_complete_answers_without_claims_about_leads(population):
    for target in targets(population):
        assert None not in [*target.values(), *target["ischemia"].values()]
        assert not set(re.findall(r"\w+", target["reasoning"])) & set(LEADS)


@pytest.mark.slow
def test_numbers_that_are_not_shown_are_not_quoted(population):
    assert any("per minute" in target["reasoning"] for target in targets(population))
    for condition in ("image-only", "no-rate"):
        assert not any("per minute" in target["reasoning"] for target in targets(population, condition=condition))


def test_a_format_without_reasoning_is_taught_without_it(population):
    assert all("reasoning" not in target for target in targets(population, format="dense-no-reasoning"))
