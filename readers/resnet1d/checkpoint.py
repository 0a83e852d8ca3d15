"""Save and load a training: weights, their average and the optimizer as safetensors with a header; no pickle."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from readers.setting import checked_settings
from readers.whole_file import whole_file
from taxonomy.error import BenchError
from taxonomy.outside import outside_object

STATE = "state"
"""Entry of a file's metadata that holds its :class:`Checkpoint`."""

KEPT = 2
"""Checkpoints that are kept: should the last be damaged, the training goes on from the one before."""

BEST = "best.safetensors"

SCALED = ("scale", "_growth_tracker")
"""What a GradScaler changes as it goes; the rest of its state are its settings."""

_NAMED = re.compile(r"epoch-(\d+)\.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """The number of finished epochs, and the best macro AUROC on fold 9 so far with its epoch."""

    epoch: int = 0
    best_auroc: float = -1.0
    best_epoch: int = 0


@dataclass(frozen=True, eq=False)
class Trained:
    """What a checkpoint holds the state of.

    Attributes
    ----------
    model : torch.nn.Module
    averaged : AveragedModel
    optimizer : Optimizer
    scaler : GradScaler or None
        Of the loss, in fp16 alone.
    """

    model: nn.Module
    averaged: AveragedModel
    optimizer: Optimizer
    scaler: GradScaler | None = None


def save_checkpoint(folder: Path, trained: Trained, state: Checkpoint) -> None:
    """Write the state of a training; a kill at any point leaves the last complete state.

    Each epoch has a file of its own, which is complete when it has its name.

    Raises
    ------
    taxonomy.error.StorageError
        When the disk is full or the folder cannot be written.
    """
    if state.best_epoch == state.epoch:
        _save(folder / BEST, trained.averaged.module.state_dict())
    tensors = {f"model.{name}": value for name, value in trained.model.state_dict().items()}
    tensors |= {f"averaged.{name}": value for name, value in trained.averaged.state_dict().items()}
    for index, moments in trained.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
    if trained.scaler:
        now = trained.scaler.state_dict()
        tensors |= {f"scaler.{name}": torch.tensor(now[name], dtype=torch.float64) for name in SCALED}
    _save(folder / f"epoch-{state.epoch:04d}.safetensors", tensors, {STATE: json.dumps(asdict(state))})
    for path in _checkpoints(folder)[KEPT:]:
        path.unlink(missing_ok=True)


def load_checkpoint(folder: Path, trained: Trained, say: Callable[[str], None]) -> Checkpoint:
    """Load the last whole state in ``folder``, and return it; a fresh one where there is none.

    Damaged files are set aside as ``NAME.damaged``, and ``say`` is told.
    """
    if not _checkpoints(folder):
        return Checkpoint()
    try:
        load_file(folder / BEST)
    except _DAMAGED as error:
        # The best epoch may be long gone; only a training from the beginning finds it again.
        for path in (folder / BEST, *_checkpoints(folder)):
            _set_aside(path)
        say(f"{folder / BEST} cannot be read ({_first_words(error)}): set aside, the training begins again")
        return Checkpoint()
    for path in _checkpoints(folder):
        try:
            return _loaded(path, trained)
        except _DAMAGED as error:
            _set_aside(path)
            before = "goes on from the checkpoint before" if _checkpoints(folder) else "begins again"
            say(f"{path} cannot be read ({_first_words(error)}): set aside, the training {before}")
    return Checkpoint()


_DAMAGED = (SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError, BenchError)
"""What reading a damaged checkpoint raises."""


def _first_words(error: Exception) -> str:
    """Return the beginning of an error's message, on one line."""
    return " ".join(str(error).split())[:100] or type(error).__name__


def _loaded(path: Path, trained: Trained) -> Checkpoint:
    with safe_open(path, framework="pt") as archive:
        state = checked_settings(Checkpoint, outside_object((archive.metadata() or {})[STATE], "its state"))
    tensors = load_file(path)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors_below("optimizer.", tensors).items():
        index, _, moment = name.partition(".")
        moments.setdefault(int(index), {})[moment] = value
    model, averaged = tensors_below("model.", tensors), tensors_below("averaged.", tensors)
    scaling = tensors_below("scaler.", tensors)
    if scaling:
        _check_same(scaling, {name: torch.zeros(()) for name in SCALED})
    # All of it is checked before any of it is loaded, so that a training that begins again begins afresh.
    _check_same(model, trained.model.state_dict())
    _check_same(averaged, trained.averaged.state_dict())
    _check_moments(moments, trained)
    trained.model.load_state_dict(model)
    trained.averaged.load_state_dict(averaged)
    trained.optimizer.load_state_dict({**trained.optimizer.state_dict(), "state": moments})
    if trained.scaler and scaling:
        found = {"scale": float(scaling["scale"]), "_growth_tracker": int(scaling["_growth_tracker"])}
        trained.scaler.load_state_dict({**trained.scaler.state_dict(), **found})
    return state


def _check_same(found: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    for name in sorted(found.keys() ^ own.keys()):
        raise ValueError(f"there is no {name}" if name in own else f"{name} belongs to nothing")
    for name, value in found.items():
        if value.shape != own[name].shape:
            raise ValueError(f"{name} has the shape {tuple(value.shape)}, not {tuple(own[name].shape)}")


def _check_moments(moments: Mapping[int, Mapping[str, Tensor]], trained: Trained) -> None:
    weights = list(trained.model.parameters())
    if moments.keys() != set(range(len(weights))):
        raise ValueError(f"the optimizer has moments of {len(moments)} tensors, not of {len(weights)}")
    for index, own in moments.items():
        shaped = {"step": torch.zeros(()), "exp_avg": weights[index], "exp_avg_sq": weights[index]}
        _check_same(own, shaped)


def _checkpoints(folder: Path) -> list[Path]:
    """Return the files of the epochs, the last first."""
    return sorted((path for path in folder.glob("epoch-*") if _NAMED.fullmatch(path.name)), reverse=True)


def _set_aside(path: Path) -> None:
    if path.exists():
        path.replace(path.with_name(path.name + ".damaged"))


def _save(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    data = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, metadata)
    with whole_file(path) as part:
        part.write_bytes(data)


def tensors_below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with ``prefix``, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
