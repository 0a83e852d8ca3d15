"""Which devices hold a model's weights: one, or all that there are where it is too small."""

import importlib.util
import os
from typing import TYPE_CHECKING, Any

from readers.vlm.machine import device_of, dtype_of
from readers.vlm.option import LoadOptions
from readers.vlm.source import ModelSource
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

ROOM = 0.8
"""Share of a device's free memory that weights may take; the rest is for the cache and the pictures of a batch."""

FOUR_BITS = 0.6
"""Bytes of a weight in NF4: half a byte, its scales, and the layers that keep their precision."""


def placement(source: ModelSource, options: LoadOptions) -> dict[str, Any]:
    """Return ``device_map`` and ``max_memory`` for transformers where several devices share a model, else nothing.

    They share it where ``max_memory`` is set, and where the device was not chosen and the weights leave too little
    room on one GPU; never where several processes have the GPUs.

    Raises ReaderError when they would have to and cannot.
    """
    limits = options.for_memory()
    if not limits:
        device = device_of(options)
        chosen = options.device != "auto" or device.type != "cuda"
        if chosen or int(os.environ.get("WORLD_SIZE", "1")) > 1 or fits(source, options, device):
            return {}
    if importlib.util.find_spec("accelerate") is None:
        raise ReaderError(f"the weights of {source.name!r} need several devices, and for that the package accelerate")
    return {"device_map": "auto", **({"max_memory": limits} if limits else {})}


def fits(source: ModelSource, options: LoadOptions, device: "torch.device") -> bool:
    """Tell whether the weights leave enough room on a GPU."""
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return weights_size(source, options) <= ROOM * free


def weights_size(source: ModelSource, options: LoadOptions) -> int:
    """Return the bytes that a model's weights take once they are loaded; none is read for it."""
    import torch
    from transformers import AutoModelForImageTextToText

    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(source.config, trust_remote_code=source.runs_own_code)
    each = FOUR_BITS if options.quantization == "4bit" else dtype_of(options).itemsize
    return int(each * sum(part.numel() for part in model.parameters()))


def check_placement(model: "PreTrainedModel", source: ModelSource, options: LoadOptions) -> None:
    """Check that a model works where its weights lie.

    Raises ReaderError when they are in 4 bits and not all on GPUs, or a layer is on disk or in another memory that
    cannot be: torch's own attention takes its weights without a call that could fetch them.
    """
    import torch

    if options.quantization == "4bit" and _has_exiles(model):
        raise refusal(source, options, {"device_map": "auto"})
    for name, part in model.named_modules():
        if isinstance(part, torch.nn.MultiheadAttention) and any(weight.is_meta for weight in part.parameters()):
            raise ReaderError(
                f"the weights of {source.name!r} cannot be kept off its devices: {name} computes only where they lie; "
                "give more memory with --option max_memory, or --option quantization=4bit"
            )


def check_adaptable(model: "PreTrainedModel", name: str) -> None:
    """Raise ReaderError for a model that can have no adapter, as some of its weights are fetched for each use."""
    if _has_exiles(model):
        raise ReaderError(
            f"an adapter needs all weights of {name!r} on GPUs, or all in the CPU's memory, where some lie elsewhere: "
            "--option quantization=4bit, a larger max_memory, or a smaller model"
        )


def _has_exiles(model: "PreTrainedModel") -> bool:
    """Tell whether weights lie on disk, or in the CPU's memory beside GPUs."""
    return not {"cpu", "disk"}.isdisjoint((getattr(model, "hf_device_map", None) or {}).values())


def refusal(source: ModelSource, options: LoadOptions, placed: dict[str, Any]) -> ReaderError:
    """Return the error for weights that the devices cannot hold."""
    where = "all devices together" if placed else str(device_of(options))
    more = "" if options.quantization == "4bit" else "--option quantization=4bit, "
    if not placed and options.device != "auto":
        more += "--option device=auto, which shares them among all GPUs, "
    return ReaderError(
        f"the weights of {source.name!r} do not fit into the memory of {where}: {more}or a smaller model"
    )
