"""What the pages are told: tables, cases, traces and comparisons; a sentence where something is missing."""

import base64
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bench.dataset import Signal
from bench.run.folder import RunFolder
from bench.run.rescoring import scored
from bench.run.settings import settings_from
from bench.web.case_data import GAP, trace_json
from bench.web.finding import find
from bench.web.library import Library
from taxonomy.axis import AXES, DERIVED
from taxonomy.error import RunError

from .chatty import HOSTILE

SUBMISSIONS = Path(__file__).parents[4] / "results" / "submissions"


@pytest.fixture(scope="module")
def table(library, numbers):
    return {name: library.data(f"run-{number}") for name, number in numbers.items()}


def axis(table, name):
    return next(one for one in table["axes"] if one["name"] == name)


def case(library, number, place=0):
    return library.data(f"case-{number}-{place}")


def edited(folder, change):
    """Change the manifest of a run."""
    path = folder / "manifest.json"
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


def test_the_table_holds_every_case_and_axis(table):
    data = table["measurements"]
    assert len(data["ids"]) == len(data["age"]) == len(data["error"]) == 12
    assert {one["name"] for one in data["axes"]} == {one.name for one in (*AXES, *DERIVED)}
    for one in data["axes"]:
        assert len(one["truth"]) == len(one["answer"]) == len(one["state"]) == 12
        assert max(one["truth"] + one["answer"]) < len(one["values"])


def test_the_table_says_what_a_score_says(table, runs, population):
    accuracies = {one.axis: one.accuracy for one in scored(RunFolder(runs / "measurements"), population).axes}
    for one in table["measurements"]["axes"]:
        known = [state for state in one["state"] if state in "rRw"]
        if known and one["name"] in accuracies:
            right = sum(state in "rR" for state in known) / len(known)
            assert right == pytest.approx(accuracies[one["name"]], abs=1e-3), one["name"]


def test_a_right_answer_is_told_apart_where_the_majority_answer_is_wrong(table):
    for name in ("majority", "measurements"):
        for one in table[name]["axes"]:
            for state, truth in zip(one["state"], one["truth"], strict=True):
                if state == "R":
                    assert name == "measurements" and one["values"][truth] != one["prior"]
    assert any("R" in one["state"] for one in table["measurements"]["axes"])


def test_failed_calls_and_axes_that_were_not_asked_are_told(table):
    data = table["broken"]
    assert axis(data, "rate")["state"].count("f") == 6
    assert data["error"].count("transport") == 6


def test_a_case_tells_all_that_is_known_of_it(library, numbers):
    found = case(library, numbers["chatty"])
    assert [page["px_per_mm"] for page in found["pictures"]["pages"]] == [6]
    assert "Vent. rate" in found["prompt"]["text"] and found["prompt"]["schema"] and not found["prompt"]["notes"]
    own = [one for one in found["readings"] if one["run"] == numbers["chatty"]]
    assert [one["repeat"] for one in own] == [0, 1]
    assert [one["values"]["conduction"] for one in own] == [["none"], ["lbbb"]]
    assert own[0]["reasoning"] == f"Regular. {HOSTILE}" and HOSTILE in json.loads(own[0]["raw"])["reasoning"]
    assert "nothing I know" in own[0]["problems"]["diagnosis"] and own[0]["states"]["diagnosis"] == "w"
    told = found["truth"]["axes"]
    assert {*told} == {one.name for one in (*AXES, *DERIVED)}
    assert told["rate"]["source"] == "the simulation" and told["rhythm"]["because"]


def test_other_conditions_and_readers_stand_beside_it(library, numbers):
    found = case(library, numbers["majority"])
    beside = {(one["run"], one["condition"], one["repeat"]) for one in found["readings"]}
    chatty, crossed = numbers["chatty"], numbers["crossed"]
    assert {(chatty, "full", 0), (chatty, "full", 1), (crossed, "crossed", 0)} <= beside
    assert found["readings"][0]["run"] == numbers["majority"]


def test_a_crossed_prompt_is_the_one_that_was_sent(library, numbers, runs):
    manifest = json.loads((runs / "crossed" / "manifest.json").read_text())
    ids = manifest["settings"]["ids"]
    found = case(library, numbers["crossed"])
    donor = manifest["donors"][str(ids[0])]
    assert found["prompt"]["notes"] == [f"Its numbers are those of record {donor}, which the reader did not learn."]
    assert found["prompt"]["text"] != case(library, numbers["chatty"])["prompt"]["text"]


def test_a_reader_of_signals_was_shown_no_picture_and_sent_no_prompt(library, numbers):
    found = case(library, numbers["broken"])
    assert found["pictures"] == {"pages": [], "said": "no picture, but the samples of the signal"}
    assert found["prompt"] == {"said": "This reader is sent no prompt."}


def test_a_trace_is_told_in_microvolts():
    mv = np.zeros((12, 10), dtype=np.float32)
    mv[1, 3], mv[2, 4], mv[3, 5] = 1.2345, np.nan, 50.0
    told = trace_json(Signal(mv, 500))
    samples = np.frombuffer(base64.b64decode(told["uv"]), dtype="<i2").reshape(12, 10)
    assert (samples[1, 3], samples[2, 4], samples[3, 5], samples[0, 0]) == (1234, GAP, 32_767, 0)
    assert told["fs"] == 500 and told["leads"][:2] == ["I", "II"]


def test_the_trace_is_that_of_the_record(library, numbers, runs, population):
    told = library.data(f"signal-{numbers['majority']}-0")
    ids = json.loads((runs / "majority" / "manifest.json").read_text())["settings"]["ids"]
    samples = np.frombuffer(base64.b64decode(told["uv"]), dtype="<i2").reshape(12, -1)
    assert np.allclose(samples / 1000, population.record(ids[0]).signal().mv, atol=0.0006)
    assert told["seen"] is None


def test_a_comparison_is_that_of_bench_compare(library, numbers):
    found = library.data(f"compare-{numbers['majority']}-{numbers['measurements']}")
    (pair,) = found["pairs"]
    assert (pair["first"], pair["second"], pair["n"]) == ("majority", "measurements", 12)
    assert pair["headline"] and {one["axis"] for one in pair["axes"]} >= {"rhythm", "diagnosis"}


def test_a_run_that_is_being_written_is_shown_as_far_as_it_has_come(copied):
    path = copied / "majority" / "readings.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]) + lines[5][:40])
    library = Library(find([copied / "majority"]))
    (told,) = library.data("runs")["runs"]
    assert (told["answered"], told["questions"]) == (5, 12) and told["notes"][0].startswith("Incomplete: 5 of 12")
    rate = axis(library.data("run-0"), "rate")
    assert rate["state"].count(".") == 7
    path.write_bytes(b"".join(lines))
    assert library.data("runs")["runs"][0]["answered"] == 12
    assert "." not in axis(library.data("run-0"), "rate")["state"]


def test_a_run_without_readings_yet_has_an_empty_table(copied):
    (copied / "majority" / "readings.jsonl").unlink()
    library = Library(find([copied / "majority"]))
    assert axis(library.data("run-0"), "rate")["state"] == "." * 12
    assert case(library, 0)["readings"] == []


def test_a_run_of_another_taxonomy_costs_a_sentence_and_the_others_are_shown(copied):
    def older(told):
        told["settings"]["taxonomy_version"] = "1.4.0"
        told["run_id"] = settings_from(told["settings"]).run_id

    edited(copied / "majority", older)
    edited(copied / "measurements", lambda told: told["settings"].update(invented=1))
    found = find([copied])
    assert [note for note in found.notes if "answers taxonomy 1.4.0, and this version shows" in note]
    assert [note for note in found.notes if "has the setting 'invented'" in note]
    told = {run["name"]: run for run in Library(found).data("runs")["runs"]}
    assert "taxonomy 1.4.0" in told["majority"]["problem"] and "problem" not in told["chatty"]


def test_a_damaged_run_costs_a_sentence_and_the_others_are_shown(copied):
    path = copied / "majority" / "readings.jsonl"
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    library = Library(find([copied]))
    told = {run["name"]: run for run in library.data("runs")["runs"]}
    assert "is damaged" in told["majority"]["problem"]
    number = told["majority"]["number"]
    assert "is damaged" in library.data(f"run-{number}")["problem"]
    other = told["measurements"]["number"]
    assert {one["run"] for one in case(library, other)["readings"]} == {
        run["number"] for run in told.values() if "problem" not in run
    }


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_a_run_is_told_in_a_sentence(name, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="is no folder" if name == "missing" else "holds no run: 'bench run' makes one"):
        find([tmp_path / name])


def test_runs_that_can_none_of_them_be_shown_are_told_in_a_sentence(copied):
    edited(copied / "majority", lambda told: told["settings"].update(invented=1))
    with pytest.raises(RunError, match="has the setting 'invented'"):
        find([copied / "majority"])


def test_without_its_dataset_a_run_shows_its_answers(copied):
    def elsewhere(told):
        told["settings"].update(dataset="elsewhere-1", fingerprint="0" * 16)
        told["run_id"] = settings_from(told["settings"]).run_id

    edited(copied / "chatty", elsewhere)
    library = Library(find([copied / "chatty"]))
    data = library.data("run-0")
    assert "name its dataset with --data" in data["problem"]
    assert set(axis(data, "rhythm")["state"]) == {"u"} and axis(data, "rhythm")["values"] == [["sinus"]]
    found = case(library, 0)
    assert "--data" in found["truth"]["problem"] and "--data" in found["pictures"]["problem"]
    assert "--data" in found["prompt"]["problem"] and "--data" in library.data("signal-0-0")["problem"]
    assert found["readings"][0]["reasoning"].startswith("Regular")


def test_a_file_of_numbers_that_is_not_at_hand_costs_the_prompt_alone(copied):
    edited(copied / "chatty", lambda told: told["view"].update(measurements="away.csv"))
    library = Library(find([copied / "chatty"]))
    found = case(library, 0)
    assert "away.csv" in found["prompt"]["problem"]
    assert len(found["pictures"]["pages"]) == 1 and found["truth"]["axes"]


def test_what_a_study_keeps_is_no_run(copied):
    study = copied / "explain-x"
    study.mkdir()
    (study / "manifest.json").write_text(json.dumps({"settings": {"reader": "resnet1d", "filling": "flat"}}))
    assert "explain-x" not in {run.name for run in find([copied]).runs}


def test_a_submission_is_shown_like_a_run(runs, tmp_path):
    shutil.copytree(runs / "majority", tmp_path / "one", ignore=shutil.ignore_patterns("report*", ".lock"))
    assert [run.name for run in find([tmp_path / "one"]).shown] == ["one"]


@pytest.mark.slow
def test_a_record_without_a_recording_shows_all_but_its_trace(ptbxl_folder):
    library = Library(find([SUBMISSIONS / "12sl-ptbxl-test-7cb126b4"]), str(ptbxl_folder))
    run = library.runs[0]
    assert run.cohort is not None
    place = next((k for k, record in enumerate(run.cohort) if not record.rates), None)
    if place is None:
        pytest.skip("every recording of the test fold is at hand")
    assert "has no signal at hand" in library.data(f"signal-0-{place}")["problem"]
    found = case(library, 0, place)
    assert found["truth"]["labels"]["report"] and found["truth"]["axes"]["rhythm"]["source"]
    assert found["readings"][0]["values"]
