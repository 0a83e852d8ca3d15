"""What a user can set for a request, as ``--option name=value``."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


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
    """

    temperature: Annotated[float, Interval(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Interval(ge=16, le=1_000_000)] = 8192
    seed: int | None = None
    reasoning_effort: Effort | None = None
    image_detail: Literal["auto", "low", "high", "original"] = "auto"
    structured: Literal["auto", "schema", "text"] = "auto"
    image_check: Literal["on", "off"] = "on"
    timeout: Annotated[float, Interval(ge=1, le=3600)] = 300.0
    attempts: Annotated[int, Interval(ge=1, le=100)] = 6

    def constrains(self, known: bool) -> bool:
        """Tell whether answers are constrained to the schema: as asked, else where that is ``known`` to work."""
        return known if self.structured == "auto" else self.structured == "schema"
