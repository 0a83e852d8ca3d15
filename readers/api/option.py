"""Options of a request, as ``--option name=value``."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Interval

from readers.api.argument import extra_arguments
from taxonomy.error import SettingError
from taxonomy.secret import keep_address, shown_address

BASE_URL, KEY_VARIABLE = "base_url", "key_variable"
"""The settings that send a key somewhere: a run's folder, which may be a stranger's, never grants them."""

VARIABLE = re.compile(r"(?=.*(?:KEY|TOKEN|SECRET))[A-Z][A-Z0-9_]{1,63}")
"""Names of variables that hold keys, as they are usually written; no provider's key looks like one."""

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True)
class RequestOptions:
    """Settings of a request; all of them go into the manifest.

    Attributes
    ----------
    temperature : float, "default" or None
        None is 0, or the model's own where it is known to take no other; ``default`` sends none.
    max_tokens : int
        Most output tokens, reasoning included.
    seed : int or None
    reasoning_effort : str or None
        As the provider names its levels.
    thinking_budget : int or None
        Tokens of thinking, part of ``max_tokens``: Anthropic's, Gemini's and OpenRouter's.
    service_tier : str or None
        As the provider names them, such as OpenAI's ``flex`` and ``priority``.
    extra : str
        JSON object of further arguments of the request, such as ``{"top_p": 0.9}``.
    base_url : str
        Address of the endpoint, in the place of the provider's environment variable.
    key_variable : str
        Name of the environment variable that holds the key. With ``base_url`` alone no key is sent, except to the
        maker's own API.
    image_detail : str
        ``auto`` takes the model's finest level.
    structured : str
        ``schema``: the provider constrains the answer to the JSON schema; ``text``: free text; ``auto``: a schema where
        the model is known to support it.
    probabilities : str
        ``on``: the log-probabilities of the answer's tokens are asked for, which tell the probability of each value
        (:mod:`readers.api.token_chance`).
    image_check : str
        ``on``: a call fails when the billed input tokens are too few to include the image.
    timeout : float
        Seconds without data after which a call counts as stalled.
    attempts : int
        Most times that a request is sent.

    Raises
    ------
    taxonomy.error.SettingError
        When further arguments would replace the benchmark's, an address holds a password or parameters, or the name
        of a variable is none.
    """

    temperature: Annotated[float, Interval(ge=0, le=2)] | Literal["default"] | None = None
    max_tokens: Annotated[int, Interval(ge=16, le=1_000_000)] = 8192
    seed: int | None = None
    reasoning_effort: Effort | None = None
    thinking_budget: Annotated[int, Interval(ge=0, le=1_000_000)] | None = None
    service_tier: str | None = None
    extra: str = "{}"
    base_url: str = ""
    key_variable: str = ""
    image_detail: Literal["auto", "low", "high", "original"] = "auto"
    structured: Literal["auto", "schema", "text"] = "auto"
    probabilities: Literal["on", "off"] = "off"
    image_check: Literal["on", "off"] = "on"
    timeout: Annotated[float, Interval(ge=1, le=3600)] = 300.0
    attempts: Annotated[int, Interval(ge=1, le=100)] = 6

    def __post_init__(self) -> None:
        extra_arguments(self.extra)
        if self.key_variable and not VARIABLE.fullmatch(self.key_variable):
            # What stands there may be a key: no message shows it.
            raise SettingError(
                "option key_variable takes the name of an environment variable, in capitals and with KEY, TOKEN or "
                "SECRET in it, such as MY_API_KEY, and not the key itself"
            )
        if self.base_url:
            _check_address(self.base_url)

    @property
    def more(self) -> dict[str, Any]:
        """The further arguments of the request."""
        return extra_arguments(self.extra)

    def constrains(self, supported: bool) -> bool:
        """Tell whether answers are constrained to the schema, given whether the model supports that."""
        return supported if self.structured == "auto" else self.structured == "schema"


def _check_address(address: str) -> None:
    """Refuse an address that cannot stand in a manifest, without showing it."""
    keep_address(address)
    try:
        plain = shown_address(address)
    except ValueError:
        raise SettingError("option base_url is no address such as http://localhost:8000/v1") from None
    if plain.rstrip("/") != address.rstrip("/"):
        raise SettingError(
            "option base_url holds a user, a password or parameters, which no manifest may keep: write the address to "
            "the provider's environment variable, such as OPENAI_BASE_URL"
        )
