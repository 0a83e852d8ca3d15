import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.axis import AXES, AXIS_NAMES
from taxonomy.parsing import parse, written_reasoning
from taxonomy.reading import unanswered
from taxonomy.target import FORMATS

DENSE = {
    "rate": "normal",
    "rhythm": "sinus",
    "axis": "left",
    "conduction": "none",
    "ischemia": {"stage": "old", "territory": "inferior"},
    "other_findings": [],
    "diagnosis": "IMI",
}


def answers():
    parts = {axis.name: st.sampled_from(axis.values) for axis in AXES if not axis.is_set}
    findings = next(axis for axis in AXES if axis.is_set)
    flat = st.fixed_dictionaries(
        parts | {findings.name: st.lists(st.sampled_from(findings.values), unique=True, max_size=4)}
    )
    return flat.map(nested)


def nested(flat):
    stage, territory = flat.pop("ischemia_stage"), flat.pop("ischemia_territory")
    return flat | {"ischemia": {"stage": stage, "territory": territory}}


def expected(answer):
    flat = {key: value for key, value in answer.items() if key != "ischemia"}
    flat |= {f"ischemia_{part}": value for part, value in answer["ischemia"].items()}
    return flat | {"other_findings": frozenset(answer["other_findings"])}


def as_python(text):
    return repr(json.loads(text))


def with_trailing_commas(text):
    return text.replace("}", ", }").replace("[]", "[ ]")


def in_a_fence(text):
    return f"Looking at lead II {{a regular rhythm}} I conclude:\n```json\n{text}\n```\nHope it helps {{:"


def shouted(text):
    return text.upper().replace("TRUE", "true")


def spaced(text):
    return text.replace("_", " ")


@given(answers(), st.sampled_from([str, as_python, with_trailing_commas, in_a_fence, shouted]))
def test_any_dense_answer_is_read_however_it_is_wrapped(answer, mangle):
    reading = parse(mangle(json.dumps(answer)))
    assert reading.values == expected(answer)
    assert not reading.problems
    assert reading.outcome == "answered"


@given(answers())
def test_words_may_be_parted_by_spaces(answer):
    assert parse(spaced(json.dumps(answer))).values == expected(answer)


@given(st.text(max_size=400))
def test_no_text_raises_and_none_gives_an_answer_without_json(text):
    reading = parse(text)
    assert set(reading.values) <= set(AXIS_NAMES)
    assert reading.raw == text
    assert reading.error is not None or "{" in text


@given(answers(), st.data())
def test_a_cut_answer_is_a_failure_and_not_a_guess(answer, data):
    text = json.dumps({"reasoning": "II, III, aVF", **answer})
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    reading = parse(cut)
    assert reading.error is not None
    assert reading.error.kind == "truncated"


@pytest.mark.parametrize(
    ("axis", "written", "value"),
    [
        ("rhythm", "AF", "atrial_fibrillation"),
        ("rhythm", "A-Fib", "atrial_fibrillation"),
        ("rhythm", "Normal sinus rhythm", "sinus"),
        ("rhythm", ["sinus"], "sinus"),
        ("rhythm", "ventricular tachycardia", "ventricular"),
        ("rhythm", "VF", "ventricular"),
        ("rhythm", "accelerated idioventricular rhythm", "ventricular"),
        ("conduction", "LBBB", "lbbb"),
        ("conduction", "1st degree AV block", "av_block_first_degree"),
        ("conduction", "Right bundle branch block (complete)", "rbbb"),
        ("axis", "LAD", "left"),
        ("axis", "Left axis deviation", "left"),
        ("diagnosis", "ASMI", "AMI"),
        ("diagnosis", "left anterior fascicular block", "LAFB/LPFB"),
        ("diagnosis", "LAFB/LPFB", "LAFB/LPFB"),
        ("other_findings", "none", frozenset()),
        ("other_findings", "LVH, PVCs", frozenset({"lvh", "premature_ventricular"})),
    ],
)
def test_synonyms(axis, written, value):
    assert parse(json.dumps({axis: written})).values == {axis: value}


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({"rhythm": "no atrial fibrillation"}, "rhythm has no value 'no atrial fibrillation'"),
        ({"rhythm": ["sinus", "paced"]}, "rhythm has no value"),
        ({"rate": 72}, "rate has no value 72"),
        ({"diagnosis": "MI"}, "diagnosis has no value 'MI'"),
        ({"other_findings": [1]}, "other_findings must be a list of names"),
        ({"rhythm": "x" * 500}, "xxx..."),
    ],
)
def test_what_names_no_value_is_a_problem_with_its_reason(written, reason):
    reading = parse(json.dumps(written))
    (axis,) = written
    assert reading.values.get(axis) is None
    assert reason in reading.problems[axis]
    assert unanswered(reading)[axis] == "unreadable"


def test_an_unlisted_finding_counts_as_a_wrong_one_and_keeps_the_right_ones():
    reading = parse('{"other_findings": ["LVH", "dextrocardia"]}')
    assert reading.values["other_findings"] == {"lvh", "unlisted"}
    assert "dextrocardia" in reading.problems["other_findings"]


@pytest.mark.parametrize(
    ("form", "text", "axis"),
    [
        ("dense", '{"rate": "normal", "rate": "tachycardia"}', "rate"),
        ("dense", '{"rate": "normal", "Heart rate": "tachycardia"}', "rate"),
        ("dense", "{'rate': 'normal', 'rate': 'tachycardia', 'rhythm': None}", "rate"),
        ("dense", '{"rate": "normal", "rate": "tachycardia", "rate": "normal"}', "rate"),
        ("dense", '{"ischemia": {"stage": "old", "Stage": "acute"}}', "ischemia_stage"),
        ("dense", '{"ischemia": {"stage": "old"}, "ischemia_stage": "acute"}', "ischemia_stage"),
        ("dense", '{"ischemia": {"stage": "old"}, "Ischaemia": "none"}', "ischemia_stage"),
        ("dense", '{"first": {"rate": "normal"}, "second": {"rate": "tachycardia"}}', "rate"),
        ("sparse", '{"rate": null, "rate": "tachycardia"}', "rate"),
    ],
)
def test_an_axis_that_is_given_twice_with_different_values_is_not_read(form, text, axis):
    reading = parse(text, FORMATS[form])
    assert axis not in reading.values
    assert reading.problems[axis].startswith(f"{axis} is given twice")


def test_an_axis_that_is_given_twice_with_one_value_is_read():
    assert parse('{"rate": "normal", "rate": "normal"}').values == {"rate": "normal"}
    assert parse('{"rhythm": "AF", "Heart rhythm": "atrial fibrillation"}').values == {"rhythm": "atrial_fibrillation"}
    parts = parse('{"first": {"rate": "normal"}, "second": {"rate": "normal", "axis": "left"}}').values
    assert parts == {"rate": "normal", "axis": "left"}


@pytest.mark.parametrize(
    ("form", "text", "kind", "reason"),
    [
        ("sparse", "I use {} for normal.", "unparseable", "no complete JSON object"),
        ("sparse", 'I use {} for normal. {"rhythm": "AF"', "truncated", "not closed"),
        ("sparse", '{"answer": {}}', "unparseable", "no key of the answer"),
        ("sparse", '{"rythm": "AF"}', "unparseable", "no key of the answer"),
        ("sparse", '{"rate": "normal"} or rather {"rythm": "AF"}', "unparseable", "no key of the answer"),
        ("sparse", '{"normality": "abnormal"}', "unparseable", "no key of the answer"),
        ("sparse", '{"rate": "normal"}, "rhythm": "AF"}', "unparseable", "goes on"),
        ("sparse", '{"rate": "normal"}} "rhythm": "AF"', "unparseable", "goes on"),
        ("sparse", '{"rate": "normal"}, rhythm": "AF"}', "unparseable", "goes on"),
        ("dense", '{"rate": "normal"} No: "rate": "fast", "ischemia": {"stage": "old"}}', "unparseable", "goes on"),
        ("dense", '{"rate": "normal"} No, {"rate": "tachy', "truncated", "not closed"),
        ("dense", '{"rate": "normal"} No, {"rate": tachycardia}', "unparseable", "malformed"),
        ("dense", '{"rate": "normal"} No, {', "truncated", "not closed"),
        ("dense", '{"answer": {"rate": "normal"}', "truncated", "not closed"),
        ("dense", "{'rate': 'normal' 'ly'}", "unparseable", "malformed"),
        ("dense", '{"rate": ' + "[" * 20 + "]" * 20 + "}", "unparseable", "malformed"),
        ("dense", "{rate: 'normal'}" + " " * 20_000, "unparseable", "malformed"),
        ("dense", '{"rate": "normal"}</think> \n', "empty", "no text"),
        ("flat", '{"diagnosis":\nIMI', "truncated", "not closed"),
        ("binary", "perhaps", "unparseable", "of the form that was asked for"),
    ],
)
def test_what_is_no_whole_answer_fails_with_its_kind_and_reason(form, text, kind, reason):
    reading = parse(text, FORMATS[form])
    assert reading.error.kind == kind
    assert reason in reading.error.message
    assert not reading.values


@pytest.mark.parametrize("text", ["{}", " { }\n", "```json\n{}\n```", "Is {it} normal?</think>\n\n{}"])
def test_an_empty_object_that_is_the_whole_answer_is_a_normal_ecg(text):
    values = parse(text, FORMATS["sparse"]).values
    assert values == {axis.name: frozenset() if axis.is_set else axis.negative for axis in AXES}


def test_beside_a_key_that_means_nothing_a_sparse_answer_leaves_nothing_out():
    reading = parse(
        '{"rate": "tachycardia", "rythm": "AF", "ischemia": {"stage": "old", "place": "?"}}', FORMATS["sparse"]
    )
    assert reading.values == {"rate": "tachycardia", "ischemia_stage": "old"}
    assert reading.problems["rhythm"] == "rhythm is left out beside 'rythm', which is no key of the answer"
    assert "ischemia_territory" in reading.problems
    part = parse('{"ischemia": {"stage": "old", "place": "inferior"}}', FORMATS["sparse"])
    assert "'ischemia.place'" in part.problems["ischemia_territory"]


def test_a_remark_beside_a_sparse_answer_changes_nothing():
    text = '{"rate": "tachycardia", "Comment": "rhythm is regular", "confidence": {"rate": 0.9}}'
    reading = parse(text, FORMATS["sparse"])
    assert not reading.problems
    assert (reading.values["rate"], reading.values["rhythm"]) == ("tachycardia", "sinus")


@pytest.mark.parametrize(
    "text",
    [
        "{rate: 'normal'}",
        "{/* counted */ 'rate': 'normal',}",
        '{\n  "rate": "normal"\n}',
        "{'rate': 'normal', 'axis': None}",
        '{"rate": "normal"}}',
        '{{"rate": "normal"}}',
        '{"note": "line one\nline two", "rate": "normal"}',
        '{"note": "a \\" and a } in a string", "rate": "normal"}',
        "{'note': 'it\\'s a }', 'rate': 'normal'}",
        '{"note": {"note": {"rate": "normal"}}}',
        '{"answer": {"rate": "normal"}, "confidence": {"rate": "tachycardia"}}',
        '{"rate": "normal"} It rests on {"lead": "II"}.',
        '{"rate": "tachycardia"}</think>{"rate": "normal"}',
    ],
)
def test_an_answer_is_read_in_the_dialects_of_models(text):
    reading = parse(text)
    assert reading.values == {"rate": "normal"}
    assert not reading.problems


def test_the_reasoning_of_an_answer_is_told_and_nothing_else():
    assert written_reasoning('Draft.\n```{"reasoning": "regular", "rate": "normal"}```') == "regular"
    assert written_reasoning('{"reasoning": 1, "rate": "normal"}') is None
    assert written_reasoning('{"comment": "regular", "rate": "normal"}') is None
    assert written_reasoning('{"reasoning": "regular", "rate": "nor') is None
    assert written_reasoning("[" * 100_000) is None


def test_the_last_object_is_the_answer_and_a_wrapper_is_opened():
    text = f'Draft: {{"rate": "tachycardia"}}. Final: {{"answer": {json.dumps(DENSE)}, "confidence": 0.4}}'
    assert parse(text).values == expected(DENSE)


def test_null_is_missing_and_extra_keys_are_ignored():
    reading = parse('{"rate": null, "rhythm": "sinus", "comment": "fine"}')
    assert reading.values == {"rhythm": "sinus"}
    assert unanswered(reading)["rate"] == "missing"


def test_ischemia_may_be_flat_or_denied_in_one_word():
    flat = '{"ischemia_stage": "acute", "ischemia_territory": "Antero-septal"}'
    assert parse(flat).values == {"ischemia_stage": "acute", "ischemia_territory": "anteroseptal"}
    assert parse('{"ischemia": "None"}').values == {"ischemia_stage": "none", "ischemia_territory": "none"}


@pytest.mark.parametrize(("text", "kind"), [("", "empty"), (" \n", "empty"), ("I can't tell.", "unparseable")])
def test_no_answer_has_its_kind(text, kind):
    reading = parse(text)
    assert reading.error.kind == kind
    assert reading.outcome == "no_answer"


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("sparse", "{}", {"rate": "normal", "rhythm": "sinus", "other_findings": frozenset(), "diagnosis": "NORM"}),
        ("sparse", '{"rhythm": "AF", "rate": null}', {"rhythm": "atrial_fibrillation", "rate": "normal"}),
        ("sparse", '{"ischemia": {"stage": "old"}}', {"ischemia_stage": "old", "ischemia_territory": "none"}),
        ("flat", '{"diagnosis": "IMI"}', {"diagnosis": "IMI"}),
        ("flat", "I see Q waves in II, III, aVF.\n\n**IMI**", {"diagnosis": "IMI"}),
        ("binary", '{"normality": "abnormal"}', {"normality": "abnormal"}),
        ("binary", "Abnormal.", {"normality": "abnormal"}),
    ],
)
def test_each_format_is_read_as_it_was_asked(form, text, expected):
    reading = parse(text, FORMATS[form])
    assert reading.error is None
    assert {name: reading.values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("form", "text"),
    [("sparse", "all normal"), ("flat", "it may be IMI or AMI"), ("binary", "not abnormal"), ("dense", "{}")],
)
def test_what_does_not_answer_in_its_format_is_no_answer(form, text):
    assert parse(text, FORMATS[form]).error.kind == "unparseable"


def test_only_the_asked_axes_are_read():
    assert parse(json.dumps(DENSE), FORMATS["flat"]).values == {"diagnosis": "IMI"}


@pytest.mark.parametrize("word", ["", "none", "No", "normal", "nil", "no other findings", "No further findings"])
def test_findings_and_ischemia_are_denied_by_any_of_these_words(word):
    for denied in (word, [word]):
        assert parse(json.dumps({"other_findings": denied})).values == {"other_findings": frozenset()}
    assert parse(json.dumps({"ischemia": word})).values == {"ischemia_stage": "none", "ischemia_territory": "none"}


@pytest.mark.parametrize(
    "key", ["reasoning", "Rationale", "explanation", "analysis", "comment", "comments", "notes", "confidence"]
)
def test_a_remark_of_any_of_these_names_may_stand_in_a_sparse_answer(key):
    assert not parse(json.dumps({"rate": "slow", key: "regular"}), FORMATS["sparse"]).problems


def test_findings_are_parted_by_commas_or_semicolons_and_are_names():
    assert parse('{"other_findings": "LVH; PVCs"}').values["other_findings"] == {"lvh", "premature_ventricular"}
    assert "must be a list" in parse('{"other_findings": ["lvh", 1]}').problems["other_findings"]
    assert parse('{"other_findings": {"lvh": true}}').problems == {
        "other_findings": "other_findings must be a list of names, not {'lvh': True}"
    }


def test_an_answer_is_read_inside_19_wrappers_and_not_inside_20():
    for depth, is_read in ((19, True), (20, False)):
        text = '{"answer": ' * depth + '{"rate": "normal"}' + "}" * depth
        assert (parse(text).values == {"rate": "normal"}) is is_read


@pytest.mark.parametrize("form", ["sparse", "dense", "flat", "binary"])
@pytest.mark.parametrize(
    "text",
    [
        '<think>Maybe {"rhythm": "atrial_fibrillation", "diagnosis": "IMI", "normality": "normal"} but no, look at',
        "First.</think> <think>Abnormal",
        "<think>",
    ],
)
def test_thinking_that_is_not_closed_is_cut_off(form, text):
    reading = parse(text, FORMATS[form])
    assert (reading.error.kind, reading.error.message) == ("truncated", "the thinking is not closed")
    assert not reading.values


@pytest.mark.parametrize("form", ["sparse", "dense"])
@pytest.mark.parametrize(
    ("final", "kind"),
    [
        ("{rhythm", "truncated"),
        ("{ rhy \n", "truncated"),
        ("{\u201crhythm\u201d: \u201catrial_fibr", "truncated"),
        ("{ \u2018rhythm", "truncated"),
        ("{\u201crhythm\u201d: \u201cpaced\u201d}", "unparseable"),
    ],
)
def test_a_draft_is_no_answer_where_the_final_object_is_cut_or_in_typographic_quotes(form, final, kind):
    reading = parse(f'Draft {{"rhythm": "sinus"}}. Final: {final}', FORMATS[form])
    assert reading.error.kind == kind
    assert not reading.values


@pytest.mark.parametrize("prose", ["I use {} for normal.", "{see note}", "{see note", "{note}", "{a, b", "{:"])
def test_braces_of_prose_are_harmless_on_either_side(prose):
    for text in (f'{prose} {{"rate": "normal"}}', f'{{"rate": "normal"}} {prose}'):
        assert parse(text).values == {"rate": "normal"}


def test_ischemia_in_a_word_that_does_not_deny_it_is_no_denial():
    reading = parse('{"ischemia": "old"}')
    assert reading.values == {"ischemia_stage": "old"}
    assert "ischemia_territory" in reading.problems


def test_of_braces_of_prose_and_objects_each_is_passed_once():
    text = '{a {b {"rate": "tachycardia"} c} {d} {"rate": "normal"} {e}'
    assert parse(text).values == {"rate": "normal"}
