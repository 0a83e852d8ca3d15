"""Map the SNOMED CT codes of a recording to the truth on the eight axes, strictly or leniently.

``snomed.json`` holds the codes, the sources that use them, the rules, and where they come from. Strictly, what a code
or a source leaves open is unlabelled; leniently, what is not said is absent, as the PhysioNet/CinC Challenges score it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from taxonomy.axis import CONDUCTION, DIAGNOSIS, ISCHEMIA, NORMALITY, OTHER_FINDINGS, AxisValue
from taxonomy.statement import superclass_of
from taxonomy.threshold import axis_of, is_borderline_axis
from taxonomy.truth import (
    CONDUCTION_PRECEDENCE,
    DIAGNOSIS_ORDER,
    RHYTHM_PRECEDENCE,
    SINUS,
    Labels,
    Numbers,
    Truth,
    by_program,
    truth,
)

_RHYTHMS = tuple(value for _, value in RHYTHM_PRECEDENCE)
_DEFECTS = tuple(value for _, value in CONDUCTION_PRECEDENCE)
_STAGES = ("acute", "recent", "old", "age_undetermined", "ischemic_st_t")
"""In order of precedence."""


@dataclass(frozen=True)
class SnomedCode:
    """What one code says; the fields are those of ``snomed.json``, whose rules say what they mean."""

    code: str
    name: str
    rate: str | None = None
    rhythm: tuple[str, ...] = ()
    axis: tuple[str, ...] = ()
    conduction: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    territory: tuple[str, ...] = ()
    finding: str | None = None
    diagnosis: tuple[str, ...] = ()
    lenient_diagnosis: tuple[str, ...] = ()
    unsure: frozenset[str] = frozenset()
    allows: frozenset[str] = frozenset()
    neutral: bool = False
    normal: bool = False
    rule: str = ""


@dataclass(frozen=True)
class SnomedSource:
    """How a source labels.

    Attributes
    ----------
    normal_alone : bool
        Whether sinus rhythm alone stands for a normal ECG.
    complete : frozenset of str
        Axes on which a source would have named a finding: without one the negative value is right. The QRS axis is
        normal only where it is measured so too.
    read_as : mapping of str to SnomedCode
        What a code says in this source, where that is not what it says elsewhere.
    names : frozenset of str
        Findings that a source without complete ``other_findings`` would have named.
    passing : frozenset of str
        Axes on which a label is of a recording so long that the ten seconds shown need not hold it.
    why : str
    """

    normal_alone: bool = False
    complete: frozenset[str] = frozenset()
    read_as: Mapping[str, SnomedCode] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()
    why: str = ""


UNKNOWN_SOURCE = SnomedSource(why="nothing is known of how this source labels")
LENIENT_SOURCE = SnomedSource(True, frozenset({"axis", "conduction", "ischemia", "other_findings"}))


def is_snomed_code(written: str) -> bool:
    """Tell whether a text may be a SNOMED CT identifier, known or not; what is none may be a name, and is not shown."""
    return written.isascii() and written.isdecimal() and len(written) <= 18


@cache
def snomed_codes() -> Mapping[str, SnomedCode]:
    """Return every code that is known, by code."""
    return {code: _code(code, said) for code, said in _table()["codes"].items()}


@cache
def snomed_sources() -> Mapping[str, SnomedSource]:
    """Return how each source of the Challenges labels, by name."""
    return {
        name: SnomedSource(
            said["normal_alone"],
            frozenset(said["complete"]),
            {code: _read_as(code, other) for code, other in said.get("read_as", {}).items()},
            frozenset(said.get("names", ())),
            frozenset(said.get("passing", ())),
            said["why"],
        )
        for name, said in _table()["sources"].items()
    }


def snomed_truth(
    codes: Iterable[str], source: str, numbers: Numbers | None = None, *, is_lenient: bool = False
) -> Truth:
    """Map one recording's codes and measured rate to the eight axes.

    Parameters
    ----------
    codes : iterable of str
        SNOMED CT codes; one that is not in ``snomed.json`` leaves what is not said unlabelled.
    source : str
        Of the Challenges' sources, such as ``"georgia"``; of another one nothing is taken for complete.
    numbers : Numbers, optional
        They decide the rate where no code does, and whether an axis of which nothing is said is normal.
    is_lenient : bool

    Returns
    -------
    Truth
        A value or None for every axis.
    """
    habits = snomed_sources().get(source, UNKNOWN_SOURCE)
    meant, told = {**snomed_codes(), **habits.read_as}, tuple(dict.fromkeys(codes))
    known = [meant[code] for code in told if code in meant]
    unknown = tuple(code for code in told if code not in meant)
    return _Mapping(known, unknown, LENIENT_SOURCE if is_lenient else habits, is_lenient).truth(numbers)


@dataclass(frozen=True)
class _Found:
    primary: AxisValue | None
    because: str
    accepted: frozenset[AxisValue] = frozenset()


@dataclass(frozen=True)
class _Mapping:
    codes: Sequence[SnomedCode]
    unknown: tuple[str, ...]
    source: SnomedSource
    is_lenient: bool

    def truth(self, numbers: Numbers | None) -> Truth:
        measured = truth(Labels({}), numbers)
        rate = self._named("rate", [(one, (one.rate,)) for one in self.codes if one.rate], ())
        if rate.primary is None or "rate" in self._passing:
            rate = _Found(measured.values["rate"], measured.because["rate"])
        else:
            measured = replace(measured, circular=frozenset(), programmed=frozenset())
        found = {
            "rate": rate,
            "rhythm": self._rhythm(),
            "axis": self._axis(numbers or Numbers()),
            CONDUCTION.name: self._named(
                CONDUCTION.name, [(one, one.conduction) for one in self.codes], _DEFECTS, "none"
            ),
            **self._ischemia(),
            OTHER_FINDINGS.name: self._findings(),
            DIAGNOSIS.name: self._diagnosis(),
            NORMALITY.name: self._normality(),
        }
        for axis in self._passing - {"rate"}:
            found[axis] = _Found(None, f"of the whole recording; {self.source.why}")
        diagnosis = found[DIAGNOSIS.name]
        primary = diagnosis.primary
        circular, programmed = self._measured_axis(found["axis"], numbers or Numbers())
        return Truth(
            values={name: one.primary for name, one in found.items()},
            superclass=superclass_of(primary) if isinstance(primary, str) else None,
            superclasses=frozenset(superclass_of(str(one)) for one in diagnosis.accepted),
            accepted={name: one.accepted for name, one in found.items() if len(one.accepted) > 1},
            allowed=self._unsaid.union(*(one.allows | {*one.conduction} for one in self.codes)),
            because={name: one.because for name, one in found.items()},
            circular=measured.circular | circular,
            programmed=measured.programmed | programmed,
        )

    @property
    def _is_not_known(self) -> str:
        code = self.unknown[0]
        return (
            f"code {code} is not known" if is_snomed_code(code) else "what stands in the place of a code is no number"
        )

    @property
    def _passing(self) -> frozenset[str]:
        return frozenset() if self.is_lenient or not (self.codes or self.unknown) else self.source.passing

    @property
    def _is_normal(self) -> bool:
        """Whether sinus rhythm is all that is said, where that stands for a normal ECG."""
        return self.source.normal_alone and len(self.codes) == 1 and self.codes[0].normal and not self.unknown

    def _named(
        self,
        axis: str,
        says: Iterable[tuple[SnomedCode, Sequence[str | None]]],
        order: Sequence[str],
        negative: str | None = None,
    ) -> _Found:
        """Return the values that codes name on an axis, the first by ``order`` first; else what silence means."""
        named = {value: one.name for one, values in says for value in reversed(values) if value}
        said = ", ".join(dict.fromkeys(named.values()))
        if named:
            ranked = sorted(named, key=order.index) if order else list(named)[::-1]
            return _Found(ranked[0], said, frozenset(named))
        return self._unnamed(axis, negative)

    def _unnamed(self, axis: str, negative: AxisValue | None) -> _Found:
        """Return the negative value where a source that names findings names none, else None and why."""
        if not self.codes and not self.unknown:
            return _Found(None, "no code")
        unsure = [one for one in self.codes if axis in one.unsure]
        if unsure and not self.is_lenient:
            return _Found(None, f"{unsure[0].name}: {unsure[0].rule}")
        if self.unknown and not self.is_lenient:
            return _Found(None, self._is_not_known)
        if negative is not None and self._is_normal and axis != "axis":
            return _Found(negative, "a normal ECG")
        if negative is None or axis not in self.source.complete:
            return _Found(None, f"no code says it; {self.source.why}" if self.source.why else "no code says it")
        return _Found(negative, "no code of this axis, and the source names what it finds")

    def _axis(self, numbers: Numbers) -> _Found:
        """Return the axis that codes name; one that nobody names is normal where it is measured so too.

        Every source passes over turned axes: of 60 recordings of Ningbo of which none was named, 17 measured turned.
        """
        found = self._named("axis", [(one, one.axis) for one in self.codes], (), "normal")
        if self.is_lenient or found.primary != "normal":
            return found
        degrees = numbers.qrs_axis
        if degrees is None:
            return _Found(None, "no code of this axis, and none is measured")
        said = f"no code of this axis, {degrees:.0f} degrees by {numbers.source}"
        is_normal = axis_of(degrees) == "normal" and not is_borderline_axis(degrees)
        return _Found("normal" if is_normal else None, said)

    def _measured_axis(self, found: _Found, numbers: Numbers) -> tuple[frozenset[str], frozenset[str]]:
        """Return whose measurement the truth of the axis rests on: the project's own, and programs'."""
        if self.is_lenient or found.primary != "normal":
            return frozenset(), frozenset()
        own = frozenset({"axis"} if numbers.is_own else ())
        return own, frozenset({by_program("axis", numbers.program)} if numbers.program else ())

    def _rhythm(self) -> _Found:
        found = self._named("rhythm", [(one, one.rhythm) for one in self.codes], _RHYTHMS)
        if found.primary is None and self.is_lenient and self.codes:
            return _Found("sinus", "no code of a rhythm", frozenset(SINUS))
        if found.accepted & SINUS:
            return _Found(found.primary, found.because, found.accepted | SINUS)
        return found

    def _ischemia(self) -> dict[str, _Found]:
        stage, territory = "ischemia_stage", "ischemia_territory"
        named = [one for one in self.codes if one.stage]
        if not named:
            none = self._unnamed(ISCHEMIA.name, "none")
            pair = _Found(ISCHEMIA.negative if none.primary else None, none.because)
            return {stage: none, territory: none, ISCHEMIA.name: pair}
        because = ", ".join(one.name for one in named)
        placed = [(one, one.territory or (("unspecified",) if self.is_lenient else ())) for one in named]
        pairs = [(s, place) for one, places in placed for s in one.stage for place in places]
        stages = [value for one in named for value in one.stage]
        first = min((one.stage[0] for one in named), key=_STAGES.index)
        found = {stage: _Found(first, because, frozenset(stages))}
        if not pairs:
            unplaced = _Found(None, f"{because}: no place is said")
            return {**found, territory: unplaced, ISCHEMIA.name: unplaced}
        main = min(pairs, key=lambda pair: _STAGES.index(pair[0]) if pair[0] != first else -1)
        found[territory] = _Found(main[1], because, frozenset(place for _, place in pairs))
        found[ISCHEMIA.name] = _Found(" ".join(main), because, frozenset(" ".join(pair) for pair in pairs))
        return found

    def _findings(self) -> _Found:
        named = {one.finding: one.name for one in self.codes if one.finding}
        if named or (self.codes and self._unsaid and self.source.names):
            return _Found(frozenset(named), ", ".join(named.values()) or "none of the findings that the source names")
        return self._unnamed(OTHER_FINDINGS.name, frozenset())

    @property
    def _unsaid(self) -> frozenset[str]:
        """Findings of which nothing is known, so that an answer may hold them."""
        if self._is_normal or self.is_lenient:
            return frozenset()
        is_unsure = any(OTHER_FINDINGS.name in one.unsure for one in self.codes) or bool(self.unknown)
        if OTHER_FINDINGS.name in self.source.complete and not is_unsure:
            return frozenset()
        return frozenset(OTHER_FINDINGS.values) - self.source.names

    def _diagnosis(self) -> _Found:
        if self._is_normal:
            return _Found("NORM", "sinus rhythm alone stands for a normal ECG", frozenset({"NORM"}))
        named = [(one, one.diagnosis or one.lenient_diagnosis * self.is_lenient) for one in self.codes]
        said = [(one, values) for one, values in named if values]
        if not said:
            return self._unnamed(DIAGNOSIS.name, None)
        first = min((values[0] for _, values in said), key=lambda value: DIAGNOSIS_ORDER.index(superclass_of(value)))
        accepted = frozenset(value for _, values in said for value in values)
        return _Found(first, ", ".join(one.name for one, _ in said), accepted)

    def _normality(self) -> _Found:
        if self._is_normal:
            return _Found("normal", "sinus rhythm alone stands for a normal ECG")
        abnormal = [one for one in self.codes if not (one.neutral or one.normal)]
        if abnormal:
            return _Found("abnormal", abnormal[0].name)
        if self.unknown:
            return _Found(None, self._is_not_known)
        return _Found(None, "no code says normal or abnormal" if self.codes else "no code")


def _read_as(code: str, other: str | Mapping[str, Any]) -> SnomedCode:
    """Return what a source means by a code: what another code says, or an entry of its own."""
    return snomed_codes()[other] if isinstance(other, str) else _code(code, other)


def _code(code: str, said: Mapping[str, Any]) -> SnomedCode:
    sets = {name: frozenset(said[name]) for name in ("unsure", "allows") if name in said}
    rows = {name: tuple(value) for name, value in said.items() if isinstance(value, list) and name not in sets}
    return SnomedCode(code, **{**said, **rows, **sets})


@cache
def _table() -> dict[str, Any]:
    content = (files("taxonomy") / "snomed.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(content)
    return table
