"""What a user can set for a request, as ``--option name=value``."""

from collections.abc import Mapping
from dataclasses import dataclass

from readers.option import check_choices, check_ranges

CHOICES = {
    "structured": ("auto", "schema", "text"),
    "image_detail": ("auto", "low", "high", "original"),
    "reasoning_effort": ("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    "image_check": ("on", "off"),
}
RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "max_tokens": (16, 1_000_000),
    "timeout": (1, 3600),
    "attempts": (1, 100),
}


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
    taxonomy.error.SettingError
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
        check_choices(self, CHOICES)
        check_ranges(self, RANGES)

    def constrains(self, known: bool) -> bool:
        """Tell whether answers are constrained to the schema: as asked, else where that is ``known`` to work."""
        return known if self.structured == "auto" else self.structured == "schema"
