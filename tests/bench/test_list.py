"""``bench list``, ``bench axes`` and ``bench conditions``: what there is, told as the files and the code have it."""

import json
from pathlib import Path

import pytest

from bench.view.condition import CONDITIONS, CORE, Condition
from readers.majority import majority_values
from taxonomy.axis import AXES, VERSION

from ..command import bench, is_one_sentence

FAILING = (
    "from taxonomy.reading import Reading\n"
    "class Failing:\n"
    "    name, inputs = 'failing', frozenset({'signal'})\n"
    "    def read(self, cases):\n"
    "        for case in cases:\n"
    "            if int(abs(case.signal).sum()) % 3 == 0:\n"
    "                raise RuntimeError('not this one')\n"
    "            yield Reading(values={'rate': 'normal'})\n"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a scored run, one with failed calls, one that was stopped, a broken one, and one of a study."""
    place = tmp_path_factory.mktemp("list")
    (place / "failing_reader.py").write_text(FAILING)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(place)
        for words in (
            ("majority", "--sample", "12"),
            ("failing_reader:Failing", "--sample", "9"),
            ("measurements", "--sample", "10", "--condition", "text-only"),
        ):
            assert bench("run", "--reader", *words, cwd=place).returncode == 0
    (stopped,) = (place / "runs").glob("measurements-*")
    lines = (stopped / "readings.jsonl").read_text().splitlines(keepends=True)
    (stopped / "readings.jsonl").write_text("".join(lines[:4]) + lines[4][:20])
    (stopped / "score.json").unlink()
    broken = place / "runs" / "broken"
    broken.mkdir()
    (broken / "manifest.json").write_text('{"run_id": "x", "settings": ')
    study = place / "runs" / "study"
    study.mkdir()
    (study / "manifest.json").write_text("{}")
    return place


@pytest.fixture(scope="module")
def told(place):
    done = bench("list", "--json", cwd=place)
    assert done.returncode == 0
    return json.loads(done.stdout)


def by_reader(told):
    return {run["reader"].partition(":")[0]: run for run in told["runs"]}


def test_a_run_is_told_as_its_files_have_it(told, place):
    run = by_reader(told)["majority"]
    manifest = json.loads((place / run["folder"] / "manifest.json").read_text())
    score = json.loads((place / run["folder"] / "score.json").read_text())
    assert (run["run_id"], run["started"]) == (manifest["run_id"], manifest["started"])
    assert (run["dataset"], run["split"], run["condition"]) == ("phantoms-1-66", "test-sample12", "full")
    assert (run["cases"], run["answered"], run["failed"]) == (12, 12, 0)
    assert run["mean_kappa"] == score["kappa"] and run["is_scored"] and run["is_complete"]


def test_failed_calls_are_counted_apart(told):
    run = by_reader(told)["failing_reader"]
    assert 1 <= run["failed"] < 9 and run["answered"] + run["failed"] == run["cases"] == 9


def test_a_run_that_was_stopped_is_told_with_how_far_it_is(told):
    run = by_reader(told)["measurements"]
    assert (run["answered"], run["cases"], run["is_complete"], run["is_scored"]) == (4, 10, False, False)
    assert (run["condition"], run["mean_kappa"]) == ("text-only", None)


def test_a_broken_folder_is_told_and_stops_nothing(told, place):
    (broken,) = told["unreadable"]
    assert broken["folder"] == str(Path("runs") / "broken") and "manifest.json cannot be read" in broken["problem"]
    done = bench("list", cwd=place)
    assert done.returncode == 0 and len(done.stderr.splitlines()) == 1 and "broken is no run folder" in done.stderr
    assert not [run for run in told["runs"] if "study" in run["folder"]]


def test_the_table_says_it_in_words(place, told):
    said = bench("list", cwd=place).stdout
    rows = {words[1]: " ".join(words) for line in said.splitlines() if len(words := line.split()) > 4}
    assert "12" in rows["majority"] and by_reader(told)["majority"]["run_id"][-8:] in rows["majority"]
    assert "left out to fit 80 columns: begun" in said  # so that names stay whole
    assert "4 of 10 so" in rows["measurements"] and "not scored" in rows["measurements"]
    assert f"9, {by_reader(told)['failing_reader']['failed']} failed" in said


def test_named_folders_and_runs_are_listed_once(place, told):
    folder = by_reader(told)["majority"]["folder"]
    found = json.loads(bench("list", folder, folder, "--json", cwd=place).stdout)
    assert [run["folder"] for run in found["runs"]] == [folder] and not found["unreadable"]


def test_a_run_that_a_link_shows_once_more_is_listed_once_by_its_own_name(place, told):
    run = Path(by_reader(told)["majority"]["folder"])
    link, elsewhere = place / "runs" / "a-link", place / "linked"
    link.symlink_to(run.name)
    elsewhere.mkdir()
    (elsewhere / "mine").symlink_to(place / run)
    try:
        assert json.loads(bench("list", "--json", cwd=place).stdout) == told
        (one,) = json.loads(bench("list", "linked", "--json", cwd=place).stdout)["runs"]
        assert one["folder"] == "linked/mine"
    finally:
        link.unlink()


def test_a_folder_without_runs_is_refused_with_what_makes_one(tmp_path):
    assert is_one_sentence(bench("list", cwd=tmp_path), "runs is no folder")
    assert is_one_sentence(bench("list", ".", cwd=tmp_path), "'bench run' makes one")


def test_the_axes_are_those_of_the_taxonomy(tmp_path):
    found = json.loads(bench("axes", "--json", cwd=tmp_path).stdout)
    assert found["taxonomy"] == VERSION
    majority = majority_values()
    for axis, told in zip(AXES, found["axes"], strict=True):
        assert (told["name"], told["question"], told["values"]) == (axis.name, axis.question, list(axis.values))
        assert (told["kind"] == "text-inferable") is axis.text_inferable
        value = told["majority"]["value"]
        assert (frozenset(value) if isinstance(value, list) else value) == majority[axis.name]
        assert 0 < told["majority"]["share"] <= 1
    said = " ".join(bench("axes", cwd=tmp_path).stdout.split())
    assert all(axis.name in said for axis in AXES) and "atrial_fibrillation" in said


def test_the_conditions_are_those_of_the_code(tmp_path):
    found = json.loads(bench("conditions", "--json", cwd=tmp_path).stdout)["conditions"]
    assert [one["name"] for one in found] == list(CONDITIONS)
    assert tuple(one["name"] for one in found if one["is_core"]) == CORE
    for one in found:
        assert one["hides"] == CONDITIONS[one["name"]].hides and one["shows"] == CONDITIONS[one["name"]].shows
    assert "qrs_axis" in bench("conditions", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("condition", "hides"),
    [
        (Condition("all"), "nothing"),
        (Condition("none", images="none", measurements="none"), "the picture; the numbers"),
        (Condition("own", without=("qrs_axis", "heart_rate"), lead_mask=True), "qrs_axis, heart_rate; a third of the"),
    ],
)
def test_a_condition_says_what_it_hides(condition, hides):
    assert condition.hides.startswith(hides)
