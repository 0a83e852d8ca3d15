"""A schema that the server ignores is noticed from the answers, and said once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.summary import _schema
from bench.score.usage import usage_total
from readers.api.openai import OpenAIReader
from readers.api.response import SchemaWatch
from readers.session import Session
from taxonomy.axis import axis_named
from taxonomy.reading import Reading, Usage
from taxonomy.schema import answer_schema, follows
from taxonomy.target import DENSE, FORMATS, SPARSE
from taxonomy.writing import written

DENSE_VALUES = {name: (frozenset() if axis_named(name).is_set else axis_named(name).values[0]) for name in DENSE.axes}


@given(st.sampled_from([*FORMATS.values()]), st.data())
def test_what_we_write_follows_our_schema(form, data):
    values = {}
    for axis in map(axis_named, form.axes):
        chosen = st.sets(st.sampled_from(axis.values)).map(frozenset) if axis.is_set else st.sampled_from(axis.values)
        values[axis.name] = data.draw(chosen)
    text = written(values, form, "because" if form.reasoning else None).text
    assert follows(text, answer_schema(form)) or form is SPARSE, "a sparse answer may leave out what is normal"
    assert follows(f"<think>is it {{}}?</think>\n {text}\n", answer_schema(form)) == follows(text, answer_schema(form))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "null",
        "[1]",
        "Sinus rhythm.",
        "```json\n{whole}\n```",
        "Here: {whole}",
        "{whole} I hope this helps",
        "{",
    ],
)
def test_other_texts_do_not(text):
    whole = written(DENSE_VALUES, DENSE, "because").text
    assert follows(whole, answer_schema(DENSE))
    assert not follows(text.replace("{whole}", whole), answer_schema(DENSE))


@pytest.mark.parametrize("changed", [{"rate": None}, {"rate": "quick"}, {"more": "x"}, {"other_findings": "none"}])
def test_values_outside_the_schema_do_not(changed):
    whole = json.loads(written(DENSE_VALUES, DENSE, "because").text) | changed
    assert not follows(json.dumps(whole), answer_schema(DENSE))
    del whole["rate"]
    assert not follows(json.dumps(whole), answer_schema(DENSE))


def test_a_server_that_ignores_it_is_told_once_in_the_run_and_in_the_report(server, make, build_cases, cases):
    many = [*cases, *build_cases(px_per_mm=4)]
    said = []
    server.plan = lambda digest, times: "fenced"
    readings = list(make(structured="schema").within(Session(say=said.append, concurrency=1)).read(many))
    assert [line for line in said if "schema" in line] == [
        "the server ignores the schema that was sent: 10 of 10 answers do not follow it, and are read as free text "
        "(--option structured=text sends none)"
    ]
    assert [reading.outcome for reading in readings] == ["answered"] * 16
    assert Reading.from_json(readings[0].to_json()) == readings[0]
    total = usage_total(readings)
    assert (total.with_schema, total.astray) == (16, 16)
    ignored = "ignored by the server: 16 of 16 answers do not follow the schema that was sent"
    assert _schema(total) == [("schema", ignored)]


def test_a_server_that_heeds_it_and_one_that_got_none_are_not_told(server, make, build_cases, cases):
    many = [*cases, *build_cases(px_per_mm=4)]
    said = []
    heeded = list(make(structured="schema").within(Session(say=said.append)).read(many))
    server.plan = lambda digest, times: "fenced"
    free = list(make(structured="text").within(Session(say=said.append)).read(many))
    assert not [line for line in said if "schema" in line]
    assert {reading.usage.follows_schema for reading in heeded} == {True}
    assert {reading.usage.follows_schema for reading in free} == {None}
    assert _schema(usage_total(heeded)) == _schema(usage_total(free)) == []


def test_it_is_told_of_batches_too(server, build_cases, cases, tmp_path):
    def script(results):
        for result in results:
            result["response"]["body"]["choices"][0]["message"]["content"] = "Sinus rhythm."
        return results

    server.batch_script, said = script, []
    session = Session(tmp_path, batch=tmp_path / "batch", poll_seconds=0.05, say=said.append)
    list(OpenAIReader("gpt-4o", structured="schema").within(session).read([*cases, *build_cases(px_per_mm=4)]))
    assert len([line for line in said if "the server ignores the schema" in line]) == 1


def test_an_answer_that_is_cut_off_does_not_count_against_the_server(server, make, cases):
    server.plan = lambda digest, times: "length"
    (reading,) = make(structured="schema").read(cases[:1])
    assert reading.usage.follows_schema is None


def test_one_slip_in_ten_is_not_called_ignoring_and_two_are():
    good, bad = (Reading(usage=Usage(follows_schema=one)) for one in (True, False))
    watch = SchemaWatch()
    assert not any(watch.seen(one) for one in (bad, *[good] * 30))
    watch = SchemaWatch()
    assert [bool(watch.seen(one)) for one in (bad, bad, *[good] * 8, bad)] == [False] * 9 + [True, False]
