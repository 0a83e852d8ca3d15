"""A commercial interpretation program for comparison: GE's 12SL, from its statements in PTB-XL+."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from readers.contract import Case, Input
from readers.digest import file_digest
from readers.head import still_known
from taxonomy.axis import AxisValue
from taxonomy.reading import Reading

CANNOT_RULE_OUT, UNDETERMINED, ACUTE, STEMI = "CRO", "AU", "AC", "STEMI"
"""Statements that qualify an infarct: the first stands before it, the others after it."""


class TwelveSlReader:
    """Answers with the statements that 12SL printed; a case without statements is left unanswered."""

    name = "12sl"
    description = "GE's 12SL by its statements in PTB-XL+ (--statements FILE): an accepted interpretation program"
    inputs: frozenset[Input] = frozenset({"statements"})

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
    conduction = _first(table["conduction"], names) or "none"
    stage, territory = _ischemia(table, certain)
    findings = {table["finding"][name] for name in names if name in table["finding"]}
    lesser = {value for value, row in table["conduction"] if not names.isdisjoint(row)} - {conduction}
    if "BAE" in names:
        findings.add("right_atrial_enlargement")
    return {
        "rate": _first(table["rate"], names) or "normal",
        "rhythm": _first(table["rhythm"], names),
        "axis": _first(table["axis"], names) or "normal",
        "conduction": conduction,
        "ischemia_stage": stage,
        "ischemia_territory": territory,
        "other_findings": frozenset(findings | lesser),
        "diagnosis": _first(table["diagnosis"], names) or "NORM",
    }


def _without_doubt(statements: Sequence[str]) -> list[str]:
    """Return the statements without the infarcts that are marked as "cannot rule out"."""
    infarcts = _table()["infarct"]
    return [
        name
        for place, name in enumerate(statements)
        if not (name in infarcts and place and statements[place - 1] == CANNOT_RULE_OUT)
    ]


def _ischemia(table: Mapping[str, Any], statements: Sequence[str]) -> tuple[str, str]:
    infarct, injury, ischemia = (
        [table[kind][name] for name in statements if name in table[kind]] for kind in ("infarct", "injury", "ischemia")
    )
    if infarct:
        acute = bool(injury) or ACUTE in statements or STEMI in statements
        return ("acute" if acute else "age_undetermined"), _territory(infarct)
    if injury or STEMI in statements:
        return "acute", _territory(injury or ["unspecified"])
    return ("ischemic_st_t", _territory(ischemia)) if ischemia else ("none", "none")


def _territory(named: Sequence[str]) -> str:
    places = set(named) - {"unspecified"}
    return "unspecified" if not places else places.pop() if len(places) == 1 else "multiple"


def _first(order: Sequence[tuple[str, Sequence[str]]], statements: frozenset[str]) -> str | None:
    return next((value for value, names in order if not statements.isdisjoint(names)), None)


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads((files("readers") / "twelve_sl.json").read_text(encoding="utf-8"))
    return table
