"""Ctrl-C: only a command that keeps what it has finished says that it resumes."""

import click
import pytest

from bench.cli.main import LazyGroup
from bench.cli.table import (
    COMMANDS,
    DATA_COMMANDS,
    DATASET_COMMANDS,
    EXPERIMENT_COMMANDS,
    RESUMING,
    TRAIN_COMMANDS,
)

from ..command import bench

GROUPS = {"data": DATA_COMMANDS, "dataset": DATASET_COMMANDS, "train": TRAIN_COMMANDS}
NAMES = [name for name in COMMANDS if name not in GROUPS] + [
    f"{group} {name}" for group, table in (*GROUPS.items(), ("experiment", EXPERIMENT_COMMANDS)) for name in table
]


@pytest.mark.parametrize("name", NAMES)
def test_only_a_command_that_resumes_says_so(name, tmp_path, monkeypatch):
    invoke = click.Command.invoke

    def interrupted(command, ctx):
        if isinstance(command, LazyGroup):
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
        if isinstance(command, LazyGroup):
            return make_context(command, name, words, parent, **extra)
        return click.Context(command, info_name=name, parent=parent)

    return made


def test_a_command_of_explain_that_does_not_resume_does_not_say_so(tmp_path, monkeypatch):
    def interrupted(command, ctx):
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.explain.belief.selftest.selftest", lambda methods: interrupted(methods, None))
    done = bench("explain", "selftest", cwd=tmp_path)
    assert (done.returncode, done.stderr.strip()) == (130, "Stopped.")


def test_every_command_that_resumes_is_one():
    assert set(NAMES) >= RESUMING
