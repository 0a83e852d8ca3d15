"""What was said is read, what was not said is not: properties of the parser over whole, cut and damaged answers."""

import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.parsing import campaign, mutated, said_wrongly, truncated
from taxonomy.axis import AXES, AXIS_NAMES, NORMALITY
from taxonomy.parsing import parse, written_reasoning
from taxonomy.reading import Reading
from taxonomy.target import DENSE, FORMATS, SPARSE
from taxonomy.writing import normal_value, written

FENCES = ("{}", "```json\n{}\n```", "```\n{}```", " \n{}\n", "<think>Lead II {{is regular, {{}} or not?</think>\n{}")
PROSE = (
    "I use {{}} for normal. {}",
    "In the form {{'rate': '...'}} it's {{a regular rhythm}}:\n```json\n{}\n```\nHope it helps {{:",
    "The 'R' waves {{in V1}} are small. {} Lead aVR is \"negative\".",
    '{{"rate": "tachycardia", "rhythm": "paced"}} was my draft, {{"comment": "it\'s wrong"}}. Final: {}',
    '{{"answer": {}, "confidence": {{"rate": 0.9}}}}',
    "{{{}}}",
)

WORDS = st.text(max_size=60).filter(lambda text: "think>" not in text)
"""Reasoning without the marks of a thought: the answer is what stands behind the last of them."""


@st.composite
def values(draw):
    """Values of every axis, half of them normal, as most are."""
    drawn = {}
    for axis in (*AXES, NORMALITY):
        one = st.frozensets(st.sampled_from(axis.values), max_size=4) if axis.is_set else st.sampled_from(axis.values)
        drawn[axis.name] = draw(st.just(normal_value(axis.name)) | one)
    return drawn


def wrapped(text, wrap):
    return wrap.format(text)


BOTH = pytest.mark.parametrize("form", (DENSE, SPARSE), ids=lambda form: form.name)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(values=values(), reasoning=WORDS, wrap=st.sampled_from((*FENCES, *PROSE)))
@example(values={}, reasoning="{\"rate\": 'it's", wrap=FENCES[1])
def test_a_whole_answer_is_read_back_in_any_wrapping(form, values, reasoning, wrap):
    values = values or {axis.name: normal_value(axis.name) for axis in (*AXES, NORMALITY)}
    answer = written(values, form, reasoning if form.reasoning else None).text
    reading = parse(wrapped(answer, wrap), form)
    if answer == "{}" and wrap in PROSE:  # an empty object says nothing where it is not the whole answer
        assert reading.values != {name: normal_value(name) for name in AXIS_NAMES}
        return
    assert reading.error is None
    assert not reading.problems
    assert reading.values == {name: values[name] for name in form.axes}
    assert written_reasoning(wrapped(answer, wrap), form) == (reasoning if form.reasoning else None)


@BOTH
@given(values=values(), reasoning=st.none() | WORDS, wrap=st.sampled_from((*FENCES, *PROSE)), at=st.data())
def test_an_answer_that_is_cut_off_is_truncated_and_says_nothing(form, values, reasoning, wrap, at):
    answer = written(values, form, reasoning).text
    before = wrap[: wrap.rindex("{}")].format()
    reading = parse(before + answer[: at.draw(st.integers(1, len(answer) - 1))], form)
    assert reading.error is not None
    assert reading.error.kind == "truncated"
    assert not reading.values


@BOTH
@given(values=values(), seed=st.integers(0, 10**6), wrap=st.sampled_from((*FENCES, *PROSE[:3])))
def test_a_damaged_answer_says_no_more_than_its_own_words(form, values, seed, wrap):
    answer = written(values, form, "Lead II shows it's regular." if form is DENSE else None).text
    text = wrapped(mutated(answer, random.Random(seed)), wrap)
    assert not said_wrongly(parse(text, form), values, text)


@pytest.mark.parametrize("damage", [truncated, mutated])
def test_a_campaign_of_damage_reads_nothing_wrongly(damage):
    counts = campaign(damage, cases=1_000, seed=1)
    assert counts["wrongly read"] == 0
    assert counts["truncated"] > 100
    assert (counts["read"] > 100) == (damage is mutated)


def test_the_campaign_would_notice_a_wrong_reading():
    true = {"rate": "tachycardia", "other_findings": frozenset({"lvh", "rvh"})}
    assert said_wrongly(Reading(values={"rate": "normal"}), true, '{"rat": "tachycardia"}') == ["rate"]
    assert said_wrongly(Reading(values={"rate": "normal"}), true, '{"rate": "normal"}') == []
    assert said_wrongly(Reading(values={"other_findings": frozenset({"lvh"})}), true, "{}") == ["other_findings"]


PIECES = st.sampled_from(
    [
        '{"',
        "{",
        "}",
        "{}",
        "[",
        "]",
        '"',
        "'",
        "\\",
        ":",
        ",",
        "None",
        "rate",
        '"rate"',
        '"normal"',
        "//",
        "/*",
        "\n",
        " ",
    ]
)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(text=st.lists(PIECES | st.text(max_size=3), max_size=25).map("".join))
@example(text="{{}}n")
@example(text='{"rate": {}}')
@example(text='{"other_findings": {}, "ischemia": [{}]}')
@example(text='{"rate": 1e999, "axis": ' + "9" * 5_000 + "}")
@example(text='{"\\ud800": "\\ud800", "rate": "\\ud800"}')
def test_no_text_raises(form, text):
    reading = parse(text, form)
    assert set(reading.values) <= set(form.axes)
    assert reading.raw == text


FLOODS = {
    "braces": "{" * 100_000,
    "closing braces": "}" * 100_000,
    "braces in braces": "{" * 100_000 + "}" * 100_000,
    "objects that open": '{"' * 50_000,
    "objects that open with a key": '{"a":' * 20_000,
    "objects in objects": '{"a":' * 50_000 + "{}" + "}" * 50_000,
    "lists in an answer": '{"rate":' + "[" * 100_000 + "]" * 100_000 + "}",
    "empty objects": "{}" * 50_000,
    "objects": '{"a":1}' * 40_000,
    "lenient objects": "{a:1}" * 20_000,
    "a long lenient object": "{rate: '" + "x" * 100_000 + "',}",
    "a long word": "{" + "x" * 100_000,
    "keys that are cut off": "{x " * 50_000,
    "a key that never ends": "{" + "x" * 50_000 + " " * 50_000 + "!",
    "typographic quotes": "{\u201c" * 50_000,
    "thinking": "<think>" * 50_000,
    "blanks": "{" + " " * 100_000 + "x",
    "blanks after an empty object": "{}" + " " * 100_000 + "x",
    "blanks after an answer": '{"rate": "normal"}' + " " * 100_000 + "x",
    "quotes after an answer": '{"rate": "normal"},' + "\"'" * 50_000,
    "the same key": "{" + '"rate": "normal",' * 20_000 + '"rate": "normal"}',
    "commas": '{"other_findings": "' + "lvh," * 20_000 + '"}',
    "brackets": '{"rate": "' + "(" * 100_000 + '"}',
    "bare brackets": "(" * 100_000,
    "nulls": "{rate: " + ": None" * 50_000 + "}",
}


@pytest.mark.parametrize("form", (DENSE, SPARSE, FORMATS["flat"]), ids=lambda form: form.name)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_read_in_bounded_time(flood, form):
    begun = time.process_time()
    parse(FLOODS[flood], form)
    assert time.process_time() - begun < 3
