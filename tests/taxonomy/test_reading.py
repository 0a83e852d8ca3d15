import json

import jsonschema
import numpy as np
import pytest

from taxonomy.axis import AXES
from taxonomy.danger import danger_table
from taxonomy.error import BenchError, SettingError
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


FAILED = {"values": {}, "error": {"kind": "refusal", "message": "no"}}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], r"a reading must be a JSON object, not \[\]"),
        ({}, "a reading has no 'values'"),
        ({"values": 3}, "values must be a JSON object, not 3"),
        ({"values": {"rate": 5}}, "axis 'rate' has no value 5"),
        ({"values": {"rate": ["normal"]}}, r"axis 'rate' has no value \['normal'\]"),
        ({"values": {"other_findings": ["lvh", "lvh"]}}, "axis 'other_findings' has no value"),
        ({"values": {"other_findings": [["lvh"]]}}, "axis 'other_findings' has no value"),
        ({"values": {}, "colour": "blue"}, "unknown part of a reading 'colour'"),
        ({"values": {}, "raw": 5}, "the raw text of a reading is 5, no text"),
        ({"values": {}, "problems": {"rate": 5}}, "the problem of rate is 5, no text"),
        ({"values": {}, "problems": {"speed": "x"}}, "unknown axis 'speed'"),
        ({"values": {}, "probabilities": {"rate": {"normal": "0.5"}}}, "hold 'normal' = '0.5', no number"),
        ({"values": {}, "probabilities": {"rate": {"normal": True}}}, "hold 'normal' = True, no number"),
        ({"values": {}, "probabilities": {"rate": {"normal": float("nan")}}}, "no number"),
        ({"values": {}, "probabilities": {"rate": 1}}, "must be a JSON object, not 1"),
        ({"values": {}, "usage": {"cost": -1.0}}, "holds cost = -1.0"),
        ({"values": {}, "usage": {"cost": float("inf")}}, "holds cost = inf"),
        ({"values": {}, "usage": {"cost": "1"}}, "holds cost = '1'"),
        ({"values": {}, "usage": {"input_tokens": 1.5}}, "holds input_tokens = 1.5"),
        ({"values": {}, "usage": {"reused": 1}}, "holds reused = 1"),
        ({"values": {}, "usage": {"tip": 1}}, "unknown part of usage 'tip'"),
        ({"values": {}, "error": {"kind": "refusal"}}, "the error of a reading has no message"),
        ({"values": {}, "error": None}, "the error of a reading must be a JSON object, not None"),
        ({"values": {}, "error": {"kind": "bad luck", "message": ""}}, "unknown kind of failure 'bad luck'"),
        (FAILED | {"values": {"rate": "normal"}}, r"holds answers beside its error \(refusal\)"),
        (FAILED | {"probabilities": {"rate": {"normal": 1.0}}}, "holds answers beside its error"),
    ],
)
def test_json_of_another_form_is_refused(data, said):
    with pytest.raises(BenchError, match=said):
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


DANGER = {"name": "x", "version": "1", "classes": ["NORM", "MI", "STTC", "CD", "HYP"], "danger": [[0] * 5] * 5}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "danger.json cannot be read: it is no JSON"),
        ("[" * 100_000, "danger.json cannot be read: it holds more than 32 lists"),
        ("[]", "it holds a list, not a JSON object"),
        ("{}", "danger.json has no 'name': it needs name, version, classes and danger"),
        (json.dumps(DANGER | {"classes": ["NORM"], "danger": [[0]]}), "must be 5 x 5 numbers over NORM, MI"),
        (json.dumps(DANGER | {"classes": 5}), "must be 5 x 5"),
        (json.dumps(DANGER | {"classes": [1, "MI", "STTC", "CD", "HYP"]}), "must be 5 x 5"),
        (json.dumps(DANGER | {"danger": [[0] * 5] * 4 + [[0] * 4]}), "must be 5 x 5"),
        (json.dumps(DANGER | {"danger": [["0"] * 5] * 5}), "must be 5 x 5"),
        (json.dumps(DANGER | {"danger": [[1] * 5] * 5}), "zeros on its diagonal"),
        (json.dumps(DANGER | {"danger": [[0, -1, 0, 0, 0]] * 5}), "weights >= 0"),
        (json.dumps(DANGER).replace("0", "NaN", 1), "it holds NaN, which is no finite number"),
    ],
)
def test_a_bad_danger_table_is_one_sentence(tmp_path, content, said):
    path = tmp_path / "danger.json"
    path.write_text(content)
    with pytest.raises(SettingError, match=said):
        danger_table(path)
