"""An export is what the datasets library loads, whole or not there, and shows what a reader would be shown."""

import io
import json
import os
import resource
import subprocess
import sys
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from PIL import Image

from bench.dataset import open_dataset
from bench.dataset.ptbxl import PtbXl
from bench.export.card import card
from bench.export.export import write_export
from bench.export.export_options import ExportOptions
from bench.view import View
from bench.view.example import IMAGE_AND_TEXT
from renderers import PageStyle, render
from taxonomy.error import StorageError
from taxonomy.parsing import parse
from taxonomy.schema import answer_schema
from taxonomy.target import DENSE, DENSE_NO_REASONING

from ...command import bench, is_one_sentence
from ...physionet import write_folder

NAMES = ("printed", "leads")
OPTIONS = ExportOptions(tuple(View(renderer=name, px_per_mm=2) for name in NAMES), shard_rows=4, limit=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("export") / "pages"
    write_export(OPTIONS, open_dataset("phantoms:1,66"), out)
    return out


@pytest.fixture(scope="module")
def loaded(folder, tmp_path_factory):
    import datasets

    datasets.disable_progress_bars()
    cache = str(tmp_path_factory.mktemp("cache"))
    return {
        name: datasets.load_dataset(str(folder), name, cache_dir=cache)
        for name in (view.renderer for view in OPTIONS.views)
    }


@pytest.mark.slow
def test_it_is_loaded_by_its_card(loaded):
    assert {split: len(rows) for split, rows in loaded["printed"].items()} == {"train": 6, "validation": 6, "test": 6}
    folds = {split: set(rows["fold"]) for split, rows in loaded["printed"].items()}
    assert folds == {"train": {"train"}, "validation": {"val"}, "test": {"test"}}


@pytest.mark.slow
def test_the_pictures_are_those_of_the_renderer(loaded, population):
    for name, rows in loaded.items():
        row = rows["test"][0]
        signal = population.record(row["ecg_id"]).signal()
        drawn = render(signal.mv, signal.fs, name, PageStyle(px_per_mm=2))
        assert len(row["images"]) == len(drawn) == len(row["captions"])
        for picture, image in zip(row["images"], drawn, strict=True):
            assert np.array_equal(np.asarray(picture.convert("RGB")), image.rgb())


def test_target_and_columns_tell_the_truth(loaded):
    for row in loaded["printed"]["train"]:
        read = parse(row["target"], DENSE)
        assert list(read.values) == list(DENSE.axes) and None not in read.values.values()
        for axis, value in read.values.items():
            told = row[axis]
            assert (told is None) == (axis in row["unlabelled"])
            assert told is None or (frozenset(told) if isinstance(told, list) else told) == value


def test_a_target_is_an_answer_of_the_schema_that_the_reader_is_asked_with(loaded):
    validate = jsonschema.Draft202012Validator(answer_schema(DENSE))
    for row in loaded["printed"]["train"]:
        target = json.loads(row["target"])
        assert validate.is_valid(target)
        assert 1 <= target["reasoning"].count(".") <= 4


def test_without_reasoning_neither_prompt_nor_target_has_any(tmp_path):
    made = ("dataset", "export", "short", "--limit", 2, "--split", "test", "--px-per-mm", 2, "--no-reasoning")
    assert bench(*made, cwd=tmp_path).returncode == 0
    import pyarrow.parquet

    (file,) = (tmp_path / "short").rglob("*.parquet")
    for row in pyarrow.parquet.read_table(file).to_pylist():
        assert "reasoning" not in row["system"] + row["prompt"] + row["target"]
        assert jsonschema.Draft202012Validator(answer_schema(DENSE_NO_REASONING)).is_valid(json.loads(row["target"]))


def test_messages_say_the_same_as_the_columns(loaded):
    row = loaded["leads"]["test"][0]
    system, user, assistant = row["messages"]
    assert system["content"][0]["text"] == row["system"]
    assert [part["type"] for part in user["content"]].count("image") == 12
    assert user["content"][-1]["text"] == row["prompt"]
    assert assistant["content"][0]["text"] == row["target"]


def test_shards_are_even_and_the_card_cites(folder):
    names = sorted(path.name for path in (folder / "data" / "printed").iterdir())
    assert names[:2] == ["test-00000-of-00002.parquet", "test-00001-of-00002.parquet"]
    card = (folder / "README.md").read_text()
    assert "McSharry" in card and "license: mit" in card and "**No patients:" in card


def test_the_card_of_ptbxl_cites_it_and_speaks_of_patients(population, tmp_path):
    options = replace(OPTIONS, views=tuple(view.for_inputs(IMAGE_AND_TEXT) for view in OPTIONS.views))
    rows = {"printed": dict.fromkeys(options.splits, 3)}
    said = card(options, PtbXl(write_folder(tmp_path, population, range(3))), rows, 1)
    assert "10.1038/s41597-020-0495-6" in said and "license: cc-by-4.0" in said
    assert "no patients" not in said


def test_what_is_there_is_not_written_over(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(StorageError, match="already exists; name another folder"):
        write_export(OPTIONS, open_dataset("phantoms:1,66"), folder)
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


OTHER = json.dumps({"options": {"renderers": ["clean"]}})


@pytest.mark.parametrize("settings", [OTHER, '{"opt', "[" * 100_000, ""])
def test_finished_files_of_another_export_are_not_gone_on_with(tmp_path, settings):
    shard = tmp_path / "pages.part" / "data" / "clean" / "test-00000-of-00001.parquet"
    shard.parent.mkdir(parents=True)
    shard.touch()
    (tmp_path / "pages.part" / "export.json").write_text(settings)
    with pytest.raises(StorageError, match="holds 1 finished files, part of an") as error:
        write_export(OPTIONS, open_dataset("phantoms:1,66"), tmp_path / "pages")
    assert "\n" not in str(error.value) and shard.is_file()


SMALL = ("dataset", "export", "pages", "--limit", 2, "--split", "test", "--px-per-mm", 2)


@pytest.mark.parametrize("settings", [OTHER, '{"opt', ""])
def test_what_an_aborted_export_left_unfinished_blocks_no_other(tmp_path, settings):
    unfinished = tmp_path / "pages.part" / "data" / "clean" / "test-00000-of-00001.tmp"
    unfinished.parent.mkdir(parents=True)
    unfinished.touch()
    (tmp_path / "pages.part" / "export.json").write_text(settings)
    done = bench(*SMALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pages"]
    assert not list((tmp_path / "pages").rglob("*.tmp"))


def test_a_part_that_is_no_folder_is_one_sentence(tmp_path):
    (tmp_path / "pages.part").touch()
    assert is_one_sentence(bench(*SMALL, cwd=tmp_path), "pages.part cannot be written")


def test_without_its_package_it_says_what_to_install_and_leaves_nothing(tmp_path, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "datasets" else find(name))
    done = bench(*SMALL, cwd=tmp_path)
    assert is_one_sentence(done, "extra 'vlm' (datasets is missing): pip install 'ecg-reading-bench[vlm]'")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_full_disk_leaves_no_whole_looking_folder_and_the_same_command_goes_on(tmp_path):
    """A limit on the size of a file stops a real export in the middle; without the limit it is finished."""
    out = tmp_path / "pages"
    words = ["bench", "dataset", "export", str(out), "--px-per-mm", "2", "--renderer", "leads,printed", "--limit", "6"]
    run = {"args": [sys.executable, "-m", *words], "capture_output": True, "text": True}
    run["env"] = {**os.environ, "PTBXL_DIR": "phantoms:1,66"}  # whose sizes are measured here

    write_export(ExportOptions(OPTIONS.views, limit=6), open_dataset("phantoms:1,66"), tmp_path / "undisturbed")
    sizes = {
        name: [path.stat().st_size for path in (tmp_path / "undisturbed" / "data" / name).iterdir()] for name in NAMES
    }
    enough = max(sizes["leads"]) + 1000
    assert enough < max(sizes["printed"])

    def little():
        resource.setrlimit(resource.RLIMIT_FSIZE, (enough, enough))

    stopped = subprocess.run(**run, preexec_fn=little)
    assert stopped.returncode == 2 and "make room, and the same command resumes" in stopped.stderr
    assert stopped.stderr.count("\n") == 1
    assert not out.exists()
    whole = set((tmp_path / "pages.part").rglob("*.parquet"))
    times = {path.name: path.stat().st_mtime_ns for path in whole}
    finished = subprocess.run(**run)
    assert finished.returncode == 0, finished.stderr
    kept = {path.name: path.stat().st_mtime_ns for path in out.rglob("*.parquet") if path.parent.name == "leads"}
    assert whole and all(kept[name] == time for name, time in times.items())
    assert not list(out.rglob("*.tmp"))


def test_an_unknown_split_is_said(tmp_path):
    done = bench("dataset", "export", "nowhere", "--split", "trian", cwd=tmp_path)
    assert is_one_sentence(done, "Did you mean 'train'")


def test_a_picture_is_kept_as_its_png(loaded, folder):
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(folder / "data" / "printed" / "test-00000-of-00002.parquet")
    png = table["images"][0].as_py()[0]["bytes"]
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG" and picture.size == loaded["printed"]["test"][0]["images"][0].size
