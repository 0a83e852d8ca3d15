"""Turn cases into a model's inputs, with its own chat template and processor."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from readers.contract import Case, Prompt
from readers.vlm.option import LoadOptions
from renderers import Picture
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor
    from transformers import ProcessorMixin

MARK = "@answer@"
"""Placeholder for an answer, to find the text that the template puts after one."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """A batch of prompts, padded on the left.

    Attributes
    ----------
    tensors : mapping of str to Tensor
        The model's inputs; ``input_ids`` and ``attention_mask`` are (cases, tokens).
    tokens : tuple of int
        Tokens of each case, images included.
    px_per_mm : tuple of float or None
        Resolution at which the model sees the coarsest image of each case; None without an image.
    """

    tensors: Mapping[str, "Tensor"]
    tokens: tuple[int, ...]
    px_per_mm: tuple[float | None, ...]


@dataclass(frozen=True, eq=False)
class Answer:
    """Tokens of an answer, and their positions in its text."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Chat:
    """A processor with its options for images."""

    processor: "ProcessorMixin"
    max_pixels: int | None
    image_kwargs: Mapping[str, Any]

    @classmethod
    def of(cls, processor: "ProcessorMixin", options: LoadOptions) -> "Chat":
        """Return the chat of a processor under the options."""
        return cls(processor, options.max_pixels, options.for_images())

    def encode(self, cases: Sequence[Case]) -> Encoded:
        """Return the inputs of a batch of cases, each ending where the answer begins."""
        pictures = [[self._scaled(picture) for picture in case.images] for case in cases]
        prompts = [self._prompt_text(case, images) for case, images in zip(cases, pictures, strict=True)]
        inputs: dict[str, Any] = {"text": prompts}
        if any(pictures):
            inputs |= {"images": pictures, "images_kwargs": dict(self.image_kwargs)}
        self.processor.tokenizer.padding_side = "left"
        tensors = self.processor(
            **inputs, return_tensors="pt", text_kwargs={"padding": True, "add_special_tokens": False}
        )
        arrays = {name: value for name, value in tensors.items() if hasattr(value, "shape")}
        scales = iter(self._scales(arrays, [image.size for images in pictures for image in images]))
        px_per_mm = tuple(
            min(
                (
                    picture.px_per_mm * min(1.0, image.size[0] / picture.size[0]) * next(scales)
                    for picture, image in zip(case.images, images, strict=True)
                ),
                default=None,
            )
            for case, images in zip(cases, pictures, strict=True)
        )
        return Encoded(arrays, tuple(arrays["attention_mask"].sum(dim=1).tolist()), px_per_mm)

    def answer(self, text: str, ends: bool = True) -> Answer:
        """Return the tokens of an answer that follows a prompt, with the end of the turn if it ``ends``."""
        tokens = self.processor.tokenizer(
            text + (self.turn_end if ends else ""), add_special_tokens=False, return_offsets_mapping=True
        )
        return Answer(tuple(tokens["input_ids"]), tuple(map(tuple, tokens["offset_mapping"])))

    @cached_property
    def turn_end(self) -> str:
        """The text that the template puts after an answer.

        Raises ReaderError when the template does not put an answer directly after the prompt.
        """
        question = [{"role": "user", "content": [{"type": "text", "text": "?"}]}]
        dialogue = [*question, {"role": "assistant", "content": [{"type": "text", "text": MARK}]}]
        prompt = self._templated(question, True)
        whole = self._templated(dialogue, False)
        if not whole.startswith(prompt + MARK):
            raise ReaderError("the model's chat template does not put an answer directly after the prompt")
        return whole[len(prompt) + len(MARK) :].rstrip() or str(self.processor.tokenizer.eos_token)

    @cached_property
    def stops(self) -> tuple[int, ...]:
        """Tokens that end an answer: the tokenizer's own, and the first that the template puts after one."""
        ends = self.processor.tokenizer(self.turn_end, add_special_tokens=False)["input_ids"]
        return tuple(dict.fromkeys([*ends[:1], self.processor.tokenizer.eos_token_id]))

    @property
    def pad(self) -> int:
        """The padding token."""
        tokenizer = self.processor.tokenizer
        return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)

    def decode(self, ids: "Tensor") -> str:
        """Return the text of generated tokens."""
        return str(self.processor.tokenizer.decode(ids, skip_special_tokens=True))

    def _prompt_text(self, case: Case, images: Sequence["Image"]) -> str:
        prompt = case.prompt or Prompt("")
        content: list[dict[str, Any]] = []
        for number in range(len(images)):
            if number < len(prompt.captions):
                content.append({"type": "text", "text": prompt.captions[number] + "\n"})
            content.append({"type": "image"})
        content.append({"type": "text", "text": prompt.text})
        system = [{"role": "system", "content": [{"type": "text", "text": prompt.system}]}] if prompt.system else []
        return self._templated([*system, {"role": "user", "content": content}], True)

    def _templated(self, messages: list[dict[str, Any]], to_answer: bool) -> str:
        return str(self.processor.apply_chat_template(messages, add_generation_prompt=to_answer, tokenize=False))

    def _scaled(self, picture: Picture) -> "Image":
        from PIL import Image

        image = Image.fromarray(picture.rgb())
        pixels = image.size[0] * image.size[1]
        if self.max_pixels is None or pixels <= self.max_pixels:
            return image
        scale = math.sqrt(self.max_pixels / pixels)
        size = (max(1, int(image.size[0] * scale)), max(1, int(image.size[1] * scale)))
        return image.resize(size, Image.Resampling.LANCZOS)

    def _scales(self, tensors: Mapping[str, "Tensor"], sizes: Sequence[tuple[int, int]]) -> list[float]:
        """Return the factor by which the model's processor scales each image down, the smaller of both directions."""
        if not sizes:
            return []
        pixels = tensors["pixel_values"]
        if "image_grid_thw" in tensors:
            patch = self.processor.image_processor.patch_size
            edges = [(w * patch, h * patch) for _, h, w in tensors["image_grid_thw"].tolist()]
        elif pixels.ndim == 4 and len(pixels) == len(sizes):
            edges = [(pixels.shape[3], pixels.shape[2])] * len(sizes)
        else:
            return [_tiled_scale(pixels, sizes)] * len(sizes)
        return [min(1.0, w / width, h / height) for (width, height), (w, h) in zip(sizes, edges, strict=True)]


def _tiled_scale(pixels: "Tensor", sizes: Sequence[tuple[int, int]]) -> float:
    """Return the scale of tiled images by their total pixels, since the processor does not report the tiling."""
    *tiles, _, height, width = pixels.shape
    seen = math.prod(tiles) * height * width
    return min(1.0, math.sqrt(seen / sum(w * h for w, h in sizes)))
