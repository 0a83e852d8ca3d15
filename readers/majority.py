"""The floor: a reader that answers the commonest value of the training folds, whatever it is shown."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

from readers.contract import Case, Input
from taxonomy.axis import AXES, NORMALITY, AxisValue
from taxonomy.reading import Reading


@cache
def majority_values() -> Mapping[str, AxisValue]:
    """Return the majority value of each axis, and of normality, in PTB-XL's training folds.

    ``readers/majority.json`` says how each was counted.
    """
    data = json.loads((files("readers") / "majority.json").read_text(encoding="utf-8"))
    return {
        axis.name: frozenset(data[axis.name]["value"]) if axis.is_set else data[axis.name]["value"]
        for axis in (*AXES, NORMALITY)
    }


class MajorityReader:
    """Recites the prior."""

    name = "majority"
    description = "the commonest value of the training folds on every axis: the prior"
    inputs: frozenset[Input] = frozenset()

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield the same reading for every case."""
        for _ in cases:
            yield Reading(values=majority_values())
