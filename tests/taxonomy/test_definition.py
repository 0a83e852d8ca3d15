"""Every value is defined, by the limits and in the order of the truth."""

import json
from importlib.resources import files

import pytest

from taxonomy.axis import AXES, CONDUCTION, DIAGNOSIS, NORMALITY, OTHER_FINDINGS, RHYTHM, axis_named
from taxonomy.definition import by_precedence, definitions, spoken
from taxonomy.ischemia import TERRITORY
from taxonomy.statement import statements, subclasses
from taxonomy.threshold import AXIS_LIMITS, RATE_LIMITS, axis_of, rate_of
from taxonomy.truth import CONDUCTION_PRECEDENCE, DIAGNOSIS_ORDER, RHYTHM_PRECEDENCE

EVERY = (*AXES, NORMALITY)


@pytest.mark.parametrize("axis", EVERY, ids=lambda axis: axis.name)
def test_every_value_has_a_definition_in_words(axis):
    found = definitions(axis)
    assert set(found) == set(axis.values)
    assert all(meant and "$" not in meant and meant != value for value, meant in found.items())
    assert all(spoken(axis, value)[0] not in "_$" and "_" not in spoken(axis, value) for value in axis.values)


def test_nothing_is_defined_that_is_no_value():
    table = json.loads((files("taxonomy") / "definitions.json").read_text(encoding="utf-8"))
    for part in ("definitions", "names"):
        for name, defined in table[part].items():
            assert set(defined) <= set(axis_named(name).values), (part, name)


def test_a_conduction_disturbance_means_the_same_among_the_findings():
    among = definitions(OTHER_FINDINGS)
    assert all(among[value] == meant for value, meant in definitions(CONDUCTION).items() if value != "none")


def test_the_limits_that_are_told_are_those_of_the_truth():
    (slow, fast), (extreme, left, right) = RATE_LIMITS, AXIS_LIMITS
    assert [rate_of(rate) for rate in (slow - 0.1, slow, fast, fast + 0.1)] == [
        "bradycardia", "normal", "normal", "tachycardia",
    ]  # fmt: skip
    assert [axis_of(angle) for angle in (extreme - 0.1, extreme, left - 0.1, left, right, right + 0.1)] == [
        "indeterminate", "left", "left", "normal", "normal", "right",
    ]  # fmt: skip
    rate, axis = definitions(axis_named("rate")), definitions(axis_named("axis"))
    assert (str(slow) in rate["bradycardia"], str(fast) in rate["tachycardia"]) == (True, True)
    assert (str(left) in axis["normal"], f"+{right}" in axis["right"], str(extreme) in axis["left"]) == (True,) * 3


def test_values_stand_in_the_truths_order_of_precedence():
    assert by_precedence(RHYTHM) == tuple(value for _, value in RHYTHM_PRECEDENCE)
    assert by_precedence(CONDUCTION) == (*(value for _, value in CONDUCTION_PRECEDENCE), "none")
    order = [DIAGNOSIS_ORDER.index(subclasses()[code]) for code in by_precedence(DIAGNOSIS)]
    assert order == sorted(order) and by_precedence(DIAGNOSIS)[-1] == "NORM"


def test_a_diagnosis_names_every_territory_of_its_statements():
    told = definitions(DIAGNOSIS)
    for code, territory in TERRITORY.items():
        statement = statements()[code]
        words = told[statement.subclass]
        assert "infarction" in words or "ischemia" in words
        said = {"IPMI": "inferoposterior", "IPLMI": "inferoposterolateral", "ISC_": "without a place"}
        assert said.get(code, territory) in words, code
