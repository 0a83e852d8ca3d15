"""Options of a model in vLLM's offline engine, as ``--option name=value``."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Interval

from taxonomy.error import SettingError
from taxonomy.outside import outside_object

OWN = frozenset({"model", "tensor_parallel_size", "dtype", "quantization", "revision", "seed", "trust_remote_code"})
"""Arguments of the engine that have options of their own, or follow from the reader's name."""


@dataclass(frozen=True)
class VllmOptions:
    """Settings of a model in the engine; all of them go into the manifest.

    Attributes
    ----------
    batch : int
        Cases that the engine gets together; it schedules them itself. They are read as one: a run that is killed loses
        as many at most.
    max_tokens : int
        Most output tokens.
    temperature : float
        0 always takes the likeliest token.
    seed : int
        Seed of sampling; each case has its own, which follows from it.
    structured : str
        ``schema``: decoding is constrained to the JSON schema; ``text``: free text for the tolerant parser.
    probabilities : str
        ``on``: the likeliest tokens are asked for, and tell the probability of every value.
    system : str
        ``user`` puts the system's words before the user's, for a template without a system turn.
    max_pixels : int or None
        Larger images are scaled down to this before the model's processor sees them.
    template_kwargs : str
        JSON object for the chat template, such as ``{"enable_thinking": false}``.
    image_kwargs : str
        JSON object for the model's processor, such as ``{"max_pixels": 1003520}``.
    engine : str
        JSON object of further arguments of ``vllm.LLM``, such as ``{"max_model_len": 16384}``.
    tensor_parallel_size : int
        GPUs that hold one model together.
    dtype, quantization, revision : str
        As ``vllm.LLM`` takes them; no quantization leaves it to the model's own.
    remote_code : str
        Name of a model whose own code may run.

    Raises
    ------
    taxonomy.error.SettingError
        When one of the JSON objects is none, or ``engine`` sets what has an option of its own.
    """

    batch: Annotated[int, Interval(ge=1, le=65536)] = 256
    max_tokens: Annotated[int, Interval(ge=1, le=1_000_000)] = 1024
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0
    seed: int = 0
    structured: Literal["text", "schema"] = "text"
    probabilities: Literal["on", "off"] = "on"
    system: Literal["turn", "user"] = "turn"
    max_pixels: Annotated[int, Interval(ge=1024, le=10**9)] | None = None
    template_kwargs: str = "{}"
    image_kwargs: str = "{}"
    engine: str = "{}"
    tensor_parallel_size: Annotated[int, Interval(ge=1, le=1024)] = 1
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    quantization: str = ""
    revision: str = "main"
    remote_code: str = ""

    def __post_init__(self) -> None:
        for name in ("template_kwargs", "image_kwargs", "engine"):
            self.read(name)
        taken = sorted(OWN & self.read("engine").keys())
        if taken:
            raise SettingError(f"option engine sets {taken[0]!r}, which is an option of the reader, or its name")

    def read(self, name: str) -> dict[str, Any]:
        """Return one of the JSON objects as data."""
        return outside_object(getattr(self, name), f"option {name}", SettingError)

    def arguments(self, model: str) -> dict[str, Any]:
        """Return the arguments of ``vllm.LLM`` for a model."""
        return {
            **self.read("engine"),
            "model": model,
            "tensor_parallel_size": self.tensor_parallel_size,
            "dtype": self.dtype,
            "quantization": self.quantization or None,
            "revision": self.revision,
            "seed": self.seed,
            "trust_remote_code": self.remote_code == model,
        }
