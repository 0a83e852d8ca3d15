"""A model's key-value cache whose rows grow, shrink and multiply apart, and the rule that tells which models have one.

Every row keeps its padding on the left: what a row is ahead of the others moves them to the right. So no gap ever lies
inside a row, and a sliding window covers what it covers without padding.
"""

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from readers.vlm.chat import CROSS_ATTENTION

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import DynamicCache, PreTrainedModel


def base_of(model: Any) -> "PreTrainedModel":  # noqa: ANN401
    """Return the model of transformers itself, without the adapter that peft put around it."""
    base: PreTrainedModel = model.get_base_model() if hasattr(model, "peft_config") else model
    return base


def takes(model: Any, name: str) -> bool:  # noqa: ANN401
    """Tell whether a model's forward pass has an input of this name."""
    return name in inspect.signature(type(base_of(model)).forward).parameters


def new_cache(model: Any) -> "DynamicCache | None":  # noqa: ANN401
    """Return an empty cache for a model, None for a model whose cache cannot be moved and cut by the token.

    That is one with layers that keep a state instead of each token's keys (Mamba, convolutions, linear attention), with
    attention in chunks, whose borders depend on the place in the cache, without positions of its own choice, or whose
    code is its author's.
    """
    from transformers import DynamicCache
    from transformers.cache_utils import DummyLayer, DynamicLayer, DynamicSlidingWindowLayer

    base = base_of(model)
    own_code = not type(base).__module__.startswith("transformers.")
    text = base.config.get_text_config(decoder=True)
    in_chunks = "chunked_attention" in (getattr(text, "layer_types", None) or ())
    if own_code or in_chunks or base.config.is_encoder_decoder:
        return None
    if not (takes(model, "position_ids") and takes(model, "past_key_values")):
        return None
    cache = DynamicCache(config=text)
    if any(type(layer) not in {DynamicLayer, DynamicSlidingWindowLayer, DummyLayer} for layer in cache.layers):
        return None
    cache.activate_past_recording()  # a window that forgets could not be cut
    return cache


def crossed(model: Any) -> frozenset[int]:  # noqa: ANN401
    """Return the layers whose keys are those of the images, the same however long the answer is (Llama 3.2 Vision)."""
    text = base_of(model).config.get_text_config(decoder=True)
    return frozenset(getattr(text, "cross_attention_layers", None) or ())


def holds(cache: "DynamicCache", length: int, images: frozenset[int]) -> bool:
    """Tell whether a cache has keys of every token, but in the layers of the images and those that keep none."""
    layers: list[Any] = cache.layers
    lengths = {layer.keys.shape[-2] for n, layer in enumerate(layers) if n not in images and _has_keys(layer)}
    return lengths == {length}


def move(cache: "DynamicCache", by: Sequence[int], first: int, images: frozenset[int]) -> None:
    """Move the tokens of each row to the right, over the row's last ones, and drop the ``first`` places of all."""
    import torch

    layers: list[Any] = cache.layers
    for number, layer in enumerate(layers):
        if number in images or not _has_keys(layer):
            continue
        layer.keys, layer.values = (
            torch.stack([row.roll(places, dims=-2) for row, places in zip(part, by, strict=True)])[:, :, first:]
            for part in (layer.keys, layer.values)
        )
        if layer.is_sliding:
            layer.cumulative_length = layer.keys.shape[-2]


def of_rows(cache: "DynamicCache", rows: "Tensor") -> "DynamicCache":
    """Return a cache of some rows, each as often as it is named; the given one keeps its own."""
    other = copy.copy(cache)
    other.layers = [copy.copy(layer) for layer in cache.layers]
    other.batch_select_indices(rows)
    return other


def behind(prompts: "Mapping[str, Tensor]", ids: "Tensor", mask: "Tensor") -> "dict[str, Tensor]":
    """Return prompts' inputs followed by answers.

    Other inputs by token are 0 over the answers; an answer sees the images that the prompt's last token sees.
    """
    import torch

    shape, batch, length = prompts["input_ids"].shape, dict(prompts), ids.shape[1]
    answers = {"input_ids": ids, "attention_mask": mask}
    for name, value in prompts.items():
        if value.shape == shape:
            batch[name] = torch.cat([value, answers.get(name, torch.zeros_like(ids)).to(value.dtype)], dim=1)
    if seen := images_seen(prompts, length):
        batch |= {name: torch.cat([prompts[name], value], dim=1) for name, value in seen.items()}
    return batch


def images_seen(prompts: "Mapping[str, Tensor]", length: int) -> "dict[str, Tensor]":
    """Return the mask of Llama 3.2 Vision over tokens behind the prompts; empty for any other model."""
    mask = prompts.get(CROSS_ATTENTION)
    return {} if mask is None else {CROSS_ATTENTION: mask[:, -1:].expand(-1, length, -1, -1)}


def _has_keys(layer: Any) -> bool:  # noqa: ANN401
    return layer.keys is not None and layer.keys.numel() > 0
