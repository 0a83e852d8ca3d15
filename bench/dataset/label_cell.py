"""Cells of a table of labels: values of the axes, age and sex.

Several values that are right stand with ``|`` between them, the first is the primary one; findings stand with ``;``
between them; ``none`` is no finding.
"""

import math
from typing import Literal

from taxonomy.axis import AxisValue, axis_named
from taxonomy.error import DatasetError, UnknownNameError, unknown_name

_SEXES: dict[str, Literal["male", "female"]] = {"m": "male", "male": "male", "f": "female", "female": "female"}

Label = tuple[AxisValue, ...]
"""The primary value of an axis, then the other right ones."""


def sex_in(written: str) -> Literal["male", "female"] | None:
    """Return the sex that a cell names, None for an empty cell or another word."""
    return _SEXES.get(written.lower())


def age_in(where: str, written: str) -> float | None:
    """Return the years in a cell, None for an empty one; raises DatasetError, which names ``where``, for no age."""
    if written.lower() in {"", "nan"}:
        return None
    try:
        age = float(written)
    except ValueError:
        age = math.nan
    if not 0 <= age <= 130:
        raise DatasetError(f"{where} gives the age {written[:40]!r}: write years, or nothing")
    return age


def label_in(where: str, axis: str, written: str) -> Label:
    """Return what a cell says on an axis; raises UnknownNameError, which names ``where``, for no value of it."""
    asked = axis_named(axis)
    if asked.is_set:
        found = frozenset(one.strip() for one in written.split(";") if one.strip() not in {"", "none"})
        values: Label = (found,)
        wrong = sorted(found - set(asked.values))
    else:
        values = tuple(one.strip() for one in written.split("|"))
        wrong = [str(one) for one in values if one not in asked.values]
    if wrong:
        raise UnknownNameError(f"{where}: {unknown_name(f'value of {axis}', wrong[0], asked.values)}")
    return values
