"""The experiments, each read from a TOML file in ``configs``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from taxonomy.error import unknown_name

ALL = "all"


@dataclass(frozen=True)
class Arm:
    """One model of an experiment.

    Attributes
    ----------
    name : str
    task : mapping
        Differences of its fine-tuning from ``bench finetune``'s defaults; None for the untaught model.
    options : mapping of str to str
        Options of its reader.
    """

    name: str
    task: Mapping[str, Any] | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """One experiment.

    Attributes
    ----------
    name, question : str
    order : int
        Position among the experiments.
    arms : tuple of Arm
    """

    name: str
    question: str
    order: int
    arms: tuple[Arm, ...]


@cache
def experiments() -> Mapping[str, Experiment]:
    """Return every experiment by name, in order."""
    listed = []
    for file in (files("bench.experiment") / "configs").iterdir():
        if file.name.endswith(".toml"):
            data = tomllib.loads(file.read_text(encoding="utf-8"))
            arms = tuple(Arm(**arm) for arm in data["arm"])
            listed.append(Experiment(file.name.removesuffix(".toml"), data["question"], data["order"], arms))
    return {experiment.name: experiment for experiment in sorted(listed, key=lambda experiment: experiment.order)}


def experiments_named(name: str) -> tuple[Experiment, ...]:
    """Return the experiment of that name, or all of them.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is none; the message lists them and the nearest match.
    """
    if name == ALL:
        return tuple(experiments().values())
    if name not in experiments():
        raise unknown_name("experiment", name, [*experiments(), ALL])
    return (experiments()[name],)
