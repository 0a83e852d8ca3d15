"""How the truth of one record came about: what the labels and measurements say, and what follows on each axis."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.dataset.cohort import Cohort
from bench.dataset.record import Record, RecordId
from measurements import Measurements
from taxonomy.axis import AXES, DERIVED, Axis, AxisValue
from taxonomy.statement import statements
from taxonomy.truth import Labels, Truth


@dataclass(frozen=True)
class SaidStatement:
    """A statement of the labels: code, likelihood in percent (0 is 'not given', None unknown), and its meaning."""

    code: str
    likelihood: float | None
    description: str


@dataclass(frozen=True)
class ExplainedAxis:
    """The truth on one axis.

    Attributes
    ----------
    axis : str
    primary : str, list of str or None
        None is unlabelled.
    accepted : tuple of str
        Every right value; on ``other_findings`` what an answer may hold beyond the primary findings.
    because : str
        What it rests on, or why it is unlabelled; empty where the dataset does not tell.
    source : str
        Who says so; empty where it is unlabelled.
    circular : bool
        Whether it rests on this project's own measurement.
    """

    axis: str
    primary: str | list[str] | None
    accepted: tuple[str, ...]
    because: str
    source: str
    circular: bool


@dataclass(frozen=True)
class Explanation:
    """The labels and measurements of one record, and the truth on every axis.

    Attributes
    ----------
    ecg_id, fold, dataset
        As of the record.
    statements : tuple of SaidStatement
    heart_axis, infarction_stadium, report : str or None
        As in PTB-XL's table; a phantom has a stage at most, and records of other datasets have none of them.
    measured : mapping of str to number or reason
        By name, both detectors of the rate among them.
    program : mapping of str to number or reason
        The same by an interpretation program; empty without one.
    axes : tuple of ExplainedAxis
        The eight axes, then normality and ischemia.
    """

    ecg_id: RecordId
    fold: RecordId
    dataset: str
    statements: tuple[SaidStatement, ...]
    heart_axis: str | None
    infarction_stadium: str | None
    report: str | None
    measured: Mapping[str, Any]
    program: Mapping[str, Any]
    axes: tuple[ExplainedAxis, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the explanation as JSON data."""
        return asdict(self)


def explain(cohort: Cohort, record: Record) -> Explanation:
    """Return how the truth of a record came about; of a dataset without labels, as much as its truth tells."""
    own, dataset = cohort.measured(record), cohort.dataset
    truth, labels = dataset.truth(record, own), dataset.labels(record.ecg_id)
    program = dataset.program_measurements.get(record.ecg_id)
    return Explanation(
        ecg_id=record.ecg_id,
        fold=record.fold,
        dataset=f"{dataset.title} {dataset.version}",
        statements=_statements(labels, truth),
        heart_axis=labels.heart_axis,
        infarction_stadium=labels.infarction_stadium,
        report=labels.report,
        measured=_plain(own),
        program=_plain(program) if program else {},
        axes=tuple(_axis(axis, truth, dataset.source(axis.name, record, own)) for axis in (*AXES, *DERIVED)),
    )


def _statements(labels: Labels, truth: Truth) -> tuple[SaidStatement, ...]:
    known, codes = statements(), labels.scp_codes or dict.fromkeys(sorted(truth.statements or ()))
    return tuple(
        SaidStatement(code, likelihood, known[code].description if code in known else "unknown to the taxonomy")
        for code, likelihood in codes.items()
    )


def _plain(numbers: Measurements) -> dict[str, Any]:
    return {name: value["reason"] if isinstance(value, dict) else value for name, value in numbers.to_json().items()}


def _axis(axis: Axis, truth: Truth, source: str) -> ExplainedAxis:
    primary = truth.values.get(axis.name)
    beyond = frozenset[AxisValue](truth.allowed if axis.is_set and primary is not None else ())
    return ExplainedAxis(
        axis=axis.name,
        primary=sorted(primary) if isinstance(primary, frozenset) else primary,
        accepted=tuple(sorted(map(str, beyond if axis.is_set else truth.right_values(axis.name)))),
        because=truth.because.get(axis.name, ""),
        source="" if primary is None else source,
        circular=axis.name in truth.circular,
    )
