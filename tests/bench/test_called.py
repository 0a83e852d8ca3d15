"""One name everywhere: messages, hints, usage and help name the command as it was called."""

import os
import re
import shutil
import sys

import click
import pytest

from bench.cli.called import CalledContext, called_as, named
from bench.cli.main import bench as root
from bench.cli.table import COMMANDS

from ..challenge import write_challenge
from ..command import bench, is_one_sentence

CALLED = [("/usr/bin/ecg-bench", "ecg-bench"), ("/somewhere/bench/__main__.py", "python -m bench"), ("bench", "bench")]

by_name = pytest.mark.parametrize(("program", "name"), CALLED)


@by_name
def test_a_quoted_command_is_named_as_it_was_called_and_nothing_else_is(monkeypatch, program, name):
    monkeypatch.setattr(sys, "argv", [program])
    assert named("'bench run' or 'bench\n  score RUN'") == f"'{name} run' or '{name}\n  score RUN'"
    left = "the bench is 'bench', 'bench press' and 'my bench run'; workbench run"
    assert named(left) == left
    assert named(named("'bench run'")) == f"'{name} run'"


def test_a_program_without_a_name_is_called_as_the_module(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["-c"])
    assert called_as() == "python -m bench"


@by_name
@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["score", "nowhere"], None),
        (["list", "."], "run"),
        (["run", "--reader", "human:ann"], "read-blind --as"),
        (["leaderboard", "--results", "."], "submit"),
        (["run", "--reader", "majority", "--data", "ptbxl:nowhere"], "data fetch"),
    ],
)
def test_an_error_of_any_layer_names_the_command(tmp_path, program, name, words, command):
    done = bench(*words, cwd=tmp_path, program=program, PTBXL_DIR="")
    assert is_one_sentence(done, f"'{name} {command}" if command else "nowhere")


@by_name
def test_usage_and_its_hint_name_the_command(tmp_path, program, name):
    done = bench("run", "--nothing", cwd=tmp_path, program=program)
    assert done.stderr.startswith(f"Usage: {name} run [OPTIONS]\nTry '{name} run --help' for help.\n")
    done = bench("explain", cwd=tmp_path, program=program)
    assert f"('{name} readers' lists them)" in done.stderr


@by_name
def test_what_is_printed_at_the_end_of_a_run_names_the_command(tmp_path, program, name):
    assert bench("run", "--reader", "majority", "--limit", "5", cwd=tmp_path, program=program).returncode == 0
    (folder,) = (tmp_path / "runs").iterdir()
    done = bench("run", "--reader", "majority", "--limit", "5", "--shard", "0/2", cwd=tmp_path, program=program)
    assert done.returncode in {0, 2}
    assert "'bench" not in (folder / "report.md").read_text()
    assert name == "bench" or "'bench " not in done.stdout + done.stderr


def commands(command=root, path=()):
    """Return the words of every command, groups and the experiments' own among them."""
    found = [path]
    if isinstance(command, click.Group):
        context = CalledContext(command)
        for name in command.list_commands(context):
            found += commands(command.get_command(context, name), (*path, name))
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_help_of_every_command_fits_80_columns_and_names_commands_as_called(tmp_path, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "80")
    for program, name in CALLED[:2]:
        done = bench(*words, "--help", cwd=tmp_path, program=program)
        assert done.returncode == 0 and done.stdout.startswith(f"Usage: {name}{''.join(f' {one}' for one in words)} ")
        assert max(map(len, done.stdout.splitlines())) <= 80
        said = " ".join(done.stdout.split()).replace(name, "*")
        said = re.sub(r"accelerate launch .{0,40}?-m bench", "*", said)
        assert not re.search(rf"(?<!-)\bbench (?:{'|'.join(COMMANDS)})\b", said)


def test_an_example_that_is_long_goes_on_in_another_line_that_a_shell_takes(tmp_path):
    said = bench("run", "--help", cwd=tmp_path, program="/usr/bin/ecg-bench", COLUMNS="80").stdout
    lines = said.partition("Examples:\n")[2].partition("\n\n")[0].replace(" \\\n       ", "")
    (shown,) = [line.strip() for line in lines.splitlines() if "--images" in line]
    assert shown == "ecg-bench run --reader openai:gpt-5.4 --images scans --labels scans.csv --max-cost 20"


def test_help_takes_more_of_a_wider_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_: os.terminal_size((200, 24)))
    said = bench("run", "--help", cwd=tmp_path).stdout
    assert 80 < max(map(len, said.splitlines())) <= 100


@by_name
def test_what_a_dataset_tells_of_itself_names_the_command(tmp_path, program, name):
    write_challenge(tmp_path / "data" / "georgia" / "E00001.hea")
    (tmp_path / "data" / "georgia" / "E00002.hea").write_text("no header")
    done = bench("data", "info", "--data", "challenge:data", cwd=tmp_path, program=program)
    assert done.returncode == 0, done.stderr
    assert f"'{name} data verify' lists them" in " ".join(done.stdout.split())
