"""From examples to what a model learns from: the prompt, the answer behind it, and the loss on the answer alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.view.example import Example
from readers.vlm.chat import Chat
from taxonomy.error import SettingError

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100
"""Label of a token without loss."""


@dataclass(frozen=True, eq=False)
class AnswerCollator:
    """Makes a batch.

    Attributes
    ----------
    chat : Chat
    context : int or None
        Tokens at most.
    """

    chat: Chat
    context: int | None = None

    def __call__(self, examples: Sequence[Example]) -> dict[str, "Tensor"]:
        """Return a batch: prompts filled up on the left, answers on the right, and ``labels``.

        What no label tells bears no loss.

        Raises
        ------
        SettingError
            When an example is longer than the model's context.
        """
        import torch

        prompts = self.chat.encode([example.case for example in examples])
        answers = [self.chat.answer(example.answer.text) for example in examples]
        longest = max(len(answer.ids) for answer in answers)
        ids = torch.full((len(examples), longest), self.chat.pad)
        labels = torch.full((len(examples), longest), IGNORED)
        for row, (example, answer) in enumerate(zip(examples, answers, strict=True)):
            ids[row, : len(answer.ids)] = torch.tensor(answer.ids)
            untaught = [example.answer.spans[axis] for axis in example.unknown]
            for place, (start, end) in enumerate(answer.offsets):
                if not any(start < until and end > begin for begin, until in untaught):
                    labels[row, place] = answer.ids[place]
        self._check_context(prompts.tokens, [len(answer.ids) for answer in answers], examples)
        mask = torch.tensor([[1] * len(a.ids) + [0] * (longest - len(a.ids)) for a in answers])
        batch = behind(prompts.tensors, {"input_ids": ids, "attention_mask": mask})
        untaught_prompt = torch.full(prompts.tensors["input_ids"].shape, IGNORED)
        return batch | {"labels": torch.cat([untaught_prompt, labels], dim=1)}

    def _check_context(self, prompts: Sequence[int], answers: Sequence[int], examples: Sequence[Example]) -> None:
        total = [prompt + answer for prompt, answer in zip(prompts, answers, strict=True)]
        if self.context is not None and max(total) > self.context:
            images = len(examples[total.index(max(total))].case.images)
            raise SettingError(
                f"an example of {max(total)} tokens ({images} images) is beyond the model's {self.context}: "
                "lower px_per_mm or set max_pixels"
            )


def behind(prompts: "Mapping[str, Tensor]", answers: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """Return the prompts' inputs with the answers behind them; what marks image tokens marks none there."""
    import torch

    shape, batch = prompts["input_ids"].shape, dict(prompts)
    for name, value in prompts.items():
        if value.shape == shape:
            more = answers.get(name)
            batch[name] = torch.cat([value, torch.zeros_like(answers["input_ids"]) if more is None else more], dim=1)
    return batch
