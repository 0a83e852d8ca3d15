"""A commercial interpretation program for comparison: GE's 12SL, from its statements in PTB-XL+."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from readers.contract import Case, Input
from readers.digest import file_digest
from readers.head import still_known
from taxonomy.axis import AxisValue
from taxonomy.ischemia import whole_territory
from taxonomy.reading import Reading

ACUTE, STEMI = "AC", "STEMI"
"""Statements of an acute infarct: the first follows the infarct that it qualifies, the second ends the list."""

Table = Sequence[tuple[str, Sequence[str]]]
"""Values of an axis with the statements that mean them, in order of precedence."""


class TwelveSlReader:
    """Answers with the statements that 12SL printed; a case without statements is left unanswered."""

    name = "12sl"
    description = "GE's 12SL by its statements in PTB-XL+ (--statements FILE): an accepted interpretation program"
    inputs: frozenset[Input] = frozenset({"statements"})
    measures = frozenset({"rate by 12SL", "axis by 12SL"})

    @property
    def details(self) -> Mapping[str, str]:
        """The digest of the map from statements to axes, for the manifest."""
        return {"map": file_digest(files("readers") / "twelve_sl.json")}

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case."""
        for case in cases:
            yield Reading() if case.statements is None else Reading(values=still_known(values_of(case.statements)))


def values_of(statements: Sequence[str]) -> dict[str, AxisValue | None]:
    """Return the value of every axis by a list of 12SL's statements.

    Parameters
    ----------
    statements : sequence of str
        Acronyms in the order printed, such as ``["NSR", "ASMI", "AU"]``.
    """
    table, certain = _table(), _without_doubt(statements)
    names = frozenset(certain)
    defects = _all(table["conduction"], names)
    stage, territory = _ischemia(table, certain)
    return {
        "rate": _first(table["rate"], names),
        "rhythm": _first(table["rhythm"], names),
        "axis": _first(table["axis"], names) or "normal",
        "conduction": defects[0] if defects else "none",
        "ischemia_stage": stage,
        "ischemia_territory": territory,
        "other_findings": frozenset((*_all(table["finding"], names), *defects[1:])),
        "diagnosis": _first(table["diagnosis"], names) or _first(table["diagnosis"], frozenset(statements)) or "NORM",
    }


def _without_doubt(statements: Sequence[str]) -> list[str]:
    """Return the statements without those that the one before them calls doubtful."""
    doubted = _table()["doubted"]
    return [
        name
        for qualifier, name in zip(("", *statements), statements, strict=False)
        if name not in doubted.get(qualifier, ())
    ]


def _ischemia(table: Mapping[str, Any], statements: Sequence[str]) -> tuple[str, str]:
    """Return stage and territory, both of the same statements: acute infarct or injury, any infarct, ischemia."""
    infarct, injury, ischemia = (
        [table[kind][name] for name in statements if name in table[kind]] for kind in ("infarct", "injury", "ischemia")
    )
    pairs = pairwise(statements)
    acute = [*injury, *(table["infarct"][name] for name, after in pairs if name in table["infarct"] and after == ACUTE)]
    if acute or STEMI in statements:
        return "acute", whole_territory(acute or infarct)
    if infarct:
        return "age_undetermined", whole_territory(infarct)
    return ("ischemic_st_t", whole_territory(ischemia)) if ischemia else ("none", "none")


def _first(order: Table, statements: frozenset[str]) -> str | None:
    return next(iter(_all(order, statements)), None)


def _all(order: Table, statements: frozenset[str]) -> list[str]:
    return [value for value, names in order if not statements.isdisjoint(names)]


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads((files("readers") / "twelve_sl.json").read_text(encoding="utf-8"))
    return table
