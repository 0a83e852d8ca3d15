"""Save and load a training: weights, their average and the optimizer as safetensors, the rest as JSON; no pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from readers.whole_file import whole_file


@dataclass(frozen=True)
class Checkpoint:
    """The number of finished epochs, and the best macro AUROC on fold 9 so far with its epoch."""

    epoch: int = 0
    best_auroc: float = -1.0
    best_epoch: int = 0


def save_checkpoint(
    folder: Path, model: nn.Module, averaged: AveragedModel, optimizer: Optimizer, state: Checkpoint
) -> None:
    """Write the state of a training; a kill at any point leaves the last complete state.

    Each epoch has its own file of tensors; the JSON that names the epoch is replaced last.

    Raises
    ------
    taxonomy.error.StorageError
        When the disk is full or the folder cannot be written.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"averaged.{name}": value for name, value in averaged.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
    _save(_file(folder, state.epoch), tensors)
    if state.best_epoch == state.epoch:
        _save(folder / "best.safetensors", averaged.module.state_dict())
    with whole_file(folder / "state.json") as part:
        part.write_text(json.dumps(asdict(state)), encoding="utf-8")
    _file(folder, state.epoch - 1).unlink(missing_ok=True)


def load_checkpoint(folder: Path, model: nn.Module, averaged: AveragedModel, optimizer: Optimizer) -> Checkpoint:
    """Load the last complete state in ``folder`` into the three, and return it; a fresh one where there is none."""
    path = folder / "state.json"
    if not path.is_file():
        return Checkpoint()
    state = Checkpoint(**json.loads(path.read_text(encoding="utf-8")))
    tensors = load_file(_file(folder, state.epoch))
    model.load_state_dict(tensors_below("model.", tensors))
    averaged.load_state_dict(tensors_below("averaged.", tensors))
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors_below("optimizer.", tensors).items():
        index, _, moment = name.partition(".")
        moments.setdefault(int(index), {})[moment] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return state


def _file(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch:04d}.safetensors"


def _save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    data = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    with whole_file(path) as part:
        part.write_bytes(data)


def tensors_below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with ``prefix``, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
