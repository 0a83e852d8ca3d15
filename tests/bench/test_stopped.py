"""Ctrl-C: only a command that keeps what it has finished says that it resumes."""

import click
import pytest

from bench.cli.table import COMMANDS, DATA_COMMANDS, DATASET_COMMANDS, RESUMING, TRAIN_COMMANDS

from ..command import bench

GROUPS = {"data": DATA_COMMANDS, "dataset": DATASET_COMMANDS, "train": TRAIN_COMMANDS}
NAMES = [name for name in COMMANDS if name not in GROUPS] + [
    f"{group} {name}" for group, table in GROUPS.items() for name in table
]


@pytest.mark.parametrize("name", NAMES)
def test_only_a_command_that_resumes_says_so(name, tmp_path, monkeypatch):
    invoke = click.Command.invoke

    def interrupted(command, ctx):
        if isinstance(command, click.Group):
            return invoke(command, ctx)
        raise KeyboardInterrupt

    monkeypatch.setattr(click.Command, "invoke", interrupted)
    monkeypatch.setattr(click.Command, "make_context", bare(click.Command.make_context))
    done = bench(*name.split(), cwd=tmp_path)
    assert done.returncode == 130
    resumes = "Stopped. What was finished is kept; the same command resumes."
    assert done.stderr.strip() == (resumes if name in RESUMING else "Stopped.")


def bare(make_context):
    """Return a way to begin a command without the options that it needs."""

    def made(command, name, words, parent=None, **extra):
        if isinstance(command, click.Group):
            return make_context(command, name, words, parent, **extra)
        return click.Context(command, info_name=name, parent=parent)

    return made


def test_every_command_that_resumes_is_one():
    assert set(NAMES) >= RESUMING
