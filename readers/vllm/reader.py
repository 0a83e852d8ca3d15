"""The reader for an open model in vLLM's offline engine: its batching on one machine, without a server."""

import importlib.util
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from readers.contract import Case, Input
from readers.isolation import Crash, attempt
from readers.prefetch import prefetched
from readers.setting import manifest_options, parsed_options
from readers.vllm.answer import Output, answer
from readers.vllm.conversation import conversation, sampling, schema_of
from readers.vllm.option import VllmOptions
from taxonomy.distribution import DISTRIBUTION
from taxonomy.error import ReaderError, StopReading
from taxonomy.reading import Reading
from taxonomy.redaction import redacted

T = TypeVar("T")

NOT_INSTALLED = (
    "reader 'vllm' needs the package vllm, which is not installed: it pins torch, so give it and ecg-bench an "
    f"environment of their own (pip install vllm {DISTRIBUTION}), or run 'vllm serve' and ask it by openai:MODEL"
)


@dataclass(frozen=True, eq=False)
class _Asked:
    """Cases with their turns."""

    cases: tuple[Case, ...]
    conversations: list[list[dict[str, Any]]]


class VllmReader:
    """Reads with an open vision-language model from the hub or a folder, in vLLM's engine.

    Parameters
    ----------
    model : str
        Name on the hub, or folder (``--reader vllm:MODEL``).
    options : str
        By name, as after ``--option``: the fields of :class:`~readers.vllm.option.VllmOptions`.

    Raises
    ------
    taxonomy.error.ReaderError
        When vLLM is not installed, or the model's configuration cannot be read.
    taxonomy.error.SettingError
        When an option is invalid.
    """

    description: ClassVar[str] = "an open vision-language model in vLLM's offline engine (vllm:MODEL, needs vllm)"
    inputs: frozenset[Input] = frozenset({"image", "text"})

    def __init__(self, model: str = "", **options: str) -> None:
        if not model:
            raise ReaderError("reader 'vllm' needs a model: --reader vllm:MODEL, such as vllm:google/gemma-3-4b-it")
        self.options = parsed_options(VllmOptions, options)
        if importlib.util.find_spec("vllm") is None:
            raise ReaderError(NOT_INSTALLED)
        self._model = model
        shown = Path(model).name if Path(model).is_dir() else model
        self.name = f"vllm:{shown}"
        self.details: Mapping[str, str] = manifest_options(self.options) | {
            "model": shown,
            "version": model_version(model, self.options.revision),
            "vllm": version("vllm"),
        }

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield one reading for each case, in order; the next batch is drawn while the engine works on this one.

        Raises StopReading, with the engine's words, when it cannot be started or refuses a case.
        """
        engine = self._engine
        for asked in prefetched(cases, self.options.batch, self._asked):
            begun = time.monotonic()
            outputs = _told(partial(self._outputs, engine, asked), "vLLM refuses a case or has stopped")
            seconds = (time.monotonic() - begun) / len(asked.cases)
            for output, case in zip(outputs, asked.cases, strict=True):
                yield answer(output, case, self.options, seconds)

    def _asked(self, batch: tuple[Case, ...]) -> _Asked:
        return _Asked(batch, [conversation(case, self.options) for case in batch])

    def _outputs(self, engine: Any, asked: _Asked) -> list[Output]:  # noqa: ANN401  # vllm.LLM
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        settings = []
        for case in asked.cases:
            schema = schema_of(case, self.options)
            constraint = StructuredOutputsParams(json=schema) if schema else None
            settings.append(SamplingParams(**sampling(case, self.options), structured_outputs=constraint))
        outputs: list[Output] = engine.chat(
            asked.conversations,
            settings,
            use_tqdm=False,
            chat_template_kwargs=self.options.read("template_kwargs") or None,
            mm_processor_kwargs=self.options.read("image_kwargs") or None,
        )
        return outputs

    @cached_property
    def _engine(self) -> Any:  # noqa: ANN401  # vllm.LLM
        from vllm import LLM

        return _told(lambda: LLM(**self.options.arguments(self._model)), "vLLM cannot be started")


def model_version(model: str, revision: str) -> str:
    """Return the commit of a model on the hub, or a digest of the weights in its folder.

    Raises ReaderError when neither can be read.
    """
    from readers.vlm.source import first_line, weights_digest

    if Path(model).is_dir():
        return weights_digest(Path(model))
    from transformers import PreTrainedConfig

    try:
        data, _ = PreTrainedConfig.get_config_dict(model, revision=revision)
    except (OSError, ValueError) as error:
        raise ReaderError(f"model {model!r} cannot be found or read: {first_line(error)}") from error
    return str(data.get("_commit_hash") or revision)


def _told(call: Callable[[], T], what: str) -> T:
    """Return what the engine gives; raises StopReading with its words: its errors have many types."""
    outcome = attempt(call)
    if isinstance(outcome, Crash):
        raise StopReading(redacted(f"{what}: {' '.join(outcome.words.split())[:400]}"))
    return outcome.value
