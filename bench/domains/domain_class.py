"""The classes of a domain study: superclasses, values of axes, and values that labels do not keep apart as one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from taxonomy.axis import CONDUCTION, Axis, axis_named
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import SUPERCLASSES
from taxonomy.truth import Truth

POSITIVE, NEGATIVE, NEITHER = 1, 0, -1


@dataclass(frozen=True)
class DomainClass:
    """One class.

    Attributes
    ----------
    name : str
        Such as ``"MI"``, ``"rhythm: paced"`` or ``"fibrillation or flutter"``.
    of : str
        Key of its probabilities in a reading: ``superclass`` or an axis.
    values : tuple of str
        Any of them is a positive.
    """

    name: str
    of: str
    values: tuple[str, ...]

    @property
    def is_joined(self) -> bool:
        """Whether it unites classes that stand beside it."""
        return len(self.values) > 1

    def outcome(self, truth: Truth) -> int:
        """Return whether a truth is a positive (1), a negative (0) or neither (-1): unlabelled, or right all the same.

        A value that is right without being the primary one is neither; a record without a diagnosis is of no
        superclass.
        """
        if self.of == SUPERCLASS:
            return NEITHER if not truth.superclasses else int(not truth.superclasses.isdisjoint(self.values))
        primary = truth.values.get(self.of)
        if primary is None:
            return NEITHER
        if isinstance(primary, frozenset):
            spared = truth.allowed
        else:
            spared = frozenset(map(str, truth.right_values(self.of))) - {primary}
            primary = frozenset({primary})
        if not primary.isdisjoint(self.values):
            return POSITIVE
        return NEGATIVE if spared.isdisjoint(self.values) else NEITHER


@cache
def domain_classes() -> tuple[DomainClass, ...]:
    """Return every class: the superclasses, then of each axis its joined values and its single ones."""
    table = json.loads((files("bench.domains") / "classes.json").read_text(encoding="utf-8"))
    found = [DomainClass(name, SUPERCLASS, (name,)) for name in SUPERCLASSES]
    for axis in map(axis_named, table["axes"]):
        joined = {name: said for name, said in table["joined"].items() if said["axis"] == axis.name}
        found += [DomainClass(name, axis.name, tuple(said["values"])) for name, said in joined.items()]
        found += [DomainClass(f"{axis.name}: {value}", axis.name, (value,)) for value in _own_values(axis)]
    return tuple(found)


def _own_values(axis: Axis) -> tuple[str, ...]:
    """Return the values of an axis; defects of conduction, which are findings too, are of their own axis."""
    return tuple(value for value in axis.values if not axis.is_set or value not in CONDUCTION.values)


def outcomes(classes: Sequence[DomainClass], truths: Iterable[Truth]) -> NDArray[np.int8]:
    """Return the outcome of every class, int8 (n, classes)."""
    rows: dict[object, list[int]] = {}
    table = []
    for truth in truths:
        # Truths repeat, and those of 45,000 records take long one by one.
        key = _key(truth)
        if key not in rows:
            rows[key] = [one.outcome(truth) for one in classes]
        table.append(rows[key])
    return np.array(table, dtype=np.int8).reshape(len(table), len(classes))


def _key(truth: Truth) -> object:
    values = frozenset(truth.values.items())
    return values, truth.superclasses, frozenset(truth.accepted.items()), truth.allowed


def chances(classes: Sequence[DomainClass], readings: Iterable[Reading]) -> NDArray[np.float64]:
    """Return the probability of every class, NaN where there is none, float64 (n, classes).

    That of a joined class is the sum over its values; of a value that a reading does not name it is 0. A class none of
    whose values any reading gives has no probability, rather than that of 0.
    """
    read = list(readings)
    known = _given(read)
    table = np.full((len(read), len(classes)), np.nan)
    for of in dict.fromkeys(one.of for one in classes if one.of in known):
        values = tuple(sorted(known[of]))
        rows = [k for k, reading in enumerate(read) if not reading.error and reading.probabilities.get(of)]
        given = [read[k].probabilities[of] for k in rows]
        held = np.array([[one.get(value, 0.0) for value in values] for one in given], dtype=np.float64)
        for column, one in enumerate(classes):
            own = [k for k, value in enumerate(values) if value in one.values]
            if one.of == of and own:
                table[rows, column] = np.minimum(1.0, held[:, own].sum(axis=1))
    return table


def _given(readings: Iterable[Reading]) -> Mapping[str, frozenset[str]]:
    given: dict[str, set[str]] = {}
    for reading in readings:
        for of, said in reading.probabilities.items():
            given.setdefault(of, set()).update(said)
    return {of: frozenset(names) for of, names in given.items()}
