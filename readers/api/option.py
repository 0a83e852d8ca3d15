"""What a user can set for a request, as ``--option name=value``."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import get_args

from taxonomy.error import BenchError, unknown_name

CHOICES = {
    "structured": ("auto", "schema", "text"),
    "image_detail": ("auto", "low", "high", "original"),
    "reasoning_effort": ("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    "image_check": ("on", "off"),
}


class OptionError(BenchError):
    """Raised when an option does not exist or its value is not usable."""


@dataclass(frozen=True)
class RequestOptions:
    """How a model is asked; all of it decides the answer and stands in the manifest.

    Attributes
    ----------
    temperature : float or None
        None leaves the provider's default, which some models insist on.
    max_tokens : int
        Output tokens at most, reasoning included.
    seed : int or None
    reasoning_effort : str or None
    image_detail : str
        ``auto`` takes the finest that the model has.
    structured : str
        ``schema``: the provider constrains the answer to the JSON schema; ``text``: the tolerant parser alone;
        ``auto``: a schema where the model is known to have it.
    image_check : str
        ``on``: a call whose billed input tokens leave no room for the image is a failed call.
    timeout : float
        Seconds without a byte after which a call counts as stalled.
    attempts : int
        Times that a request is sent at most.

    Raises
    ------
    OptionError
        When a value is out of its range.
    """

    temperature: float | None = None
    max_tokens: int = 8192
    seed: int | None = None
    reasoning_effort: str | None = None
    image_detail: str = "auto"
    structured: str = "auto"
    image_check: str = "on"
    timeout: float = 300.0
    attempts: int = 6

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in allowed:
                raise OptionError(f"option {name} must be one of {', '.join(allowed)}, not {value!r}")
        limits = {"temperature": (0, 2), "max_tokens": (16, 1_000_000), "timeout": (1, 3600), "attempts": (1, 100)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise OptionError(f"option {name} must be between {low} and {high}, not {value}")


def parsed_options(written: Mapping[str, str]) -> RequestOptions:
    """Return the options that were written.

    Raises
    ------
    OptionError
        When a value is no number where one is asked for, or out of its range.
    taxonomy.error.UnknownNameError
        When there is no such option; the message lists them.
    """
    kinds = {item.name: (get_args(item.type) or (item.type,))[0] for item in fields(RequestOptions)}
    values: dict[str, float | int | str] = {}
    for name, value in written.items():
        if name not in kinds:
            raise unknown_name("option", name, kinds)
        try:
            values[name] = kinds[name](value)
        except ValueError:
            raise OptionError(f"option {name} takes a number, not {value!r}") from None
    return RequestOptions(**values)  # type: ignore[arg-type]  # each value has just been given its field's type
