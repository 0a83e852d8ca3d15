"""A renderer of another package draws wherever a built-in one does."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from renderers import RENDERERS, PageStyle, render, renderer, renderer_names
from taxonomy.error import BenchError

from ..command import bench, is_one_sentence

CODE = """
from dataclasses import replace
from renderers.stacked import Stacked

class Mirrored:
    name = "mirrored"
    description = "stacked, with time from right to left"

    def render(self, signal, fs, style):
        return Stacked().render(signal[:, ::-1].copy(), fs, style)

class Half:
    name = "half"
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Returns a function that makes a distribution with entry points, as pip leaves it, and puts it on the path."""
    monkeypatch.delitem(sys.modules, "somebodys", raising=False)
    site = tmp_path / "site"
    site.mkdir()
    (site / "somebodys.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(site))

    def installed(name, **renderers):
        folder = site / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"{called} = {value}\n" for called, value in renderers.items()]
        (folder / "entry_points.txt").write_text("[ecg_bench.renderers]\n" + "".join(lines))

    return installed


def test_it_draws_for_bench_render(install, tmp_path, population):
    install("somebodys", mirrored="somebodys:Mirrored")
    done = bench("render", "--ids", "9", "--renderer", "mirrored", "--px-per-mm", "2", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "out").glob("*.png")
    signal = population.record(9).signal()
    (page,) = render(signal.mv[:, ::-1].copy(), signal.fs, "stacked", PageStyle(px_per_mm=2))
    with Image.open(path) as picture:
        assert np.array_equal(np.asarray(picture.convert("RGB")), page.rgb())


def test_it_draws_what_a_reader_of_a_run_is_shown(install, tmp_path, population):
    from bench.dataset import Selection
    from bench.run.job import prepared, run_job
    from bench.run.options import RunOptions
    from bench.view import View

    install("somebodys", mirrored="somebodys:Mirrored")
    view = View(renderer="mirrored", px_per_mm=2)
    asked = RunOptions(
        "readers.contract_suite:RecordingReader", {}, Selection("phantoms:1,66", ids="9"), view, out=tmp_path
    )
    job = prepared(asked)
    run_job(job)
    signal = population.record(9).signal()
    (page,) = render(signal.mv[:, ::-1].copy(), signal.fs, "stacked", PageStyle(px_per_mm=2))
    assert job.reader.seen[0].images[0].png() == page.png()
    assert json.loads((job.folder.path / "manifest.json").read_text())["settings"]["renderer"] == "mirrored"


def test_it_stands_behind_the_built_in_ones_by_name(install):
    install("somebodys", mirrored="somebodys:Mirrored")
    assert renderer_names() == (*RENDERERS, "mirrored")
    with pytest.raises(BenchError, match="Did you mean 'mirrored'"):
        renderer("mirored")


def test_two_packages_that_claim_one_name_are_told_apart_in_one_sentence(install, tmp_path):
    install("somebodys", mirrored="somebodys:Mirrored")
    install("others", mirrored="others:Mirror")
    said = "two renderers are called 'mirrored': "
    for words in (("render", "--ids", "9"), ("run", "--reader", "majority")):
        done = bench(*words, "--renderer", "mirrored", cwd=tmp_path)
        assert is_one_sentence(done, said), done.stderr
        assert "somebodys:Mirrored" in done.stderr and "others:Mirror" in done.stderr


def test_the_name_of_a_built_in_one_cannot_be_taken(install, tmp_path):
    install("somebodys", printed="somebodys:Mirrored")
    done = bench("render", "--ids", "9", "--renderer", "all", cwd=tmp_path)
    assert is_one_sentence(done, "somebodys:Mirrored claims the name of the built-in renderer 'printed'"), done.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("somebodys:Nobody", "cannot be imported"),
        ("nowhere.at.all:Mirrored", "cannot be imported"),
        ("somebodys:Half", "lacks a part"),
        ("somebodys:__name__", "is a str, not a class"),
    ],
)
def test_one_that_cannot_draw_is_told_in_one_sentence(install, tmp_path, value, said):
    install("somebodys", mine=value)
    done = bench("render", "--ids", "9", "--renderer", "mine", cwd=tmp_path)
    assert is_one_sentence(done, said), done.stderr
