"""The weights file: safetensors with the members of the ensemble, and a header that describes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from measurements import VERSION as MEASURING
from readers.head import Heads, Limits, heads_from
from readers.resnet1d.checkpoint import tensors_below
from readers.resnet1d.config import MOST_MEMBERS, TrainingConfig, training_config_from
from readers.resnet1d.network import EcgResNet
from readers.resnet1d.preprocessing import PREPROCESSING
from readers.resnet1d.side import NAMES
from readers.resnet1d.side import VERSION as SIDE_VERSION
from readers.training_target import training_heads
from readers.whole_file import whole_file
from taxonomy.error import BenchError, ReaderError
from taxonomy.outside import outside_json

FORMAT = "ecg-bench resnet1d 3"
FORMATS = frozenset({FORMAT, "ecg-bench resnet1d 2", "ecg-bench resnet1d 1"})
"""Files of the first format do not name the values of their heads, which are those of taxonomy 1.0.0; files of the
second have no limits: their answers are the most probable values."""

LEAST_LIMIT = 1e-6
"""Probabilities are kept to six digits."""

SIDE_INPUTS: Mapping[str, Any] = {"version": SIDE_VERSION, "names": list(NAMES), "measurements": MEASURING}
"""What the side inputs of a file are; weights with others are refused where they use any."""

DESCRIBED = ("config", "preprocessing", "heads", "training")
"""Entries of the header that are JSON objects."""

LIMITS, SIDE = "limits", "side"
"""Entries that files of earlier formats lack."""


@dataclass(frozen=True, eq=False)
class Description:
    """What the header of a weights file says.

    Attributes
    ----------
    config : TrainingConfig
    training : mapping of str to object
        The training, for the model card too.
    heads : mapping of str to tuple of str
        The values of each head, in the order of its outputs.
    limits : mapping of str to mapping of str to float
        Where values are decided (:data:`readers.head.Limits`); without them at the most probable one.
    """

    config: TrainingConfig
    training: Mapping[str, Any]
    heads: Heads = field(default_factory=training_heads)
    limits: Limits = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Ensemble(Description):
    """Networks whose probabilities are averaged.

    Attributes
    ----------
    members : tuple of EcgResNet
        In evaluation mode; each maps leads, float32 (batch, 12, 1000), and side inputs to the logits of all heads.
    """

    members: tuple[EcgResNet, ...] = ()


def save_weights(path: Path, members: Sequence[Path], described: Description) -> None:
    """Write trained members into one file, in half precision.

    Parameters
    ----------
    path : Path
        Replaced whole.
    members : sequence of Path
        ``best.safetensors`` of each member.
    described : Description

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
        "config": json.dumps(described.config.to_json()),
        "preprocessing": json.dumps(PREPROCESSING),
        "heads": json.dumps(described.heads),
        "members": str(len(members)),
        "training": json.dumps(described.training),
        LIMITS: json.dumps(described.limits),
        SIDE: json.dumps(SIDE_INPUTS),
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
    if header.get("format") not in FORMATS:
        raise ReaderError(
            f"{path} is not a weights file of resnet1d: its format is {header.get('format')!r}, not {FORMAT!r}"
        )
    try:
        entries = {name: outside_json(header[name], name) for name in DESCRIBED}
        told, side = (outside_json(header.get(name, "{}"), name) for name in (LIMITS, SIDE))
        config, heads = training_config_from(_object(entries, "config")), heads_from(entries["heads"])
        count, training = int(header["members"]), _object(entries, "training")
        limits = _limits(told, heads)
        if not 1 <= count <= MOST_MEMBERS:
            raise ValueError(f"it names {count} members, not 1 to {MOST_MEMBERS}")
    except KeyError as error:
        raise ReaderError(f"the header of the weights file {path} is invalid: there is no {error}") from error
    except (ValueError, BenchError) as error:
        raise ReaderError(f"the header of the weights file {path} is invalid: {error}") from error
    if entries["preprocessing"] != dict(PREPROCESSING):
        raise ReaderError(f"{path} was trained with different preprocessing; train it again with this version")
    if config.side and side != SIDE_INPUTS:
        told = side if isinstance(side, dict) else {}
        theirs, ours = (
            f"version {str(one.get('version'))[:20]} by measurements {str(one.get('measurements'))[:20]}"
            for one in (told, SIDE_INPUTS)
        )
        raise ReaderError(f"{path} was trained with side inputs of {theirs}, and these are {ours}; train it again")
    members = tuple(_member(path, config, heads, tensors_below(f"{k}.", tensors)) for k in range(count))
    if foreign := [name for name in tensors if name.partition(".")[0] not in {str(k) for k in range(count)}]:
        raise ReaderError(f"the weights file {path} holds a tensor of no member: {foreign[0]!r}")
    return Ensemble(config, training, heads, limits, members)


def _object(entries: Mapping[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(entries[name], dict):
        raise ValueError(f"{name} is no JSON object")
    return dict(entries[name])


def _limits(data: object, heads: Heads) -> Limits:
    """Return checked limits; raises ValueError for others."""
    if not isinstance(data, dict) or not all(isinstance(values, dict) for values in data.values()):
        raise ValueError(f"{LIMITS} is no JSON object of objects")
    for head, values in data.items():
        for value, limit in values.items():
            if value not in heads.get(head, ()):
                raise ValueError(f"there is a limit of {value!r} of {head!r}, and no such output")
            if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not LEAST_LIMIT <= limit <= 1:
                raise ValueError(f"the limit of {value!r} of {head!r} must be {LEAST_LIMIT} to 1, not {limit!r}")
    return data


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as archive:
            return archive.metadata() or {}, {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise ReaderError(f"the weights file {path} does not exist") from None
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise ReaderError(f"the weights file {path} is damaged or not a safetensors file: {error}") from error


def _member(path: Path, config: TrainingConfig, heads: Heads, own: Mapping[str, Tensor]) -> EcgResNet:
    # Without memory of its own the network takes no more than the file has, whatever its configuration says.
    with torch.device("meta"):
        network = EcgResNet(config, heads)
    for name, value in network.state_dict().items():
        if name in own and own[name].is_floating_point() != value.is_floating_point():
            raise ReaderError(
                f"the weights file {path} does not fit its own configuration: {name} is {own[name].dtype}"
            )
    try:
        network.load_state_dict(
            {name: value.float() if value.is_floating_point() else value for name, value in own.items()}, assign=True
        )
    except RuntimeError as error:
        problem = " ".join(str(error).split())[:200]
        raise ReaderError(f"the weights file {path} does not fit its own configuration: {problem}") from error
    for name, value in network.state_dict().items():
        if not torch.isfinite(value).all():
            raise ReaderError(f"the weights file {path} holds values that are not finite")
        if (name.endswith("running_var") and value.min() < 0) or (name.endswith("side.scale") and value.min() <= 0):
            raise ReaderError(f"the weights file {path} holds a spread of {value.min()}, which is none, in {name}")
    return network.eval()
