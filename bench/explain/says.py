"""Says against does: the leads that a reader names as its reasons, against the leads whose masking moves its answer.

A reader that names the same leads whenever it gives an answer agrees with any network that looks there on the whole.
What it says of a case is told by the null: names exchanged between cases of the same answer. A template scores 0.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.evidence.figure import DRAWS, Figure
from bench.score.agreement import LEVEL
from bench.score.bootstrap import expanded, interval, patient_numbers, resampled_sums
from bench.score.rounding import rounded
from bench.view.region import expected_region
from renderers.style import LEADS
from taxonomy.axis import ISCHEMIA_TERRITORY
from taxonomy.error import ReaderError

EXCHANGES = 2000
"""Exchanges of names among the cases of each answer, for p."""

LEAST_PATIENTS = 10
"""Patients below which nothing is concluded."""

TERRITORIES = ("inferior", "anterior", "lateral", "anteroseptal", "anterolateral", "inferolateral")

_CHEST = r"[Vv][1-6](?!\.?\d)"
_LIMB = r"[aA][vV][rRlLfF]"
_RANGE = re.compile(rf"\b({_CHEST})\s*(?:-|–|—|to|through|thru)\s*[Vv]?([1-6])(?!\.?\d)\b")
_ONE = rf"(?:{_CHEST}|{_LIMB}|III|II|I)"
_BETWEEN = r"\s*(?:,\s*(?:and|or)\b|,|/|;|&|\+|-|–|\band\b|\bor\b|\s)\s*"
_RUN = re.compile(rf"\b{_ONE}\b(?:{_BETWEEN}{_ONE}\b)*")
_CERTAIN = re.compile(rf"{_CHEST}|{_LIMB}")
_BEFORE = re.compile(r"\bleads?\W*$", re.IGNORECASE)
_PLACED = re.compile(r"\b(?:in|over|across|from)\s+$", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+")
_ALL = re.compile(r"\b(?:all|every|each)\s+(?:of\s+the\s+)?(?:12\s+|twelve\s+)?leads?\b", re.IGNORECASE)
_BEHIND = re.compile(r"^\W*leads?\b", re.IGNORECASE)


def named_leads(text: str) -> tuple[str, ...]:
    """Return the leads that a text names, in the order of ``LEADS``.

    Single leads, lists and ranges (``V1-V4``, ``V1 to V4``), and groups before the word *leads*: limb, chest, all, and
    the territories with the leads of the project's table. Roman numerals count beside other leads, beside the word
    *lead*, and, but for a lone I, behind *in*: ``Mobitz II`` names none.
    """
    plain = text.replace("\\n", " ")
    found = {lead for words in _grouped(plain) for lead in words}
    spread = _RANGE.sub(lambda match: ", ".join(_between(match[1], match[2])), plain)
    for run in _RUN.finditer(spread):
        names = re.findall(_ONE, run[0])
        before = spread[: run.start()]
        is_placed = bool(_PLACED.search(before)) and names != ["I"]
        if _CERTAIN.search(run[0]) or _BEFORE.search(before) or is_placed or _BEHIND.search(spread[run.end() :]):
            found.update(map(_canonical, names))
    return tuple(lead for lead in LEADS if lead in found)


def _between(first: str, last: str) -> list[str]:
    return [f"V{number}" for number in range(int(first[1]), int(last) + 1)]


def _canonical(name: str) -> str:
    return next(lead for lead in LEADS if lead.upper() == name.upper())


def _grouped(text: str) -> list[Collection[str]]:
    """Return the leads of each group that stands before the word *leads*."""
    groups, every = _groups()
    said = [word.lower() for match in groups.finditer(text) for word in re.findall(_WORD, match[1])]
    return [*(every[word] for word in said if word in every), *([LEADS] if _ALL.search(text) else [])]


@cache
def _groups() -> tuple[re.Pattern[str], Mapping[str, Collection[str]]]:
    regions = {name: expected_region(ISCHEMIA_TERRITORY.name, name) for name in TERRITORIES}
    every: dict[str, Collection[str]] = {name: region.leads for name, region in regions.items() if region}
    every |= {"limb": LEADS[:6], "chest": LEADS[6:], "precordial": LEADS[6:]}
    one = rf"(?:{'|'.join(every)})"
    listed = rf"\b({one}(?:(?:\s*[,/]\s*|\s+)(?:(?:and|or)\s+)?{one})*)\s+leads\b"
    return re.compile(listed, re.IGNORECASE), every


@dataclass(frozen=True)
class SaidCase:
    """One case of a reader that gives reasons.

    Attributes
    ----------
    ecg_id, patient_id : int or str
    answer : str
        What was explained, such as ``conduction rbbb``: names are exchanged between cases of the same.
    named : tuple of str
        Leads in its reasons (:func:`named_leads`).
    drops : mapping of str to float
        By how much the answer falls without each of the twelve leads, on any scale.

    Raises
    ------
    taxonomy.error.ReaderError
        When a lead is unknown, has no drop, or one that is not finite.
    """

    ecg_id: RecordId
    patient_id: RecordId
    answer: str
    named: tuple[str, ...]
    drops: Mapping[str, float]

    def __post_init__(self) -> None:
        wrong = sorted({*self.drops, *self.named} - set(LEADS))
        if wrong:
            raise ReaderError(f"record {self.ecg_id} names {wrong[0]!r}, which is no lead: they are {', '.join(LEADS)}")
        for lead in LEADS:
            if not np.isfinite(self.drops.get(lead, np.nan)):
                raise ReaderError(
                    f"record {self.ecg_id} needs a finite drop without each of the twelve leads, and has "
                    f"{self.drops.get(lead)} for {lead}"
                )


Verdict = Literal["says what it does", "says no more than its answer", "cannot tell"]


@dataclass(frozen=True)
class AnswerSays:
    """Cases of one answer: their number, agreement, and that with names of another case."""

    n: int
    agreement: float
    exchanged: float


@dataclass(frozen=True)
class SaysDoes:
    """How well the leads that are named agree with those that move the answers.

    Attributes
    ----------
    n, patients : int
        Cases that count.
    silent : int
        Cases that name no lead, or all: nothing is said of them.
    alone : int
        Cases whose answer no other patient has with names: nothing can be exchanged.
    agreement : float or None
        Chance that the answer falls more without a named lead than without another one; 0.5 is none.
    exchanged : float or None
        The same with the names of other patients' cases of the same answer.
    gain : Figure or None
        Their difference, with its interval by patient and p by exchanges: 0 of a template.
    verdict : str
    by_answer : mapping of str to AnswerSays
    named : mapping of str to int
        How often each lead is named.
    """

    n: int
    patients: int
    silent: int
    alone: int
    agreement: float | None
    exchanged: float | None
    gain: Figure | None
    verdict: Verdict
    by_answer: Mapping[str, AnswerSays]
    named: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


def says_against_does(cases: Sequence[SaidCase], seed: int = 0) -> SaysDoes:
    """Return whether a reader's names of leads tell what moves its answer in the very case.

    Parameters
    ----------
    cases : sequence of SaidCase
    seed : int
        Of exchanges.
    """
    speaking = [case for case in cases if 0 < len(case.named) < len(LEADS)]
    groups: dict[str, list[SaidCase]] = {}
    for case in speaking:
        groups.setdefault(case.answer, []).append(case)
    shared = {answer: found for answer, found in groups.items() if len({case.patient_id for case in found}) > 1}
    counted = [case for found in shared.values() for case in found]
    named = {lead: sum(lead in case.named for case in speaking) for lead in LEADS}
    silent, alone = len(cases) - len(speaking), len(speaking) - len(counted)
    patients = len({case.patient_id for case in counted})
    if not counted:
        return SaysDoes(0, 0, silent, alone, None, None, None, "cannot tell", {}, named)
    tables = {answer: _agreements(found) for answer, found in shared.items()}
    own = {answer: np.diag(table) for answer, table in tables.items()}
    other = {answer: _of_others(tables[answer], found) for answer, found in shared.items()}
    agreement, exchanged = (np.concatenate(list(parts.values())) for parts in (own, other))
    gain = _gain([case.patient_id for case in counted], agreement - exchanged, _p(list(tables.values()), seed))
    moved = len({case.patient_id for case in counted if len(set(case.drops.values())) > 1})
    return SaysDoes(
        len(counted),
        patients,
        silent,
        alone,
        rounded(agreement.mean()),
        rounded(exchanged.mean()),
        gain,
        _verdict(gain, moved),
        {
            answer: AnswerSays(len(found), rounded(own[answer].mean()), rounded(other[answer].mean()))
            for answer, found in shared.items()
        },
        named,
    )


def _agreements(cases: Sequence[SaidCase]) -> NDArray[np.float64]:
    """Return how well the drops of each case (rows) agree with the names of each (columns)."""
    from scipy.stats import rankdata

    ranks = rankdata([[case.drops[lead] for lead in LEADS] for case in cases], axis=1)
    names = np.array([[lead in case.named for lead in LEADS] for case in cases], dtype=np.float64)
    count = names.sum(axis=1)
    areas: NDArray[np.float64] = (ranks @ names.T - count * (count + 1) / 2) / (count * (len(LEADS) - count))
    return areas


def _of_others(table: NDArray[np.float64], cases: Sequence[SaidCase]) -> NDArray[np.float64]:
    """Return for each case the mean agreement with the names of other patients."""
    numbers = patient_numbers([case.patient_id for case in cases])
    is_other = numbers[:, None] != numbers[None, :]
    mean: NDArray[np.float64] = np.where(is_other, table, 0).sum(axis=1) / is_other.sum(axis=1)
    return mean


def _p(tables: Sequence[NDArray[np.float64]], seed: int) -> float:
    """Return how often names that are exchanged at random agree as well as the cases' own."""
    chance = np.random.default_rng(seed)
    own = sum(float(np.trace(table)) for table in tables)
    as_good = 0
    for _ in range(EXCHANGES):
        drawn = sum(float(table[np.arange(len(table)), chance.permutation(len(table))].sum()) for table in tables)
        as_good += drawn >= own - 1e-9
    return (1 + as_good) / (1 + EXCHANGES)


def _gain(patients: Sequence[RecordId], gains: NDArray[np.float64], p: float) -> Figure:
    sums = resampled_sums({"gain": gains, "n": np.ones(len(gains))}, patient_numbers(patients), DRAWS, 0)
    bounds = interval(sums["gain"] / sums["n"], expanded(len(set(patients))))
    return Figure(len(gains), rounded(gains.mean()), bounds, rounded(p))


def _verdict(gain: Figure, patients: int) -> Verdict:
    """Return the word; only patients in whom leads differ in what they move count, since of others nothing is known."""
    if patients < LEAST_PATIENTS or gain.interval is None or gain.p is None:
        return "cannot tell"
    return "says what it does" if gain.interval[0] > 0 and gain.p < LEVEL else "says no more than its answer"
