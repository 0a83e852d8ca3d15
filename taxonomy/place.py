"""Where in a written answer the value of each axis stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from taxonomy.axis import axis_named
from taxonomy.parsing import answer_bounds
from taxonomy.schema import NESTED
from taxonomy.synonym import folded, key_meaning
from taxonomy.target import TargetFormat

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
"""A string, a mark, or a bare word such as ``null``: the parts of a JSON text."""

MARKS = frozenset("{}[],:")


@dataclass(frozen=True)
class Place:
    """The place of a value in a text.

    Attributes
    ----------
    key : int
        Start of the key before it, with its quotes.
    colon : int
        End of the colon between them.
    end : int
        End of the value, with its quotes.
    """

    key: int
    colon: int
    end: int


def value_places(text: str, form: TargetFormat) -> dict[str, Place]:
    """Return the place of each axis's value in an answer.

    Parameters
    ----------
    text : str
        The whole response, as :func:`taxonomy.parsing.parse` takes it.
    form : TargetFormat

    Returns
    -------
    dict of str to Place
        By axis, for values that are a string or ``null``; an axis that is given twice has none, and a text that holds
        no object of strict JSON has none at all.
    """
    bounds = answer_bounds(text, form)
    if bounds is None:
        return {}
    found: dict[str, Place] = {}
    twice: set[str] = set()
    for keys, place in _values(text, *bounds):
        axis = _axis(keys, form)
        if axis in found:
            twice.add(axis)
        if axis is not None:
            found[axis] = place
    return {axis: place for axis, place in found.items() if axis not in twice}


def _axis(keys: tuple[str, ...], form: TargetFormat) -> str | None:
    """Return the axis whose value stands under these keys, the outermost first; sets have none."""
    inner, outer = keys[-1], key_meaning(keys[-2]) if len(keys) > 1 else ""
    part = NESTED.get(outer, {}).get(folded(inner))
    name = part.name if part else key_meaning(inner)
    return name if name in form.axes and not axis_named(name).is_set else None


def _values(text: str, start: int, end: int) -> Iterator[tuple[tuple[str, ...], Place]]:
    """Yield the keys above each string or bare word that is the value of a key, and its place."""
    keys: list[str | None] = []
    key, colon = start, None
    for part in _PART.finditer(text, start, end):
        said = part[0]
        if said in {"{", "["}:
            # What stands in a list is the value of no key.
            keys.append(None if said == "[" else "")
        elif said in {"}", "]"}:
            keys.pop()
        elif said == ":":
            colon = part.end()
            continue
        elif said not in MARKS and keys and keys[-1] is not None:
            if colon is None:
                keys[-1], key = said[1:-1], part.start()
            elif None not in keys:
                yield tuple(one for one in keys if one is not None), Place(key, colon, part.end())
        colon = None
