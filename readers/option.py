"""From ``--option name=value`` to the options of one reader, each with the type of its field."""

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any, ClassVar, Protocol, TypeVar, get_args

from taxonomy.error import SettingError, unknown_name


class _Options(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Options = TypeVar("Options", bound=_Options)


def parsed_options(kind: type[Options], written: Mapping[str, str]) -> Options:
    """Return the options that were written.

    Parameters
    ----------
    kind : type
        A dataclass whose fields are numbers or strings; one that may be None has its type first.
    written : mapping of str to str

    Raises
    ------
    SettingError
        When a value is no number where one is asked for, or out of its range.
    taxonomy.error.UnknownNameError
        When there is no such option; the message lists them.
    """
    types = {item.name: (get_args(item.type) or (item.type,))[0] for item in fields(kind)}
    values: dict[str, Any] = {}
    for name, value in written.items():
        if name not in types:
            raise unknown_name("option", name, types)
        try:
            values[name] = types[name](value)
        except ValueError:
            raise SettingError(f"option {name} takes a number, not {value!r}") from None
    return kind(**values)


def check_choices(options: object, choices: Mapping[str, tuple[str, ...]]) -> None:
    """Check that each named option is one of its choices, or None.

    Raises
    ------
    SettingError
    """
    for name, allowed in choices.items():
        value = getattr(options, name)
        if value is not None and value not in allowed:
            raise SettingError(f"option {name} must be one of {', '.join(allowed)}, not {value!r}")


def check_ranges(options: object, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Check that each named option lies in its range, or is None.

    Raises
    ------
    SettingError
    """
    for name, (low, high) in ranges.items():
        value = getattr(options, name)
        if value is not None and not low <= value <= high:
            raise SettingError(f"option {name} must be between {low} and {high}, not {value}")
