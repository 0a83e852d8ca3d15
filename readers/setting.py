"""Settings from outside (a TOML file, JSON, ``--option name=value``) as a dataclass, checked by pydantic.

Each field's annotation gives its allowed values: ``Annotated[int, Interval(ge=1)]``, ``Literal["on", "off"]``. pydantic
is imported with the first setting, so commands without settings start faster.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import date, time
from functools import cache
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, TypeVar

from taxonomy.error import SettingError, unknown_name
from taxonomy.printable import OBEYED

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic import TypeAdapter, ValidationError

LONGEST = 200
"""Characters of a wrong value that a message shows."""

LARGEST = 1024 * 1024
"""Bytes of a TOML file at most."""

DEEPEST = 16
"""Tables and lists within one another at most."""

_TOO_DEEP = f"its tables and lists are more than {DEEPEST} within one another"

Settings = TypeVar("Settings", bound="DataclassInstance")


def read_toml(path: Traversable, what: str) -> dict[str, Any]:
    """Return the data of a TOML file, unchecked.

    Parameters
    ----------
    path : Path or Traversable
    what : str
        The user's word for the file, such as ``"training configuration"``.

    Raises
    ------
    SettingError
        When the file cannot be read, is too large or no TOML, or holds what no setting is: a date, or what a terminal
        would obey.
    """
    try:
        with path.open("rb") as file:
            written = file.read(LARGEST + 1)
        if len(written) > LARGEST:
            raise ValueError(f"it is larger than {LARGEST // 1024:,} KiB")
        data = tomllib.loads(written.decode("utf-8-sig"))
        _check_values(data)
    except OSError as error:
        raise SettingError(f"{what} {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingError(f"{what} {path} cannot be read: {error}") from error
    except RecursionError:
        raise SettingError(f"{what} {path} cannot be read: {_TOO_DEEP}") from None
    return data


def _check_values(data: dict[str, Any]) -> None:
    """Raise ValueError when TOML is too deep, or holds what no setting is."""
    left: list[tuple[int, str, object]] = [(0, "", data)]
    while left:
        depth, name, value = left.pop()
        if depth > DEEPEST:
            raise ValueError(_TOO_DEEP)
        if isinstance(value, dict):
            left += [(depth + 1, str(inner), one) for inner, one in value.items()]
            left += [(depth + 1, name, inner) for inner in value]
        elif isinstance(value, list):
            left += [(depth + 1, name, one) for one in value]
        elif isinstance(value, str) and (wrong := OBEYED.search(value)):
            raise ValueError(f"{name or 'a table'} holds the control character {wrong[0]!r}: leave it out")
        elif isinstance(value, date | time):
            raise ValueError(f"{name} is a date or a time, and no setting is one: write {str(value)!r} in quotes")


def checked_settings(kind: type[Settings], data: Mapping[str, object], what: str = "setting") -> Settings:
    """Return the settings in the data of a TOML or JSON file; fields that are not set keep their defaults.

    Types are those of JSON and are not coerced: an int is not a bool, a string is not a number. A float may lack its
    decimal point, and a list becomes a tuple.

    Parameters
    ----------
    kind : type
        A dataclass.
    data : mapping of str to object
    what : str
        The word for a setting in messages.

    Raises
    ------
    SettingError
        When a value has the wrong type, is out of range or not among the choices.
    taxonomy.error.UnknownNameError
        When there is no such setting; the message lists them.
    """
    return _validated(kind, data, what, lambda kept: kept.validate_json(json.dumps(data, default=str), strict=True))


def manifest_options(options: "DataclassInstance") -> dict[str, str]:
    """Return the options that are set as the manifest writes them, by name."""
    return {name: str(value) for name, value in asdict(options).items() if value is not None}


def parsed_options(kind: type[Settings], written: Mapping[str, str]) -> Settings:
    """Return the options, each string converted to the type of its field.

    Raises
    ------
    SettingError
        When a value cannot be converted, is out of range or not among the choices.
    taxonomy.error.UnknownNameError
        When there is no such option; the message lists them.
    """
    return _validated(kind, written, "option", lambda kept: kept.validate_strings(dict(written)))


def _validated(
    kind: type[Settings], data: Mapping[str, object], what: str, read: "Callable[[TypeAdapter[Settings]], Settings]"
) -> Settings:
    from pydantic import ValidationError

    names = [item.name for item in fields(kind)]
    for name in data:
        if name not in names:
            raise unknown_name(what, name, names)
    try:
        return read(_adapter(kind))
    except ValidationError as error:
        raise _sentence(kind, what, error) from None


@cache
def _adapter(kind: type[Any]) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _sentence(kind: type[Settings], what: str, error: "ValidationError") -> SettingError:
    """Return an error for the first problem, with pydantic's words for the allowed values."""
    first, *others = error.errors(include_url=False)
    # A field that takes a word beside numbers has an error for each, with pydantic's name of it in the location.
    words = [other["msg"].removeprefix("Input should be ") for other in others if other["loc"][:1] == first["loc"][:1]]
    name = ".".join(map(str, first["loc"][: 1 if words else None]))
    value, message = _short(first["input"]), first["msg"]
    if not message.startswith("Input should be "):
        return SettingError(f"{what} {name} = {value} cannot be used: {message}")
    allowed = re.sub(r", (unable|got) .*", "", message.removeprefix("Input should be "))
    allowed = allowed.replace("a valid integer", "a whole number").replace("a valid number", "a number")
    allowed = " or ".join([_between(kind, name, first["type"]) or allowed, *words])
    return SettingError(f"{what} {name} must be {allowed}, not {value}")


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 3]}..."


def _between(kind: type[Settings], name: str, problem: str) -> str:
    """Return both ends of a field's range, of which pydantic names only one; empty without two ends."""
    if problem not in {"greater_than_equal", "less_than_equal"}:
        return ""
    schema = _adapter(kind).json_schema()["properties"].get(name, {})
    ends = ((branch.get("minimum"), branch.get("maximum")) for branch in schema.get("anyOf", [schema]))
    return next((f"between {low} and {high}" for low, high in ends if None not in (low, high)), "")
