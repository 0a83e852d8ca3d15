"""The weights file: safetensors with the members of the ensemble, and a header that describes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from readers.head import Heads, heads_from
from readers.resnet1d.checkpoint import tensors_below
from readers.resnet1d.config import TrainingConfig, training_config_from
from readers.resnet1d.network import EcgResNet
from readers.resnet1d.preprocessing import PREPROCESSING
from readers.training_target import training_heads
from readers.whole_file import whole_file
from taxonomy.error import BenchError, ReaderError

FORMAT, FIRST_FORMAT = "ecg-bench resnet1d 2", "ecg-bench resnet1d 1"
"""Files of the first format do not name the values of their heads, which are those of taxonomy 1.0.0."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks whose probabilities are averaged.

    Attributes
    ----------
    members : tuple of EcgResNet
        In evaluation mode; each maps leads, float32 (batch, 12, 1000), to the logits of all heads.
    heads : mapping of str to tuple of str
        The values of each head, in the order of its outputs.
    config : TrainingConfig
    training : mapping of str to object
        The training, as the header describes it.
    """

    members: tuple[EcgResNet, ...]
    heads: Heads
    config: TrainingConfig
    training: Mapping[str, Any]


def save_weights(
    path: Path, members: Sequence[Path], config: TrainingConfig, training: Mapping[str, Any], heads: Heads | None = None
) -> None:
    """Write trained members into one file, in half precision.

    Parameters
    ----------
    path : Path
        Replaced whole.
    members : sequence of Path
        ``best.safetensors`` of each member.
    config : TrainingConfig
    training : mapping of str to object
        JSON data for the header and the model card.
    heads : mapping of str to tuple of str, optional
        The heads of the members; by default those of the current taxonomy.

    Raises
    ------
    taxonomy.error.StorageError
        When the disk is full or the folder cannot be written.
    """
    from safetensors.torch import load_file, save

    tensors: dict[str, Tensor] = {}
    for number, member in enumerate(members):
        for name, value in load_file(member).items():
            tensors[f"{number}.{name}"] = value.half() if value.is_floating_point() else value
    header = {
        "format": FORMAT,
        "config": json.dumps(config.to_json()),
        "preprocessing": json.dumps(PREPROCESSING),
        "heads": json.dumps(heads or training_heads()),
        "members": str(len(members)),
        "training": json.dumps(training),
    }
    with whole_file(path) as part:
        part.write_bytes(save(tensors, metadata=header))


def load_weights(path: Path | None = None) -> Ensemble:
    """Read a weights file, by default the shipped one.

    Raises ReaderError when it is missing, not a safetensors file, or for another network or preprocessing.
    """
    if path is None:
        with as_file(files("readers.resnet1d") / "weights.safetensors") as shipped:
            return load_weights(shipped)
    header, tensors = _read(path)
    if header.get("format") not in {FORMAT, FIRST_FORMAT}:
        raise ReaderError(
            f"{path} is not a weights file of resnet1d: its format is {header.get('format')!r}, not {FORMAT!r}"
        )
    if json.loads(header.get("preprocessing", "null")) != dict(PREPROCESSING):
        raise ReaderError(f"{path} was trained with different preprocessing; train it again with this version")
    try:
        config, heads = training_config_from(json.loads(header["config"])), heads_from(json.loads(header["heads"]))
        count, training = int(header["members"]), json.loads(header["training"])
    except (KeyError, ValueError, BenchError) as error:
        raise ReaderError(f"the header of the weights file {path} is invalid: {error}") from error
    members = tuple(_member(path, EcgResNet(config, heads), tensors_below(f"{k}.", tensors)) for k in range(count))
    return Ensemble(members, heads, config, training)


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as archive:
            return archive.metadata() or {}, {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise ReaderError(f"the weights file {path} does not exist") from None
    except (SafetensorError, OSError) as error:
        raise ReaderError(f"the weights file {path} is damaged or not a safetensors file: {error}") from error


def _member(path: Path, network: EcgResNet, own: Mapping[str, Tensor]) -> EcgResNet:
    try:
        network.load_state_dict({name: v.float() if v.is_floating_point() else v for name, v in own.items()})
    except RuntimeError as error:
        raise ReaderError(f"the weights file {path} does not fit its own configuration: {str(error)[:200]}") from error
    if not all(torch.isfinite(value).all() for value in network.state_dict().values()):
        raise ReaderError(f"the weights file {path} holds values that are not finite")
    return network.eval()
