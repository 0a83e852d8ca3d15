"""What each experiment does: a TOML file each, in ``configs``."""

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
        What it is taught, where it differs from ``bench finetune``'s defaults; None when it is asked untaught.
    options : mapping of str to str
        How it is asked.
    """

    name: str
    task: Mapping[str, Any] | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """One of the seven.

    Attributes
    ----------
    name, question : str
    order : int
        Its place among them.
    arms : tuple of Arm
    """

    name: str
    question: str
    order: int
    arms: tuple[Arm, ...]


@cache
def experiments() -> Mapping[str, Experiment]:
    """Return every experiment by name, in order."""
    folder = files("bench.experiment") / "configs"
    found = []
    for item in folder.iterdir():
        if item.name.endswith(".toml"):
            data = tomllib.loads(item.read_text(encoding="utf-8"))
            arms = tuple(Arm(**arm) for arm in data["arm"])
            found.append(Experiment(item.name.removesuffix(".toml"), data["question"], data["order"], arms))
    return {one.name: one for one in sorted(found, key=lambda one: one.order)}


def experiments_named(name: str) -> tuple[Experiment, ...]:
    """Return the experiment of that name, or all of them.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is none; the message lists them and the nearest match.
    """
    known = experiments()
    if name == ALL:
        return tuple(known.values())
    if name not in known:
        raise unknown_name("experiment", name, [*known, ALL])
    return (known[name],)
