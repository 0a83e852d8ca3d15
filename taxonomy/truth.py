"""Map PTB-XL's labels to the truth on the eight axes: the primary value, and every value that the labels support.

Three states are kept apart: a finding, an explicit negative (``none``, ``normal``, an empty set), and None, when the
labels say nothing about that axis. Sources: ``scp_statements.csv`` of PTB-XL v1.0.3 for the
statements; AHA/ACC/HRS 2009 part III (Surawicz et al.) for conduction and the limits of the QRS axis.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from taxonomy.axis import AXES, CONDUCTION, DIAGNOSIS, ISCHEMIA, NORMALITY, OTHER_FINDINGS, AxisValue, with_derived
from taxonomy.ischemia import IschemiaTruth, ischemia_truth
from taxonomy.statement import Statement, diagnostic, statements, subclasses
from taxonomy.threshold import (
    AXIS_MARGIN,
    DETECTORS_AGREE,
    RATE_MARGIN,
    axis_of,
    is_borderline_axis,
    is_borderline_rate,
    rate_of,
)

RHYTHM_PRECEDENCE = (
    (("PACE",), "paced"),
    ((), "ventricular"),
    (("AFIB",), "atrial_fibrillation"),
    (("AFLT",), "atrial_flutter"),
    (("SVTAC", "PSVT", "SVARR"), "supraventricular"),
    (("BIGU", "TRIGU"), "ectopic_pattern"),
    (("SARRH",), "sinus_arrhythmia"),
    (("SR", "STACH", "SBRAD"), "sinus"),
)
"""Rhythm statements in order of precedence; PTB-XL has none of a ventricular rhythm, other datasets have."""

SINUS = frozenset({"sinus", "sinus_arrhythmia"})
"""They stand for each other: PTB-XL and 12SL agree on sinus arrhythmia with a kappa of 0.47 only."""

CONDUCTION_PRECEDENCE = (
    (("3AVB", "2AVB"), "av_block_high_grade"),
    (("CLBBB",), "lbbb"),
    (("CRBBB",), "rbbb"),
    (("WPW",), "pre_excitation"),
    (("ILBBB",), "incomplete_lbbb"),
    (("IVCD",), "ivcd"),
    (("LAFB", "LPFB"), "fascicular_block"),
    (("IRBBB",), "incomplete_rbbb"),
    (("1AVB", "LPR"), "av_block_first_degree"),
)
"""Conduction statements in order of precedence. 12SL reads first-degree block in 78% of LPR, 68% of 1AVB."""

HEART_AXIS = {
    "MID": "normal",
    "AXR": "normal",
    "ALAD": "left",
    "RAD": "right",
    "ARAD": "right",
    "SAG": "indeterminate",
}
"""``heart_axis`` codes that determine the axis."""

AMBIGUOUS_HEART_AXIS = frozenset({"LAD", "AXL"})
"""The German *Linkstyp*, about -30 to +30 degrees: it takes the side of a measured QRS axis."""

DIAGNOSIS_ORDER = ("MI", "STTC", "CD", "HYP", "NORM")
"""Precedence of superclasses between diagnoses of equal likelihood."""


@dataclass(frozen=True)
class Labels:
    """The labels of one record in PTB-XL's table.

    Attributes
    ----------
    scp_codes : mapping of str to float
        Statement code to likelihood in percent (0 means 'not given'; the statement counts all the same).
    heart_axis, infarction_stadium, report : str or None
        The columns ``heart_axis``, ``infarction_stadium1`` and ``report``.
    """

    scp_codes: Mapping[str, float]
    heart_axis: str | None = None
    infarction_stadium: str | None = None
    report: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Numbers:
    """The measured numbers that decide rate and *Linkstyp*.

    Attributes
    ----------
    rate : int or None
        Mean ventricular rate in 1/min as printed; 60 printed is 60.
    second_rate : float or None
        The rate of a second, independent detector; None where the source needs no second opinion.
    qrs_axis : float or None
        Frontal QRS axis in degrees.
    source : str
        Who measured, in words.
    is_own : bool
        Whether the project measured itself: readers that use the same measurement agree by construction.
    program : str
        Name of the interpretation program that measured, such as ``12SL``: its own readings agree by construction too.
    """

    rate: int | None = None
    second_rate: float | None = None
    qrs_axis: float | None = None
    source: str = "this project's measurement"
    is_own: bool = True
    program: str = ""


def by_program(axis: str, program: str) -> str:
    """Return the name of an axis as an interpretation program measured it, such as ``rate by 12SL``."""
    return f"{axis} by {program}"


@dataclass(frozen=True)
class Truth:
    """The truth of one record.

    Attributes
    ----------
    values : mapping of str to value or None
        Axis name to the primary value, for priors and tables; None is unlabelled. Normality and ischemia (stage and
        territory as one answer) are filled in where they are not given.
    superclass : str or None
        Of the primary diagnosis.
    superclasses : frozenset of str
        Of every diagnostic statement (PTB-XL's multi-label convention, Strodthoff et al. 2021).
    statements : frozenset of str or None
        The SCP-ECG statements; None where the dataset has none.
    accepted : mapping of str to frozenset of values
        Every right value of an axis, where the labels support more than the primary one.
    allowed : frozenset of str
        Findings that an answer on ``other_findings`` may hold, and need not.
    because : mapping of str to str
        What the truth of each axis rests on, or why it is unlabelled.
    circular : frozenset of str
        Axes whose truth rests on this project's own measurement.
    programmed : frozenset of str
        Those whose truth rests on a program's, such as ``rate by 12SL``.
    """

    values: Mapping[str, AxisValue | None]
    superclass: str | None = None
    superclasses: frozenset[str] = field(default_factory=frozenset)
    statements: frozenset[str] | None = None
    accepted: Mapping[str, frozenset[AxisValue]] = field(default_factory=dict)
    allowed: frozenset[str] = field(default_factory=frozenset)
    because: Mapping[str, str] = field(default_factory=dict)
    circular: frozenset[str] = field(default_factory=frozenset)
    programmed: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if not {NORMALITY.name, ISCHEMIA.name} <= self.values.keys():
            object.__setattr__(self, "values", with_derived(self.values))

    def right_values(self, axis: str) -> frozenset[AxisValue]:
        """Return every right value of an axis with one value; empty where it is unlabelled."""
        primary = self.values.get(axis)
        return self.accepted.get(axis, frozenset() if primary is None else frozenset({primary}))

    def accepts(self, axis: str, answer: AxisValue | None) -> bool:
        """Tell whether an answer is right; an answer to an unlabelled axis, and no answer, never is.

        On ``other_findings`` an answer is right that holds every finding of the truth and, beyond them, allowed ones
        only.
        """
        primary = self.values.get(axis)
        if answer is None or primary is None:
            return False
        if isinstance(primary, frozenset):
            return isinstance(answer, frozenset) and primary <= answer <= primary | self.allowed
        return answer in self.right_values(axis)

    def holds_by_construction(self, axis: str, measured: Collection[str]) -> bool:
        """Tell whether the truth of an axis is made of a reader's own measurement.

        ``measured`` are the axes that the reader measures as this project does (``rate``), or a program
        (``rate by 12SL``).
        """
        said = {name for name in self.programmed if name.startswith(by_program(axis, ""))}
        return not (said | (self.circular & {axis})).isdisjoint(measured)

    @cached_property
    def strict(self) -> "Truth":
        """The same truth with the primary values alone."""
        return replace(self, accepted={}, allowed=frozenset(), because={})


def truth(labels: Labels, numbers: Numbers | None = None) -> Truth:
    """Map one record's labels and measurements to the eight axes.

    Parameters
    ----------
    labels : Labels
        The record's row of PTB-XL.
    numbers : Numbers, optional
        Measured on the record; without them ``rate`` and the *Linkstyp* are unlabelled.

    Returns
    -------
    Truth
        A value or None for every axis.
    """
    numbers, codes = numbers or Numbers(), frozenset(labels.scp_codes)
    diagnoses = diagnostic(codes)
    found = {
        "rate": _rate(numbers),
        "rhythm": _rhythm(codes),
        "axis": _axis(labels.heart_axis, numbers),
        CONDUCTION.name: _conduction(codes, bool(diagnoses)),
        OTHER_FINDINGS.name: _other_findings(codes, bool(diagnoses)),
        DIAGNOSIS.name: _diagnosis(diagnoses, labels.scp_codes),
        **_ischemia(labels, bool(diagnoses)),
    }
    found[NORMALITY.name] = _normality(found)
    primary = found[DIAGNOSIS.name].primary
    measured = {"rate"} | ({"axis"} if labels.heart_axis in AMBIGUOUS_HEART_AXIS else set())
    known = frozenset(name for name in measured if found[name].primary is not None)
    return Truth(
        values={name: found[name].primary for name in (*(axis.name for axis in AXES), NORMALITY.name, ISCHEMIA.name)},
        superclass=subclasses()[primary] if isinstance(primary, str) else None,
        superclasses=frozenset(s.superclass for s in diagnoses if s.superclass),
        statements=codes,
        accepted={name: one.accepted for name, one in found.items() if len(one.accepted) > 1},
        allowed=frozenset(value for value in _defects(codes)),
        because={name: one.because for name, one in found.items()},
        circular=known if numbers.is_own else frozenset(),
        programmed=frozenset(by_program(name, numbers.program) for name in known) if numbers.program else frozenset(),
    )


@dataclass(frozen=True)
class _Found:
    """What the labels say on one axis: the primary value, the accepted ones where there are several, and why."""

    primary: AxisValue | None
    because: str
    accepted: frozenset[AxisValue] = frozenset()


def _rate(numbers: Numbers) -> _Found:
    rate, second = numbers.rate, numbers.second_rate
    if rate is None:
        return _Found(None, "no rate is measured")
    said = f"{rate} per minute by {numbers.source}"
    if numbers.is_own:
        if second is None:
            return _Found(None, f"{said}; a second detector finds none")
        said += f", {second:.0f} by a second detector"
        if abs(rate - second) > DETECTORS_AGREE:
            return _Found(None, f"{said}: more than {DETECTORS_AGREE} apart")
    if is_borderline_rate(rate):
        return _Found(None, f"{said}: within {RATE_MARGIN} of a limit")
    return _Found(rate_of(rate), said)


def _axis(heart_axis: str | None, numbers: Numbers) -> _Found:
    if heart_axis not in AMBIGUOUS_HEART_AXIS:
        value = HEART_AXIS.get(heart_axis or "")
        return _Found(value, f"heart_axis {heart_axis}" if heart_axis else "no heart_axis")
    said = f"heart_axis {heart_axis} (Linkstyp)"
    if numbers.qrs_axis is None:
        return _Found(None, f"{said}, and no axis is measured")
    said += f", {numbers.qrs_axis:.0f} degrees by {numbers.source}"
    if is_borderline_axis(numbers.qrs_axis):
        return _Found(None, f"{said}: within {AXIS_MARGIN} of a limit")
    return _Found(axis_of(numbers.qrs_axis), said)


def _rhythm(codes: frozenset[str]) -> _Found:
    named = _by_precedence(RHYTHM_PRECEDENCE, codes)
    if not named:
        return _Found(None, "no rhythm statement")
    values = frozenset(named.values())
    accepted: frozenset[AxisValue] = values | SINUS if values & SINUS else values
    return _Found(next(iter(named.values())), ", ".join(named), accepted)


def _conduction(codes: frozenset[str], labelled: bool) -> _Found:
    named = _by_precedence(CONDUCTION_PRECEDENCE, codes)
    if named:
        return _Found(next(iter(named.values())), ", ".join(named), frozenset(named.values()))
    return _Found("none", "no conduction statement") if labelled else _Found(None, "no diagnostic statement")


def _by_precedence(precedence: tuple[tuple[tuple[str, ...], str], ...], codes: frozenset[str]) -> dict[str, str]:
    """Return the value of each statement that is given, the first in the order of precedence first."""
    return {code: value for names, value in precedence for code in names if code in codes}


def _defects(codes: frozenset[str]) -> frozenset[str]:
    return frozenset(_by_precedence(CONDUCTION_PRECEDENCE, codes).values())


def _ischemia(labels: Labels, labelled: bool) -> dict[str, _Found]:
    found = ischemia_truth(labels.scp_codes, labels.infarction_stadium, labels.report, labelled)
    names = ("ischemia_stage", "ischemia_territory", ISCHEMIA.name)
    if not isinstance(found, IschemiaTruth):
        return {name: _Found(None, found) for name in names}
    pairs = sorted(found.accepted)
    primaries = (*found.primary, " ".join(found.primary))
    accepted = ([stage for stage, _ in pairs], [place for _, place in pairs], [" ".join(pair) for pair in pairs])
    return {
        name: _Found(primary, found.because, frozenset(values))
        for name, primary, values in zip(names, primaries, accepted, strict=True)
    }


def _other_findings(codes: frozenset[str], labelled: bool) -> _Found:
    table, conduction = statements(), set(CONDUCTION.values)
    named = {code: table[code].finding for code in sorted(codes) if code in table}
    findings = {code: finding for code, finding in named.items() if finding is not None and finding not in conduction}
    if not findings and not labelled:
        return _Found(None, "no diagnostic statement and no finding")
    return _Found(frozenset(findings.values()), ", ".join(findings) or "no further statement")


def _diagnosis(diagnoses: tuple[Statement, ...], likelihood: Mapping[str, float]) -> _Found:
    if not diagnoses:
        return _Found(None, "no diagnostic statement")

    def rank(statement: Statement) -> tuple[int, int]:
        return DIAGNOSIS_ORDER.index(statement.superclass or "NORM"), statement.row

    most = max(likelihood[statement.code] for statement in diagnoses)
    likeliest = sorted((one for one in diagnoses if likelihood[one.code] == most), key=rank)
    accepted = frozenset(one.subclass for one in likeliest if one.subclass)
    return _Found(likeliest[0].subclass, f"{', '.join(one.code for one in likeliest)} at {most:.0f}%", accepted)


def _normality(found: Mapping[str, _Found]) -> _Found:
    """Name a record normal where NORM is its diagnosis, and nothing abnormal stands beside it.

    Where an abnormal diagnosis is just as likely (141 records), NORM is a right diagnosis, and normality unlabelled.

    Of the 9,105 records of PTB-XL v1.0.3 with the diagnosis NORM, 1,041 have an abnormal finding, rhythm or conduction
    defect beside it; 978 where the conduction defects are not counted.
    """
    diagnosis = found[DIAGNOSIS.name]
    if diagnosis.primary is None:
        return _Found(None, diagnosis.because)
    if diagnosis.primary != DIAGNOSIS.negative:
        is_tied = DIAGNOSIS.negative in diagnosis.accepted
        return _Found(None if is_tied else "abnormal", diagnosis.because)
    if _is_abnormal(found):
        return _Found(None, "NORM beside an abnormal finding or rhythm")
    return _Found("normal", diagnosis.because)


def _is_abnormal(found: Mapping[str, _Found]) -> bool:
    return (
        bool(found[OTHER_FINDINGS.name].primary)
        or found["rhythm"].primary not in {None, *SINUS}
        or found[CONDUCTION.name].primary != "none"
        or found[ISCHEMIA.name].primary != ISCHEMIA.negative
    )
