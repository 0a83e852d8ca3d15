"""The floor: a reader that always answers the commonest value of the training folds."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from readers.contract import Case, Input
from readers.head import still_known
from taxonomy.axis import AxisValue
from taxonomy.reading import Reading


def majority_values() -> Mapping[str, AxisValue]:
    """Return the majority value of each axis, of normality and of ischemia, in PTB-XL's training folds.

    ``readers/majority.json`` says how each was counted. Axes without a count, and values that the taxonomy has dropped,
    are left out.
    """
    return {name: value for name, value in still_known(_counted()).items() if value is not None}


@cache
def counted_majority() -> Mapping[str, Mapping[str, Any]]:
    """Return by axis the majority ``value``, its ``share`` and ``count`` of ``n`` records, and what was counted."""
    data: Mapping[str, Mapping[str, Any]] = json.loads((files("readers") / "majority.json").read_text(encoding="utf-8"))
    return data


@cache
def _counted() -> Mapping[str, AxisValue]:
    values = {axis: row["value"] for axis, row in counted_majority().items()}
    return {axis: frozenset(value) if isinstance(value, list) else value for axis, value in values.items()}


class MajorityReader:
    """Recites the prior."""

    name = "majority"
    description = "the commonest value of the training folds on every axis: the prior"
    inputs: frozenset[Input] = frozenset()

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield the same reading for every case."""
        values = majority_values()
        for _ in cases:
            yield Reading(values=values)
