"""Options of an open model, as ``--option name=value``."""

import re
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from annotated_types import Interval

from taxonomy.error import SettingError
from taxonomy.outside import outside_object

_MEMORY = re.compile(r"[0-9]{1,9}[KMG]i?B")

REMOTE_CODE = "remote_code"
"""The setting that lets a model's own code run."""


@dataclass(frozen=True)
class LoadOptions:
    """Settings for loading an open model and its images.

    Attributes
    ----------
    max_pixels : int or None
        Larger images are scaled down to this before the model's processor sees them.
    image_kwargs : str
        JSON object for the model's image processor, such as ``{"do_pan_and_scan": true}`` for Gemma 3.
    template_kwargs : str
        JSON object for the model's chat template, such as ``{"enable_thinking": true}`` for Gemma 4.
    dtype, quantization : str
        ``auto`` is bfloat16 on a GPU, float32 elsewhere. ``4bit`` (NF4) needs a GPU and bitsandbytes.
    device : str
        As torch names it: ``cuda:1``, ``cpu``. ``auto`` is the first GPU, or all of them together for a model that is
        too large for one; without a GPU, the CPU.
    max_memory : str
        JSON object of the most memory that weights take of each device, such as ``{"0": "20GiB", "cpu": "100GiB"}``;
        what exceeds it stays on disk. Slow, but runs where nothing else does.
    revision : str
        Revision of a model from the hub.
    remote_code : str
        Name of a model whose own code may run; without it, a model that needs its own code is refused. Given on the
        command line alone: no file grants it (:attr:`kept`).

    Raises
    ------
    taxonomy.error.SettingError
        When ``image_kwargs``, ``template_kwargs`` or ``max_memory`` is not a JSON object, or the last names no memory.
    """

    max_pixels: Annotated[int, Interval(ge=1024, le=10**9)] | None = None
    image_kwargs: str = "{}"
    template_kwargs: str = "{}"
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    quantization: Literal["none", "4bit"] = "none"
    device: str = "auto"
    max_memory: str = "{}"
    revision: str = "main"
    remote_code: str = ""

    def __post_init__(self) -> None:
        self.for_template()
        self.for_images()
        if self.for_memory() and self.device != "auto":
            raise SettingError(f"option max_memory shares a model among devices: leave out device = {self.device!r}")

    @property
    def kept(self) -> dict[str, Any]:
        """The settings that a file may hold: all but the leave to run a model's code."""
        return {item.name: getattr(self, item.name) for item in fields(LoadOptions) if item.name != REMOTE_CODE}

    def for_template(self) -> dict[str, Any]:
        """Return ``template_kwargs`` as data; raises SettingError when it is no JSON object."""
        return outside_object(self.template_kwargs, "option template_kwargs", SettingError)

    def for_images(self) -> dict[str, Any]:
        """Return ``image_kwargs`` as data."""
        return outside_object(self.image_kwargs, "option image_kwargs", SettingError)

    def for_memory(self) -> dict[int | str, str]:
        """Return ``max_memory`` as data, GPUs by number; raises SettingError when it names no memory."""
        given = outside_object(self.max_memory, "option max_memory", SettingError)
        for device, size in given.items():
            if not (device.isdecimal() or device == "cpu") or not isinstance(size, str) or not _MEMORY.fullmatch(size):
                raise SettingError(
                    f"option max_memory gives each GPU by number, and cpu, its memory, such as "
                    f'{{"0": "20GiB", "cpu": "100GiB"}}, not {device[:40]!r}: {str(size)[:40]!r}'
                )
        return {int(device) if device.isdecimal() else device: size for device, size in given.items()}


@dataclass(frozen=True)
class VlmOptions(LoadOptions):
    """Settings of an open model; all of them go into the manifest.

    Attributes
    ----------
    batch : int
        Cases that are generated together.
    max_tokens : int
        Most output tokens.
    temperature : float
        0 always takes the likeliest token.
    seed : int
        Seed of sampling; with ``batch=1`` a resumed run samples the same tokens.
    structured : str
        ``schema``: decoding is constrained to the JSON schema (by llguidance); ``text``: free text for the tolerant
        parser. Comparing the two separates failures of format from failures of reading.
    probabilities : str
        ``on``: a second pass scores every allowed value of every axis.
    """

    batch: Annotated[int, Interval(ge=1, le=4096)] = 8
    max_tokens: Annotated[int, Interval(ge=1, le=1_000_000)] = 1024
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0
    seed: int = 0
    structured: Literal["text", "schema"] = "text"
    probabilities: Literal["on", "off"] = "on"
