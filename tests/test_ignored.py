"""What the pages' commands make in a clone is ignored by git: nobody commits a run, or a page with recordings."""

import re
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import click
import pytest

from bench.cli.main import bench as root

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

FENCE = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MADE = {("dataset", "export"): 0, ("site",): 0}
"""Commands whose first argument is the folder that they make."""

OPTIONS = ("--out", "--export")


def commands(command=root, path=()):
    """Return every command by its words."""
    found = {} if isinstance(command, click.Group) else {path: command}
    for name in getattr(command, "list_commands", lambda context: [])(None):
        found |= commands(command.get_command(click.Context(command), name), (*path, name))
    return found


def shown(page):
    """Return every line of a page's shell blocks, continued lines joined."""
    text = "".join(FENCE.findall(page.read_text(encoding="utf-8")))
    return text.replace("\\\n", " ").splitlines()


def made(line):
    """Return the folders that a line makes."""
    words = shlex.split(line, comments=True)
    found = [after for word, after in pairwise(words) if word in OPTIONS or (word == "venv" and "-m" in words)]
    for place, word in enumerate(words):
        for path, argument in MADE.items() if word in {"bench", "ecg-bench"} else ():
            if tuple(words[place + 1 : place + 1 + len(path)]) == path:
                found.append(words[place + 1 + len(path) + argument])
    return found


def in_the_clone(folders):
    return sorted({folder for folder in folders if not folder.startswith(("~", "/", "$", "http"))})


def defaults():
    """Return the folders that commands make where none is named."""
    outs = [one.default for command in commands().values() for one in command.params if one.opts[0] in OPTIONS]
    return in_the_clone(str(out) for out in outs if isinstance(out, Path))


NAMED = in_the_clone(folder for page in PAGES for line in shown(page) for folder in made(line))


def is_ignored(folder):
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    return subprocess.run(["git", "-C", ROOT, "check-ignore", "-q", f"{folder}/any"], check=False).returncode == 0


def test_the_pages_name_what_they_are_known_to_make():
    assert {".venv", "pages", "public", "comparison", "adapters/flat", "pictures"} <= set(NAMED)
    assert {"runs", "calls", "prompt", "training", "experiments"} <= set(defaults())


@pytest.mark.parametrize("folder", NAMED)
def test_what_a_page_makes_is_ignored(folder):
    assert is_ignored(folder)


@pytest.mark.parametrize("folder", defaults())
def test_what_a_command_makes_unless_told_otherwise_is_ignored(folder):
    assert is_ignored(folder)


def test_a_folder_of_the_project_is_not_ignored():
    assert not is_ignored("readers") and not is_ignored("results")
