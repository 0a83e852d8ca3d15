"""The tutorial: its commands work in an empty folder, and the figures that it names are those that are printed."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What each command of the tutorial prints, by its words; installing and asking a model behind an API apart."""
    folder, found = tmp_path_factory.mktemp("newcomer"), {}
    env = {name: value for name, value in os.environ.items() if name != "PTBXL_DIR"} | {"PYTHONPATH": str(ROOT)}
    blocks = re.findall(r"^```sh\n(.*?)^```$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for line in "".join(blocks).splitlines():
        if not line.startswith("python -m bench "):
            continue
        words = shlex.split(line.removeprefix("python -m bench "))
        files = [one for word in words for one in (sorted(map(str, folder.glob(word))) if "*" in word else [word])]
        command = [sys.executable, "-m", "bench", *files]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stderr)
        found[" ".join(words)] = done.stdout
    return folder, found


def printed(said, *words):
    (found,) = [text for line, text in said[1].items() if all(word in line.split() for word in words)]
    return found


def share(text, axis):
    return re.search(rf"^ {axis} +\d+ +([\d.]+)%", text, re.MULTILINE)[1]


def test_its_figures_are_those_that_its_commands_print(said):
    page = TUTORIAL.read_text(encoding="utf-8")
    majority = printed(said, "run", "majority")
    assert (share(majority, "axis"), share(majority, "rhythm")) == ("95.0", "90.0")
    assert "95% on the electrical axis, 90% on the rhythm" in page
    assert len(re.findall(r"nothing shown *$", majority, re.MULTILINE)) == 10
    measured = printed(said, "run", "measurements")
    (mean,) = re.findall(r"mean kappa (\d\.\d\d \[.*?\])", measured)
    assert f"Its mean kappa is {mean}." in page
    assert share(measured, "rate") == share(measured, "axis") == "100.0"


def test_its_verdict_is_the_one_that_the_ablation_gives(said):
    verdicts = re.findall(
        r"^(?:rate|rhythm|axis|conduction|diagnosis) .*?-  (.*?);", printed(said, "ablate"), re.MULTILINE
    )
    assert len(verdicts) == 5 and set(verdicts) == {"follows the numbers"}


def test_its_files_are_where_it_says(said):
    folder, _ = said
    assert {path.name for path in folder.iterdir()} == {"runs", "prompt", "pictures"}
    assert list((folder / "pictures").glob("*.png")) and list((folder / "prompt").glob("*.png"))
    assert "nothing was sent" in printed(said, "--dry-run")
