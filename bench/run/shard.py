"""Shards: a run that several processes ask, on one machine or many, each its own part of the questions."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.view import Question, QuestionKey
from taxonomy.error import SettingError

AUTO = "auto"

_WRITTEN = re.compile(r"(\d{1,6})/(\d{1,6})", re.ASCII)

RANK = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
"""Variables that torchrun and accelerate set for each process that they start."""

ARRAY = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN")
"""Variables that Slurm sets for each task of an array; SLURM_ARRAY_TASK_STEP beside them where it is not 1."""


@dataclass(frozen=True)
class Shard:
    """One of several parts of a run: every N-th record in the order in which they are asked.

    No setting of the run: all its shards, and a process that asks everything, work on one run and in one folder.

    Attributes
    ----------
    index : int
        From 0.
    of : int
        Number of shards.

    Raises
    ------
    SettingError
        When there is no such shard.
    """

    index: int
    of: int

    def __post_init__(self) -> None:
        if self.of < 1 or not 0 <= self.index < self.of:
            many = f": of {self.of} shards the first is 0/{self.of} and the last {self.of - 1}/{self.of}"
            raise SettingError(f"there is no shard {self}{many if self.of > 0 else ''}")

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    @property
    def file(self) -> str:
        """Name of the file that its readings are appended to."""
        return f"readings-{self.index}.jsonl"

    @property
    def lock(self) -> str:
        """Name of the file by which a process holds it."""
        return f".lock-{self.index}"

    def part(self, questions: Sequence[Question]) -> list[Question]:
        """Return the shard's own of all questions of a run in the order asked; a record's repeats stay together."""
        places = shares(questions, self.of)
        return [question for question in questions if places[question.key] == self.index]


def check_fits(shard: Shard, records: int) -> None:
    """Raise SettingError when a run has fewer records than shards: some of them would have nothing to ask."""
    if shard.of > records:
        raise SettingError(
            f"--shard {shard} divides {records:,} records into {shard.of:,} shards, and no shard may be without one: "
            f"divide them into {records:,} or fewer"
        )


def shares(questions: Sequence[Question], of: int) -> Mapping[QuestionKey, int]:
    """Return in which of so many shards each of a run's questions lies, by their order."""
    places = {ecg_id: place for place, ecg_id in enumerate(dict.fromkeys(one.record.ecg_id for one in questions))}
    return {question.key: places[question.record.ecg_id] % of for question in questions}


def shard_named(written: str, environment: Mapping[str, str] = os.environ) -> Shard:
    """Return the shard that ``--shard`` names, or that the launcher of this process tells.

    Parameters
    ----------
    written : str
        ``i/N``, or ``auto``.
    environment : mapping of str to str

    Raises
    ------
    SettingError
        When it is neither, there is no such shard, or no launcher tells one.
    """
    if written == AUTO:
        found = launched_shard(environment) or _array_shard(environment)
        if found is None:
            raise SettingError(
                f"--shard auto finds no launcher: torchrun and accelerate set {', '.join(RANK)}, a Slurm array sets "
                f"{ARRAY[0]}; else name the shard, as in --shard 0/4"
            )
        return found
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise SettingError(f"--shard takes i/N, such as 0/4 for the first of four, or auto, not {written!r}")
    return Shard(int(match[1]), int(match[2]))


def launched_shard(environment: Mapping[str, str] = os.environ) -> Shard | None:
    """Return the shard of a process that torchrun or accelerate started beside others, None for any other.

    Such processes are all given the same command, and can but share its work. The tasks of a Slurm array often run
    different commands, so that they take a shard only when they are told to (``--shard auto``).
    """
    if any(name not in environment for name in RANK):
        return None
    rank, size, _ = (_number(environment, name) for name in RANK)
    return Shard(rank, size) if size > 1 else None


def own_device(environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """Return the variables that keep a process of torchrun or accelerate to the one GPU that is its own.

    Each sees its GPU alone, as ``cuda:0``: a reader needs to know nothing of it, and all shards describe the same run.
    """
    if launched_shard(environment) is None:
        return {}
    seen = [name for name in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    local = _number(environment, RANK[2])
    if "CUDA_VISIBLE_DEVICES" not in environment:
        return {"CUDA_VISIBLE_DEVICES": str(local)}
    return {"CUDA_VISIBLE_DEVICES": seen[local]} if local < len(seen) > 1 else {}


def _array_shard(environment: Mapping[str, str]) -> Shard | None:
    """Return the shard of a task of a Slurm array, whose numbers may begin anywhere and go by steps."""
    if any(name not in environment for name in ARRAY):
        return None
    task, count, first = (_number(environment, name) for name in ARRAY)
    step = max(1, _number(environment, "SLURM_ARRAY_TASK_STEP")) if "SLURM_ARRAY_TASK_STEP" in environment else 1
    place, rest = divmod(task - first, step)
    if rest or not 0 <= place < count:
        raise SettingError(
            f"--shard auto takes an array whose numbers go by equal steps, such as --array=0-{max(1, count) - 1}: task "
            f"{task} of {count} from {first} by {step} is in none; else name the shard, as in --shard 0/{max(1, count)}"
        )
    return Shard(place, count)


def _number(environment: Mapping[str, str], name: str) -> int:
    written = environment[name]
    if not (written.isascii() and written.isdecimal()):
        raise SettingError(f"the environment says {name}={written!r}, which is no whole number from 0 up: mend it")
    return int(written)
