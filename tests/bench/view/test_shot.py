"""Worked examples of a few-shot prompt: whose they are, what they show, and what stands in a run's settings."""

from dataclasses import replace

import pytest

from bench.dataset import Selection
from bench.run.settings import settings_of
from bench.view import CONDITIONS, Question, View, cases_of
from bench.view.example import IMAGE_AND_TEXT
from bench.view.shot import OTHERS, in_true_form, shots_for
from readers.contract_suite import RecordingReader
from taxonomy.axis import with_derived
from taxonomy.error import SettingError
from taxonomy.parsing import parse

from ...command import bench, is_one_sentence


def made(cohort, **shown):
    return cases_of(View(**{"px_per_mm": 2, "shots": 3, **shown}).for_inputs(IMAGE_AND_TEXT), cohort)


@pytest.fixture(scope="module")
def cohort(population):
    return population.cohort(limit=6)


def test_examples_are_of_the_training_folds_and_the_same_for_every_case(cohort):
    cases = made(cohort)
    folds = cohort.dataset.splits["train"].folds
    assert all(one.record.fold in folds for one in cases.worked)
    assert len({one.record.patient_id for one in cases.worked}) == 3 + OTHERS
    shown = [cases.case(Question(record)).shots for record in cohort]
    assert all(shots == tuple(one.shot for one in cases.worked[:3]) for shots in shown)
    assert [one.record.ecg_id for one in made(cohort, seed=1).worked] != [one.record.ecg_id for one in cases.worked]
    fewer = made(cohort, shots=1).worked
    assert [one.record.ecg_id for one in fewer] == [one.record.ecg_id for one in cases.worked[: 1 + OTHERS]]


def test_an_example_is_answered_with_the_whole_truth_in_the_form_that_is_asked_for(cohort):
    for form in ("dense", "dense-no-reasoning", "sparse", "flat", "binary"):
        cases = made(cohort, format=form, condition="text-only")
        for one in cases.worked:
            truth = with_derived(cohort.truth(one.record).values)
            reading = parse(one.shot.answer, cases.view.form)
            assert not reading.problems and reading.error is None
            assert {axis: truth[axis] for axis in cases.view.form.axes} == dict(reading.values), form


def test_neither_patient_of_a_case_stands_among_its_examples(population):
    whole = made(population.cohort("train", limit=60), condition="text-only", shots=5)
    records = [one.record for one in whole.worked]
    for own in records:
        shots = whole.case(Question(own)).shots
        assert len(shots) == 5
        assert not any(one.shot in shots for one in whole.worked if one.record.patient_id == own.patient_id)
    both = {records[0].patient_id, records[1].patient_id}
    assert shots_for(whole.worked, 5, both) == tuple(one.shot for one in whole.worked[2:])


def test_an_example_shows_as_much_as_its_condition_and_nothing_that_is_not_its_own(cohort):
    shown = {name: made(cohort, condition=name, shots=1).worked[0] for name in ("full", "crossed", "image-only")}
    full, crossed, image_only = (shown[name].shot for name in ("full", "crossed", "image-only"))
    assert full.text == crossed.text and full.images[0].png() == crossed.images[0].png()
    assert "Vent. rate" in full.text and "Vent. rate" not in image_only.text
    assert image_only.images[0].png() == full.images[0].png()
    told = made(cohort, condition="text-only", shots=1).worked[0].shot
    assert told.images == () and "not available" in told.text
    for name, condition in CONDITIONS.items():
        true = in_true_form(condition)
        assert not (true.crossed or true.lead_mask or true.jittered), name
        assert true.contradiction is None, name
    assert in_true_form(CONDITIONS["blank-image"]).images == "true"
    assert in_true_form(CONDITIONS["nothing"]).images == "blank"


def test_a_run_without_examples_keeps_its_id_and_one_with_them_has_another(cohort):
    def settings(**shown):
        reader = RecordingReader()
        reader.inputs = IMAGE_AND_TEXT
        return settings_of(reader, "toy", cases_of(View(px_per_mm=2, **shown).settled(reader), cohort), {}, 1)

    plain, few = settings(), settings(shots=2)
    assert "shots" not in plain.to_json()
    assert replace(few, shots=0).run_id == plain.run_id
    assert few.run_id != plain.run_id
    assert few.title.endswith("2 examples")


def test_a_reader_without_text_is_shown_no_example(cohort):
    view = View(shots=2).settled(RecordingReader())
    if "text" in view.inputs:
        view = replace(view, inputs=frozenset({"signal"}))
    assert cases_of(view, cohort).worked == ()


def test_too_few_patients_or_a_negative_number_are_told(tmp_path):
    few = "phantoms:1,2"
    with pytest.raises(SettingError, match="--shots 5000 needs 5002 patients of the training folds"):
        made(Selection(few).cohort(), shots=5000, condition="text-only")
    with pytest.raises(SettingError, match="shots must be 0 or more, not -1"):
        View(shots=-1)
    failed = bench("run", "--reader", "measurements", "--shots", "5000", cwd=tmp_path, PTBXL_DIR=few)
    assert is_one_sentence(failed, "there are "), failed.stderr


def test_bench_prompt_shows_the_examples_before_the_question(tmp_path):
    done = bench("prompt", "--id", "38", "--shots", "2", "--px-per-mm", "2", "--out", "drawn", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("--- user") == 3 and done.stdout.count("--- assistant") == 2
    assert len(list((tmp_path / "drawn").iterdir())) == 3
    own = Selection("phantoms:1,66", ids="38").cohort()
    assert done.stdout.index("--- assistant") < done.stdout.index(made(own, shots=0).case(Question(own[0])).prompt.text)
