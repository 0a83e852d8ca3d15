"""``--json``: one strict document on standard output, with the figures of the tables and of the stored results."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.json_output import strict_json
from bench.dataset.describe import describe
from readers.registry import installed_readers

from ..command import bench, is_one_sentence
from .run import counting_reader

ROOT = Path(__file__).parents[2]


def document(done, code=0):
    """Return the one document that a command printed, which every parser reads."""
    assert done.returncode == code, done.stderr

    def refused(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(done.stdout, parse_constant=refused)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("json")


@pytest.fixture(scope="module")
def told(place):
    """What a run of resnet1d tells."""
    return document(bench("run", "--reader", "resnet1d", "--limit", "12", "--json", cwd=place))


def stored(told, place, name):
    return json.loads((place / told["folder"] / name).read_text())


def test_a_run_tells_its_score_as_it_is_stored_and_what_it_is_of(told, place):
    assert told["score"] == stored(told, place, "score.json")
    manifest = stored(told, place, "manifest.json")
    settings = manifest["settings"]
    for name in ("reader", "dataset", "split", "condition", "is_simulated"):
        assert told[name] == settings[name]
    assert (told["run_id"], told["started"]) == (manifest["run_id"], manifest["started"])
    assert (told["cases"], told["answered"], told["failed"]) == (12, 12, 0)
    assert told["is_complete"] and told["is_scored"]
    assert told["mean_kappa"] == told["score"]["kappa"]


def test_notes_go_to_standard_error_and_no_table_does(place):
    done = bench("run", "--reader", "majority", "--limit", "12", "--json", cwd=place)
    assert document(done)["caveats"] and "Partial: 12 of" in done.stderr
    assert "report: runs/" in done.stderr
    assert "accuracy" not in done.stderr and "mean kappa" not in done.stderr


def test_figures_are_those_of_the_table(told, place):
    table = bench("score", told["folder"], cwd=place).stdout
    for axis in told["score"]["axes"]:
        row = next(line for line in table.splitlines() if line.split()[:2] == [axis["axis"], str(axis["n"])])
        assert f"{100 * axis['accuracy']:.1f}%" in row


def test_a_run_that_is_scored_again_tells_the_same(told, place):
    assert document(bench("score", told["folder"], "--json", cwd=place)) == told


def test_predictions_tell_their_score(place):
    lines = ["ecg_id,rate", *(f"{number},normal" for number in range(1, 30))]
    (place / "mine.csv").write_text("\n".join(lines))
    words = ("score", "--predictions", "mine.csv", "--ids", "1,2,3,40", "--out", "scored", "--json")
    found = document(bench(*words, cwd=place))
    assert found["score"] == json.loads((place / "scored" / "score.json").read_text())
    assert (found["reader"], found["cases"], found["predicted"], found["ignored"]) == ("mine.csv", 4, 3, 26)


def test_a_shard_tells_how_far_the_run_is_and_no_score(place):
    words = ("run", "--reader", "majority", "--limit", "10", "--seed", "5", "--json", "--shard")
    first = document(bench(*words, "0/2", cwd=place))
    assert first["score"] is None and not first["is_scored"] and not first["is_complete"]
    assert 0 < first["answered"] < 10
    assert document(bench(*words, "1/2", cwd=place))["score"]["n"] == 10


@pytest.mark.parametrize("option", ["--dry-run", "--pilot=2"])
def test_what_gives_no_score_is_refused_before_anything_is_asked(tmp_path, option):
    done = bench("run", "--reader", "openai:gpt-5.4", option, "--json", cwd=tmp_path)
    assert is_one_sentence(done, "leave one of them out") and done.stdout == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--reader", "majorty"), "Did you mean 'majority'"),
        (("score", "nowhere"), "nowhere"),
        (("data", "info", "--data", "ptbxl:nowhere"), "does not exist"),
        (("leaderboard", "--results", "nowhere"), "holds no submissions"),
        (("list", "nowhere"), "is no folder"),
    ],
)
def test_an_error_is_the_one_sentence_and_no_document(tmp_path, words, said):
    done = bench(*words, "--json", cwd=tmp_path)
    assert is_one_sentence(done, said) and done.stdout == ""


def test_what_a_reader_prints_is_no_part_of_the_document(tmp_path, monkeypatch):
    (tmp_path / "loud_reader.py").write_text(
        "from taxonomy.reading import Reading\n"
        "class Loud:\n"
        "    name, inputs = 'loud', frozenset()\n"
        "    def read(self, cases):\n"
        "        for case in cases:\n"
        "            print('{loud')\n"
        "            yield Reading(values={'rate': 'normal'})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    done = bench("run", "--reader", "loud_reader:Loud", "--limit", "3", "--json", cwd=tmp_path)
    assert document(done)["answered"] == 3 and "{loud" in done.stderr


AWAY = f"{counting_reader.__name__}:Away"


@pytest.mark.parametrize(("shard", "failed"), [((), 3), (("--shard", "0/2"), 2)])
def test_where_nothing_was_answered_the_document_is_whole_and_tells_why(tmp_path, shard, failed):
    done = bench("run", "--reader", AWAY, "--sample", 3 + len(shard) // 2, "--json", *shard, cwd=tmp_path)
    told = document(done, code=1)
    assert (told["answered"], told["failed"]) == (0, failed)
    assert told["failures"][0].startswith(f"{failed} transport: ")
    assert done.stderr.splitlines()[-1].startswith("Error: every call failed")


def test_a_run_that_is_scored_again_tells_why_calls_failed(tmp_path):
    assert bench("run", "--reader", AWAY, "--sample", "3", cwd=tmp_path).returncode == 1
    (run,) = tmp_path.glob("runs/*")
    done = bench("score", run, cwd=tmp_path)
    assert done.returncode == 0
    assert "\n  3 transport: no route to host (2 of them), no name (1 of them)\n" in done.stdout
    assert f"'bench retry {run}' asks the failed calls again" in done.stdout


def test_what_a_library_or_a_process_of_a_reader_prints_is_no_part_of_the_document(tmp_path):
    words = ("run", "--reader", f"{counting_reader.__name__}:Loud", "--sample", "2", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=tmp_path,
        env={**os.environ, "PTBXL_DIR": "phantoms:1,66", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert document(done)["answered"] == 2
    assert done.stderr.count("from C\n") == done.stderr.count("from a process\n") == 2


def test_readers_are_told_with_what_they_need(tmp_path):
    found = document(bench("readers", "--json", cwd=tmp_path))["readers"]
    assert [one["name"] for one in found] == list(installed_readers())
    by_name = {one["name"]: one for one in found}
    assert by_name["resnet1d"]["inputs"] == ["signal"] and by_name["majority"]["inputs"] == []
    assert by_name["majority"]["from"] == "readers.majority:MajorityReader" and by_name["majority"]["description"]


def test_a_dataset_is_told_in_numbers(tmp_path, population):
    found = document(bench("data", "info", "--json", cwd=tmp_path))
    lines = describe(population)
    assert lines["records"] == f"{found['records']:,}, {found['with_signal']:,} with a signal at hand"
    assert lines["sex"] == ", ".join(
        f"{name} {n:,}" for name, n in sorted(found["sex"].items(), key=lambda one: -one[1])
    )
    assert lines["age, median [quartiles]"].startswith(f"{found['age']['median']:.0f} [{found['age']['low']:.0f},")
    assert lines["fingerprint"] == found["fingerprint"] and sum(found["by_fold"].values()) == found["with_signal"]


@pytest.fixture
def results(tmp_path):
    """A results folder with the submission of a reader on phantoms."""
    (tmp_path / "results" / "submissions").mkdir(parents=True)
    one = "majority-phantoms-1-test-50e2a96b"
    shutil.copytree(ROOT / "results" / "submissions" / one, tmp_path / "results" / "submissions" / one)
    return tmp_path / "results"


def test_the_leaderboard_is_told_as_it_is_written(results):
    found = document(bench("leaderboard", "--json", cwd=results.parent, PTBXL_DIR=""))
    assert found == json.loads((results / "leaderboard.json").read_text())
    assert [one["reader"] for one in found["tables"][0]["entries"]] == ["majority"]


def test_a_check_tells_what_holds_and_ends_as_without_json(results):
    assert bench("leaderboard", cwd=results.parent, PTBXL_DIR="").returncode == 0
    words = ("leaderboard", "--check", "--json")
    found = document(bench(*words, cwd=results.parent, PTBXL_DIR=""))
    assert found["holds"] and {one["problem"] for one in found["checks"]} == {None}
    (results / "leaderboard.md").write_text("other")
    found = document(bench(*words, cwd=results.parent, PTBXL_DIR=""), code=2)
    assert not found["holds"]
    (wrong,) = [one for one in found["checks"] if one["problem"]]
    assert wrong["name"] == "leaderboard.md"


def test_what_is_no_number_is_null():
    assert json.loads(strict_json({"a": [float("nan"), (float("inf"), 1.5)], 3: {"b": None}})) == {
        "a": [None, [None, 1.5]],
        "3": {"b": None},
    }
