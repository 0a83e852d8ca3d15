"""What a user can set for an open model, as ``--option name=value``."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Interval

from taxonomy.error import SettingError


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
        When ``image_kwargs`` is no JSON object.
    """

    max_pixels: Annotated[int, Interval(ge=1024, le=10**9)] | None = None
    image_kwargs: str = "{}"
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    quantization: Literal["none", "4bit"] = "none"
    device: str = "auto"
    revision: str = "main"
    remote_code: str = ""

    def __post_init__(self) -> None:
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
    """

    batch: Annotated[int, Interval(ge=1, le=4096)] = 8
    max_tokens: Annotated[int, Interval(ge=1, le=1_000_000)] = 1024
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0
    seed: int = 0
    structured: Literal["text", "schema"] = "text"
    probabilities: Literal["on", "off"] = "on"
