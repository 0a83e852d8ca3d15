"""Collates examples into training batches: prompt, then answer, with loss on the answer only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.view.example import Example
from readers.vlm.cache import behind
from readers.vlm.chat import Chat
from taxonomy.error import SettingError

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100
"""Label of a token without loss."""


@dataclass(frozen=True, eq=False)
class AnswerCollator:
    """Makes batches.

    Attributes
    ----------
    chat : Chat
    context : int or None
        The model's limit in tokens.
    """

    chat: Chat
    context: int | None = None

    def __call__(self, examples: Sequence[Example]) -> dict[str, "Tensor"]:
        """Return a batch: prompts padded on the left, answers on the right, and ``labels`` without unlabelled axes.

        Raises
        ------
        SettingError
            When an example exceeds the model's context.
        """
        import torch

        prompts = self.chat.encode([example.case for example in examples])
        answers = [self.chat.answer(example.answer.text) for example in examples]
        longest = max(len(answer.ids) for answer in answers)
        ids = torch.full((len(examples), longest), self.chat.pad)
        labels = torch.full((len(examples), longest), IGNORED)
        for row, (example, answer) in enumerate(zip(examples, answers, strict=True)):
            ids[row, : len(answer.ids)] = torch.tensor(answer.ids)
            masked = [example.answer.spans[axis] for axis in example.unknown]
            for position, (start, end) in enumerate(answer.offsets):
                if not any(start < until and end > begin for begin, until in masked):
                    labels[row, position] = answer.ids[position]
        self._check_context(prompts.tokens, [len(answer.ids) for answer in answers], examples)
        mask = torch.tensor([[1] * len(a.ids) + [0] * (longest - len(a.ids)) for a in answers])
        batch = behind(prompts.tensors, ids, mask)
        masked_prompt = torch.full(prompts.tensors["input_ids"].shape, IGNORED)
        return batch | {"labels": torch.cat([masked_prompt, labels], dim=1)}

    def _check_context(self, prompts: Sequence[int], answers: Sequence[int], examples: Sequence[Example]) -> None:
        total = [prompt + answer for prompt, answer in zip(prompts, answers, strict=True)]
        if self.context is not None and max(total) > self.context:
            images = len(examples[total.index(max(total))].case.images)
            raise SettingError(
                f"an example of {max(total)} tokens ({images} images) exceeds the model's context of {self.context}: "
                "lower px_per_mm or set max_pixels"
            )
