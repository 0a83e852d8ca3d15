"""What stands on the command line is refused in one sentence where it is empty, twice, no number, or contradicts."""

import json

import pytest

from ..command import bench, is_one_sentence

RUN = ("run", "--reader", "majority")
WRONG = {
    "an empty list of ids": ((*RUN, "--ids", ""), "--ids is empty: give it a value, or leave it out"),
    "an empty dataset": ((*RUN, "--data="), "--data is empty"),
    "an empty folder for runs": ((*RUN, "--out", " "), "--out is empty"),
    "an empty renderer": ((*RUN, "--renderer", ""), "--renderer is empty"),
    "an empty run": (("score", ""), "RUN is empty"),
    "an empty run among others": (("compare", "runs/one", ""), "RUN is empty"),
    "an empty record": (("data", "explain", "--id", "3", "--id", ""), "--id is empty"),
    "an empty folder": (("data", "fetch", ""), "FOLDER is empty"),
    "an empty split": (("dataset", "export", "pages", "--split", ""), "--split is empty"),
    "ids beside a split": (
        (*RUN, "--ids", "3", "--split", "test"),
        "--ids and --split both choose the records: name one of them",
    ),
    "ids twice": ((*RUN, "--ids", "3", "--ids", "4"), "--ids is given twice: name it once"),
    "one option under two names": ((*RUN, "--sample", "3", "--limit", "4"), "--sample is given twice: name it once"),
    "half a seed": ((*RUN, "--seed", "1.5"), "--seed takes a whole number, not 1.5"),
    "a seed in words": (("selftest", "--seed", "one"), "--seed takes a whole number, not one"),
    "no record": ((*RUN, "--limit", "0"), "--limit takes a whole number from 1 up, not 0"),
    "too often": ((*RUN, "--repeats", "101"), "--repeats takes a whole number from 1 to 100, not 101"),
    "no limit of cost": ((*RUN, "--max-cost", "nan"), "--max-cost takes a number from 0 up, not nan"),
    "an endless cost": ((*RUN, "--max-cost", "inf"), "--max-cost takes a number from 0 up, not inf"),
    "a debt": ((*RUN, "--max-cost=-1"), "--max-cost takes a number from 0 up, not -1"),
    "a weight that no loss survives": (
        ("train", "resnet1d", "--weight", "1e300"),
        "--weight takes a number from 1e-06 to 1,000,000.0, not 1e300",
    ),
    "half a pixel": (("render", "--px-per-mm", "6.5"), "--px-per-mm takes a whole number, not 6.5"),
    "a pen of no width": (("render", "--pen-mm", "nan"), "--pen-mm takes a number, not nan"),
    "a learning rate": (("finetune", "--model", "m", "--learning-rate", "inf"), "--learning-rate takes a number"),
    "a sample that is none": (("data", "fetch", "there", "--sample", "0"), "--sample takes a whole number from 1 to"),
    "a renderer twice": (("render", "--renderer", "clean,leads,clean"), "--renderer names 'clean' twice"),
    "a condition twice": (
        ("ablate", "--reader", "majority", "--conditions", "full,full"),
        "--conditions names 'full' twice",
    ),
    "an option for no reader": (("prompt", "--id", "3", "--option", "seed=1"), "none is named: name it with --reader"),
    "two records": (("prompt", "--id", "3,4"), "--id takes one record, not 3,4"),
    "pictures for no reader of them": (
        (*RUN, "--px-per-mm", "8"),
        "--px-per-mm decides nothing here, since reader 'majority' is given no image",
    ),
    "examples for no reader of them": ((*RUN, "--shots", "2"), "--shots decides nothing here, since reader 'majority'"),
    "statements for no reader of them": ((*RUN, "--statements", "x.csv"), "--statements decides nothing here"),
    "a format for no reader of it": (
        ("contamination", "--reader", "resnet1d", "--format", "flat", "--sample", "2"),
        "--format decides nothing here, since reader 'resnet1d' is given no prompt",
    ),
    "a reference beside copies alone": (
        ("contamination", "--reader", "resnet1d", "--sample", "2", "--only-copies", "--reference", "majority"),
        "--only-copies asks no phantoms, so no reference is asked: leave out --reference majority",
    ),
    "a reference for phantoms": (
        ("contamination", "--reader", "resnet1d", "--sample", "2", "--reference", "majority", "--dry-run"),
        "the records are phantoms themselves, so no reference is asked: leave out --reference majority",
    ),
    "a ceiling that is none": (
        ("ablate", "--reader", "majority", "--image-ceiling", "majorty", "--sample", "2", "--dry-run"),
        "unknown reader 'majorty'",
    ),
    "a ceiling of no ablation": (
        ("experiment", "binary", "--model", "m", "--no-ablation", "--image-ceiling", "resnet1d"),
        "--image-ceiling is a part of the ablation, which --no-ablation leaves out",
    ),
    "a ceiling that no experiment can have": (
        ("experiment", "binary", "--model", "m", "--image-ceiling", "majorty"),
        "unknown reader 'majorty'",
    ),
    "an experiment that is none": (("experiment", "binry"), "unknown experiment 'binry'"),
    "no experiment": (("experiment", "--model", "m", "--dry-run"), "no experiment is named: name one, or 'all'"),
    "no model": (("experiment", "binary"), "experiment 'binary' needs a model: --model NAME-OR-FOLDER"),
    "a reader with an option too many": (
        (*RUN, "--option", "colour=blue"),
        "reader 'majority' has no option 'colour': it takes none",
    ),
    "a reader with a word too many": (
        ("run", "--reader", "majority:blue"),
        "reader 'majority' takes nothing after its name, not 'blue'",
    ),
    "half a seed for a reader": (
        ("prompt", "--id", "3", "--reader", "openai:m", "--option", "seed=1.5"),
        "option seed must be a whole number, not '1.5'",
    ),
    "a probe without a trace": (
        ("probe", "--reader", "measurements"),
        "reader 'measurements' is shown no trace, neither signal nor image, and a probe changes nothing else",
    ),
    "a split twice": (("dataset", "export", "pages", "--split", "train,train"), "--split names 'train' twice"),
    "a file for a folder of data": ((*RUN, "--data", __file__), "test_given.py is a file: name the folder of PTB-XL"),
    "a folder for a file of numbers": (
        ("prompt", "--id", "3", "--measurements", "."),
        "the features file . is a folder, not a file",
    ),
    "no such run": (("score", "runs/none"), "runs/none is no run folder"),
    "no such axis": (("compare", "a", "b", "--flips", "rythm"), "Did you mean 'rhythm'?"),
    "no such split": ((*RUN, "--split", "tset"), "Did you mean 'test'?"),
    "no such record": ((*RUN, "--ids", "9999"), "phantoms-1-66 has no record 9999: its records are 0 to 659"),
    "a renderer without a name": (("render", "--renderer", "clean,"), "--renderer 'clean,' holds an empty name"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_it_is_refused_in_one_sentence(wrong, tmp_path):
    words, said = WRONG[wrong]
    done = bench(*words, cwd=tmp_path)
    assert is_one_sentence(done, said), done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        (*RUN, "--ids", "", "--help"),
        (*RUN, "--ids", "3,4", "--sample", "1"),
        ("prompt", "--id", "3", "--demography", "--demography"),
        (*RUN, "--seed=-3", "--sample", "1", "--dry-run"),
        ("ablate", "--reader", "majority", "--image-ceiling", "", "--sample", "1", "--dry-run"),
        ("data", "explain", "--id", "3", "--id", "4"),
    ],
)
def test_what_has_a_meaning_is_not_refused(words, tmp_path):
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"is_sample": False}, "it has the setting 'is_sample', so it was made by another version: run it again"),
        ({"fingerprint": None}, "it lacks the setting 'fingerprint', so it was made by another version: run it again"),
    ],
)
@pytest.mark.parametrize("command", ["score", "retry", "compare"])
def test_a_run_of_another_version_is_told_as_such(command, changes, said, tmp_path):
    assert bench(*RUN, "--ids", "3", cwd=tmp_path).returncode == 0
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    kept = {name: value for name, value in manifest["settings"].items() if changes.get(name, value) is not None}
    manifest["settings"] = {**kept, **{name: value for name, value in changes.items() if value is not None}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    done = bench(command, folder, *([tmp_path] if command == "compare" else []), cwd=tmp_path)
    assert is_one_sentence(done, said), done.stderr


@pytest.mark.parametrize("command", ["score", "retry", "compare", "submit"])
def test_a_run_whose_id_does_not_follow_from_its_settings_is_refused(command, tmp_path):
    assert bench(*RUN, "--ids", "3", cwd=tmp_path).returncode == 0
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["settings"]["measured"] = []
    manifest["settings"]["axes"] = ["rate"]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    more = {"compare": [tmp_path], "submit": ["--by", "A. Nobody", "--new"]}.get(command, [])
    done = bench(command, folder, *more, cwd=tmp_path)
    assert is_one_sentence(done, "the run_id in its manifest does not follow from its settings"), done.stderr


def test_a_command_without_the_words_that_it_needs_is_told(tmp_path):
    done = bench("compare", cwd=tmp_path)
    assert done.returncode == 2
    assert "Missing argument" in done.stderr
