"""The reader for any image-text-to-text model of transformers, in batches on this machine."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from readers.contract import Case, Input, Prompt
from readers.prefetch import prefetched
from readers.setting import manifest_options, parsed_options
from readers.vlm.chat import Chat, SeenPage
from readers.vlm.machine import made_with
from readers.vlm.option import VlmOptions
from readers.vlm.source import model_source, processor_of
from renderers import Picture
from taxonomy.error import ReaderError, StopReading
from taxonomy.parsing import parse
from taxonomy.reading import Failure, Reading, Usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from readers.page_relevance import PageRelevance
    from readers.vlm.chat import Encoded
    from readers.vlm.generation import Generated
    from readers.vlm.loading import Vlm
    from readers.vlm.pixel_gradient import VlmPages

MEMORY_ADVICE = "--option batch=N (smaller), max_pixels=N, quantization=4bit, or run with a smaller --px-per-mm"
"""Options that save memory, for messages."""


@dataclass(frozen=True, eq=False)
class _Batch:
    """Cases with the model's inputs."""

    cases: tuple[Case, ...]
    prompts: "Encoded"


class HfReader:
    """Reads with an open vision-language model from the hub or a folder.

    Parameters
    ----------
    model : str
        Name on the hub, or folder (``--reader hf:MODEL``).
    options : str
        By name, as after ``--option``: the fields of :class:`~readers.vlm.option.VlmOptions`.

    Raises
    ------
    taxonomy.error.ReaderError
        When the model does not exist, or is not an image-text-to-text model with a processor.
    taxonomy.error.SettingError
        When an option is invalid.
    """

    description: ClassVar[str] = "an open vision-language model, from the hub or a folder (hf:MODEL)"
    inputs: frozenset[Input] = frozenset({"image", "text"})

    def __init__(self, model: str = "", **options: str) -> None:
        if not model:
            raise ReaderError("reader 'hf' needs a model: --reader hf:MODEL, such as hf:google/gemma-3-4b-it")
        self.options = parsed_options(VlmOptions, options)
        self.source = model_source(model, self.options)
        self._chat = Chat.of(processor_of(self.source, self.options), self.options, self.source.ends(self.options))
        _ = self._chat.dialogue.user  # a template that takes no question fails before the weights are read
        self.name = f"hf:{self.source.shown}"

    @property
    def details(self) -> Mapping[str, str]:
        """The model's version, every option, and what else decides an answer, for the manifest."""
        model = {"model": self.source.shown, "version": self.source.version}
        packages = ("llguidance",) if self.options.structured == "schema" else ()
        return {**manifest_options(self.options), **model, **made_with(self.options, *packages)}

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield one reading for each case, in order; the next batch is prepared while the model works on this one.

        Raises StopReading when the model cannot be loaded, a case exceeds its context, or memory is full.
        """
        import torch

        try:
            vlm = self.loaded()
        except ReaderError as error:
            raise StopReading(str(error)) from error
        try:
            for batch in prefetched(cases, self.options.batch, lambda batch: _Batch(batch, vlm.chat.encode(batch))):
                yield from answers(vlm, batch.cases, batch.prompts)
        except ReaderError as error:
            raise StopReading(str(error)) from error
        except torch.OutOfMemoryError as error:
            raise StopReading(f"the memory of {vlm.device} is full: {MEMORY_ADVICE}") from error

    def each_seen(self, images: Sequence[Picture]) -> tuple[SeenPage, ...]:
        """Return how the model sees each picture of a case; empty where that cannot be measured. Needs no weights."""
        return self._chat.each_seen(images)

    def page_relevance(
        self, case: Case, axis: str, value: str, reading: Reading | None = None, bare: Case | None = None
    ) -> "PageRelevance":
        """Return what of the pictures of a case moved the log-odds of a value.

        As :meth:`readers.open_page.OpenPageReader.page_relevance`; raises ReaderError and UnknownNameError as it does.
        """
        own = next(iter(self.read([case]))) if reading is None else reading
        return self._pages().page_relevance(case, axis, value, own, bare)

    def log_odds(
        self, cases: Sequence[Case], axis: str, value: str, reading: Reading | None = None
    ) -> "NDArray[np.float64]":
        """Return the log-odds of a value for each case, behind the same beginning of an answer, float64 (n,)."""
        return self._pages().log_odds(cases, axis, value, reading)

    def page_ink(self, case: Case, bare: Case) -> "PageRelevance":
        """Return how much the traces change of what the model is given, by token; needs no weights."""
        from readers.vlm.pixel_gradient import page_ink

        return page_ink(self._chat, self.source.config, case, bare)

    def randomised(self, seed: int) -> "VlmPages":
        """Return the model with random weights, to be explained alone: it takes as much memory once more."""
        return self._pages().randomised(seed)

    def _pages(self) -> "VlmPages":
        from readers.vlm.pixel_gradient import VlmPages

        return VlmPages(self.name, self.loaded())

    def loaded(self) -> "Vlm":
        """Return the model with its weights."""
        from readers.vlm.loading import load_vlm

        return load_vlm(self.source.name, self.options)


def answers(vlm: "Vlm", cases: tuple[Case, ...], prompts: "Encoded") -> Iterator[Reading]:
    """Yield the reading of each case of a batch; raises StopReading when a case exceeds the model's context."""
    from readers.vlm.generation import generate, prompts_behind_thoughts

    _check_context(vlm, prompts, cases)
    questions = [case.prompt or Prompt("") for case in cases]
    begun = time.monotonic()
    schemas = [prompt.schema if vlm.options.structured == "schema" else None for prompt in questions]
    texts = generate(vlm, prompts, schemas, _seed(vlm.options.seed, cases[0]))
    readings = [_read(text, prompt, vlm) for text, prompt in zip(texts, questions, strict=True)]
    if vlm.options.probabilities == "on":
        from readers.vlm.likelihood import value_probabilities

        thought = prompts_behind_thoughts(vlm, prompts, texts)
        chances = value_probabilities(vlm, thought, readings, questions[0].form)
        readings = [
            reading if reading.error else replace(reading, probabilities=row)
            for reading, row in zip(readings, chances, strict=True)
        ]
    seconds = (time.monotonic() - begun) / len(cases)
    for number, (reading, text) in enumerate(zip(readings, texts, strict=True)):
        seen = prompts.px_per_mm[number]
        usage = Usage(
            input_tokens=prompts.tokens[number],
            output_tokens=text.tokens,
            cost=0.0,
            seconds=round(seconds, 4),
            px_per_mm=None if seen is None else round(seen, 2),
        )
        yield replace(reading, usage=usage)


def _read(text: "Generated", prompt: Prompt, vlm: "Vlm") -> Reading:
    if text.ended and text.unclosed is None:
        return parse(text.raw, prompt.form)
    if text.ended:
        return Reading(raw=text.raw, error=Failure("truncated", "the thinking is not closed"))
    message = f"the answer was cut off at {vlm.options.max_tokens} tokens (--option max_tokens=N)"
    return Reading(raw=text.raw, error=Failure("truncated", message))


def _check_context(vlm: "Vlm", prompts: "Encoded", cases: tuple[Case, ...]) -> None:
    context, longest = vlm.source.context, max(prompts.tokens)
    if context is not None and longest + vlm.options.max_tokens > context:
        images = len(cases[prompts.tokens.index(longest)].every_image)
        raise StopReading(
            f"a case of {longest} tokens ({images} images) and {vlm.options.max_tokens} for the answer exceed the "
            f"{context} of {vlm.source.shown!r}: lower --px-per-mm, or --option max_pixels=N or max_tokens=N"
        )


def _seed(seed: int, case: Case) -> int:
    """Return the seed of a batch, from its first case."""
    digest = hashlib.sha256(f"{seed} {case.case_id} {case.repeat}".encode()).hexdigest()
    return int(digest[:8], 16)
