"""Options of a request, as ``--option name=value``."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True)
class RequestOptions:
    """Settings of a request; all of them go into the manifest.

    Attributes
    ----------
    temperature : float or None
        None leaves the provider's default, which some models require.
    max_tokens : int
        Most output tokens, reasoning included.
    seed : int or None
    reasoning_effort : str or None
    image_detail : str
        ``auto`` takes the model's finest level.
    structured : str
        ``schema``: the provider constrains the answer to the JSON schema; ``text``: free text; ``auto``: a schema where
        the model is known to support it.
    image_check : str
        ``on``: a call fails when the billed input tokens are too few to include the image.
    timeout : float
        Seconds without data after which a call counts as stalled.
    attempts : int
        Most times that a request is sent.
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

    def constrains(self, supported: bool) -> bool:
        """Tell whether answers are constrained to the schema, given whether the model supports that."""
        return supported if self.structured == "auto" else self.structured == "schema"
