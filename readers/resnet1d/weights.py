"""The weights file: safetensors with the members of the ensemble, and a header that says what they are."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from readers.resnet1d.config import Config, config_from
from readers.resnet1d.network import EcgResNet
from readers.resnet1d.preprocessing import PREPROCESSING
from readers.training_target import HEADS
from taxonomy.error import ReaderError

FORMAT = "ecg-bench resnet1d 1"


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks whose probabilities are averaged.

    Attributes
    ----------
    members : tuple of EcgResNet
        In evaluation mode.
    config : Config
    training : mapping of str to object
        What they were trained on, as the file says.
    """

    members: tuple[EcgResNet, ...]
    config: Config
    training: Mapping[str, Any]


def shipped_digest() -> str:
    """Return the SHA-256 of the shipped weights, 16 hex digits, without importing torch's loader."""
    return hashlib.sha256((files("readers.resnet1d") / "weights.safetensors").read_bytes()).hexdigest()[:16]


def save_weights(path: Path, members: Sequence[Path], config: Config, training: Mapping[str, Any]) -> None:
    """Write trained members into one file, in half precision.

    Parameters
    ----------
    path : Path
        Replaced whole.
    members : sequence of Path
        ``best.safetensors`` of each member.
    config : Config
    training : mapping of str to object
        JSON data for the header and the model card.
    """
    from safetensors.torch import load_file, save_file

    tensors: dict[str, Tensor] = {}
    for number, member in enumerate(members):
        for name, value in load_file(member).items():
            tensors[f"{number}.{name}"] = value.half() if value.is_floating_point() else value
    header = {
        "format": FORMAT,
        "config": json.dumps(config.to_json()),
        "preprocessing": json.dumps(PREPROCESSING),
        "heads": json.dumps(HEADS),
        "members": str(len(members)),
        "training": json.dumps(training),
    }
    temporary = path.with_suffix(".part")
    save_file(tensors, temporary, metadata=header)
    temporary.chmod(0o644)
    temporary.replace(path)


def load_weights(path: Path | None = None) -> Ensemble:
    """Read a weights file, the shipped one when none is named.

    Raises
    ------
    ReaderError
        When it is missing, is no safetensors file, or belongs to another network, preprocessing or set of heads.
    """
    if path is None:
        with as_file(files("readers.resnet1d") / "weights.safetensors") as shipped:
            return load_weights(shipped)
    header, tensors = _read(path)
    if header.get("format") != FORMAT:
        raise ReaderError(
            f"{path} is not a weights file of resnet1d: its format is {header.get('format')!r}, not {FORMAT!r}"
        )
    for part, expected in (("preprocessing", PREPROCESSING), ("heads", HEADS)):
        if json.loads(header.get(part, "null")) != dict(expected):
            raise ReaderError(f"{path} was trained with other {part} than this version has; train it again")
    config = config_from(json.loads(header["config"]))
    members = tuple(_member(path, config, tensors, number) for number in range(int(header["members"])))
    return Ensemble(members, config, json.loads(header["training"]))


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as archive:
            return archive.metadata() or {}, {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise ReaderError(f"the weights file {path} does not exist") from None
    except (SafetensorError, OSError) as error:
        raise ReaderError(f"the weights file {path} is damaged or no safetensors file: {error}") from error


def _member(path: Path, config: Config, tensors: Mapping[str, Tensor], number: int) -> EcgResNet:
    network = EcgResNet(config)
    prefix = f"{number}."
    own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    try:
        network.load_state_dict({name: v.float() if v.is_floating_point() else v for name, v in own.items()})
    except RuntimeError as error:
        raise ReaderError(f"the weights file {path} does not fit its own configuration: {str(error)[:200]}") from error
    if not all(torch.isfinite(value).all() for value in network.state_dict().values()):
        raise ReaderError(f"the weights file {path} holds values that are not finite")
    return network.eval()
