"""The floor: a reader that answers the commonest value of the training folds, whatever it is shown."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

from readers.contract import Case, Input
from readers.head import still_known
from taxonomy.axis import AxisValue
from taxonomy.reading import Reading


def majority_values() -> Mapping[str, AxisValue]:
    """Return the majority value of each axis, and of normality, in PTB-XL's training folds.

    ``readers/majority.json`` says how each was counted. An axis that was not counted, or whose majority value the
    taxonomy no longer has, is left out.
    """
    return {name: value for name, value in still_known(_counted()).items() if value is not None}


@cache
def _counted() -> Mapping[str, AxisValue]:
    data = json.loads((files("readers") / "majority.json").read_text(encoding="utf-8"))
    values = {name: found["value"] for name, found in data.items()}
    return {name: frozenset(value) if isinstance(value, list) else value for name, value in values.items()}


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
