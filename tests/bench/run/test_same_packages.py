"""A run whose packages or device changed before it was done is not begun anew in silence."""

import json
import shutil

import pytest

from bench.dataset import Selection
from bench.run.folder import RunFolder
from bench.run.job import prepared, run_job
from bench.run.options import RunOptions
from bench.run.settings import settings_from
from taxonomy.error import RunError
from taxonomy.reading import Reading

NOW = {"weights": "a", "transformers": "5.24.0", "device_kind": "cpu", "effective_dtype": "float32"}


class Versioned:
    """Answers, and names what it is made with."""

    name = "versioned"
    inputs = frozenset()
    details = NOW

    def read(self, cases):
        for _ in cases:
            yield Reading(values={"rate": "normal"})


@pytest.fixture
def options(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.run.options.reader_named", lambda *_: Versioned())
    return RunOptions("versioned", {}, Selection("phantoms:1,66", limit=6), out=tmp_path / "runs")


def earlier(job, lines, **details):
    """Write a run as a job would have begun it with other details, with so many of its answers."""
    run_job(job)
    data = json.loads((job.folder.path / "manifest.json").read_text())
    data["settings"]["reader_details"] |= details
    data["run_id"] = settings_from(data["settings"]).run_id
    folder = job.folder.path.with_name(data["run_id"])
    shutil.move(job.folder.path, folder)
    (folder / "manifest.json").write_text(json.dumps(data))
    kept = (folder / "readings.jsonl").read_text().splitlines(keepends=True)[:lines]
    (folder / "readings.jsonl").write_text("".join(kept))
    return folder


def test_it_says_what_changed_and_what_to_do(options):
    folder = earlier(prepared(options), 2, transformers="5.23.0", device_kind="cuda", effective_dtype="bfloat16")
    with pytest.raises(RunError) as refused:
        run_job(prepared(options))
    said = str(refused.value)
    assert said.startswith(f"{folder} is this run with 4 questions left")
    assert "transformers was 5.23.0, is 5.24.0" in said and "device_kind was cuda, is cpu" in said
    assert "name another --out" in said and "weights" not in said
    assert len(RunFolder(folder).every_reading()[0]) == 2


def test_a_finished_run_with_other_packages_stands_beside_a_new_one(options):
    folder = earlier(prepared(options), 6, transformers="5.23.0")
    assert run_job(prepared(options)).n == 6
    assert prepared(options).folder.path != folder


def test_an_unfinished_run_of_another_model_is_none_of_its_business(options):
    earlier(prepared(options), 2, transformers="5.23.0", weights="b")
    assert run_job(prepared(options)).n == 6


def test_a_run_that_nobody_can_go_on_with_stands_in_no_ones_way(options):
    without = earlier(prepared(options), 0, transformers="5.23.0")
    damaged = earlier(prepared(options), 4, transformers="5.22.0")
    (damaged / "readings.jsonl").write_text('{"x": 1}\n{"y": 2}\n')
    older = earlier(prepared(options), 2)
    data = json.loads((older / "manifest.json").read_text())
    del data["settings"]["reader_details"]["transformers"]
    data["run_id"] = settings_from(data["settings"]).run_id
    (older / "manifest.json").write_text(json.dumps(data))
    shutil.move(older, older.with_name(data["run_id"]))
    surplus = earlier(prepared(options), 6, transformers="5.21.0") / "readings.jsonl"
    again = json.loads(surplus.read_text().splitlines()[0]) | {"repeat": 5}
    surplus.write_text(surplus.read_text() + json.dumps(again) + "\n")
    assert without.is_dir()
    assert run_job(prepared(options)).n == 6
