"""Turn cases into a model's inputs, with its own chat template and processor."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from readers.contract import Case, Prompt
from readers.vlm.option import LoadOptions
from readers.vlm.resolution import Sight, Size, sight_of
from readers.vlm.template import rendered
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
        Resolution at which the model sees the coarsest image of each case, the smaller of both directions; None without
        an image, or where it cannot be measured.
    """

    tensors: Mapping[str, "Tensor"]
    tokens: tuple[int, ...]
    px_per_mm: tuple[float | None, ...]


@dataclass(frozen=True)
class SeenPage:
    """How a model sees one picture.

    Attributes
    ----------
    across, down : float
        Pixels to a mm of paper from left to right and from top to bottom, after all scaling and without padding.
    tokens : int or None
        Tokens of the picture, shared equally where a prompt holds several; None where they cannot be counted.
    mm_per_token : float or None
        Edge in mm of the square of paper that one token covers, if all of them share the picture.
    """

    across: float
    down: float
    tokens: int | None
    mm_per_token: float | None

    @property
    def px_per_mm(self) -> float:
        """The smaller of both resolutions."""
        return min(self.across, self.down)

    def __str__(self) -> str:
        said = f"seen at {self.across:.2f} px/mm across and {self.down:.2f} down"
        return (
            said if self.tokens is None else f"{said}, {self.tokens:,} tokens, one to {self.mm_per_token:.1f} mm square"
        )


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
        pictures = [[self._scaled(picture) for picture in case.every_image] for case in cases]
        prompts = [self._prompt_text(case) for case in cases]
        arrays = self._inputs(prompts, pictures)
        seen = tuple(self.seen(case.every_image) for case in cases)
        px_per_mm = tuple(None if one is None else one.px_per_mm for one in seen)
        return Encoded(arrays, tuple(arrays["attention_mask"].sum(dim=1).tolist()), px_per_mm)

    def seen(self, images: Sequence[Picture]) -> SeenPage | None:
        """Return how the model sees the coarsest picture of a case; None without a picture, or where none is known."""
        return min(self.each_seen(images), key=lambda page: page.px_per_mm, default=None)

    def each_seen(self, images: Sequence[Picture]) -> tuple[SeenPage, ...]:
        """Return how the model sees each picture of a case; empty where that cannot be measured."""
        sizes = tuple(self._size(picture.size) for picture in images)
        sights, tokens = self._measured(sizes)
        pages = []
        for picture, size in zip(images, sizes, strict=True):
            sight = sights[size]
            if sight is None:
                return ()
            across, down = (
                picture.px_per_mm * min(1.0, given / drawn) * factor
                for given, drawn, factor in zip(size, picture.size, (sight.width, sight.height), strict=True)
            )
            area = math.prod(picture.size) / picture.px_per_mm**2
            pages.append(SeenPage(across, down, tokens, math.sqrt(area / tokens) if tokens else None))
        return tuple(pages)

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

    def _prompt_text(self, case: Case) -> str:
        prompt = case.prompt or Prompt("")
        turns = [{"role": "system", "content": [{"type": "text", "text": prompt.system}]}] if prompt.system else []
        for shot in case.shots:
            turns.append({"role": "user", "content": _content(len(shot.images), shot.captions, shot.text)})
            turns.append({"role": "assistant", "content": [{"type": "text", "text": shot.answer}]})
        turns.append({"role": "user", "content": _content(len(case.images), prompt.captions, prompt.text)})
        return self._templated(turns, True)

    def _templated(self, messages: list[dict[str, Any]], to_answer: bool) -> str:
        if not type(self.processor).__module__.startswith("transformers."):  # the model's own code, which may run
            return str(self.processor.apply_chat_template(messages, add_generation_prompt=to_answer, tokenize=False))
        settings = {**self.processor.tokenizer.special_tokens_map, "add_generation_prompt": to_answer}
        return rendered(self._template, messages, settings)

    @cached_property
    def _template(self) -> str:
        """The template for a chat; a processor may have others by name."""
        named = self.processor.chat_template
        template = named.get("default") if isinstance(named, dict) else named
        if not isinstance(template, str):
            raise ReaderError("the model's processor has no chat template of the name 'default'")
        return template

    def _inputs(self, prompts: list[str], pictures: "list[list[Image]]") -> "dict[str, Any]":
        """Return what the processor makes of prompts and their pictures."""
        inputs: dict[str, Any] = {"text": prompts}
        if any(pictures):
            inputs |= {"images": pictures, "images_kwargs": dict(self.image_kwargs)}
        self.processor.tokenizer.padding_side = "left"
        made = self.processor(**inputs, return_tensors="pt", text_kwargs={"padding": True, "add_special_tokens": False})
        return {name: value for name, value in made.items() if hasattr(value, "shape")}

    def _scaled(self, picture: Picture) -> "Image":
        from PIL import Image

        image, size = Image.fromarray(picture.rgb()), self._size(picture.size)
        return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)

    def _size(self, size: Size) -> Size:
        """Return the size of a picture within ``max_pixels``."""
        pixels = math.prod(size)
        if self.max_pixels is None or pixels <= self.max_pixels:
            return size
        scale = math.sqrt(self.max_pixels / pixels)
        return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))

    def _measured(self, sizes: tuple[Size, ...]) -> "tuple[Mapping[Size, Sight | None], int | None]":
        """Return the scale of each size among pictures of these sizes, and the tokens of one picture; measured once."""
        if sizes not in self._kept:
            content = [{"type": "image"} for _ in sizes] + [{"type": "text", "text": "?"}]
            prompt = self._templated([{"role": "user", "content": content}], True)
            tokens: list[int | None] = [None]

            def process(images: "list[Image]") -> Mapping[str, Any]:
                made = self._inputs([prompt], [images])
                tokens[0] = self._image_tokens(made, len(images))
                return made

            sights = {size: sight_of(process, sizes, sizes.index(size)) for size in dict.fromkeys(sizes)}
            self._kept[sizes] = (sights, tokens[0])
        return self._kept[sizes]

    def _image_tokens(self, inputs: Mapping[str, Any], pictures: int) -> int | None:
        """Return the tokens of one picture; None where they are no part of the prompt, as with cross-attention."""
        names = [token for token in getattr(self.processor, "image_token_ids", ()) if token is not None]
        if not names or "cross_attention_mask" in inputs:
            return None
        found = sum(int((inputs["input_ids"] == token).sum()) for token in names)
        return round(found / pictures) or None

    @cached_property
    def _kept(self) -> "dict[tuple[Size, ...], tuple[Mapping[Size, Sight | None], int | None]]":
        return {}


def _content(images: int, captions: Sequence[str], text: str) -> list[dict[str, Any]]:
    """Return the content of a user's turn: each image after its caption, the text last."""
    content: list[dict[str, Any]] = []
    for number in range(images):
        if number < len(captions):
            content.append({"type": "text", "text": captions[number] + "\n"})
        content.append({"type": "image"})
    return [*content, {"type": "text", "text": text}]
