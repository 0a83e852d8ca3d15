"""Turn cases into a model's inputs, with its own chat template and processor."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from readers.contract import Case, Prompt
from readers.vlm.dialogue import Dialogue, Message, Turn
from readers.vlm.option import LoadOptions
from readers.vlm.resolution import Sight, Size, sight_of
from readers.vlm.source import first_line
from readers.vlm.template import TemplateRaisedError, rendered
from renderers import Picture
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor
    from transformers import ProcessorMixin

    from readers.vlm.image_token import Placed

DATE = "26 Jul 2024"
"""The date that templates of Llama write where they know no other: with today's, a run's prompts would change."""

CROSS_ATTENTION = "cross_attention_mask"
"""The images that each token of a prompt looks at, in models that keep them beside the prompt."""


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

    def continued(self, more: Sequence[Sequence[int]], pad: int) -> "Encoded":
        """Return the prompts with tokens of their own behind each, padded on the left again."""
        import torch

        shape, longest = self.tensors["input_ids"].shape, max(map(len, more))
        tensors = dict(self.tensors)
        for name, value in self.tensors.items():
            if name == CROSS_ATTENTION or value.shape == shape:
                parts = zip(value, more, strict=True)
                tensors[name] = torch.stack([_continued(name, part, row, longest, pad) for part, row in parts])
        tokens = tuple(count + len(row) for count, row in zip(self.tokens, more, strict=True))
        return Encoded(tensors, tokens, self.px_per_mm)


def _continued(name: str, part: "Tensor", more: Sequence[int], longest: int, pad: int) -> "Tensor":
    """Return one input of a prompt with its values for the tokens behind it, filled up on the left."""
    import torch

    shape = part.shape[1:]
    before = part.new_full((longest - len(more), *shape), pad if name == "input_ids" else 0)
    if name == CROSS_ATTENTION:
        behind = part[-1:].expand(len(more), *shape)
    elif name == "input_ids":
        behind = part.new_tensor(list(more))
    else:
        behind = part.new_full((len(more), *shape), int(name == "attention_mask"))
    return torch.cat([before, part, behind])


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
    """Tokens of an answer, and their positions in its text; what is not of the text lies before or behind it."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Chat:
    """A processor with its options for images.

    Attributes
    ----------
    processor : ProcessorMixin
    max_pixels : int or None
    image_kwargs, template_kwargs : mapping
        Settings of the image processor and of the chat template.
    ends : tuple of int
        Tokens that end an answer by the model's generation configuration.
    """

    processor: "ProcessorMixin"
    max_pixels: int | None
    image_kwargs: Mapping[str, Any]
    template_kwargs: Mapping[str, Any]
    ends: tuple[int, ...] = ()

    @classmethod
    def of(cls, processor: "ProcessorMixin", options: LoadOptions, ends: tuple[int, ...] = ()) -> "Chat":
        """Return the chat of a processor under the options."""
        return cls(processor, options.max_pixels, options.for_images(), options.for_template(), ends)

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

    def placed_tokens(self, images: Sequence[Picture], config: Any) -> "tuple[Placed | None, ...]":  # noqa: ANN401
        """Return where the image tokens of each view of a case's pictures lie; measured once for pictures of a size.

        Raises ReaderError for a family whose tokens cannot be placed.
        """
        from readers.vlm.image_token import placed_tokens

        sizes = tuple(self._size(picture.size) for picture in images)
        if sizes not in self._places:
            self._places[sizes] = placed_tokens(self._of_images, sizes, config)
        return self._places[sizes]

    def answer(self, text: str, ends: bool = True) -> Answer:
        """Return the tokens of an answer that follows a prompt.

        A whole answer, one that ``ends``, has the end of the turn behind it and, where the prompt begins a thought,
        the end of that thought before it.
        """
        lead = self.dialogue.bridge if ends else ""
        whole = lead + text + (self.turn_end if ends else "")
        ids, offsets = self._placed(whole)
        return Answer(tuple(ids), tuple((start - len(lead), end - len(lead)) for start, end in offsets))

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a text within a prompt or an answer."""
        return list(self.processor.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _placed(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the tokens of a text with their positions."""
        tokenizer = self.processor.tokenizer
        if tokenizer.is_fast:
            made = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
            return made["input_ids"], list(map(tuple, made["offset_mapping"]))
        ids = self.tokens(text)
        ends = [min(len(text), len(tokenizer.decode(ids[: number + 1]))) for number in range(len(ids))]
        return ids, list(zip([0, *ends], ends, strict=False))

    @cached_property
    def dialogue(self) -> Dialogue:
        """The chat template, tried out."""
        source = "" if self._is_own_code else self._template
        return Dialogue(self._templated, source, str(getattr(self.processor, "image_token", "<image>")))

    @cached_property
    def turn_end(self) -> str:
        """The special token that the template puts behind an answer; else the first that ends one anyhow.

        Raises ReaderError when the model has no token that ends an answer.
        """
        tokenizer = self.processor.tokenizer
        special = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
        tail = self.tokens(self.dialogue.tail.strip())
        first = next((token for token in tail if tokenizer.decode([token]).strip()), None)
        if first in special:
            return str(tokenizer.decode([first]))
        if tokenizer.eos_token:
            return str(tokenizer.eos_token)
        if not self.ends:
            raise ReaderError("no token ends an answer of the model: its tokenizer has no eos_token")
        return str(tokenizer.decode([self.ends[0]]))

    @cached_property
    def stops(self) -> tuple[int, ...]:
        """Tokens that end an answer: by the template, the tokenizer and the generation configuration."""
        known = [*self.tokens(self.turn_end)[-1:], self.processor.tokenizer.eos_token_id, *self.ends]
        return tuple(dict.fromkeys(end for end in known if end is not None))

    @property
    def pad(self) -> int:
        """The padding token."""
        tokenizer = self.processor.tokenizer
        return int(self.stops[0] if tokenizer.pad_token_id is None else tokenizer.pad_token_id)

    def decode(self, ids: "Tensor | Sequence[int]") -> str:
        """Return the text of generated tokens."""
        return str(self.processor.tokenizer.decode(ids, skip_special_tokens=True))

    def _prompt_text(self, case: Case) -> str:
        prompt = case.prompt or Prompt("")
        turns = [Turn("system", prompt.system)] if prompt.system else []
        for shot in case.shots:
            turns.append(Turn("user", shot.text, len(shot.images), shot.captions))
            turns.append(Turn("assistant", shot.answer))
        turns.append(Turn("user", prompt.text, len(case.images), prompt.captions))
        return self.dialogue.prompt(turns)

    def _begun(self, prompts: list[str]) -> tuple[list[str], bool]:
        """Return prompts that begin once, and whether the tokenizer still has to begin them by itself."""
        bos = self._first_token
        if bos is None or prompts[0].lstrip().startswith(bos):
            return prompts, False
        return (prompts, True) if self._begins_alone else ([bos + prompt for prompt in prompts], False)

    @cached_property
    def _first_token(self) -> str | None:
        """The token that the tokenizer puts before a text by itself."""
        tokenizer = self.processor.tokenizer
        begun = tokenizer("a")["input_ids"]
        adds = tokenizer.bos_token_id is not None and begun[:1] == [tokenizer.bos_token_id]
        return str(tokenizer.bos_token) if adds else None

    @cached_property
    def _begins_alone(self) -> bool:
        """Whether the first token is all that the processor adds: some add it on their own, others an end as well."""
        made = self.processor(text=["a"], text_kwargs={"add_special_tokens": True})["input_ids"][0]
        return list(made) == [self.processor.tokenizer.bos_token_id, *self.tokens("a")]

    @property
    def _is_own_code(self) -> bool:
        return not type(self.processor).__module__.startswith("transformers.")

    def _templated(self, messages: list[Message], to_answer: bool) -> str:
        how = {"add_generation_prompt": to_answer, "date_string": DATE, **self.template_kwargs}
        if not self._is_own_code:
            return rendered(self._template, messages, {**self.processor.tokenizer.special_tokens_map, **how})
        from jinja2 import TemplateError

        try:
            return str(self.processor.apply_chat_template(messages, tokenize=False, **how))
        except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            said = " ".join(str(error).split())[:200]
            raise TemplateRaisedError(f"the model's chat template raised {type(error).__name__}: {said}") from error

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
        prompts, by_tokenizer = self._begun(prompts)
        inputs: dict[str, Any] = {"text": prompts}
        if any(pictures):
            inputs |= {"images": pictures, "images_kwargs": dict(self.image_kwargs)}
        self.processor.tokenizer.padding_side = "left"
        text_kwargs = {"padding": True, "add_special_tokens": by_tokenizer}
        try:
            made = self.processor(**inputs, return_tensors="pt", text_kwargs=text_kwargs)
        except ValueError as error:  # such as another number of images than the template placed
            raise ReaderError(f"the model's processor refuses the prompt: {first_line(error)}") from error
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
            tokens: list[int | None] = [None]

            def process(images: "list[Image]") -> Mapping[str, Any]:
                made = self._of_images(images)
                tokens[0] = self._image_tokens(made, len(images))
                return made

            sights = {size: sight_of(process, sizes, sizes.index(size)) for size in dict.fromkeys(sizes)}
            self._kept[sizes] = (sights, tokens[0])
        return self._kept[sizes]

    def _of_images(self, images: "list[Image]") -> Mapping[str, Any]:
        """Return the inputs of a prompt with these images alone."""
        return self._inputs([self.dialogue.prompt([Turn("user", "?", len(images))])], [images])

    def _image_tokens(self, inputs: Mapping[str, Any], pictures: int) -> int | None:
        """Return the tokens of one picture; None where they are no part of the prompt, as with cross-attention."""
        names = [token for token in getattr(self.processor, "image_token_ids", ()) if token is not None]
        if not names or CROSS_ATTENTION in inputs:
            return None
        found = sum(int((inputs["input_ids"] == token).sum()) for token in names)
        return round(found / pictures) or None

    @cached_property
    def _kept(self) -> "dict[tuple[Size, ...], tuple[Mapping[Size, Sight | None], int | None]]":
        return {}

    @cached_property
    def _places(self) -> "dict[tuple[Size, ...], tuple[Placed | None, ...]]":
        return {}
