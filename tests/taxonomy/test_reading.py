import json

import jsonschema
import numpy as np
import pytest

from taxonomy.axis import AXES
from taxonomy.danger import danger_table
from taxonomy.error import BenchError, ReadingError, SettingError
from taxonomy.parsing import parse
from taxonomy.reading import Failure, Reading, Usage, unanswered
from taxonomy.schema import answer_schema
from taxonomy.target import FORMATS


def test_a_reading_survives_json():
    reading = Reading(
        values={"rate": "normal", "other_findings": frozenset({"lvh", "long_qt"}), "axis": None},
        probabilities={"rate": {"normal": 0.7, "bradycardia": 0.3}, "superclass": {"MI": 0.2}},
        problems={"axis": "axis has no value 'up'"},
        raw="{}",
        usage=Usage(input_tokens=3, cost=0.01),
        error=None,
    )
    assert Reading.from_json(json.loads(json.dumps(reading.to_json()))) == reading


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("refusal", "no_answer"), ("truncated", "no_answer"), ("transport", "failed"), ("crash", "failed")],
)
def test_three_outcomes_are_never_mixed(kind, outcome):
    reading = Reading(error=Failure(kind, "why"))
    assert reading.outcome == outcome
    assert set(unanswered(reading).values()) == {kind}


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": {"rate": "fast-ish"}},
        {"values": {"rhythm": frozenset({"sinus"})}},
        {"values": {"rythm": "sinus"}},
        {"probabilities": {"rate": {"normal": 1.2}}},
        {"probabilities": {"rate": {"normal": float("nan")}}},
        {"probabilities": {"superclass": {"XX": 0.2}}},
    ],
)
def test_a_value_outside_the_taxonomy_is_refused(wrong):
    with pytest.raises(BenchError):
        Reading(**wrong)


@pytest.mark.parametrize("data", [{}, {"values": 3}, {"values": {}, "error": {"kind": "refusal"}}])
def test_json_of_another_form_is_refused(data):
    with pytest.raises(ReadingError, match="not a reading"):
        Reading.from_json(data)


def test_the_schema_takes_a_dense_answer_and_refuses_others():
    validate = jsonschema.Draft202012Validator(answer_schema())
    dense = {axis.name: axis.values[0] for axis in AXES if not axis.name.startswith("ischemia")}
    dense |= {"reasoning": "", "other_findings": ["lvh"], "ischemia": {"stage": "old", "territory": "inferior"}}
    assert validate.is_valid(dense)
    assert not validate.is_valid(dense | {"rate": "quick"})
    assert not validate.is_valid(dense | {"rate": None})
    assert not validate.is_valid(dense | {"extra": 1})
    assert not validate.is_valid({key: value for key, value in dense.items() if key != "rate"})


@pytest.mark.parametrize("form", FORMATS.values(), ids=str)
def test_every_schema_is_portable_and_its_answers_are_read(form):
    schema = answer_schema(form)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
    answer = {name: _least(part) for name, part in schema["properties"].items()}
    assert jsonschema.Draft202012Validator(schema).is_valid(answer)
    reading = parse(json.dumps(answer), form)
    assert reading.outcome == "answered"
    assert set(reading.values) == set(form.axes)
    assert not reading.problems


def _least(schema):
    if schema["type"] == "object":
        return {name: _least(part) for name, part in schema["properties"].items()}
    return [] if schema["type"] == "array" else schema.get("enum", ["words"])[0]


def test_missing_costs_the_largest_danger_of_its_row():
    costs = danger_table().costs()
    assert costs.shape == (5, 6)
    assert costs[:, 5].tolist() == [3, 3, 2, 1, 1]


def test_a_table_of_ones_own_may_order_its_classes(tmp_path):
    own = {"name": "mine", "version": "1", "classes": ["MI", "NORM", "STTC", "CD", "HYP"]}
    danger = np.ones((5, 5)) - np.eye(5)
    danger[0, 1] = 9
    path = tmp_path / "danger.json"
    path.write_text(json.dumps(own | {"danger": danger.tolist()}))
    assert danger_table(path).danger[1, 0] == 9


@pytest.mark.parametrize(
    "content",
    ["", "{}", '{"name": "x", "version": 1, "classes": ["NORM"], "danger": [[0]]}'],
)
def test_a_bad_danger_table_is_named(tmp_path, content):
    path = tmp_path / "danger.json"
    path.write_text(content)
    with pytest.raises(SettingError, match=r"danger\.json"):
        danger_table(path)
