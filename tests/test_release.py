"""What a release is made of says the same everywhere: metadata, citation, lock file, workflows, forms, container."""

import json
import os
import re
import shutil
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
def test_a_workflow_may_write_nothing_by_itself_and_pins_what_it_uses(workflow):
    assert yaml.safe_load(workflow.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}
    used = re.findall(r"uses: ([^.].*)", workflow.read_text(encoding="utf-8"))
    assert used and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action) for action in used), used
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_every_workflow_uses_the_same_of_an_action():
    used = [action for workflow in WORKFLOWS for action in re.findall(r"uses: ([^.].*)", workflow.read_text())]
    assert len(set(used)) == len({action.partition("@")[0] for action in used})


@pytest.fixture
def browsers() -> str:
    """The parts of ``.ci/run`` that look for a browser and for axe, as a script of their own."""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    begin = lines.index(next(line for line in lines if line.startswith("# Tests in a browser")))
    end = lines.index('new_environment "$environment/bench"')
    again = lines.index(next(line for line in lines if line.startswith('if [ -n "${chromium:-}" ]')))
    last = lines.index("ruff check .")
    return "\n".join(["set -euo pipefail", 'environment="$1"', *lines[begin:end], *lines[again:last]])


def looked_for(script: str, folder: Path, *, npm: str = "", chromium: str = "", **env: str) -> str:
    """Return what a script prints where there are no programs but a shell's own and these."""
    there = folder / "bin"
    there.mkdir()
    for name in ("bash", "sh", "id", "timeout", "tar", "gzip", "cat"):
        (there / name).symlink_to(shutil.which(name))
    for name, text in (("npm", npm), ("chromium", chromium)):
        if text:
            (there / name).write_text(f"#!{shutil.which('bash')}\n{text}\n")
            (there / name).chmod(0o755)
    done = subprocess.run(
        [there / "bash", "-c", script, "run", folder], env={"PATH": str(there), **env}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_check_goes_on_where_there_is_no_browser_or_it_does_not_start(browsers, tmp_path):
    for name, there in (("nothing", {}), ("broken", {"npm": "exit 1", "chromium": "exit 1"})):
        (tmp_path / name).mkdir()
        assert looked_for(browsers, tmp_path / name, **there) == "browser: none, axe: none"


def test_the_check_finds_a_browser_and_axe_or_takes_those_that_are_named(browsers, tmp_path):
    npm = "mkdir package; echo > package/axe.min.js; tar -czf axe-core-4.14.1.tgz package"
    for name in ("found", "named"):
        (tmp_path / name).mkdir()
    found = looked_for(browsers, tmp_path / "found", npm=f'PATH="{os.environ["PATH"]}"; {npm}', chromium="exit 0")
    assert found == f"browser: {tmp_path}/found/bin/chromium, axe: {tmp_path}/found/package/axe.min.js"
    named = looked_for(browsers, tmp_path / "named", npm="exit 1", chromium="exit 1", CHROMIUM="/a", AXE="/b")
    assert named == "browser: /a, axe: /b"


def test_the_workflow_names_the_browser_and_the_axe_that_the_check_looks_for():
    (step,) = [one for one in steps(ROOT / ".github/workflows/ci.yml") if one.get("name") == "Chromium and axe"]
    check = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "playwright install --with-deps chromium" in step["run"]
    for name in ("CHROMIUM=", "AXE="):
        assert f'echo "{name}' in step["run"] and name in check
    versions = re.findall(r"axe-core[@-](\d+\.\d+\.\d+)", step["run"] + check)
    assert len(versions) == 4 and len(set(versions)) == 1


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
    bases = [names[0] for first, *names in words if first == "FROM"]
    assert len(set(bases)) == 1 and re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])
    checked = [place for place, line in enumerate(words) if line[0] == "RUN" and "ecg-bench" in line]
    assert checked and checked[0] > words.index(["USER", "reader"])
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
