"""Forged submissions: a valid one with one thing changed is one sentence, for ``submit`` and for ``--check``."""

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import replace

import pytest

from bench.dataset import Selection
from bench.report.leaderboard_page import check_pages, rebuild
from bench.run.folder import RunFolder
from bench.run.job import prepared, run_job
from bench.run.options import RunOptions
from bench.run.rescoring import scored
from bench.run.settings import settings_from
from bench.run.submission import Origin, check, submit
from bench.storage import as_json
from bench.view import View
from taxonomy.error import BenchError, SubmissionError

from ...command import bench, is_one_sentence

ORIGIN = Origin("A. Nobody")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of majority over the whole test split."""
    job = prepared(RunOptions("majority", selection=Selection("phantoms:1,66"), out=tmp_path_factory.mktemp("runs")))
    run_job(job)
    return job.folder.path


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "runs" / finished.name)


@pytest.fixture
def results(finished, population, tmp_path):
    """A results folder with one submission that holds."""
    submit(finished, tmp_path / "results", population, ORIGIN)
    rebuild(tmp_path / "results", population)
    return tmp_path / "results"


def entry_of(results):
    (entry,) = (results / "submissions").iterdir()
    return entry


def told(results, dataset):
    """Return whether all submissions hold, and each that does not with what was said of it."""
    said = {}
    good = check(results, dataset, lambda name, problem: said.update({name: problem}))
    return good, {name: problem for name, problem in said.items() if problem}


def lines_of(folder):
    return [json.loads(line) for line in (folder / "readings.jsonl").read_text().splitlines()]


def write_lines(folder, lines):
    (folder / "readings.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_manifest(folder, manifest):
    (folder / "manifest.json").write_text(json.dumps(manifest))


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


def made_consistent(folder, dataset):
    """Do what a careful forger does: the run id, the opaque ids, the coverage, the score and the name follow."""
    manifest = manifest_of(folder)
    settings = settings_from(manifest["settings"])
    write_manifest(folder, manifest | {"run_id": settings.run_id})
    ids = View(seed=settings.seed)
    write_lines(folder, [line | {"case_id": ids.case_id(settings.run_id, line["ecg_id"])} for line in lines_of(folder)])
    with suppress(BenchError):  # some of these cannot be scored: the score stays
        (folder / "score.json").write_text(as_json(scored(RunFolder(folder), dataset).to_json()))
    return folder.rename(folder.with_name(settings.run_id))


def setting(**changed):
    def change(folder, dataset):
        manifest = manifest_of(folder)
        write_manifest(folder, manifest | {"settings": manifest["settings"] | changed})

    return change


def told_as(**changed):
    return lambda folder, dataset: write_manifest(folder, manifest_of(folder) | changed)


def only(*ids, times=1):
    """Keep some records, with coverage and fingerprint as of a whole split."""

    def change(folder, dataset):
        manifest = manifest_of(folder)
        chosen = {"ids": list(ids) * times, "fingerprint": dataset.fingerprint(ids)}
        coverage = manifest["coverage"] | {"records": len(ids) * times}
        write_manifest(folder, manifest | {"settings": manifest["settings"] | chosen, "coverage": coverage})
        write_lines(folder, [line for line in lines_of(folder) if line["ecg_id"] in ids])

    return change


def line(number, **changed):
    def change(folder, dataset):
        lines = lines_of(folder)
        lines[number] |= changed
        write_lines(folder, lines)

    return change


def reading(**changed):
    def change(folder, dataset):
        lines = lines_of(folder)
        lines[3]["reading"] |= changed
        write_lines(folder, lines)

    return change


def reordered(folder, dataset):
    manifest = manifest_of(folder)
    ids = manifest["settings"]["ids"][::-1]
    write_manifest(folder, manifest | {"settings": manifest["settings"] | {"ids": ids}})


def answered_again(folder, dataset):
    lines = lines_of(folder)
    write_lines(folder, [*lines, lines[0]])


def viewed(**changed):
    def change(folder, dataset):
        manifest = manifest_of(folder)
        write_manifest(folder, manifest | {"view": manifest["view"] | changed})

    return change


def covered(**changed):
    def change(folder, dataset):
        manifest = manifest_of(folder)
        write_manifest(folder, manifest | {"coverage": manifest["coverage"] | changed})

    return change


def written(name, content):
    return lambda folder, dataset: (folder / name).write_bytes(content)


def scored_as(**changed):
    def change(folder, dataset):
        path = folder / "score.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    return change


def own_condition(name):
    text = json.dumps(
        {
            "draw": 1, "images": "true", "jittered": True, "lead_mask": False, "measurements": "true", "name": name,
            "shows": "x", "told": False, "without": [],
        },
        sort_keys=True,
    )  # fmt: skip

    def change(folder, dataset):
        setting(condition=text)(folder, dataset)
        viewed(condition=text)(folder, dataset)

    return change


DEEP = b'{"a":' * 100_000

FORGED = {
    "path as split": (setting(split="../../../../escaped"), "may hold only letters, digits"),
    "html in split": (setting(split="<b>test</b>"), "may hold only letters, digits"),
    "newline in split": (setting(split="test\n# Heading"), "may hold only letters, digits"),
    "foreign letters in split": (setting(split="tést"), "may hold only letters, digits"),
    "long split": (setting(split="t" * 101), "may hold only letters, digits"),
    "path as dataset": (setting(dataset="../phantoms-1-66"), "may hold only letters, digits"),
    "a dataset that is not": (setting(dataset="phantoms-2-66"), "other recordings|not on phantoms-1-66"),
    "html in condition": (setting(condition="<script>"), "unknown condition '<script>'"),
    "newline in condition": (setting(condition="full\n"), "unknown condition"),
    "a file as condition": (setting(condition="/etc/mine.json"), "unknown condition '/etc/mine.json'"),
    "html in own condition": (own_condition("<b>"), "its name '<b>' must be 40 letters"),
    "newline in own condition": (own_condition("a\n# b"), "must be 40 letters"),
    "own condition with a name of ours": (own_condition("full"), "its own condition has the name of another"),
    "one record many times": (only(5, times=66), "ids names record 5 twice"),
    "cherry-picked subset": (only(*range(20)), "20 of the split's 66 records are asked"),
    "another order": (reordered, "its ids are not those of split 'test'"),
    "another split's records": (setting(ids=list(range(66, 132))), "of the split's 66 records|made on other records"),
    "taxonomy that is not": (setting(taxonomy_version="9.9"), "taxonomy '?9.9"),
    "dataset version that is not": (setting(dataset_version="9.9"), "it was made on version '9.9' of phantoms-1-66"),
    "not simulated": (setting(is_simulated=False), "it was made on version"),
    "another fingerprint": (setting(fingerprint="0" * 16), "made on other records"),
    "reader that is not": (setting(reader="gpt-9"), "there is no reader 'gpt-9' here"),
    "html as reader": (setting(reader="<img src=x>"), "its reader '<img src=x>' may hold only|no plain text"),
    "a reader of ours by name": (setting(reader="resnet1d"), "reader 'resnet1d' is another here"),
    "other details of a reader": (setting(reader_details={"weights": "0"}), "reader 'majority' is another here"),
    "fewer axes": (setting(axes=["rhythm"]), "does not offer or measure the axes"),
    "an axis that is not": (setting(axes=["rhythm", "speed"]), "its axes are .*'speed'"),
    "an option that is not": (setting(options={"x": "1"}), "reader 'majority' has no option 'x'"),
    "repeats that were not": (setting(repeats=10_000), "659934 of 660000 cases have no reading"),
    "too many repeats": (setting(repeats=10**9), "repeats must be between 1 and 10000"),
    "a bool as seed": (setting(seed=True), "seed must be a whole number"),
    "settings that are a list": (told_as(settings=[1]), "run settings must be a JSON object"),
    "an unknown setting": (setting(colour="blue"), "it has the setting 'colour'"),
    "an unknown part": (told_as(colour="blue"), "unknown part of the manifest 'colour'"),
    "markup in the manifest": (told_as(data="<script>"), "holds '<script>', which is no plain text"),
    "newlines in the manifest": (told_as(python="3\n11"), "which is no plain text"),
    "no time zone": (told_as(started="2020-01-01T00:00:00"), "which has no time zone"),
    "a date to come": (told_as(started="2999-01-01T00:00:00+00:00"), "which is still to come"),
    "no date": (told_as(started="yesterday"), "'yesterday', which is no date"),
    "no revision": (told_as(git_revision="main"), "git_revision 'main', which is none"),
    "another view": (viewed(seed=7), "its settings say seed = 0, and its view 7"),
    "a view of another condition": (viewed(condition="crossed"), "its view has another condition"),
    "taught records": (covered(taught=5), "not a test: 5 of these 66 records"),
    "a number as text": (covered(taught="0"), "taught must be a whole number"),
    "another coverage": (covered(of=70), "its manifest tells another coverage"),
    "ecg_id 38.9": (line(3, ecg_id=38.9), "line 4 .* ecg_id is 38.9, no whole number or name"),
    "ecg_id true": (line(3, ecg_id=True), "ecg_id is True"),
    "repeat 0.5": (line(3, repeat=0.5), "repeat is 0.5"),
    "an unknown part of a line": (line(3, note="x"), "unknown part of a line 'note'"),
    "a foreign record": (line(3, ecg_id=70), "1 of 66 cases have no reading"),
    "two answers": (answered_again, "it answers record .* 2 times: a case is asked once"),
    "values beside an error": (
        reading(error={"kind": "refusal", "message": ""}),
        r"holds answers beside its error \(refusal\)",
    ),
    "an invented failure": (
        reading(values={}, error={"kind": "bad luck", "message": ""}),
        "unknown kind of failure 'bad luck'",
    ),
    "a failed call": (reading(values={}, error={"kind": "quota", "message": ""}), "1 of its cases are failed calls"),
    "a negative cost": (reading(usage={"cost": -999_999.0}), "usage of a reading holds cost"),
    "a deep line": (written("readings.jsonl", DEEP + b"\n\n"), "more than 32 lists and objects"),
    "a deep manifest": (written("manifest.json", DEEP), "more than 32 lists and objects"),
    "a deep score": (written("score.json", DEEP), "more than 32 lists and objects"),
    "a manifest with a key twice": (written("manifest.json", b'{"a": 1, "a": 2}'), "holds the key 'a' twice"),
    "a score that is a list": (written("score.json", b"[]"), "it holds a list, not a JSON object"),
    "another score": (scored_as(n=65), "does not follow from its readings"),
    "an infinite score": (scored_as(n=float("inf")), "holds Infinity, which is no finite number"),
}
CONSISTENT = [
    "cherry-picked subset", "another order", "dataset version that is not", "not simulated", "reader that is not",
    "a reader of ours by name", "other details of a reader", "fewer axes", "an option that is not",
    "own condition with a name of ours", "a dataset that is not", "another split's records", "taxonomy that is not",
    "another fingerprint", "html as reader", "an axis that is not", "repeats that were not", "a foreign record",
]  # fmt: skip
"""Forgeries that a careful forger carries through: run id, opaque ids and score follow."""


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_run_is_not_taken_and_a_forged_submission_does_not_hold(name, run, results, population, tmp_path):
    change, said = FORGED[name]
    entry = entry_of(results)
    change(entry, population)
    if name in CONSISTENT:
        entry = made_consistent(entry, population)
    good, problems = told(results, population)
    assert not good
    (problem,) = problems.values()
    change(run, population)
    if name in CONSISTENT:
        run = made_consistent(run, population)
    with pytest.raises(BenchError) as refused:
        submit(run, tmp_path / "new", population, ORIGIN)
    assert not (tmp_path / "new").exists()
    assert not (tmp_path.parent / "escaped").exists()
    for sentence in (problem, str(refused.value)):
        assert "\n" not in sentence and len(sentence) < 1000
    assert re.search(said, str(refused.value)), refused.value
    assert re.search(f"{said}|does not follow from its settings|under another name", problem), problem


def a_link(path, target):
    shutil.move(path, target / path.name)
    path.symlink_to(target / path.name)


def a_pipe(path, target):
    path.unlink()
    os.mkfifo(path)


def an_endless_device(path, target):
    path.unlink()
    path.symlink_to("/dev/zero")


def a_folder(path, target):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("file", ["manifest.json", "readings.jsonl", "score.json", "submission.json"])
@pytest.mark.parametrize("made", [a_link, a_pipe, an_endless_device, a_folder])
def test_links_and_special_files_are_refused(results, population, tmp_path, file, made):
    made(entry_of(results) / file, tmp_path)
    good, problems = told(results, population)
    assert not good
    (problem,) = problems.values()
    assert f"{file} is a link or no regular file" in problem
    with pytest.raises(SubmissionError, match="is a link or no regular file"):
        rebuild(results, population)


@pytest.mark.parametrize("file", ["manifest.json", "readings.jsonl", "score.json"])
@pytest.mark.parametrize("made", [a_link, a_pipe, an_endless_device, a_folder])
def test_a_run_with_links_and_special_files_is_not_taken(run, population, tmp_path, file, made):
    made(run / file, tmp_path)
    with pytest.raises(SubmissionError, match=f"{file} is a link or no regular file"):
        submit(run, tmp_path / "results", population, ORIGIN)


def test_files_that_are_too_large_are_not_read(results, population):
    with (entry_of(results) / "readings.jsonl").open("ab") as grown:
        grown.truncate(2**40)
    good, problems = told(results, population)
    assert not good and "readings.jsonl is larger than 268,435,456 bytes" in next(iter(problems.values()))


def test_a_link_in_the_target_leads_nowhere(run, population, tmp_path):
    results, elsewhere = tmp_path / "results", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "manifest.json").write_text("mine")
    (results / "submissions").mkdir(parents=True)
    for target in (elsewhere, tmp_path / "nowhere"):
        link = results / "submissions" / run.name
        link.symlink_to(target)
        with pytest.raises(SubmissionError, match="is there already"):
            submit(run, results, population, ORIGIN)
        good, problems = told(results, population)
        assert not good and problems
        link.unlink()
    part = results / "submissions" / f".{run.name}.part"
    part.symlink_to(elsewhere)
    with pytest.raises(SubmissionError, match="cannot be written"):
        submit(run, results, population, ORIGIN)
    assert [path.name for path in elsewhere.iterdir()] == ["manifest.json"]
    assert (elsewhere / "manifest.json").read_text() == "mine"
    shutil.rmtree(results)
    results.mkdir()
    (results / "submissions").symlink_to(elsewhere)
    with pytest.raises(SubmissionError, match="is a link: submissions are kept in the results folder itself"):
        submit(run, results, population, ORIGIN)
    assert [path.name for path in elsewhere.iterdir()] == ["manifest.json"]


def test_a_foreign_file_or_name_is_no_submission(results, population):
    entry = entry_of(results)
    (entry / "run.sh").write_text("rm -rf /")
    assert "it holds 'run.sh', and may hold manifest.json" in told(results, population)[1][entry.name]
    (entry / "run.sh").unlink()
    entry = entry.rename(entry.with_name("another\n# name"))
    good, problems = told(results, population)
    assert not good
    assert list(problems) == [repr(entry.name)]
    assert "under another name" in problems[repr(entry.name)]
    with pytest.raises(SubmissionError, match="under another name"):
        rebuild(results, population)


def renamed(folder, dataset, **changed):
    """Copy a submission to the table once more: as of a class of the forger's, whose name nobody knows."""
    settings = replace(RunFolder(folder).settings(), **changed)
    copy = shutil.copytree(folder, folder.with_name("copy"))
    write_manifest(copy, manifest_of(copy) | {"settings": settings.to_json()})
    return made_consistent(copy, dataset)


def test_one_run_does_not_stand_in_a_table_twice(results, run, population, tmp_path):
    entry = entry_of(results)
    copy = renamed(entry, population, reader="my.module:Reader")
    good, problems = told(results, population)
    assert not good
    (problem,) = problems.values()
    assert "to the letter: one run is submitted once" in problem
    shutil.rmtree(copy)
    handed_in = renamed(run, population, reader="my.module:Reader")
    with pytest.raises(SubmissionError, match=f"its answers are those of {entry.name} to the letter"):
        submit(handed_in, results, population, ORIGIN)


@pytest.mark.slow
def test_another_splits_run_of_the_same_reader_is_no_copy(results, population, tmp_path):
    job = prepared(RunOptions("majority", selection=Selection("phantoms:1,66", split="val"), out=tmp_path / "runs"))
    run_job(job)
    submit(job.folder.path, results, population, ORIGIN)
    assert told(results, population) == (True, {})


@pytest.mark.parametrize("name", ["leaderboard.md", "leaderboard.json"])
def test_a_table_that_was_edited_by_hand_does_not_hold(results, population, tmp_path, name):
    assert bench("leaderboard", "--check", cwd=tmp_path).returncode == 0
    path = results / name
    whole = path.read_text()
    for change in (
        lambda: path.write_text(whole.replace("majority", "my own model", 1)),
        lambda: path.write_text(whole + "\n"),
        path.unlink,
        lambda: (path.unlink(), path.symlink_to("/dev/zero")),
    ):
        change()
        done = bench("leaderboard", "--check", cwd=tmp_path)
        assert done.returncode == 2, done.stdout
        (said,) = [row for row in done.stdout.splitlines() if not row.endswith(": holds")]
        assert name in said or "leaderboard cannot" in said or said.startswith("leaderboard:")
        path.unlink(missing_ok=True)
        path.write_text(whole)
    assert bench("leaderboard", "--check", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{",
        "{}",
        '{"tables": 5}',
        '{"tables": [5]}',
        '{"tables": [{"pairs": [5]}]}',
        "[" * 100_000,
        '{"tables": [{"pairs": [{"first": 5}]}]}',
        '{"tables": [{"pairs": 5}]}',
    ],
)
def test_a_damaged_table_is_one_sentence(results, population, tmp_path, content):
    (results / "leaderboard.json").write_text(content)
    done = bench("leaderboard", cwd=tmp_path)
    assert is_one_sentence(done, "leaderboard.json"), done.stderr
    said = []
    assert not check_pages(results, population, lambda name, problem: said.append((name, problem)))
    assert said and "\n" not in str(said[0][1])


def test_a_folder_that_is_no_results_folder_is_left_alone(run, tmp_path):
    refused = bench("submit", run, "--by", "A. Nobody", "--results", tmp_path / "pictures", cwd=tmp_path)
    assert is_one_sentence(refused, "is no results folder, since it holds no submissions: begin one with --new")
    assert not (tmp_path / "pictures").exists()
    done = bench("submit", run, "--by", "A. Nobody", "--results", tmp_path / "pictures", "--new", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert bench("leaderboard", "--check", "--results", tmp_path / "pictures", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("words", [("--split", "test"), ("--ids", "9"), ("--out", "x"), ("--sample", "5")])
def test_a_run_is_scored_on_its_own_records_in_its_own_folder(run, tmp_path, words):
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    refused = bench("score", run, *words, cwd=tmp_path)
    assert is_one_sentence(refused, f"{words[0]} goes with --predictions: a run is scored on its own records")
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before
