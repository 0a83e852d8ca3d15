"""The wheel: our packages and nothing beside them, every file that they need, and at work where there is no clone."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from taxonomy.distribution import DISTRIBUTION

ROOT = Path(__file__).parents[1]
PACKAGES = {"bench", "measurements", "phantoms", "readers", "renderers", "taxonomy"}
NOT_OF_THE_TREE = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "runs")

pytestmark = pytest.mark.slow


def done(*words: object, cwd: Path, **env: str) -> str:
    """Return what a command prints in a folder; it knows of no clone and of no data."""
    bare = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PTBXL_DIR"}}
    finished = subprocess.run(
        list(map(str, words)), cwd=cwd, env={**bare, **env}, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this tree, built in a copy: setuptools writes beside what it builds."""
    setuptools = pytest.importorskip("setuptools")
    if int(setuptools.__version__.partition(".")[0]) < 80:
        pytest.skip(f"pyproject.toml asks for setuptools 80, and {setuptools.__version__} is installed")
    folder = tmp_path_factory.mktemp("build")
    shutil.copytree(ROOT, folder / "tree", ignore=NOT_OF_THE_TREE)
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    done(sys.executable, "-c", build, folder, cwd=folder / "tree")
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory) -> Path:
    """An environment that holds the wheel, and sees the libraries of this one behind it."""
    environment = tmp_path_factory.mktemp("elsewhere") / "environment"
    done(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment.parent)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    install = ("install", "--quiet", "--no-deps", "--no-index", "--no-warn-script-location")
    done(sys.executable, "-m", "pip", "--python", scripts / "python", *install, wheel, cwd=environment.parent)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = Path(done(scripts / "python", "-c", where, cwd=environment.parent).strip())
    # A path file appends; those of the folder that it names are not read, so no editable install comes in.
    (own / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return scripts


def test_a_wheel_holds_our_packages_and_nothing_beside_them(wheel):
    assert wheel.name.startswith(DISTRIBUTION.replace("-", "_") + "-")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops - PACKAGES == {f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}
    assert tops >= PACKAGES
    assert {Path(name).name for name in names if "/licenses/" in name} == {"LICENSE", "DATA_LICENSE.md"}


def test_a_wheel_holds_every_file_of_our_packages(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.partition("/")[0] in PACKAGES}
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == there


def test_a_release_makes_its_wheel_of_the_sources_that_it_hands_out_and_they_are_whole(wheel, tmp_path):
    shutil.copytree(ROOT, tmp_path / "tree", ignore=NOT_OF_THE_TREE)
    build = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"
    done(sys.executable, "-c", build, "build_sdist", tmp_path, cwd=tmp_path / "tree")
    (sources,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(sources, tmp_path / "sources", filter="data")
    (unpacked,) = (tmp_path / "sources").iterdir()
    inside = {path.name for path in unpacked.iterdir()}
    assert not inside & {"tests", "benchmarks", "results", "docs"} and inside >= PACKAGES
    done(sys.executable, "-c", build, "build_wheel", tmp_path, cwd=unpacked)
    (built,) = tmp_path.glob("*.whl")
    assert set(zipfile.ZipFile(built).namelist()) == set(zipfile.ZipFile(wheel).namelist())


def test_a_wheel_runs_and_scores_where_there_is_no_clone(elsewhere, wheel, tmp_path):
    python, command, nowhere = elsewhere / "python", elsewhere / "ecg-bench", tmp_path / "empty"
    nowhere.mkdir()
    away = {"cwd": nowhere, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    found = done(python, "-c", "import bench, readers; print(bench.__file__, readers.__file__)", **away)
    assert all(Path(one).is_relative_to(elsewhere.parent) for one in found.split())
    assert done(command, "--version", **away).startswith(f"ecg-bench {wheel.name.split('-')[1]}, taxonomy ")
    assert done(python, "-m", "bench", "--version", **away).startswith("python -m bench ")
    assert "resnet1d" in done(command, "readers", **away)
    said = done(command, "run", "--reader", "majority", "--sample", "5", **away)
    assert "majority on phantoms-1, test-sample5" in said
    (run,) = (nowhere / "runs").iterdir()
    assert (run / "score.json").is_file() and (run / "report.md").is_file()
    assert list(nowhere.iterdir()) == [nowhere / "runs"]


@pytest.mark.parametrize("reader", ["resnet1d", "measurements", "12sl", "digitizer"])
def test_a_reader_of_the_wheel_finds_its_own_files(elsewhere, tmp_path, reader):
    away = {"cwd": tmp_path, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    source = "import sys; from readers.registry import reader; print(reader(sys.argv[1]).name)"
    assert done(elsewhere / "python", "-c", source, reader, **away).strip() == reader


def test_a_prompt_of_the_wheel_has_its_texts(elsewhere, tmp_path):
    said = done(elsewhere / "ecg-bench", "prompt", "--id", "1", "--out", "prompt", cwd=tmp_path)
    assert "You read 12-lead electrocardiograms" in said
    assert list((tmp_path / "prompt").glob("*.png"))
