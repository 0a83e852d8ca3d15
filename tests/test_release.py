"""What a release is made of says the same everywhere: metadata, citation, lock file, workflows, forms, container."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from taxonomy.distribution import DISTRIBUTION

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(set((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")) - {ROOT / ".github/ISSUE_TEMPLATE/config.yml"})
TAKEN = "ecgbench"
"""A package on PyPI."""


def steps(workflow: Path) -> list[dict]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    return [step for job in jobs for step in job.get("steps", [])]


def seen_as(name: str) -> str:
    """Return a name as PyPI compares it: it takes none that looks like one that is there."""
    plain = re.sub(r"[-_.]", "", name.lower())
    return re.sub("o", "0", re.sub("[li]", "1", plain))


def pinned(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_pypi_does_not_take_the_name_for_another():
    assert PROJECT["name"] == DISTRIBUTION
    assert seen_as("ecg-bench") == seen_as(TAKEN)
    assert seen_as(DISTRIBUTION) != seen_as(TAKEN)


def test_every_extra_that_a_message_or_a_page_names_is_one():
    texts = [
        *(ROOT / "docs").glob("*.md"),
        *(path for top in ("bench", "readers") for path in (ROOT / top).rglob("*.py")),
    ]
    asked = [path.read_text(encoding="utf-8") for path in texts]
    named = {extra for text in asked for extra in re.findall(rf'{DISTRIBUTION}\[(\w+)\]|install\("(\w+)"\)', text)}
    extras = {extra for pair in named for extra in pair if extra}
    assert {"pages", "vlm", "files", "ray", "train"} <= extras <= set(PROJECT["optional-dependencies"])
    assert not [text for text in asked if "ecg-bench[" in text]


def test_zenodo_is_told_what_the_citation_says():
    zenodo = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    assert zenodo["title"] == CITATION["title"]
    assert zenodo["version"] == CITATION["version"] == PROJECT["version"]
    assert zenodo["publication_date"] == str(CITATION["date-released"])
    assert zenodo["license"] in CITATION["license"]
    assert [one["name"] for one in zenodo["creators"]] == [one["name"] for one in CITATION["authors"]]
    assert [one["name"] for one in zenodo["creators"]] == [one["name"] for one in PROJECT["authors"]]
    cited = [one["identifier"] for one in zenodo["related_identifiers"]]
    assert cited == [one["doi"] for one in CITATION["references"]]
    assert (zenodo["description"], zenodo["keywords"]) == (PROJECT["description"], PROJECT["keywords"])


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_write_nothing_by_itself_and_names_the_version_of_what_it_uses(workflow):
    assert yaml.safe_load(workflow.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert all(re.search(r"@(v\d+|release/v\d+)$", action) for action in used), used


def test_the_pythons_that_are_tested_are_those_that_the_package_names():
    said = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    tested = said["jobs"]["test"]["strategy"]["matrix"]["python"]
    named = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", one)]
    assert tested == named
    assert PROJECT["requires-python"] == f">={tested[0]}"


def test_a_release_is_published_without_a_password_after_the_tests():
    release = ROOT / ".github/workflows/release.yml"
    jobs = yaml.safe_load(release.read_text(encoding="utf-8"))["jobs"]
    publish = jobs["publish"]
    assert publish["permissions"] == {"id-token": "write"} and publish["environment"] == {"name": "pypi"}
    assert set(publish["needs"]) == {"test", "build"} and jobs["test"]["uses"] == "./.github/workflows/ci.yml"
    assert "secrets." not in release.read_text(encoding="utf-8")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_the_commands_of_a_workflow_are_a_shells(workflow):
    for step in steps(workflow):
        if "run" in step:
            parsed = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False)
            assert parsed.returncode == 0, parsed.stderr


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_asks_each_thing_once(form):
    said = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert set(said) == {"name", "description", "labels", "body"}
    asked = [part for part in said["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in asked} <= {"input", "textarea", "dropdown", "checkboxes"}
    for key in ([part["id"] for part in asked], [part["attributes"]["label"] for part in asked]):
        assert len(key) == len(set(key))
    for part in asked:
        choices = part["attributes"].get("options")
        assert (part["type"] in {"dropdown", "checkboxes"}) == bool(choices)


def test_a_form_for_a_reader_lists_the_axes():
    from taxonomy import AXIS_NAMES

    (axes,) = [
        part
        for part in yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/reader.yml").read_text())["body"]
        if part.get("id") == "axes"
    ]
    assert [one["label"] for one in axes["attributes"]["options"]] == list(AXIS_NAMES)


def test_the_container_copies_what_is_there_and_runs_the_command_as_nobody_special():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    copied = [
        name for first, *names in words if first == "COPY" and not names[0].startswith("--") for name in names[:-1]
    ]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == let_in
    assert all((ROOT / name).exists() for name in copied)
    assert [names for first, *names in words if first == "USER"][-1] == ["reader"]
    (command,) = json.loads(next(line for line in lines if line.startswith("ENTRYPOINT")).removeprefix("ENTRYPOINT"))
    assert command in PROJECT["scripts"]
    torch = next(line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("torch=="))
    assert torch in "\n".join(lines) and torch in (ROOT / ".github/workflows/ci.yml").read_text()


@pytest.fixture(scope="module")
def lock() -> dict:
    return tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))


RENEW = "run 'uv lock' (CONTRIBUTING.md, 'A release')"


def test_the_lock_file_is_of_these_requirements(lock):
    (own,) = [package for package in lock["package"] if package["name"] == DISTRIBUTION]
    assert own["version"] == PROJECT["version"]
    extras = PROJECT["optional-dependencies"]
    assert set(own["metadata"]["provides-extras"]) == set(extras), RENEW
    written = [*PROJECT["dependencies"], *(one for wanted in extras.values() for one in wanted)]
    asked = sorted(pinned(re.match(r"[\w.-]+", one)[0]) for one in written)
    assert sorted(one["name"] for one in own["metadata"]["requires-dist"]) == asked, RENEW


def test_the_lock_file_holds_the_versions_that_the_tests_pass_with(lock):
    held = {}
    for package in lock["package"]:
        held.setdefault(package["name"], set()).add(package["version"])
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wanted = dict(line.split("==") for line in lines if "==" in line)
    assert not {
        name: held.get(pinned(name)) for name, one in wanted.items() if one not in held.get(pinned(name), ())
    }, RENEW


def test_the_lock_file_knows_of_pypi_alone(lock):
    registries = {package["source"].get("registry") for package in lock["package"] if package["name"] != DISTRIBUTION}
    assert registries == {"https://pypi.org/simple"}
    found = set(re.findall(r'url = "(\w+://[^/"]+)/', (ROOT / "uv.lock").read_text(encoding="utf-8")))
    assert found == {"https://files.pythonhosted.org"}
