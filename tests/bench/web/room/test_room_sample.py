"""People's samples on the leaderboard: beside each other, and beside every other reader on the same cases."""

import json
import shutil
from dataclasses import replace

import pytest

from bench.dataset import Selection
from bench.report.leaderboard_page import rebuild
from bench.run.folder import RunFolder
from bench.run.job import prepared, run_job
from bench.run.options import RunOptions
from bench.run.rescoring import cohort_of_run
from bench.run.scoring import score_readings
from bench.view import View
from bench.web.seat import Seat
from bench.web.site.source import leaderboard_tables

from ....command import bench, is_one_sentence
from .conftest import answer, job_of, serving

SIZE = 12


def read(out, person, *rhythms, limit=SIZE, **selection):
    """Let a person answer a sample; return its run folder, scored."""
    job = prepared(Seat.of(person, "page", Selection("phantoms:1,66", limit=limit, **selection), View(), out))
    with serving(job) as server:
        for k in range(len(job.questions)):
            assert answer(server, rhythm=[rhythms[k % len(rhythms)]])[0] == 200
    bench("score", job.folder.path, cwd=job.folder.path.parent)
    return job.folder.path


def handed_in(run, results):
    return bench("submit", run, "--by", "A. Nobody", "--new", "--results", results, cwd=results.parent)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder with two people's samples and two readers of the whole split."""
    folder = tmp_path_factory.mktemp("sampled")
    runs = [
        read(folder / "runs", "ann", "sinus", "atrial_fibrillation"),
        read(folder / "runs", "ben", "sinus"),
    ]
    for reader in ("majority", "measurements"):
        job = prepared(RunOptions(reader, selection=Selection("phantoms:1,66"), out=folder / "runs"))
        run_job(job)
        runs.append(job.folder.path)
    for run in runs:
        done = handed_in(run, folder / "results")
        assert done.returncode == 0, done.stderr
    return folder / "results"


def tables_of(results):
    return json.loads((results / "leaderboard.json").read_text())["tables"]


def people_of(results):
    return next(one for one in tables_of(results) if one["split"] == f"test-sample{SIZE}")


def test_people_are_ranked_on_their_sample_and_the_others_stand_below_on_the_same_cases(results, population):
    table = people_of(results)
    assert {one["reader"] for one in table["entries"]} == {"human:ann", "human:ben"}
    assert [one["reader"] for one in table["beside"]] == ["measurements", "majority"]
    ann = RunFolder(next((results / "submissions").glob("human-ann-*")))
    for told in table["beside"]:
        folder = RunFolder(next((results / "submissions").glob(f"{told['reader']}-*")))
        cohort = cohort_of_run(ann.settings(), population)
        cohort.measure()
        readings = {key: one for key, one in folder.every_reading()[0].items() if key.ecg_id in ann.settings().ids}
        found = score_readings(readings, cohort, offer=folder.settings().offer)
        found = replace(found, taxonomy_version=folder.settings().taxonomy_version)
        assert told["score"] == json.loads(json.dumps(found.to_json())) and told["score"]["n"] == SIZE
    page = (results / "leaderboard.md").read_text()
    assert f"## phantoms-1-66, test-sample{SIZE} ({SIZE} ECGs" in page
    part = page.partition("drawn by lot. Readers of the whole split")[2]
    assert f"| measurements | {SIZE} |" in part and "| human:ann, human:ben | rhythm | 12 | 0 | 50.0% |" in part


def test_the_check_holds_and_finds_a_figure_that_was_changed(results, tmp_path):
    copied = shutil.copytree(results, tmp_path / "results")
    words = ("leaderboard", "--check", "--data", "phantoms:1,66", "--results", copied)
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    told = json.loads((copied / "leaderboard.json").read_text())
    next(one for one in told["tables"] if "beside" in one)["beside"][0]["score"]["kappa"]["kappa"] = 0.99
    (copied / "leaderboard.json").write_text(json.dumps(told))
    assert bench(*words, cwd=tmp_path).returncode == 2


def test_without_the_recordings_the_figures_stay_as_they_were(results, tmp_path, monkeypatch):
    copied = shutil.copytree(results, tmp_path / "results")
    before = (copied / "leaderboard.json").read_bytes()
    monkeypatch.setattr("bench.report.leaderboard_page._at_hand", lambda group, dataset: None)
    rebuild(copied)
    assert (copied / "leaderboard.json").read_bytes() == before


def test_the_site_shows_them_too(results, tmp_path):
    table = next(one for one in leaderboard_tables(results) if one.beside)
    assert [one.reader for one in table.beside] == ["measurements", "majority"] and len(table.agreement) == 1
    done = bench("site", tmp_path / "site", "--results", results, "--cases", 0, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "index.html").read_text()
    assert "other readers on the same cases" in page and "agreement with each other" in page


def test_a_board_whose_sample_names_nobody_is_stale(results, tmp_path):
    copied = shutil.copytree(results, tmp_path / "results")
    told = json.loads((copied / "leaderboard.json").read_text())
    next(one for one in told["tables"] if "beside" in one)["beside"][0]["key"] = "nobody"
    (copied / "leaderboard.json").write_text(json.dumps(told))
    assert is_one_sentence(
        bench("site", tmp_path / "site", "--results", copied, cwd=tmp_path), "is not what the submissions"
    )


@pytest.mark.parametrize(
    ("selection", "said"), [({"seed": 3, "limit": 5}, "5 of the split's 66"), ({"ids": "1,2,5"}, "chosen by id")]
)
def test_a_choice_of_ones_own_is_no_sample(selection, said, tmp_path):
    job = prepared(Seat.of("ann", "page", Selection("phantoms:1,66", **selection), View(), tmp_path))
    assert any(said in one for one in job.caveats)
    with serving(job) as server:
        for _ in job.questions:
            assert answer(server)[0] == 200
    bench("score", job.folder.path, cwd=job.folder.path.parent)
    refused = handed_in(job.folder.path, tmp_path / "results")
    assert refused.returncode == 2 and "no leaderboard takes it" in refused.stderr


def test_a_models_sample_is_refused_as_before(tmp_path):
    job = prepared(RunOptions("majority", selection=Selection("phantoms:1,66", limit=5), out=tmp_path))
    run_job(job)
    refused = handed_in(job.folder.path, tmp_path / "results")
    assert refused.returncode == 2 and "no leaderboard takes it" in refused.stderr


def test_a_person_is_not_told_that_no_leaderboard_takes_a_sample(tmp_path):
    assert not job_of(tmp_path).caveats
