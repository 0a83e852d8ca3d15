"""Submissions: whole splits only, never overwritten, with who, when and a link; ranked with ties."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.dataset import Selection
from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl
from bench.report.leaderboard_page import UNLIKE_REAL, rebuild
from bench.run.folder import RunFolder
from bench.run.job import prepared, run_job
from bench.run.options import RunOptions
from bench.run.submission import Origin, check, read_submission, submit
from phantoms.population import Draw
from taxonomy.error import SubmissionError

from ...command import bench, is_one_sentence
from .whole_reader import Failing, Picky, Taught

BY = ("--by", "A. Nobody", "--link", "https://example.org/paper")
ORIGIN = Origin("A. Nobody")


def run_folder(out):
    (folder,) = out.iterdir()
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Finished runs over the whole test split, by reader."""
    out = tmp_path_factory.mktemp("runs")
    return {name: run_job_of(name, out) for name in ("majority", "measurements")}


def run_job_of(reader, out, data="phantoms:1,66"):
    job = prepared(RunOptions(reader, selection=Selection(data), out=out))
    run_job(job)
    return job.folder.path


@pytest.fixture
def folder(finished, tmp_path):
    """A run of majority that a test may change."""
    return shutil.copytree(finished["majority"], tmp_path / "runs" / finished["majority"].name)


def test_a_submission_keeps_who_when_and_a_link_and_is_checked_from_its_readings(folder, tmp_path):
    added = bench("submit", folder, *BY, cwd=tmp_path)
    assert added.returncode == 0, added.stderr
    entry = tmp_path / "results" / "submissions" / folder.name
    told = json.loads((entry / "submission.json").read_text())
    assert (told["by"], told["link"]) == ("A. Nobody", "https://example.org/paper")
    assert told["submitted"].endswith("+00:00")
    board = (tmp_path / "results" / "leaderboard.md").read_text()
    assert "| 1 | majority | 66 |" in board
    assert "- majority: A. Nobody, 20" in board and "<https://example.org/paper>" in board
    assert "majority baseline" in board
    assert bench("leaderboard", "--check", cwd=tmp_path).returncode == 0
    score = json.loads((entry / "score.json").read_text())
    score["axes"][0]["accuracy"] = 0.99
    (entry / "score.json").write_text(json.dumps(score))
    checked = bench("leaderboard", "--check", cwd=tmp_path)
    assert checked.returncode == 2
    assert "does not follow from its readings" in checked.stdout


def test_a_submission_is_never_overwritten(folder, tmp_path):
    assert bench("submit", folder, *BY, cwd=tmp_path).returncode == 0
    entry = tmp_path / "results" / "submissions" / folder.name
    before = {path.name: path.read_bytes() for path in entry.iterdir()}
    refused = bench("submit", folder, "--by", "somebody else", cwd=tmp_path)
    assert is_one_sentence(refused, "a submission is never overwritten: to replace it, remove that folder first")
    assert {path.name: path.read_bytes() for path in entry.iterdir()} == before
    shutil.rmtree(entry)
    assert bench("submit", folder, "--by", "somebody else", cwd=tmp_path).returncode == 0


def test_who_submits_must_be_said(folder, tmp_path):
    refused = bench("submit", folder, cwd=tmp_path)
    assert refused.returncode == 2 and "--by" in refused.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("by", "link", "said"),
    [
        (" ", "", "--by takes the name of who submits, on one line, not ' '"),
        ("a\nb", "", "--by takes the name"),
        ("a" * 201, "", "200 characters at most"),
        ("a", "javascript:alert(1)", "--link takes an address that begins with https:// or http://"),
        ("a", "https://x.org/> <script>", "--link takes an address"),
        ("a", "https://x.org/|a|", "--link takes an address"),
        ("a", "https://x.org\n# Heading", "--link takes an address"),
    ],
)
def test_a_name_or_link_that_would_harm_the_page_is_refused(by, link, said):
    with pytest.raises(SubmissionError, match=said):
        Origin(by, link)


def test_a_name_is_written_as_text(folder, tmp_path):
    by = "<b>x</b> [y](https://z.org) | `q` *w*"
    assert bench("submit", folder, "--by", by, cwd=tmp_path).returncode == 0
    board = (tmp_path / "results" / "leaderboard.md").read_text()
    assert r"&lt;b&gt;x&lt;/b&gt; \[y\](https://z.org) \| \`q\` \*w\*" in board


def test_a_submission_without_an_origin_or_with_a_bad_one_is_told(folder, tmp_path):
    results = tmp_path / "results"
    shutil.copytree(folder, results / "submissions" / folder.name)
    assert is_one_sentence(bench("leaderboard", cwd=tmp_path), "has no submission.json: 'bench submit RUN --by NAME'")
    for written in ("[]", "{", '{"by": 5}', '{"by": "a", "colour": "blue"}', '{"by": "a", "submitted": "| x"}'):
        (results / "submissions" / folder.name / "submission.json").write_text(written)
        told = bench("leaderboard", cwd=tmp_path)
        assert told.returncode == 2 and len(told.stderr.strip().splitlines()) == 1, told.stderr


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("2999-01-01T00:00:00", "has no time zone"),
        ("2999-01-01T00:00:00+00:00", "still to come"),
        ("9999-12-31T23:59:59-23:00", "still to come"),
        ("today", "is no date"),
    ],
)
def test_a_date_is_one_of_the_past_with_a_time_zone(date, said):
    with pytest.raises(SubmissionError, match=said):
        Origin("a", submitted=date)


def test_another_clock_may_be_ahead_by_a_day():
    ahead = datetime.now(UTC) + timedelta(hours=23)
    assert Origin("a", submitted=ahead.isoformat()).submitted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sample", "20"), "partial: 20 of the split's 66 records are asked; no leaderboard takes it"),
        (("--ids", "38,9"), "partial: 2 records chosen by id are no split; no leaderboard takes it"),
    ],
)
def test_a_part_of_a_split_says_so_and_is_no_submission(tmp_path, words, said):
    done = bench("run", "--reader", "majority", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    partial = said[0].upper() + said[1:] + "."
    assert partial in done.stderr, "said at the start"
    assert partial in done.stdout, "and at the end"
    folder = run_folder(tmp_path / "runs")
    assert partial in (folder / "report.md").read_text()
    refused = bench("submit", folder, *BY, cwd=tmp_path)
    assert is_one_sentence(refused, said), refused.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_a_folder_with_few_recordings_gives_a_partial_run(physionet_folder, tmp_path):
    done = bench("run", "--reader", "majority", "--data", physionet_folder, "--split", "all", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Partial: 4 of the split's 6 records are asked; no leaderboard takes it." in done.stderr
    folder = run_folder(tmp_path / "runs")
    assert "majority-ptbxl-all-4of6-" in folder.name
    coverage = RunFolder(folder).manifest()["coverage"]
    assert coverage == {"split": "all", "records": 4, "of": 6, "recordings": 4, "taught": 0}
    report = (folder / "report.md").read_text()
    assert "4 of 6 records of split 'all' have a recording here." in report
    refused = bench("submit", folder, *BY, "--data", physionet_folder, cwd=tmp_path)
    assert is_one_sentence(refused, "partial: 4 of the split's 6 records are asked"), refused.stderr


def test_a_whole_split_says_how_many_recordings_there_are(tmp_path):
    done = bench("run", "--reader", "majority", cwd=tmp_path)
    report = (run_folder(tmp_path / "runs") / "report.md").read_text()
    for told in (done.stdout, report):
        assert "66 of 66 records of split 'test' have a recording here." in told
        assert "Partial" not in told
    assert not done.stderr


@pytest.mark.slow
def test_records_that_were_taught_are_said_and_are_no_submission(tmp_path):
    done = bench("run", "--reader", f"{Taught.__module__}:Taught", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = "all of these records lie in folds that were taught to this reader"
    assert said in done.stderr and said in done.stdout
    folder = run_folder(tmp_path / "runs")
    assert RunFolder(folder).manifest()["coverage"]["taught"] == 66
    assert said in (folder / "report.md").read_text()
    refused = bench("submit", folder, *BY, cwd=tmp_path)
    assert is_one_sentence(refused, "not a test: all of these records lie in folds that were taught"), refused.stderr


@pytest.mark.slow
def test_failed_calls_are_no_submission(tmp_path):
    assert bench("run", "--reader", f"{Failing.__module__}:Failing", cwd=tmp_path).returncode == 0
    refused = bench("submit", run_folder(tmp_path / "runs"), *BY, cwd=tmp_path)
    assert is_one_sentence(refused, "2 of its cases are failed calls, which are no answers"), refused.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("split", "../../elsewhere", "may hold only letters"),
        ("split", 5, "split must be a valid string"),
        ("repeats", "x", "repeats must be"),
        ("repeats", 10**12, "repeats must be"),
        ("ids", [[1]], "ids"),
        ("condition", "nonesuch", "unknown condition 'nonesuch'"),
        ("colour", "blue", "it has the setting 'colour', so it was made by another version: run it again"),
        ("reader", "openai:gpt-9", "the run_id in its manifest does not follow from its settings"),
    ],
)
def test_a_run_with_an_edited_manifest_is_no_submission(folder, tmp_path, name, value, said):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["settings"][name] = value
    (folder / "manifest.json").write_text(json.dumps(manifest))
    refused = bench("submit", folder, *BY, cwd=tmp_path)
    assert is_one_sentence(refused, said), refused.stderr
    assert not (tmp_path / "results").exists()


def test_a_split_under_another_name_is_no_submission(folder, population, tmp_path):
    manifest = json.loads((folder / "manifest.json").read_text())
    settings = replace(RunFolder(folder).settings(), split="test-easy")
    manifest |= {"settings": settings.to_json(), "run_id": settings.run_id}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(SubmissionError, match="'test-easy' is not the name of its split"):
        submit(folder, tmp_path / "results", population, ORIGIN)


def test_a_run_without_coverage_is_of_an_earlier_version(folder, population, tmp_path):
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["coverage"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(SubmissionError, match="made by an earlier version, run it again"):
        submit(folder, tmp_path / "results", population, ORIGIN)


def test_an_incomplete_run_is_no_submission(folder, tmp_path):
    lines = (folder / "readings.jsonl").read_text().splitlines(keepends=True)
    (folder / "readings.jsonl").write_text("".join(lines[:-2]))
    refused = bench("submit", folder, *BY, cwd=tmp_path)
    assert is_one_sentence(refused, "2 of 66 cases have no reading; finish the run first"), refused.stderr


def checked_with_other_signals(entry, results, dataset):
    """Return whether all submissions hold, and what was told, where the one entry rests on other signals."""
    manifest = json.loads((entry / "manifest.json").read_text())
    (entry / "manifest.json").write_text(json.dumps(manifest | {"signals": "0" * 16}))
    told = []
    return check(results, dataset, lambda name, problem: told.append(problem)), told


def test_a_score_that_rests_on_other_recordings_is_not_checked(measured_records, tmp_path):
    folder = run_job_of("majority", tmp_path / "runs", measured_records.folder)
    entry = submit(folder, tmp_path / "results", measured_records, ORIGIN)
    good, told = checked_with_other_signals(entry, tmp_path / "results", measured_records)
    assert good
    assert told == ["not checked: its score rests on other recordings than are here"]


def test_a_score_that_rests_on_other_phantoms_than_are_simulated_today_does_not_hold(folder, population, tmp_path):
    entry = submit(folder, tmp_path / "results", population, ORIGIN)
    for dataset in (population, Phantoms("2,66")):
        good, told = checked_with_other_signals(entry, tmp_path / "results", dataset)
        assert not good
        assert "rests on other recordings than are here: 'bench run'" in told[0]


@pytest.mark.slow
def test_phantoms_are_checked_and_ranked_whatever_data_are_named(finished, measured_records, tmp_path):
    results = tmp_path / "results"
    for path in finished.values():
        submit(path, results, Phantoms("1,66"), ORIGIN)
    told = []
    assert check(results, measured_records, lambda name, problem: told.append(problem))
    assert told == [None, None]
    rebuild(results, measured_records)
    (table,) = json.loads((results / "leaderboard.json").read_text())["tables"]
    assert table["pairs_not_compared"] == 0 and len(table["pairs"]) == 1


def test_the_board_is_rebuilt_without_simulating_a_phantom(finished, tmp_path, monkeypatch):
    results = tmp_path / "results"
    for path in finished.values():
        submit(path, results, Phantoms("1,66"), ORIGIN)
    monkeypatch.setattr(Draw, "simulated", None)
    assert rebuild(results, Phantoms("1,66")) == 2


def test_the_board_says_what_phantoms_are_not(folder, population, tmp_path):
    submit(folder, tmp_path / "results", population, ORIGIN)
    rebuild(tmp_path / "results", population)
    board = (tmp_path / "results" / "leaderboard.md").read_text()
    assert "66 phantoms, simulated ECGs of known truth: no result on patients." in board
    told = " ".join((Path(__file__).parents[3] / "docs" / "phantoms.md").read_text().split())
    for finding in UNLIKE_REAL:
        assert finding in board
        assert finding in told, "the page and docs/phantoms.md say the same"


@pytest.mark.slow
def test_a_run_that_goes_on_tells_the_recordings_that_are_there_now(folder, tmp_path):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"signals": "0" * 16}))
    assert bench("run", "--reader", "majority", cwd=tmp_path).returncode == 0
    assert json.loads((folder / "manifest.json").read_text()) == manifest


def test_the_board_ranks_by_mean_kappa_and_keeps_the_pairs(finished, population, tmp_path):
    results = tmp_path / "results"
    for path in finished.values():
        submit(path, results, population, ORIGIN)
    assert rebuild(results, population) == 2
    (table,) = json.loads((results / "leaderboard.json").read_text())["tables"]
    kappas = {name: read_submission(RunFolder(path)).score.kappa.kappa for name, path in finished.items()}
    assert [entry["reader"] for entry in table["entries"]] == sorted(kappas, key=lambda name: -kappas[name])
    (pair,) = table["pairs"]
    assert pair["difference"] == pytest.approx(kappas["measurements"] - kappas["majority"], abs=0.02)
    shown = pair["p_holm"] < 0.05
    assert [entry["rank"] for entry in table["entries"]] == ([1, 2] if shown else [1, 1])
    assert table["pairs_not_compared"] == 0


def test_a_reader_of_some_axes_is_not_ranked_among_readers_of_all(finished, population, tmp_path):
    results = tmp_path / "results"
    for path in (finished["majority"], run_job_of(f"{Picky.__module__}:Picky", tmp_path / "runs")):
        submit(path, results, population, ORIGIN)
    rebuild(results, population)
    tables = json.loads((results / "leaderboard.json").read_text())["tables"]
    assert [(table["shown"], [entry["rank"] for entry in table["entries"]]) for table in tables] == [
        ("", [1]),
        ("only rhythm", [1]),
    ]
    board = (results / "leaderboard.md").read_text()
    assert "test, only rhythm (66 ECGs" in board
    (row,) = [line for line in board.splitlines() if "none of" in line]
    assert "| 64 | none of MI, STTC, CD, HYP | - |" in row


def test_differences_are_kept_where_the_labels_are_not_at_hand(finished, population, tmp_path, monkeypatch):
    results = tmp_path / "results"
    for path in finished.values():
        submit(path, results, population, ORIGIN)
    rebuild(results, population)
    before = (results / "leaderboard.json").read_bytes()
    monkeypatch.setattr("bench.report.leaderboard_page._at_hand", lambda group, dataset: None)
    rebuild(results)
    assert (results / "leaderboard.json").read_bytes() == before
    (results / "leaderboard.json").unlink()
    rebuild(results)
    (table,) = json.loads((results / "leaderboard.json").read_text())["tables"]
    assert [entry["rank"] for entry in table["entries"]] == [1, 1]
    assert "1 pairs were not compared" in (results / "leaderboard.md").read_text()


def test_one_table_whoever_has_which_recordings(physionet_folder):
    every = PtbXl(physionet_folder).cohort("all", with_signal=False).fingerprint
    next(physionet_folder.rglob("00038_lr.hea")).unlink()
    assert PtbXl(physionet_folder).cohort("all", with_signal=False).fingerprint == every


@pytest.mark.parametrize("words", [("--check",), ()])
def test_a_folder_without_submissions_is_no_good_board(tmp_path, words):
    failed = bench("leaderboard", *words, "--results", "nowhere", cwd=tmp_path)
    assert is_one_sentence(failed, "nowhere holds no submissions"), failed.stderr
    assert not (tmp_path / "nowhere").exists()
