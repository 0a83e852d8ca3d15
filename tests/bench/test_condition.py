"""What each condition shows, and who stands in for whom."""

import json
import re

import numpy as np
import pytest

from bench.view import CONDITIONS, Question, View, cases_of, condition_named, template_version
from bench.view.donor import Candidate, donors
from bench.view.lead_mask import MASKED_AXES, masked_leads
from bench.view.printout import Printout
from measurements.measurement import TABLE
from renderers import LEADS
from taxonomy.error import BenchError, DatasetError
from taxonomy.target import FORMATS
from taxonomy.threshold import axis_of, rate_of

EVERYTHING = frozenset({"signal", "image", "text"})


def donors_of(records, name, seed=0):
    return cases_of(View(name, seed=seed).for_inputs(EVERYTHING), records).donors


@pytest.fixture(scope="module")
def records(sample):
    return sample.cohort()


@pytest.fixture(scope="module")
def numbers(records):
    return records.measure()


@pytest.fixture(scope="module")
def build(records):
    """Builds one record's case under a condition; returns it with the donor's record or None."""

    def case(name, record=records[3]):
        cases = cases_of(View(name, px_per_mm=3).for_inputs(EVERYTHING), records.of([record]))
        return cases.case(Question(record)), cases.donors.get(record.ecg_id)

    return case


def ink(case):
    return [(image.indices.shape, int((image.indices != image.indices[0, 0]).sum())) for image in case.images]


def test_every_condition_shows_what_it_says(build):
    full, _ = build("full")
    for name, condition in CONDITIONS.items():
        case, donor = build(name)
        assert bool(case.images) == (condition.images != "none")
        assert (case.prompt.measurements is None) == (condition.measurements == "none")
        assert (donor is not None) == (condition.donor is not None)
        assert ("not available" in case.prompt.text) == condition.told
        assert len(case.prompt.captions) == len(case.images)
        assert (case.prompt.system == full.prompt.system) == bool(case.images)
        if condition.images == "true":
            assert (ink(case) == ink(full)) == (condition.masked is None)
        if condition.images == "blank":
            assert ink(case)[0][1] < ink(full)[0][1]
            assert not case.signal.any()


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


def test_a_donor_is_another_patient_whose_truth_fits_the_rule(records, numbers):
    truth = {ecg_id: found.values for ecg_id, found in records.truths().items()}
    turned = 0
    for name in ("wrong-image", "same-truth-image", "wrong-measurements"):
        standing_in = donors_of(records[:40], name)
        assert name == "same-truth-image" or len(standing_in) == 40
        for record in [record for record in records[:40] if record.ecg_id in standing_in]:
            donor = standing_in[record.ecg_id]
            assert donor.patient_id != record.patient_id
            assert donor.fold == record.fold
            same = truth[record.ecg_id]["diagnosis"] == truth[donor.ecg_id]["diagnosis"]
            own, other = numbers[record.ecg_id], numbers[donor.ecg_id]
            if name == "wrong-measurements":
                assert rate_of(own.heart_rate.value) != rate_of(other.heart_rate.value)
                both = own.qrs_axis.value is not None and other.qrs_axis.value is not None
                turned += both and axis_of(own.qrs_axis.value) != axis_of(other.qrs_axis.value)
            else:
                assert same == (name == "same-truth-image")
    assert turned >= 36, "the axis is another too, wherever such a record exists"


def test_the_donor_of_a_record_does_not_depend_on_who_else_is_asked(records):
    many, one = donors_of(records[:30], "wrong-image"), donors_of(records[5:6], "wrong-image")
    assert one[records[5].ecg_id].ecg_id == many[records[5].ecg_id].ecg_id
    other = donors_of(records[:30], "wrong-image", seed=1)
    assert [donor.ecg_id for donor in other.values()] != [donor.ecg_id for donor in many.values()]


def test_the_donors_trace_or_numbers_are_what_is_shown(build, numbers):
    full, _ = build("full")
    image, donor = build("wrong-image")
    assert np.array_equal(image.signal, donor.signal().mv)
    assert image.prompt.measurements == full.prompt.measurements
    words, donor = build("wrong-measurements")
    assert words.prompt.measurements == Printout(numbers[donor.ecg_id]).shown(()).numbers
    assert np.array_equal(words.signal, full.signal)


def test_where_nobody_can_stand_in_it_is_told(records):
    own = records[0]
    pool = {own.ecg_id: Candidate(own, records.truth(own).values, 70.0, 40.0)}
    with pytest.raises(DatasetError, match=f"can stand in for record {own.ecg_id}"):
        donors([own], pool, "other truth", 0)


@pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.name)
def test_a_prompt_suggests_no_answer(numbers, form):
    view = View(format=form.name).for_inputs(frozenset({"text"}))
    asked = view.prompt(next(iter(numbers.values())), ())
    example = json.loads(asked.system.splitlines()[-1])
    assert example.keys() == asked.schema["properties"].keys()
    assert set(re.findall(r': "(.*?)"|\["(.*?)"\]', json.dumps(example))) <= {("...", ""), ("", "...")}
    assert all(name in asked.system for axis in form.axes for name in asked.schema["properties"] if axis == name)


def test_the_templates_have_a_version_and_a_digest():
    assert template_version().startswith("2.0.0-")
    assert len(template_version()) == len("2.0.0-") + 8


def test_masked_leads_are_those_that_carry_the_axis_or_as_many_others(build):
    for axis in MASKED_AXES:
        relevant, _ = build(f"relevant-leads-masked:{axis}")
        other, _ = build(f"other-leads-masked:{axis}")
        blanked = [
            {lead for lead, row in zip(LEADS, case.signal, strict=True) if not row.any()} for case in (relevant, other)
        ]
        assert blanked[0]
        assert not blanked[0] & blanked[1]
        assert len(blanked[1]) == min(len(blanked[0]), 12 - len(blanked[0]))


def test_the_mask_follows_the_truth_where_it_names_leads_and_a_lot_elsewhere():
    inferior = {"ischemia_territory": "inferior"}
    assert masked_leads("ischemia_territory", "relevant", inferior, "0 1") == ("II", "III", "aVF")
    none = {"ischemia_territory": "none"}
    drawn = {masked_leads("ischemia_territory", "relevant", none, f"0 {ecg_id}") for ecg_id in range(60)}
    assert len(drawn) >= 5


def test_a_condition_of_ones_own_is_a_file_of_data(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"name": "mine", "images": "blank", "measurements": "none"}')
    condition = condition_named(str(path))
    assert (condition.images, condition.measurements) == ("blank", "none")
    assert condition_named(condition.text) == condition
    assert condition_named("full").text == "full"
    for wrong, said in (
        ('{"name": "mine", "images": "some"}', "images must be 'true', 'blank', 'none' or 'donor', not 'some'"),
        ('{"name": "mine", "images": "donor"}', "need a donor rule"),
        ('{"name": "mine", "without": ["hart_rate"]}', "Did you mean 'heart_rate'"),
        ('{"name": "mine", "colour": 1}', "'colour'"),
        ('{"name": null}', "name must be a valid string, not None"),
        ('{"name": "mine", "without": 5}', "without must be a valid array, not 5"),
        ("{", "cannot be read"),
    ):
        path.write_text(wrong)
        with pytest.raises(BenchError, match=said):
            condition_named(str(path))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BenchError, match="it is not UTF-8 text"):
        condition_named(str(path))
