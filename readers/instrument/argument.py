"""The arguments of a call, as a model wrote them, read with one sentence for whatever is wrong."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from taxonomy.error import FileError
from taxonomy.outside import Bounds, outside_object

BOUNDS = Bounds(size=16 * 1024, depth=6)


class WrongCall(Exception):
    """Raised for a call that cannot be done; the message tells the model what is allowed."""


def arguments_of(written: str, allowed: Collection[str]) -> Mapping[str, Any]:
    """Return arguments by name; raises WrongCall when they are no JSON object, or hold another name."""
    try:
        arguments = outside_object(written or "{}", "what was written", bounds=BOUNDS)
    except FileError:
        raise WrongCall(f"the arguments are no JSON object with {_listed(allowed)}") from None
    for name in arguments:
        if name not in allowed:
            raise WrongCall(f"there is no argument {name[:40]!r}: it takes {_listed(allowed)}")
    return {name: value for name, value in arguments.items() if value is not None}


def numbers(name: str, value: object, what: Mapping[int, str]) -> tuple[float, ...]:
    """Return the numbers of a list.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
        A list of numbers, or one number.
    what : mapping of int to str
        By length, what such a list is; raises WrongCall for another one.
    """
    listed = value if isinstance(value, list) else [value]
    if len(listed) not in what or not all(map(_is_number, listed)):
        raise WrongCall(f"{name} must be {' or '.join(what.values())}, not {shortened(value)}")
    return tuple(map(float, listed))


def shortened(value: object) -> str:
    """Return a value as text of bounded length."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < 1e6


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)
