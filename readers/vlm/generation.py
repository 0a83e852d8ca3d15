"""Generate a model's answers to a batch of prompts, as free text or within a JSON schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from readers.vlm.chat import Encoded
from readers.vlm.constraint import Constraint
from readers.vlm.loading import Vlm

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Generated:
    """An answer with its output tokens, the end of the turn included; ``ended`` is False where a limit cut it off."""

    text: str
    tokens: int
    ended: bool


def generate(vlm: Vlm, prompts: Encoded, schemas: Sequence[Mapping[str, Any] | None], seed: int) -> list[Generated]:
    """Return the model's answer to each prompt.

    Parameters
    ----------
    vlm : Vlm
    prompts : Encoded
    schemas : sequence of mapping or None
        One for each prompt; None means free text.
    seed : int
        Seed of sampling, used where the temperature is not zero.
    """
    import torch

    options, chat = vlm.options, vlm.chat
    how: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    if options.temperature > 0:
        torch.manual_seed(seed)
        how = {"do_sample": True, "temperature": options.temperature}
    if any(schemas):
        how["logits_processor"] = [Constraint(vlm, schemas, prompts.tensors["input_ids"].shape[1])]
    with torch.inference_mode():
        ids = vlm.model.generate(
            **on_device(vlm, prompts.tensors),
            max_new_tokens=options.max_tokens,
            eos_token_id=list(chat.stops),
            pad_token_id=chat.pad,
            **how,
        )
    return [_generated(vlm, row) for row in ids[:, prompts.tensors["input_ids"].shape[1] :].cpu()]


def on_device(vlm: Vlm, tensors: Mapping[str, "Tensor"]) -> dict[str, "Tensor"]:
    """Return inputs on the model's device, floating-point ones in its precision."""
    moved = {name: value.to(vlm.device, non_blocking=True) for name, value in tensors.items()}
    return {n: v.to(vlm.model.dtype) if v.is_floating_point() else v for n, v in moved.items()}


def _generated(vlm: Vlm, row: "Tensor") -> Generated:
    stops = set(vlm.chat.stops)
    end = next((place for place, token in enumerate(row.tolist()) if token in stops), None)
    tokens = len(row) if end is None else end + 1
    return Generated(vlm.chat.decode(row[:end]), tokens, end is not None)
