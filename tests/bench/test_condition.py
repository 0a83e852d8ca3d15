"""What each condition shows, and who stands in for whom."""

import json
import re

import numpy as np
import pytest

from bench.view import CONDITIONS, CORE, CROSSED, Question, View, cases_of, condition_named, template_version
from bench.view.printout import Printout
from measurements.measurement import TABLE
from renderers import PageStyle, blank
from taxonomy.error import BenchError, DatasetError
from taxonomy.target import FORMATS

EVERYTHING = frozenset({"signal", "image", "text"})


@pytest.fixture(scope="module")
def records(population):
    return population.cohort()


@pytest.fixture(scope="module")
def numbers(records):
    return records.measure()


@pytest.fixture(scope="module")
def build(records):
    """Builds one record's case under a condition for a reader of these inputs; returns it with its donor or None."""

    def case(name, inputs=EVERYTHING, record=records[3]):
        cases = cases_of(View(name, px_per_mm=3).for_inputs(frozenset(inputs)), records)
        return cases.case(Question(record)), cases.donors.get(record.ecg_id)

    return case


def pages(case):
    return [image.png() for image in case.images]


@pytest.fixture(scope="module")
def empty_page():
    return [image.png() for image in blank("printed", PageStyle(px_per_mm=3))]


def test_the_conditions_are_in_the_order_of_tables():
    assert tuple(CONDITIONS)[:4] == CORE
    assert tuple(name for name, condition in CONDITIONS.items() if condition.crossed) == CROSSED
    assert [CONDITIONS[name].draw for name in CROSSED] == [1, 2, 3, 4, 5]
    assert len({condition.shows for condition in CONDITIONS.values()}) == len(CONDITIONS) - len(CROSSED) + 1


def test_no_condition_of_ours_contradicts_itself():
    assert [name for name, condition in CONDITIONS.items() if condition.contradiction] == []


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_reader_of_signals_sees_what_the_condition_says(build, name):
    condition, full, (case, _) = CONDITIONS[name], build("full", {"signal"})[0], build(name, {"signal"})
    assert (case.images, case.prompt) == ((), None)
    if condition.images == "none":
        assert case.signal is None
    elif condition.images == "blank":
        assert case.signal.shape == full.signal.shape and not case.signal.any()
    else:
        same = not (condition.lead_mask or condition.jittered)
        assert np.array_equal(case.signal, full.signal) is same
        assert int((~case.signal.any(axis=1)).sum()) == (4 if condition.lead_mask else 0)


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_reader_of_images_sees_what_the_condition_says(build, empty_page, name):
    condition, full, (case, _) = CONDITIONS[name], build("full", {"image"})[0], build(name, {"image"})
    assert (case.signal, case.prompt) == (None, None)
    if condition.images == "none":
        assert case.images == ()
    elif condition.images == "blank":
        assert pages(case) == empty_page
    else:
        assert (pages(case) == pages(full)) is not (condition.lead_mask or condition.jittered)
        assert pages(case) != empty_page


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_reader_of_text_sees_what_the_condition_says(build, numbers, records, name):
    condition, (case, donor) = CONDITIONS[name], build(name, {"text"})
    assert (case.signal, case.images, case.prompt.captions) == (None, (), ())
    assert (donor is not None) is condition.crossed
    assert ("available" in case.prompt.text) is condition.told
    shown = case.prompt.measurements
    if condition.measurements == "none":
        assert shown is None
        assert not any(f"{label} " in case.prompt.text for label, _ in TABLE.values())
        assert "from the measurements" not in case.prompt.text
    else:
        quoted = numbers[donor.ecg_id if donor else records[3].ecg_id]
        for field in TABLE:
            if field not in condition.without:
                assert getattr(shown, field).value == getattr(quoted, field).value


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_caption_stands_for_every_image(build, name):
    case, _ = build(name)
    assert len(case.prompt.captions) == len(case.images) == (CONDITIONS[name].images != "none")


@pytest.mark.parametrize(
    ("name", "gone", "left"),
    [
        ("no-rate", ("heart_rate", "qtc_bazett", "qtc_fridericia"), ("PR", "QRS", "QT", "P-R-T")),
        ("no-axis", ("qrs_axis",), ("Vent.", "PR", "QRS", "QT/QTc", "P-T")),
    ],
)
def test_a_number_that_is_left_out_is_in_neither_text_nor_data(build, name, gone, left):
    case, _ = build(name)
    _, block = case.prompt.text.split("measured):\n")
    assert tuple(line.split()[0] for line in block.splitlines()) == left
    assert tuple(field for field in TABLE if getattr(case.prompt.measurements, field).value is None) == gone


def test_a_crossed_case_is_ones_own_trace_with_the_donors_numbers(build, numbers):
    full, _ = build("full")
    case, donor = build("crossed")
    assert np.array_equal(case.signal, full.signal)
    assert pages(case) == pages(full)
    assert case.prompt.measurements == Printout(numbers[donor.ecg_id]).shown(()).numbers
    assert case.prompt.text != full.prompt.text


def test_a_run_over_one_patient_cannot_be_crossed(records):
    with pytest.raises(DatasetError, match=f"stand in for those of record {records[0].ecg_id}: .* one patient"):
        cases_of(View("crossed").for_inputs(EVERYTHING), records[:1])


def test_a_record_without_a_donor_is_told_where_its_case_is_asked_for(records):
    cases = cases_of(View("crossed").for_inputs(EVERYTHING), records[:4])
    with pytest.raises(DatasetError, match=f"record {records[5].ecg_id} has no other patient"):
        cases.case(Question(records[5]))


@pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.name)
def test_a_prompt_suggests_no_answer(numbers, form):
    view = View(format=form.name).for_inputs(frozenset({"text"}))
    asked = view.prompt(next(iter(numbers.values())), ())
    example = json.loads(asked.system.splitlines()[-1])
    assert example.keys() == asked.schema["properties"].keys()
    assert set(re.findall(r': "(.*?)"|\["(.*?)"\]', json.dumps(example))) <= {("...", ""), ("", "...")}
    assert all(name in asked.system for axis in form.axes for name in asked.schema["properties"] if axis == name)


def test_the_templates_have_a_version_and_a_digest():
    assert template_version().startswith("2.1.0-")
    assert len(template_version()) == len("2.1.0-") + 8


def test_a_condition_of_ones_own_is_a_file_of_data(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"name": "mine", "images": "blank", "measurements": "none"}')
    condition = condition_named(str(path))
    assert (condition.images, condition.measurements) == ("blank", "none")
    assert condition_named(condition.text) == condition
    assert condition_named("full").text == "full"
    path.write_text('{"measurements": "donor", "draw": 7, "without": ["pr"], "lead_mask": true, "jittered": true}')
    condition = condition_named(str(path))
    assert (condition.crossed, condition.draw, condition.lead_mask, condition.jittered) == (True, 7, True, True)
    assert condition_named(condition.text) == condition
    for wrong, said in (
        ('{"name": "mine", "images": "some"}', "images must be 'true', 'blank' or 'none', not 'some'"),
        ('{"name": "mine", "images": "donor"}', "images must be 'true', 'blank' or 'none', not 'donor'"),
        ('{"name": "mine", "donor": "other truth"}', "'donor'"),
        ('{"name": "mine", "lead_mask": "relevant"}', "lead_mask must be a valid boolean, not 'relevant'"),
        ('{"name": "mine", "measurements": "donor", "draw": 0}', "draw must be greater than or equal to 1, not 0"),
        ('{"name": "mine", "draw": 2}', "draw 2 of crossed numbers, but measurements are 'true'"),
        ('{"name": "mine", "told": true}', "told that there is no tracing, but images are 'true'"),
        ('{"name": "mine", "images": "none", "lead_mask": true}', "leads are masked, but images are 'none'"),
        ('{"name": "mine", "images": "blank", "jittered": true}', "jittered, but images are 'blank'"),
        ('{"name": "mine", "measurements": "none", "without": ["pr"]}', "without some .* are 'none'"),
        ('{"name": "mine", "without": ["hart_rate"]}', "Did you mean 'heart_rate'"),
        ('{"name": "mine", "colour": 1}', "'colour'"),
        ('{"name": null}', "name must be a valid string, not None"),
        ('{"name": "mine", "without": 5}', "without must be a valid array, not 5"),
        ('{"name": "<b>mine</b>"}', "its name '<b>mine</b>' must be 40 letters, digits, spaces"),
        ('{"name": "mine\\n# Heading"}', "its name 'mine.*' must be 40 letters"),
        ('{"name": "../mine"}', "its name '../mine' must be 40 letters"),
        ('{"name": "full", "images": "blank"}', "'full' is the name of another condition"),
        ('{"name": "mine", "shows": "a\\nb"}', "what it shows must be one line of 200 characters"),
        ("{", "cannot be read: it is no JSON"),
        ("[" * 100_000, "more than 32 lists and objects"),
        ("[]", "it holds a list, not a JSON object"),
    ):
        path.write_text(wrong)
        with pytest.raises(BenchError, match=said) as told:
            condition_named(str(path))
        assert "\n" not in str(told.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BenchError, match="it is not UTF-8 text"):
        condition_named(str(path))
