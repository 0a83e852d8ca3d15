"""Ischemia, injury and infarction: the accepted pairs of stage and territory of PTB-XL's labels.

A pair comes from the same statements, so that it never joins the stage of one finding and the place of another.
Territories that touch are named after the whole (Fourth Universal Definition of Myocardial Infarction, Thygesen et al.
2018; AHA/ACC/HRS 2009 part VI).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

TERRITORY = {
    "IMI": "inferior",
    "ASMI": "anteroseptal",
    "ILMI": "inferolateral",
    "AMI": "anterior",
    "ALMI": "anterolateral",
    "LMI": "lateral",
    "IPLMI": "posterior",
    "IPMI": "posterior",
    "PMI": "posterior",
    "INJAS": "anteroseptal",
    "INJAL": "anterolateral",
    "INJIN": "inferior",
    "INJLA": "lateral",
    "INJIL": "inferolateral",
    "ISC_": "unspecified",
    "ISCAL": "anterolateral",
    "ISCIN": "inferior",
    "ISCIL": "inferolateral",
    "ISCAS": "anteroseptal",
    "ISCLA": "lateral",
    "ISCAN": "anterior",
}
"""Territory of each infarction (``*MI``), injury (``INJ*``) and ischemia (``ISC*``) statement."""

STAGE = {
    "Stadium I": "acute",
    "Stadium I-II": "recent",
    "Stadium II": "recent",
    "Stadium II-III": "old",
    "Stadium III": "old",
}
"""Stage of an infarction by ``infarction_stadium1``; unknown or empty is ``age_undetermined``."""

LIKELY = 50.0
"""Likelihood in percent from which a statement counts here; 0 stands for 'not given' and counts too. Below it the
report says 'cannot be ruled out'."""

OLD = re.compile(r"\b(alt|alte[rsnm]?|old)\b", re.IGNORECASE)
"""Words of a German or English report that call an infarction old."""

ANTERIOR = frozenset({"anteroseptal", "anterolateral", "anterior"})
INFEROLATERAL = frozenset({"inferior", "inferolateral", "lateral"})


@dataclass(frozen=True)
class IschemiaTruth:
    """The pairs of stage and territory that a record's labels support.

    Attributes
    ----------
    primary : (str, str)
        Stage and territory.
    accepted : frozenset of (str, str)
        Every pair that is right.
    because : str
        The statements that they rest on.
    """

    primary: tuple[str, str]
    accepted: frozenset[tuple[str, str]]
    because: str


def ischemia_truth(
    likelihoods: Mapping[str, float], stadium: str | None, report: str | None, labelled: bool
) -> IschemiaTruth | str:
    """Return the accepted pairs, or why the record is unlabelled.

    Parameters
    ----------
    likelihoods : mapping of str to float
        Statement code to likelihood in percent.
    stadium, report : str or None
        The columns ``infarction_stadium1`` and ``report``.
    labelled : bool
        Whether the record has a diagnostic statement.
    """
    said = [code for code in likelihoods if code in TERRITORY]
    likely = [code for code in said if likelihoods[code] >= LIKELY or likelihoods[code] == 0]
    if not likely:
        if said:
            return f"{_named(said)} of a likelihood below {LIKELY:.0f}%: cannot be ruled out"
        nothing = ("none", "none")
        because = "no statement of infarction, injury or ischemia"
        return IschemiaTruth(nothing, frozenset({nothing}), because) if labelled else "no diagnostic statement"
    groups = {kind: [code for code in likely if _kind(code) == kind] for kind in ("injury", "infarction", "ischemia")}
    stages = {
        "injury": ("acute", "ischemic_st_t"),
        "infarction": _infarction_stages(stadium, report),
        "ischemia": ("ischemic_st_t",),
    }
    used = [kind for kind in ("injury", "infarction") if groups[kind]] or ["ischemia"]
    accepted = {(stage, place) for kind in used for stage in stages[kind] for place in territories(groups[kind])[1]}
    first = used[0]
    primary = (stages[first][0], territories(groups[first])[0])
    because = _named([code for kind in used for code in groups[kind]])
    return IschemiaTruth(primary, frozenset(accepted), because + (f", {stadium}" if "infarction" in used else ""))


def territories(codes: Collection[str]) -> tuple[str, frozenset[str]]:
    """Return the primary territory of statements, and every accepted one: each, the whole, and ``multiple``."""
    named = {TERRITORY[code] for code in codes} - {"unspecified"}
    whole = whole_territory(named)
    return whole, frozenset({*named, whole, "multiple"} if len(named) > 1 else {whole})


def whole_territory(places: Iterable[str]) -> str:
    """Name several territories by one: the whole where they touch, else ``multiple``; a named one beats none."""
    named = frozenset(places) - {"unspecified"}
    if len(named) < 2:
        return min(named, default="unspecified")
    if named <= ANTERIOR:
        return "anterior"
    return "inferolateral" if "inferior" in named and named <= INFEROLATERAL else "multiple"


def _infarction_stages(stadium: str | None, report: str | None) -> tuple[str, ...]:
    stage = STAGE.get(stadium or "")
    if stage is not None:
        return (stage,)
    return ("age_undetermined", "old") if OLD.search(report or "") else ("age_undetermined",)


def _kind(code: str) -> str:
    if code.startswith("INJ"):
        return "injury"
    return "ischemia" if code.startswith("ISC") else "infarction"


def _named(codes: Collection[str]) -> str:
    return ", ".join(codes)
