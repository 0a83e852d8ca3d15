"""The checkpoints of a fine-tuning: which are whole, and what to do with one that is not."""

import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.finetune.setup import CHECKPOINTS
from readers.vlm.adapter_file import WEIGHTS

STATE = "trainer_state.json"
OPTIMIZER = "optimizer.pt"
SET_ASIDE = "damaged-"
"""Prefix of a folder that is no longer taken for a checkpoint."""


def last_checkpoint(out: Path) -> Path | None:
    """Return the last complete checkpoint, None without any; the trainer writes its state last."""
    for path in _checkpoints(out):
        with suppress(OSError, ValueError):
            trainer_state(path)
            return path
    return None


def trainer_state(checkpoint: Path) -> dict[str, Any]:
    """Return the trainer's state in a checkpoint.

    Raises
    ------
    ValueError
        When it is damaged.
    OSError
        When it cannot be read.
    """
    # Not by taxonomy.outside: a loss or a gradient's norm may be NaN.
    try:
        data = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{STATE} is too deep") from error
    if not isinstance(data, dict) or not isinstance(data.get("global_step"), int):
        raise ValueError(f"{STATE} names no step")
    if not isinstance(data.get("log_history"), list) or not all(isinstance(one, dict) for one in data["log_history"]):
        raise ValueError(f"{STATE} has no history")
    return data


def set_damaged_aside(out: Path, say: Callable[[str], None]) -> None:
    """Rename each finished checkpoint that is damaged, or whose best one is, and say so.

    A folder without a trainer's state is one that a kill left unfinished, and is not counted.
    """
    finished = [path for path in _checkpoints(out) if (path / STATE).is_file()]
    problems = {path: _damage(path) for path in finished}
    whole = {path.name for path, problem in problems.items() if problem is None}
    for path in finished:
        problem = problems[path]
        if problem is None and (best := _best(path)) not in {None, *whole}:
            problem = f"its best checkpoint, {best}, is not whole"
        if problem is not None:
            path.rename(_free(path.with_name(SET_ASIDE + path.name)))
            kept = last_checkpoint(out)
            goes_on = f"goes on from {kept.name}" if kept else "begins again"
            say(f"{path.name} is damaged ({problem}): set aside, the fine-tuning {goes_on}")


def _checkpoints(out: Path) -> list[Path]:
    """Return the folders of the checkpoints, the last first."""
    found = [path for path in (out / CHECKPOINTS).glob("checkpoint-*") if path.name[len("checkpoint-") :].isdecimal()]
    return sorted(found, key=lambda path: int(path.name[len("checkpoint-") :]), reverse=True)


def _damage(checkpoint: Path) -> str | None:
    """Return what is wrong with a finished checkpoint; None when nothing is."""
    from safetensors import SafetensorError, safe_open

    try:
        trainer_state(checkpoint)
        with safe_open(checkpoint / WEIGHTS, framework="pt") as archive:
            archive.keys()
        for path in [checkpoint / OPTIMIZER, *checkpoint.glob("*.pt"), *checkpoint.glob("*.pth")]:
            with zipfile.ZipFile(path) as archive_of_torch:  # compares checksums and unpickles nothing
                if torn := archive_of_torch.testzip():
                    return f"{path.name} is torn at {torn}"
    except (OSError, ValueError, SafetensorError, zipfile.BadZipFile) as error:
        return " ".join(str(error).split())[:150]
    return None


def _best(checkpoint: Path) -> str | None:
    """Return the name of the best checkpoint that a whole one refers to."""
    named = trainer_state(checkpoint).get("best_model_checkpoint")
    return Path(named).name if isinstance(named, str) else None


def _free(path: Path) -> Path:
    """Return the path, with a number if something has its name."""
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"{path.name.partition('.')[0]}.{number}")
    return path
