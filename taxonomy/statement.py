"""PTB-XL's 71 SCP-ECG statements, with their groups, classes and findings.

Source of codes, groups and classes: PTB-XL v1.0.3, ``scp_statements.csv`` (Wagner et al. 2020, Scientific Data 7:154,
CC BY 4.0). The columns ``description`` and ``finding`` are this benchmark's own: what a statement says in plain words,
and its name on the axis ``other_findings``.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
"""PTB-XL's five diagnostic superclasses, in the order of its publications."""


@dataclass(frozen=True)
class Statement:
    """One SCP-ECG statement.

    Attributes
    ----------
    code : str
        Acronym, such as ``"CLBBB"``.
    description : str
        What it says, in this benchmark's words.
    row : int
        Position in PTB-XL's ``scp_statements.csv``; it breaks ties between diagnoses.
    diagnostic, form, rhythm : bool
        Its groups; a statement can be in two.
    superclass, subclass : str or None
        For diagnostic statements only.
    finding : str or None
        Its name on the axis ``other_findings``; None where another axis holds it.
    """

    code: str
    description: str
    row: int
    diagnostic: bool
    form: bool
    rhythm: bool
    superclass: str | None
    subclass: str | None
    finding: str | None


@cache
def statements() -> Mapping[str, Statement]:
    """Return all 71 statements by code, in PTB-XL's row order."""
    with (files("taxonomy") / "statements.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    return {
        row["code"]: Statement(
            code=row["code"],
            description=row["description"],
            row=number,
            diagnostic=row["diagnostic"] == "1",
            form=row["form"] == "1",
            rhythm=row["rhythm"] == "1",
            superclass=row["superclass"] or None,
            subclass=row["subclass"] or None,
            finding=row["finding"] or None,
        )
        for number, row in enumerate(rows)
    }


def diagnostic(codes: Iterable[str]) -> tuple[Statement, ...]:
    """Return the diagnostic statements among ``codes``, in PTB-XL's row order."""
    chosen = set(codes)
    return tuple(s for s in statements().values() if s.diagnostic and s.code in chosen)


@cache
def subclasses() -> Mapping[str, str]:
    """Return the superclass of each of the 23 diagnostic subclasses, grouped by superclass."""
    pairs = {s.subclass: s.superclass for s in statements().values() if s.subclass and s.superclass}
    return dict(sorted(pairs.items(), key=lambda pair: (SUPERCLASSES.index(pair[1]), pair[0])))


def superclass_of(subclass: str) -> str:
    """Return the superclass of a diagnostic subclass; raises KeyError when there is no such subclass."""
    return subclasses()[subclass]


def superclass_probabilities(diagnosis: Mapping[str, float]) -> dict[str, float]:
    """Return the probability of each superclass: the sum over its subclasses, by subclass in ``diagnosis``."""
    sums = dict.fromkeys(SUPERCLASSES, 0.0)
    for subclass, chance in diagnosis.items():
        sums[superclass_of(subclass)] += chance
    return {name: round(min(1.0, chance), 6) for name, chance in sums.items()}
