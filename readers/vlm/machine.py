"""The device and precision that a model's options come to on this machine, and the packages that decide its answers."""

import importlib.util
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from readers.vlm.option import LoadOptions
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    import torch

DECIDING = ("torch", "torchvision", "transformers")
"""Packages on which the answers of every open model depend; without torchvision, images are scaled by other code."""


MADE_WITH = frozenset({*DECIDING, "llguidance", "peft", "bitsandbytes", "device_kind", "effective_dtype"})
"""Names in the manifest of what a reader's answers are made with."""


def device_of(options: LoadOptions) -> "torch.device":
    """Return the first device of a model.

    Raises ReaderError for a name that torch does not know.
    """
    import torch

    if options.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(options.device)
    except RuntimeError as error:
        raise ReaderError(
            f"option device must be auto or a device of torch, such as cuda:1 or cpu, not {options.device!r}"
        ) from error


def existing_device(options: LoadOptions) -> "torch.device":
    """Return the first device of a model; raises ReaderError for a GPU that this machine does not have."""
    import torch

    device, count = device_of(options), torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ReaderError(f"option device = {options.device!r} is not there: torch finds {count} GPU(s)")
    return device


def dtype_of(options: LoadOptions) -> "torch.dtype":
    """Return the precision of a model's weights, or with 4 bits that of everything else."""
    import torch

    name = options.dtype
    if name == "auto":
        name = "bfloat16" if device_of(options).type == "cuda" else "float32"
    dtype: torch.dtype = getattr(torch, name)
    return dtype


def made_with(options: LoadOptions, *packages: str) -> Mapping[str, str]:
    """Return what decides an answer beside the model, for a manifest: versions, kind of device, precision.

    The kind of a device is ``cpu`` or ``cuda``, and not which of them: the shards of a run may use different ones.
    Needs no weights.

    Parameters
    ----------
    options : LoadOptions
    packages : str
        Further packages that this reader uses.
    """
    names = [*DECIDING, *packages, *(["bitsandbytes"] if options.quantization == "4bit" else [])]
    return {
        **{name: version(name) if importlib.util.find_spec(name) else "none" for name in names},
        "device_kind": device_of(options).type,
        "effective_dtype": str(dtype_of(options)).removeprefix("torch."),
    }
