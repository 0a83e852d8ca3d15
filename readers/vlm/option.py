"""What a user can set for an open model, as ``--option name=value``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readers.option import check_choices, check_ranges
from taxonomy.error import SettingError

LOAD_CHOICES = {"dtype": ("auto", "bfloat16", "float16", "float32"), "quantization": ("none", "4bit")}
LOAD_RANGES: Mapping[str, tuple[float, float]] = {"max_pixels": (1024, 1e9)}
ASK_CHOICES = {"structured": ("text", "schema"), "probabilities": ("on", "off")}
ASK_RANGES: Mapping[str, tuple[float, float]] = {
    "batch": (1, 4096),
    "max_tokens": (1, 1_000_000),
    "temperature": (0, 2),
}


@dataclass(frozen=True)
class LoadOptions:
    """How an open model is loaded, and how images are handed to it.

    Attributes
    ----------
    max_pixels : int or None
        Images with more pixels are scaled down to it before the model's own processor sees them.
    image_kwargs : str
        JSON object for the model's image processor, such as ``{"do_pan_and_scan": true}`` for Gemma 3.
    dtype, quantization : str
        ``auto`` is bfloat16 on a GPU, float32 elsewhere. ``4bit`` (NF4) needs a GPU and bitsandbytes.
    device : str
        ``auto``, or as torch names it: ``cuda:1``, ``cpu``.
    revision : str
        Of a model from the hub.
    remote_code : str
        Name of the model whose own code may be run; a model with code of its own is refused without it.

    Raises
    ------
    taxonomy.error.SettingError
        When a value is out of its range.
    """

    max_pixels: int | None = None
    image_kwargs: str = "{}"
    dtype: str = "auto"
    quantization: str = "none"
    device: str = "auto"
    revision: str = "main"
    remote_code: str = ""

    def __post_init__(self) -> None:
        check_choices(self, LOAD_CHOICES)
        check_ranges(self, LOAD_RANGES)
        self.for_images()

    def for_images(self) -> dict[str, Any]:
        """Return ``image_kwargs`` as data."""
        try:
            data = json.loads(self.image_kwargs)
        except ValueError as error:
            raise SettingError(f"option image_kwargs is no JSON ({error}): {self.image_kwargs!r}") from None
        if not isinstance(data, dict):
            raise SettingError(f"option image_kwargs takes a JSON object, not {self.image_kwargs!r}")
        return data


@dataclass(frozen=True)
class VlmOptions(LoadOptions):
    """How an open model is loaded and asked; all of it stands in the manifest.

    Attributes
    ----------
    batch : int
        Cases that are generated together.
    max_tokens : int
        Output tokens at most.
    temperature : float
        0 takes the likeliest token.
    seed : int
        Of sampling; a batch of one case makes a resumed run draw the same.
    structured : str
        ``schema``: only text that keeps the JSON schema of the answer can be written (by llguidance); ``text``: free
        text and the tolerant parser. The two tell failures of form from failures of reading.
    probabilities : str
        ``on``: a second pass scores every allowed value of every axis.

    Raises
    ------
    taxonomy.error.SettingError
        When a value is out of its range.
    """

    batch: int = 8
    max_tokens: int = 1024
    temperature: float = 0.0
    seed: int = 0
    structured: str = "text"
    probabilities: str = "on"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choices(self, ASK_CHOICES)
        check_ranges(self, ASK_RANGES)
