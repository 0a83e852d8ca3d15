"""What is written is what is parsed, and the spans say where each value stands."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.axis import AXES, NORMALITY, axis_named
from taxonomy.parsing import parse
from taxonomy.schema import answer_schema
from taxonomy.target import DENSE, FORMATS, SPARSE
from taxonomy.writing import axis_order, normal_value, written


@st.composite
def answers(draw):
    values = {}
    for axis in (*AXES, NORMALITY):
        one = st.frozensets(st.sampled_from(axis.values)) if axis.is_set else st.sampled_from(axis.values)
        values[axis.name] = draw(one)
    return values


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(values=answers(), reasoning=st.none() | st.text(max_size=40).filter(lambda text: "think>" not in text))
def test_what_is_written_is_parsed_back(form, values, reasoning):
    answer = written(values, form, reasoning if form.reasoning else None)
    reading = parse(answer.text, form)
    assert reading.values == {name: values[name] for name in form.axes}
    assert not reading.problems


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(values=answers())
def test_a_span_holds_its_value_and_nothing_else(form, values):
    answer = written(values, form)
    for axis, (start, end) in answer.spans.items():
        said = json.loads(answer.text[start:end])
        assert (frozenset(said) if axis_named(axis).is_set else said) == values[axis]
        assert answer.until(axis).endswith(answer.text[start:end])


def test_a_dense_answer_is_of_the_protocols_form():
    values = {
        "rate": "normal", "rhythm": "sinus", "axis": "left", "conduction": "none", "ischemia_stage": "old",
        "ischemia_territory": "inferior", "other_findings": frozenset(), "diagnosis": "IMI",
    }  # fmt: skip
    assert written(values).text == (
        '{"rate": "normal", "rhythm": "sinus", "axis": "left", "conduction": "none", '
        '"ischemia": {"stage": "old", "territory": "inferior"}, "other_findings": [], "diagnosis": "IMI"}'
    )
    assert written(values, SPARSE).text == (
        '{"axis": "left", "ischemia": {"stage": "old", "territory": "inferior"}, "diagnosis": "IMI"}'
    )


def test_a_sparse_answer_leaves_out_what_is_normal_or_unknown():
    normal = {axis.name: normal_value(axis.name) for axis in AXES}
    assert written(normal, SPARSE).text == "{}"
    assert written({**normal, "axis": None}, SPARSE).text == "{}"


def test_an_unknown_value_is_null_in_a_dense_answer_and_keeps_its_place():
    answer = written({"rate": "normal"})
    assert json.loads(answer.text)["axis"] is None
    start, end = answer.spans["axis"]
    assert answer.text[start:end] == "null"


def test_the_order_is_the_schemas():
    data = json.loads(written({}, DENSE).text)
    assert list(data) == [key for key in answer_schema()["properties"] if key != "reasoning"]
    assert axis_order(DENSE) == DENSE.axes
