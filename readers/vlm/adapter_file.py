"""Check the files of an adapter before peft reads them: they may be damaged, or another's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Interval

from readers.setting import checked_settings
from readers.vlm.source import ADAPTER
from taxonomy.error import BenchError, ReaderError
from taxonomy.outside import object_in

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS, MANIFEST = "adapter_model.safetensors", "manifest.json"

_LAYERS = re.compile(r"(\(\?[=!]\.\*\([\w|]+\)\))\.\*\\\.\([\w|\\-]+\)")
"""The form of the expression by which ``bench finetune`` names layers; another could take for ever to match."""

FREE = ("target_modules", "peft_version", "revision", "inference_mode", "auto_mapping")
"""Settings that may differ from peft's defaults, beside those of :class:`AdapterSettings`.

``auto_mapping`` names classes of the base model for a class of peft's that is not used here."""


@dataclass(frozen=True)
class AdapterSettings:
    """What ``bench finetune`` decides about an adapter; everything else stays as peft has it."""

    base_model_name_or_path: str
    r: Annotated[int, Interval(ge=1, le=4096)]
    lora_alpha: Annotated[float, Interval(ge=0, le=65536)]
    lora_dropout: Annotated[float, Interval(ge=0, le=1)] = 0.0
    task_type: str | None = None
    peft_type: str = "LORA"


def checked_adapter(folder: Path) -> str:
    """Return the base model that an adapter names.

    Raises
    ------
    taxonomy.error.ReaderError
        When its configuration is damaged, or sets what ``bench finetune`` leaves at peft's default: some settings of
        peft import modules or take for ever.
    """
    from peft import LoraConfig

    path = folder / ADAPTER
    data = object_in(path, ReaderError)
    own = {name: data[name] for name in data if name in AdapterSettings.__dataclass_fields__}
    try:
        settings = checked_settings(AdapterSettings, own, "its")
    except BenchError as error:
        raise ReaderError(f"{path} is invalid: {error}") from error
    if settings.peft_type != "LORA":
        raise ReaderError(f"{path} is of an adapter of type {settings.peft_type!r}, not 'LORA'")
    _check_layers(path, data.get("target_modules"))
    default = LoraConfig().to_dict()
    for name, value in data.items():
        if name not in own and name not in FREE and name in default and value != default[name]:
            raise ReaderError(f"{path} sets {name} to {value!r}, which no adapter of 'bench finetune' does")
    return settings.base_model_name_or_path


def _check_layers(path: Path, layers: object) -> None:
    listed = isinstance(layers, list) and all(isinstance(name, str) for name in layers)
    if not listed and not (isinstance(layers, str) and (layers == "all-linear" or _LAYERS.fullmatch(layers))):
        raise ReaderError(f"{path} is invalid: target_modules does not name layers: {str(layers)[:100]!r}")


def check_adapter_weights(folder: Path, expected: "Mapping[str, Tensor]") -> None:
    """Check the weights of an adapter against those that it has in its model.

    Raises ReaderError when the file is damaged, tensors are missing, left over or of another shape, or not finite.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / WEIGHTS
    try:
        found = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise ReaderError(f"the weights of the adapter {path} are damaged or no safetensors file: {error}") from error
    if wrong := _first_difference(expected, found):
        raise ReaderError(f"the weights of the adapter {path} do not fit its model: {wrong}")
    for name, value in found.items():
        if not torch.isfinite(value).all():
            raise ReaderError(f"the weights of the adapter {path} hold values that are not finite: {name}")


def _first_difference(expected: "Mapping[str, Tensor]", found: "Mapping[str, Any]") -> str:
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            return f"there is no {name}"
        if name not in expected:
            return f"the model has no {name}"
        if expected[name].shape != found[name].shape:
            return f"{name} has the shape {tuple(found[name].shape)}, not {tuple(expected[name].shape)}"
    return ""
