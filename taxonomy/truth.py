"""Map PTB-XL's labels to the truth on the eight axes.

Three states are kept apart: a finding, an explicit negative (``none``, ``normal``, an empty set), and None, when the
labels say nothing about that axis. Sources: ``scp_statements.csv`` of PTB-XL v1.0.3 for the
statements; AHA/ACC/HRS 2009 part III (Surawicz et al.) for the limits of the QRS axis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from taxonomy.axis import AxisValue
from taxonomy.statement import Statement, diagnostic, statements, subclasses

RHYTHM_PRECEDENCE = (
    (("PACE",), "paced"),
    (("AFIB",), "atrial_fibrillation"),
    (("AFLT",), "atrial_flutter"),
    (("SVTAC", "PSVT", "SVARR"), "supraventricular"),
    (("BIGU", "TRIGU"), "ectopic_pattern"),
    (("SARRH",), "sinus_arrhythmia"),
    (("SR", "STACH", "SBRAD"), "sinus"),
)
"""Rhythm statements in order of precedence."""

CONDUCTION_PRECEDENCE = (
    (("3AVB", "2AVB"), "av_block_high_grade"),
    (("CLBBB",), "lbbb"),
    (("CRBBB",), "rbbb"),
    (("WPW",), "pre_excitation"),
    (("ILBBB",), "incomplete_lbbb"),
    (("IVCD",), "ivcd"),
    (("LAFB", "LPFB"), "fascicular_block"),
    (("IRBBB",), "incomplete_rbbb"),
    (("1AVB",), "av_block_first_degree"),
)
"""Conduction statements in order of precedence; the others go into ``other_findings``."""

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
"""The German *Linkstyp*, about -30 to +30 degrees: normal in AHA terms unless the measured axis is beyond -30."""

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

DIAGNOSIS_ORDER = ("MI", "STTC", "CD", "HYP", "NORM")
"""Precedence of superclasses between diagnoses of equal likelihood."""


@dataclass(frozen=True)
class Labels:
    """The labels of one record in PTB-XL's table.

    Attributes
    ----------
    scp_codes : mapping of str to float
        Statement code to likelihood in percent (0 means 'not given'; the statement counts all the same).
    heart_axis, infarction_stadium : str or None
        The columns ``heart_axis`` and ``infarction_stadium1``.
    """

    scp_codes: Mapping[str, float]
    heart_axis: str | None = None
    infarction_stadium: str | None = None


@dataclass(frozen=True)
class Truth:
    """The truth on each axis of one record.

    Attributes
    ----------
    values : mapping of str to value or None
        Axis name to truth; None is unlabelled.
    superclass : str or None
        Of the primary diagnosis.
    superclasses : frozenset of str
        Of every diagnostic statement (PTB-XL's multi-label convention, Strodthoff et al. 2021).
    statements : frozenset of str or None
        The SCP-ECG statements; None where the dataset has none.
    """

    values: Mapping[str, AxisValue | None]
    superclass: str | None = None
    superclasses: frozenset[str] = field(default_factory=frozenset)
    statements: frozenset[str] | None = None


def rate_of(heart_rate: float) -> str:
    """Name a ventricular rate in beats per minute: below 60 bradycardia, above 100 tachycardia (AHA/ACC/HRS)."""
    if heart_rate < 60:
        return "bradycardia"
    return "tachycardia" if heart_rate > 100 else "normal"


def axis_of(qrs_axis: float) -> str:
    """Name a frontal QRS axis in degrees (-180 to 180): normal -30 to +90, left to -90, right to +180."""
    if -30 <= qrs_axis <= 90:
        return "normal"
    if -90 <= qrs_axis < -30:
        return "left"
    return "right" if qrs_axis > 90 else "indeterminate"


def truth(labels: Labels, heart_rate: float | None = None, qrs_axis: float | None = None) -> Truth:
    """Map one record's labels and measurements to the eight axes.

    Parameters
    ----------
    labels : Labels
        The record's row of PTB-XL.
    heart_rate : float or None
        Mean ventricular rate in 1/min measured on the record; None leaves ``rate`` unlabelled.
    qrs_axis : float or None
        Frontal QRS axis in degrees measured on the record; decides the *Linkstyp*, None leaves it unlabelled.

    Returns
    -------
    Truth
        A value or None for every axis.
    """
    codes = frozenset(labels.scp_codes)
    diagnoses = diagnostic(codes)
    conduction = _first(CONDUCTION_PRECEDENCE, codes) or ("none" if diagnoses else None)
    stage, territory = _ischemia(codes, labels.infarction_stadium, bool(diagnoses))
    primary = _primary(diagnoses, labels.scp_codes)
    values: dict[str, AxisValue | None] = {
        "rate": None if heart_rate is None else rate_of(heart_rate),
        "rhythm": _first(RHYTHM_PRECEDENCE, codes),
        "axis": _axis(labels.heart_axis, qrs_axis),
        "conduction": conduction,
        "ischemia_stage": stage,
        "ischemia_territory": territory,
        "other_findings": _other_findings(codes, conduction, bool(diagnoses)),
        "diagnosis": primary,
    }
    superclasses = frozenset(s.superclass for s in diagnoses if s.superclass)
    return Truth(values, subclasses()[primary] if primary else None, superclasses, codes)


def _first(precedence: tuple[tuple[tuple[str, ...], str], ...], codes: frozenset[str]) -> str | None:
    return next((value for names, value in precedence if not codes.isdisjoint(names)), None)


def _axis(heart_axis: str | None, qrs_axis: float | None) -> str | None:
    if heart_axis in AMBIGUOUS_HEART_AXIS:
        if qrs_axis is None:
            return None
        return "left" if axis_of(qrs_axis) == "left" else "normal"
    return HEART_AXIS.get(heart_axis or "")


def _ischemia(codes: frozenset[str], stadium: str | None, labelled: bool) -> tuple[str, str] | tuple[None, None]:
    infarction = {code for code in codes & TERRITORY.keys() if code.endswith("MI")}
    injury = {code for code in codes & TERRITORY.keys() if code.startswith("INJ")}
    ischemia = {code for code in codes & TERRITORY.keys() if code.startswith("ISC")}
    if infarction:
        stage = "acute" if injury else STAGE.get(stadium or "", "age_undetermined")
    elif injury or ischemia:
        stage = "acute" if injury else "ischemic_st_t"
    else:
        return ("none", "none") if labelled else (None, None)
    return stage, _territory(infarction or injury or ischemia)


def _territory(codes: set[str]) -> str:
    named = {TERRITORY[code] for code in codes} - {"unspecified"}
    if not named:
        return "unspecified"
    return named.pop() if len(named) == 1 else "multiple"


def _other_findings(codes: frozenset[str], conduction: str | None, labelled: bool) -> frozenset[str] | None:
    table = statements()
    named = {table[code].finding for code in codes if code in table}
    findings = frozenset(finding for finding in named if finding is not None and finding != conduction)
    return findings if findings or labelled else None


def _primary(diagnoses: tuple[Statement, ...], likelihood: Mapping[str, float]) -> str | None:
    def rank(statement: Statement) -> tuple[float, int, int]:
        order = DIAGNOSIS_ORDER.index(statement.superclass or "NORM")
        return -likelihood[statement.code], order, statement.row

    return min(diagnoses, key=rank).subclass if diagnoses else None
