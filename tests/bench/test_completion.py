"""Completion in a real bash, quick and of names that exist."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from bench.cli import completing
from bench.cli.main import bench as root
from bench.cli.table import COMMANDS, DATA_COMMANDS
from bench.dataset.opening import DATASET_GROUP
from bench.view.condition import CONDITIONS
from readers.registry import installed_readers
from renderers import RENDERERS
from taxonomy.axis import AXIS_NAMES
from taxonomy.plugin import installed
from taxonomy.target import FORMATS

from ..command import bench
from .test_front_door import HEAVY

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


def test_the_names_that_are_held_for_speed_are_those_of_the_code():
    assert tuple(CONDITIONS) == completing.CONDITIONS
    assert tuple(RENDERERS) == completing.RENDERERS
    assert set(FORMATS) == set(completing.FORMATS)


@pytest.fixture
def place(tmp_path):
    """A folder with the command, two runs and what is none."""
    program = tmp_path / "bin" / "ecg-bench"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; sys.argv[0] = \'ecg-bench\'; '
                       'from bench.__main__ import main; main()" "$@"\n')  # fmt: skip
    program.chmod(0o755)
    for name in ("majority-a", "resnet1d-b"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "manifest.json").write_text("{}")
    (tmp_path / "runs" / "nothing").mkdir()
    return tmp_path


def completed(place, line):
    """Return what bash offers at the end of a line, after what 'bench completion bash' prints."""
    words = line.split(" ")
    script = (
        "source <(ecg-bench completion bash)\n"
        'read -r -a parts <<< "$(complete -p ecg-bench)"\n'
        'while [[ ${parts[0]} != -F ]]; do parts=("${parts[@]:1}"); done\n'
        f"COMP_WORDS=({' '.join(words)}{' ' + repr('') if not words[-1] else ''})\n"
        f"COMP_CWORD={len(words) - 1}\nCOMPREPLY=()\ncompopt() {{ :; }}\n"
        '"${parts[1]}" ecg-bench\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=place, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{place / 'bin'}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.split()


@needs_bash
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ecg-bench ", list(COMMANDS)),
        ("ecg-bench ru", ["run"]),
        ("ecg-bench data ", list(DATA_COMMANDS)),
        ("ecg-bench run --reader m", ["majority", "measurements"]),
        ("ecg-bench run --renderer clean,s", ["clean,stacked"]),
        ("ecg-bench run --data pha", ["phantoms"]),
        ("ecg-bench run --condition crossed-", ["crossed-2", "crossed-3", "crossed-4", "crossed-5"]),
        ("ecg-bench run --split fold1", ["fold1", "fold10"]),
        ("ecg-bench run --reader majority --format sp", ["sparse"]),
        ("ecg-bench compare a b --flips rh", ["rhythm"]),
        ("ecg-bench score ", ["runs/majority-a", "runs/resnet1d-b"]),
        ("ecg-bench score runs/re", ["runs/resnet1d-b"]),
        ("ecg-bench view ./runs/ma", ["runs/majority-a"]),
        ("ecg-bench completion ", ["bash", "zsh", "fish"]),
        ("ecg-bench leaderboard --ch", ["--check"]),
        ("ecg-bench run --engine r", ["ray"]),
    ],
)
def test_bash_completes(place, line, offered):
    assert completed(place, line) == offered


@needs_bash
def test_every_reader_and_axis_is_offered(place):
    assert completed(place, "ecg-bench run --reader ") == list(installed_readers())
    assert completed(place, "ecg-bench compare a b --flips ") == list(AXIS_NAMES)
    assert completed(place, "ecg-bench run --data ") == list(installed(DATASET_GROUP, "dataset"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_the_installed_command(tmp_path, shell):
    done = bench("completion", shell, cwd=tmp_path)
    assert done.returncode == 0 and f"_ECG_BENCH_COMPLETE={shell}_complete" in done.stdout
    assert re.search(r"\becg-bench\b", done.stdout)
    program = shutil.which(shell)
    if program and shell != "fish":
        subprocess.run([program, "-n"], input=done.stdout, text=True, check=True)


@pytest.mark.parametrize(
    "line",
    [
        "ecg-bench ",
        "ecg-bench run --reader ",
        "ecg-bench run --renderer ",
        "ecg-bench score ",
        "ecg-bench data info --",
    ],
)
def test_completing_imports_nothing_heavy(tmp_path, line):
    words = line.split(" ")
    environment = {
        **os.environ,
        "_ECG_BENCH_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    command = [sys.executable, "-X", "importtime", "-m", "bench"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout
    found = {one.rpartition("|")[2].strip().partition(".")[0] for one in done.stderr.splitlines()}
    assert found.isdisjoint(HEAVY | {"rich"})


def options(command):
    """Return the options of a command and of those below it, by name."""
    found = {}
    for name in getattr(command, "list_commands", lambda context: [])(None):
        found |= options(command.get_command(None, name))
    return found | {(command.name, one.opts[0]): one for one in command.params}


def test_every_option_that_takes_a_reader_a_dataset_or_a_renderer_is_completed():
    completes = {"--reader", "--renderer", "--condition", "--flips"}
    named = {key: one for key, one in options(root).items() if key[1] in completes}
    assert len(named) > 20
    assert not [key for key, one in named.items() if one._custom_shell_complete is None]
