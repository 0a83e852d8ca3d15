"""What a prompt says: the print of the measurements, the task, and what the reasoning is about."""

import json
import re
from dataclasses import replace

import pytest

from bench.dataset import Selection
from bench.view import Question, View, cases_of
from bench.view.example import IMAGE_AND_TEXT
from bench.view.printout import NOT_SHOWN, Printout, demography
from bench.view.prompt import system_text
from measurements import Measurement, Measurements
from measurements.measurement import TABLE
from renderers import LEADS
from taxonomy.axis import AXES, CONDUCTION, NORMALITY, OTHER_FINDINGS, axis_named
from taxonomy.definition import definitions
from taxonomy.parsing import parse
from taxonomy.schema import NUMBERS, TRACING, answer_schema
from taxonomy.target import BINARY, DENSE, DENSE_NO_REASONING, FORMATS, SPARSE

NUMBERS_OF_ONE = Measurements(*map(Measurement, (71.5, 164.2, 96, 400, 438.4, 424, 45, -30.5, 60)))


@pytest.fixture(scope="module")
def cohort():
    return Selection("phantoms:1,66", ids="38").cohort()


def case_of(cohort, **view):
    shown = View(px_per_mm=2, **view).for_inputs(IMAGE_AND_TEXT)
    return cases_of(shown, cohort).case(Question(cohort[0]))


def test_numbers_are_printed_as_machines_print_them():
    assert Printout(NUMBERS_OF_ONE, "63 years, female").text.splitlines() == [
        "63 years, female", "Vent. rate 72 BPM", "PR interval 164 ms", "QRS duration 96 ms", "QT/QTc 400/438 ms",
        "P-R-T axes 45 -31 60",
    ]  # fmt: skip


def test_what_is_left_out_leaves_no_trace_in_the_print():
    without_rate = Printout(NUMBERS_OF_ONE).shown(("heart_rate", "qtc_bazett", "qtc_fridericia"))
    assert without_rate.text.splitlines()[0] == "PR interval 164 ms"
    assert "QT 400 ms" in without_rate.text.splitlines()
    assert Printout(NUMBERS_OF_ONE).shown(("qrs_axis",)).text.splitlines()[-1] == "P-T axes 45 60"
    assert Printout(NUMBERS_OF_ONE).shown(("qrs_axis", "p_axis")).text.splitlines()[-1] == "T axis 60"
    assert Printout(NUMBERS_OF_ONE).shown(tuple(TABLE)).text == ""


def test_what_could_not_be_measured_is_an_asterisk_without_its_reason():
    fibrillating = replace(
        NUMBERS_OF_ONE, pr=Measurement(reason="no P waves"), p_axis=Measurement(reason="no P waves of one form")
    )
    shown = Printout(fibrillating).shown(("t_axis",))
    assert shown.text.splitlines()[1] == "PR interval * ms"
    assert shown.text.splitlines()[-1] == "P-R axes * -31"
    assert "P waves" not in str(shown.numbers)
    assert shown.numbers.t_axis == NOT_SHOWN


@pytest.mark.parametrize(
    ("age", "sex", "said"),
    [(63, "female", "63 years, female"), (None, "male", "male"), (40, None, "40 years"), (None, None, ""),
     (90, "male", "over 89 years, male")],
)  # fmt: skip
def test_age_and_sex_are_told_as_far_as_they_are_known(cohort, age, sex, said):
    assert demography(replace(cohort[0], age=age, sex=sex)) == said


def test_age_and_sex_are_shown_on_demand_and_never_without_numbers(cohort):
    said = demography(cohort[0])
    assert said
    assert said in case_of(cohort, demography=True).prompt.text
    assert said not in case_of(cohort).prompt.text
    assert said not in case_of(cohort, condition="image-only", demography=True).prompt.text


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_the_task_defines_every_value_that_it_asks_for(form):
    text = system_text(form)
    for axis in (axis_named(name) for name in form.axes):
        for value, meant in definitions(axis).items():
            assert f"- {value}: {meant}\n" in text, (axis.name, value)


def test_the_dense_task_names_each_finding_once_and_says_that_the_diagnosiss_own_belongs_there():
    text = system_text(DENSE)
    assert "the finding that makes the diagnosis belongs here too" in text
    assert "further" not in text
    for value in OTHER_FINDINGS.values:
        assert text.count(f"\n- {value}: ") == 1
    assert set(CONDUCTION.values) & set(OTHER_FINDINGS.values)
    assert all(f"\n- {value}: " in text for axis in AXES for value in axis.values)


def nullable(schema):
    return '"null"' in json.dumps(schema) or "null" in re.findall(r"\bnull\b", json.dumps(schema))


def test_only_a_sparse_answer_may_hold_null():
    assert [form.name for form in FORMATS.values() if nullable(answer_schema(form))] == [SPARSE.name]
    assert "never null" in system_text(DENSE)
    assert parse('{"rate": null, "rhythm": "sinus"}', DENSE).values == {"rhythm": "sinus"}


def test_without_an_image_the_reasoning_is_about_the_measurements(cohort):
    shown = case_of(cohort).prompt
    blank = case_of(cohort, condition="blank-image").prompt
    alone = case_of(cohort, condition="text-only").prompt
    for asked, source, other in ((shown, TRACING, NUMBERS), (blank, TRACING, NUMBERS), (alone, NUMBERS, TRACING)):
        whole = asked.system + asked.text + json.dumps(asked.schema)
        assert whole.count(source) == 2
        assert other not in whole
    assert all(re.search(rf"\b{lead}\b.*shows", alone.system) is None for lead in LEADS)


def test_where_nothing_is_shown_the_reasoning_is_about_neither_tracing_nor_measurements(cohort):
    prompt = case_of(cohort, condition="nothing").prompt
    assert "at most four sentences on what the answer rests on" in prompt.system
    assert (
        prompt.schema["properties"]["reasoning"]["description"] == "at most four sentences on what the answer rests on"
    )


def test_a_format_without_reasoning_asks_for_none():
    for form in (DENSE_NO_REASONING, SPARSE, BINARY):
        assert "reasoning" not in system_text(form) + json.dumps(answer_schema(form))
    dense, short = answer_schema(DENSE)["properties"], answer_schema(DENSE_NO_REASONING)["properties"]
    assert {name: part for name, part in dense.items() if name != "reasoning"} == short
    assert NORMALITY.name not in short
