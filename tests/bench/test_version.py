"""``--version`` names the command as it was called, and what every score rests on."""

import sys
from importlib.metadata import version

import pytest

from bench.run.manifest import PROJECT, versions
from bench.view.template import template_version
from taxonomy import VERSION as TAXONOMY
from taxonomy.distribution import DISTRIBUTION
from tests.command import bench


@pytest.fixture
def release(tmp_path, monkeypatch):
    """The project as if version 98.7 of its distribution were installed."""
    folder = tmp_path / "installed" / f"{DISTRIBUTION.replace('-', '_')}-98.7.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {DISTRIBUTION}\nVersion: 98.7\n")
    monkeypatch.syspath_prepend(folder.parent)


@pytest.mark.usefixtures("release")
@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("/usr/bin/ecg-bench", "ecg-bench"),
        ("ecg-bench.exe", "ecg-bench"),
        ("/somewhere/bench/__main__.py", "python -m bench"),
    ],
)
def test_the_version_is_that_of_what_is_installed_by_the_name_it_was_called(tmp_path, monkeypatch, program, name):
    assert version(DISTRIBUTION) == "98.7"
    done = bench("--version", cwd=tmp_path, program=program)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{name} 98.7, taxonomy {TAXONOMY}, protocol {template_version()}\n"


@pytest.mark.usefixtures("release")
def test_a_manifest_names_the_project_as_before_it_had_a_distribution():
    assert versions(PROJECT) == {"ecg-bench": "98.7"}


def test_a_tree_that_is_not_installed_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    assert "bench (not installed: run from its folder), taxonomy" in bench("--version", cwd=tmp_path).stdout
