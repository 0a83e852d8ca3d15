"""A finished run's folder shows its own cases again, as its reader saw them."""

import json
import shutil

import numpy as np
import pytest

from bench.dataset import Selection, open_dataset
from bench.evidence.contamination import COPIES, PHANTOM_COPIES, PHANTOMS, PUBLISHED, arm_jobs, study_of
from bench.run.caveat import told_caveats
from bench.run.comparing import compare_runs
from bench.run.folder import RunFolder
from bench.run.job import prepared, run_job
from bench.run.options import RunOptions
from bench.run.questionnaire import questions_of
from bench.run.rescoring import cases_of_run, scored
from bench.run.settings import settings_from
from bench.view import Question, View
from readers.contract_suite import RecordingReader
from taxonomy.error import RunError

CONDITIONS = ("full", "crossed", "crossed-2", "nothing", "lead-mask", "jittered")


def shown_again(folder, dataset):
    """Yield every case of a run again, in the order in which it was asked."""
    cases = cases_of_run(folder, dataset)
    return cases.each(questions_of(cases))


def run_in(out, view, **selection):
    """Run a reader that remembers what it saw; return its folder and what it was shown."""
    chosen = Selection("phantoms:1,66", **({"limit": 4} | selection))
    job = prepared(RunOptions("readers.contract_suite:RecordingReader", selection=chosen, view=view, out=out))
    run_job(job)
    return RunFolder(job.folder.path), job.reader.seen


def assert_same(shown, seen):
    assert [case.case_id for case in shown] == [case.case_id for case in seen]
    for one, other in zip(shown, seen, strict=True):
        assert [image.png() for image in one.images] == [image.png() for image in other.images]
        assert one.prompt == other.prompt
        assert one.fs == other.fs
        assert np.array_equal(one.signal, other.signal)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_case_is_shown_again_as_it_was_seen(condition, tmp_path):
    folder, seen = run_in(tmp_path, View(condition, px_per_mm=2, seed=2))
    assert len(seen) > 1
    assert_same(list(shown_again(folder, open_dataset("phantoms:1,66"))), seen)


@pytest.mark.parametrize("condition", ["image-only", "text-only", "crossed"])
def test_examples_are_shown_again_as_their_condition_showed_them(condition, tmp_path):
    folder, seen = run_in(tmp_path, View(condition, px_per_mm=2, shots=1))
    for one, other in zip(shown_again(folder, open_dataset("phantoms:1,66")), seen, strict=True):
        ((own,), (first,)) = one.shots, other.shots
        assert (own.text, own.answer) == (first.text, first.answer)
        assert [image.png() for image in own.images] == [image.png() for image in first.images]


def test_the_order_in_which_chosen_records_were_asked_is_kept(tmp_path):
    folder, seen = run_in(tmp_path, View(px_per_mm=2), ids="38,9,20", limit=None)
    assert_same(list(shown_again(folder, open_dataset("phantoms:1,66"))), seen)


def test_donors_are_those_of_the_run_though_others_would_be_drawn_today(tmp_path):
    folder, seen = run_in(tmp_path, View("crossed", px_per_mm=2))
    manifest, ids = folder.manifest(), folder.settings().ids
    assert manifest["donors"].keys() == set(map(str, ids))
    assert set(manifest["donors"].values()) == set(ids)
    asked_first = str(questions_of(cases_of_run(folder, open_dataset("phantoms:1,66")))[0].record.ecg_id)
    other = next(ecg_id for ecg_id in ids if ecg_id not in (int(asked_first), manifest["donors"][asked_first]))
    manifest["donors"][asked_first] = other
    (folder.path / "manifest.json").write_text(json.dumps(manifest))
    dataset = open_dataset("phantoms:1,66")
    again = next(shown_again(folder, dataset))
    rate = dataset.cohort(ids=[other]).measure()[other].heart_rate.value
    assert again.prompt.measurements.heart_rate.value == rate
    assert again.prompt != seen[0].prompt
    assert np.array_equal(again.signal, seen[0].signal)


def test_numbers_of_a_file_are_found_where_the_caller_says_the_file_is(tmp_path):
    columns = ("HR__Global", "PR_Int_Global", "QRS_Dur_Global", "QT_Int_Global")
    axes = ("P_AxisFront_Global", "R_AxisFrontal_Global", "T_AxisFront_Global")
    (tmp_path / "features.csv").write_text(f"ecg_id,{','.join(columns + axes)}\n9,61,160,96,400,45,10,30\n")
    view = View(measurements=str(tmp_path / "features.csv"), px_per_mm=2)
    folder, seen = run_in(tmp_path / "runs", view, ids="9", limit=None)
    assert "Vent. rate 61 BPM" in seen[0].prompt.text
    cases = cases_of_run(folder, open_dataset("phantoms:1,66"), view.settled(RecordingReader()))
    assert_same([cases.case(Question(record)) for record in cases.cohort], seen)


def test_a_run_of_an_earlier_version_is_refused_in_one_sentence(tmp_path):
    folder, _ = run_in(tmp_path, View(px_per_mm=2), limit=1)
    manifest = folder.manifest()
    del manifest["view"]
    (folder.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="does not hold its view: it was made by an earlier version") as told:
        cases_of_run(folder, open_dataset("phantoms:1,66"))
    assert "\n" not in str(told.value)


def test_a_run_of_an_earlier_taxonomy_is_refused_in_one_sentence(tmp_path):
    folder, _ = run_in(tmp_path, View(px_per_mm=2), limit=1)
    manifest = folder.manifest()
    manifest["settings"]["taxonomy_version"] = "1.0.0"
    manifest["run_id"] = settings_from(manifest["settings"]).run_id
    (folder.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match=r"the run answers taxonomy 1\.0\.0, and this version asks 2.*: run it again"):
        cases_of_run(folder, open_dataset("phantoms:1,66"))


def test_a_run_of_a_taxonomy_that_lacked_a_value_only_is_scored_as_it_was(tmp_path):
    folder, _ = run_in(tmp_path, View(px_per_mm=2), limit=1)
    before = folder.manifest()["settings"]["taxonomy_version"]
    manifest = folder.manifest()
    manifest["settings"]["taxonomy_version"] = "2.0.0"
    manifest["run_id"] = settings_from(manifest["settings"]).run_id
    (folder.path / "manifest.json").write_text(json.dumps(manifest))
    assert before != "2.0.0"
    assert len(questions_of(cases_of_run(folder, open_dataset("phantoms:1,66")))) == 1
    assert scored(folder, open_dataset("phantoms:1,66")).taxonomy_version == "2.0.0"


def test_a_run_on_other_records_is_refused(tmp_path):
    folder, _ = run_in(tmp_path, View(px_per_mm=2), limit=1)
    manifest = folder.manifest()
    manifest["settings"]["fingerprint"] = "0" * 8
    manifest["run_id"] = settings_from(manifest["settings"]).run_id
    (folder.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="made on other records"):
        list(shown_again(folder, open_dataset("phantoms:1,66")))


@pytest.mark.parametrize("coverage", [{"split": "test", "rows": 3}, [1], {"split": 4, "records": "x"}])
def test_a_coverage_that_is_none_is_one_sentence(coverage):
    with pytest.raises(RunError, match="the manifest does not hold how many records were asked"):
        told_caveats({"coverage": coverage})


@pytest.fixture(scope="module")
def arms(tmp_path_factory):
    """Folders of the runs on the copies and the phantoms of 'bench contamination', by seed and name of the arm."""
    found = {}
    for seed in (0, 1):
        options = RunOptions(
            "measurements",
            selection=Selection("phantoms:1,66", limit=3),
            view=View(seed=seed),
            out=tmp_path_factory.mktemp("arms"),
        )
        for arm, job in arm_jobs(options, study_of(options)).items():
            run_job(job)
            found[seed, arm] = job.folder
    return found


@pytest.mark.parametrize("arm", [PUBLISHED, COPIES, PHANTOMS, PHANTOM_COPIES])
def test_runs_on_copies_and_phantoms_are_scored_shown_and_compared_again(arm, arms, population, tmp_path):
    folder = arms[0, arm]
    assert scored(folder, population).to_json() == folder.score().to_json()
    assert [case.case_id for case in shown_again(folder, population)]
    copied = shutil.copytree(folder.path, tmp_path / "again")
    (pair,) = compare_runs([folder.path, copied], draws=20)
    assert (pair.n, pair.left_out) == (len(folder.settings().ids), 0)


def test_copies_made_with_different_seeds_are_different_records(arms):
    with pytest.raises(RunError, match=r"were made with seed 0 and those of .* with seed 1: readers are compared on"):
        compare_runs([arms[0, COPIES].path, arms[1, COPIES].path])


def test_copies_need_the_records_that_they_are_copies_of(arms):
    with pytest.raises(RunError, match=r"copies-of-phantoms-1-66, .* than phantoms-2 holds here; name its dataset"):
        scored(arms[0, COPIES], open_dataset("phantoms:2"))
