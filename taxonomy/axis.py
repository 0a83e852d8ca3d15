"""The eight axes of the taxonomy and their allowed values."""

from collections.abc import Mapping
from dataclasses import dataclass

from taxonomy.error import unknown_name
from taxonomy.statement import subclasses

VERSION = "2.1.0"
"""Named in every result; every change of a value or a mapping rule bumps it."""

SAME_ANSWERS = frozenset({"2.0.0", VERSION})
"""Versions whose answers and scores stand as they are: since 2.0.0 a rhythm was added (``ventricular``) that no truth
of PTB-XL or of phantoms holds."""

AxisValue = str | frozenset[str]
"""A value of one axis: a name, or a set of names on ``other_findings``."""

UNLISTED = "unlisted"
"""Stands in a set for a finding outside the taxonomy; it matches no truth, so it counts as wrong."""


@dataclass(frozen=True)
class Axis:
    """One question to a reader.

    Attributes
    ----------
    name : str
        Such as ``"rhythm"``.
    question : str
        The question in a clinician's words.
    values : tuple of str
        Every allowed value.
    text_inferable : bool
        Whether a number in the measurement block determines the answer.
    negative : str or None
        The value for no finding, such as ``"none"``.
    is_set : bool
        Whether an answer is a set of values (only ``other_findings``).
    """

    name: str
    question: str
    values: tuple[str, ...]
    text_inferable: bool = False
    negative: str | None = None
    is_set: bool = False

    def holds(self, value: AxisValue) -> bool:
        """Tell whether ``value`` is an allowed answer on this axis."""
        if self.is_set:
            return isinstance(value, frozenset) and value <= {*self.values, UNLISTED}
        return isinstance(value, str) and value in self.values


RATE = Axis("rate", "ventricular rate", ("bradycardia", "normal", "tachycardia"), True, "normal")
RHYTHM = Axis(
    "rhythm",
    "heart rhythm",
    (
        "sinus",
        "sinus_arrhythmia",
        "atrial_fibrillation",
        "atrial_flutter",
        "supraventricular",
        "ectopic_pattern",
        "paced",
        "ventricular",
    ),
    negative="sinus",
)
AXIS = Axis("axis", "frontal QRS axis", ("normal", "left", "right", "indeterminate"), True, "normal")
CONDUCTION = Axis(
    "conduction",
    "conduction disturbance",
    (
        "none",
        "av_block_first_degree",
        "av_block_high_grade",
        "lbbb",
        "incomplete_lbbb",
        "rbbb",
        "incomplete_rbbb",
        "fascicular_block",
        "ivcd",
        "pre_excitation",
    ),
    negative="none",
)
ISCHEMIA_STAGE = Axis(
    "ischemia_stage",
    "stage of ischemia or infarction",
    ("none", "ischemic_st_t", "acute", "recent", "old", "age_undetermined"),
    negative="none",
)
ISCHEMIA_TERRITORY = Axis(
    "ischemia_territory",
    "territory of ischemia or infarction",
    (
        "none",
        "anterior",
        "anteroseptal",
        "anterolateral",
        "lateral",
        "inferior",
        "inferolateral",
        "posterior",
        "multiple",
        "unspecified",
    ),
    negative="none",
)
OTHER_FINDINGS = Axis(
    "other_findings",
    "every abnormal finding of the list",
    (
        "lvh",
        "rvh",
        "septal_hypertrophy",
        "left_atrial_enlargement",
        "right_atrial_enlargement",
        "long_qt",
        "nonspecific_st_t",
        "st_depression",
        "st_elevation",
        "t_wave_abnormal",
        "pathological_q_waves",
        "abnormal_qrs",
        "premature_ventricular",
        "premature_atrial",
        "premature_unspecified",
        "low_voltage",
        "high_voltage",
        "digitalis_effect",
        "electrolyte_or_drug",
        "ventricular_aneurysm",
        *(value for value in CONDUCTION.values if value != "none"),
    ),
    is_set=True,
)
DIAGNOSIS = Axis("diagnosis", "primary diagnosis, a subclass of PTB-XL", tuple(subclasses()), negative="NORM")

AXES = (RATE, RHYTHM, AXIS, CONDUCTION, ISCHEMIA_STAGE, ISCHEMIA_TERRITORY, OTHER_FINDINGS, DIAGNOSIS)
AXIS_NAMES = tuple(axis.name for axis in AXES)

NORMALITY = Axis("normality", "is this ECG normal or abnormal", ("normal", "abnormal"), negative="normal")
"""Not a ninth axis: it follows from the diagnosis (NORM or not), and only the ``binary`` format asks for it."""


def ischemia_pair(stage: AxisValue | None, territory: AxisValue | None) -> str | None:
    """Return stage and territory as one answer, such as ``"acute inferior"``; None where either is missing."""
    return f"{stage} {territory}" if isinstance(stage, str) and isinstance(territory, str) else None


ISCHEMIA = Axis(
    "ischemia",
    "stage and territory of ischemia or infarction",
    tuple(f"{stage} {territory}" for stage in ISCHEMIA_STAGE.values for territory in ISCHEMIA_TERRITORY.values),
    negative="none none",
)
"""Not a ninth axis: stage and territory as one answer, right where both are right of the same statements."""

DERIVED = (NORMALITY, ISCHEMIA)
"""Answers that follow from those on the axes."""

INDEPENDENT = (RHYTHM, CONDUCTION, ISCHEMIA, OTHER_FINDINGS, DIAGNOSIS)
"""The waveform-only questions that do not restate one another; a reader is ranked by its mean kappa over them."""


def normality_of(diagnosis: AxisValue | None) -> str | None:
    """Return ``normal`` for the diagnosis NORM, ``abnormal`` for any other, None for None."""
    if diagnosis is None:
        return None
    return "normal" if diagnosis == DIAGNOSIS.negative else "abnormal"


def with_derived(values: Mapping[str, AxisValue | None]) -> dict[str, AxisValue | None]:
    """Return values by axis with normality and ischemia added where they are absent; None that is given is kept."""
    pair = ischemia_pair(values.get(ISCHEMIA_STAGE.name), values.get(ISCHEMIA_TERRITORY.name))
    return {NORMALITY.name: normality_of(values.get(DIAGNOSIS.name)), ISCHEMIA.name: pair, **values}


def axis_named(name: str) -> Axis:
    """Return the axis of that name, ``normality`` and ``ischemia`` included.

    Raises UnknownNameError for another name; the message lists the eight and the nearest match.
    """
    for axis in (*AXES, *DERIVED):
        if axis.name == name:
            return axis
    raise unknown_name("axis", name, AXIS_NAMES)
