"""Generate a model's answers to a batch of prompts, as free text or within a JSON schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from readers.vlm.chat import Encoded
from readers.vlm.constraint import Constraint
from readers.vlm.loading import Vlm
from readers.vlm.thinking import ThoughtThenSchema, parted

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Generated:
    """An answer.

    Attributes
    ----------
    text : str
    tokens : int
        Output tokens, those of the thought and the end of the turn included.
    ended : bool
        False where a limit cut it off.
    thought : str or None
        All that a thinking model thought, before it or behind; None where no thought is closed.
    thought_ids : tuple of int
        The tokens of a thought before it, with what closes it.
    unclosed : str or None
        The thought that it ended in, which makes it no answer.
    """

    text: str
    tokens: int
    ended: bool
    thought: str | None = None
    thought_ids: tuple[int, ...] = ()
    unclosed: str | None = None

    @property
    def raw(self) -> str:
        """The thought in ``<think>`` and the answer, as other models write both."""
        thought = "" if self.thought is None else f"<think>\n{self.thought}\n</think>\n\n"
        return thought + self.text + ("" if self.unclosed is None else f"<think>\n{self.unclosed}")


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
        held = Constraint if chat.dialogue.thinking == "never" else ThoughtThenSchema
        how["logits_processor"] = [held(vlm, schemas, prompts.tensors["input_ids"].shape[1])]
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


def prompts_behind_thoughts(vlm: Vlm, prompts: Encoded, answers: Sequence[Generated]) -> Encoded:
    """Return the prompts with what each answer stands behind: its own thought, or the end of one that was not thought.

    A model that does not think gets its prompts as they are.
    """
    if vlm.chat.dialogue.thinking == "never":
        return prompts
    none = vlm.chat.tokens(vlm.chat.dialogue.bridge)
    return prompts.continued([answer.thought_ids or none for answer in answers], vlm.chat.pad)


def _generated(vlm: Vlm, row: "Tensor") -> Generated:
    chat, stops = vlm.chat, set(vlm.chat.stops)
    end = next((place for place, token in enumerate(row.tolist()) if token in stops), None)
    tokens = len(row) if end is None else end + 1
    found = parted(chat, row[:end].tolist())
    return Generated(found.answer, tokens, end is not None, found.thought, found.ids, found.unclosed)
