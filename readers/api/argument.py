"""Arguments of a request beyond the question: the user's own, and those that models take differently.

What each model takes, and which names are the benchmark's, is data with source and date: ``arguments.json``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from taxonomy.error import SettingError
from taxonomy.outside import Bounds, outside_object

if TYPE_CHECKING:
    from readers.api.option import RequestOptions

BOUNDS = Bounds(size=16 * 1024, depth=8, once=True)
"""What the JSON of further arguments may be."""

SECRET = re.compile(r"api_?key|secret|password|authorization|bearer|credential|access_token|auth_token")
"""Parts of a name whose value is a secret, at whatever depth it stands."""

WRAPPERS = frozenset({"extra_body", "generation_config"})
"""Arguments whose parts servers take as if they stood beside them: OpenAI-compatible ones, and Google's."""

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where an underscore stands for a capital in other spellings of a name."""

LEAST_BUDGET = 1024
"""Fewest tokens of Anthropic's thinking (type ``ThinkingConfigEnabledParam`` of its SDK)."""

NOT_SENT = "not sent: the model takes none but its own"


@dataclass(frozen=True)
class ModelArguments:
    """What one family of models takes.

    Attributes
    ----------
    prefixes : tuple of str
    efforts : tuple of str
        Levels of effort; empty where it has none.
    temperature : str
        ``always``, ``never``, or ``without effort``: only where the effort is ``none``. The same holds of logprobs.
    default_effort : str
        The effort of a request that names none; empty where it is another than ``none``.
    budget : bool
        Whether it takes a thinking budget in tokens.
    """

    prefixes: tuple[str, ...]
    efforts: tuple[str, ...]
    temperature: Literal["always", "never", "without effort"] = "always"
    default_effort: str = ""
    budget: bool = False


def extra_arguments(written: str) -> dict[str, Any]:
    """Return the user's further arguments of a request.

    Parameters
    ----------
    written : str
        A JSON object of at most 16 KiB and 8 levels, as after ``--option extra=``.

    Raises
    ------
    taxonomy.error.SettingError
        When it is none, or an argument is the benchmark's: the question, the model, the schema, the limit of tokens,
        a key, and what costs more than its tokens. No message shows a value.
    """
    arguments = outside_object(written, "option extra", SettingError, BOUNDS)
    reasons = {name: reason for reason, names in _table()["reserved"].items() for name in names}
    for name, is_argument in _names(arguments):
        plain = _plain(name)
        if is_argument and plain in reasons:
            raise SettingError(f"option extra cannot set {name!r}: {reasons[plain]}")
        if SECRET.search(plain):
            raise SettingError(
                f"option extra cannot hold {name!r}: keys come from the environment alone (--option key_variable=NAME)"
            )
    return arguments


def _plain(name: str) -> str:
    return HUMP.sub("_", name).lower().replace("-", "_")


def _names(data: object, is_argument: bool = True, is_wrapped: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield every name in some JSON, and whether it is that of an argument: at the top, or anywhere in a wrapper."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            wrapped = is_wrapped or (is_argument and _plain(name) in WRAPPERS)
            yield name, is_argument
            yield from _names(value, wrapped, wrapped)
    elif isinstance(data, list):
        for value in data:
            yield from _names(value, is_wrapped, is_wrapped)


def model_arguments(provider: str, model: str) -> ModelArguments | None:
    """Return what a model takes, by its longest matching prefix; None for a model that is not in the table."""
    rows = _table().get(provider, {}).get("models", ())
    found = [(len(prefix), row) for row in rows for prefix in row["prefixes"] if model.startswith(prefix)]
    if not found:
        return None
    row = max(found, key=lambda one: one[0])[1]
    return ModelArguments(**{**row, "prefixes": tuple(row["prefixes"]), "efforts": tuple(row["efforts"])})


def sent_temperature(options: "RequestOptions", taken: ModelArguments | None, is_official: bool) -> float | None:
    """Return the temperature to send: 0 where none is set, None where the model takes none but its own.

    Raises
    ------
    taxonomy.error.SettingError
        When one is set for the maker's own API, and the model takes none. Other servers refuse in their own words.
    """
    if options.temperature == "default":
        return None
    if options.temperature is not None and not is_official:
        return options.temperature
    if _samples(options, taken):
        return options.temperature or 0.0
    if options.temperature is None:
        return None
    raise SettingError(
        f"option temperature = {options.temperature:g}: the model takes none but its own{_except(taken)}"
    )


def check_probabilities(model: str, options: "RequestOptions", taken: ModelArguments | None) -> None:
    """Raise SettingError when probabilities are asked of a model that is known to have no logprobs."""
    if options.probabilities == "on" and not _samples(options, taken):
        raise SettingError(f"option probabilities = on: model {model!r} has no logprobs{_except(taken)}")


def _samples(options: "RequestOptions", taken: ModelArguments | None) -> bool:
    """Tell whether a model takes a temperature and tells logprobs with these options, or is not known not to."""
    if taken is None or taken.temperature == "always":
        return True
    return taken.temperature == "without effort" and (options.reasoning_effort or taken.default_effort) == "none"


def _except(taken: ModelArguments | None) -> str:
    return ", except by --option reasoning_effort=none" if taken and taken.temperature == "without effort" else ""


def check_effort(model: str, options: "RequestOptions", taken: ModelArguments | None) -> None:
    """Raise SettingError when a model is known not to take the level of effort."""
    effort = options.reasoning_effort
    if taken is None or effort is None or effort in taken.efforts:
        return
    if not taken.efforts:
        raise SettingError(f"option reasoning_effort = {effort}: model {model!r} has no levels of effort")
    raise SettingError(f"option reasoning_effort must be {', '.join(taken.efforts)} for model {model!r}, not {effort}")


def check_tier(provider: str, options: "RequestOptions") -> None:
    """Raise SettingError when the provider's own API has no such service tier."""
    tiers = _table()[provider]["tiers"]
    if options.service_tier is not None and options.service_tier not in tiers:
        raise SettingError(f"option service_tier must be {', '.join(tiers)}, not {options.service_tier!r}")


def check_budget(options: "RequestOptions", least: int = 0) -> None:
    """Raise SettingError when a thinking budget leaves no token for the answer, or effort is set beside it."""
    budget = options.thinking_budget
    if budget is None:
        return
    if not least <= budget < options.max_tokens:
        said = f"between {least} and max_tokens - 1 = {options.max_tokens - 1}"
        raise SettingError(f"option thinking_budget must be {said}, not {budget}")
    if options.reasoning_effort is not None:
        raise SettingError("options thinking_budget and reasoning_effort exclude each other; leave one out")


def budget_argument(address: str, budget: int) -> dict[str, Any]:
    """Return a thinking budget as an OpenAI-compatible endpoint names it.

    Raises
    ------
    taxonomy.error.SettingError
        When it is not known how the endpoint names it.
    """
    host = urlsplit(address).hostname or ""
    path = next((names for known, names in _table()["budgets"].items() if host.endswith(known)), None)
    if path is None:
        raise SettingError(
            f"option thinking_budget = {budget}: {host} is not known to take one; OpenAI's models take "
            "--option reasoning_effort, and other servers' own names go into --option extra"
        )
    argument: Any = budget
    for name in reversed(path):
        argument = {name: argument}
    return dict(argument)


def merged(body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body with further arguments.

    Raises
    ------
    taxonomy.error.SettingError
        When an argument stands in the body already, and neither is an object.
    """
    whole = dict(body)
    for name, value in more.items():
        if name not in whole:
            whole[name] = value
        elif isinstance(whole[name], Mapping) and isinstance(value, Mapping):
            whole[name] = merged(whole[name], value)
        else:
            raise SettingError(f"option extra cannot set {name!r}: the request has it already")
    return whole


def tier_factor(tier: str | None, model: str) -> float | None:
    """Return the factor of a service tier on a model's prices, None where it is not known."""
    if tier in {None, "auto", "default", "standard", "standard_only"}:
        return 1.0
    factor = _table()["tier_prices"].get(tier, {}).get(model)
    return None if factor is None else float(factor)


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads((files("readers.api") / "arguments.json").read_text(encoding="utf-8"))
    return table
