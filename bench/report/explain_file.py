"""``explain.json``: what a page of explanations says, as data; written, and read back as a file from outside."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bench.dataset import RecordId
from bench.evidence.figure import Figure
from bench.explain.belief.judging import Row
from bench.explain.belief.planted import Known
from bench.explain.concepts.concept_study import ConceptTable
from bench.explain.counterfactual.transplant import Flips
from bench.explain.hiding.joint_effect import JointExplanation
from bench.explain.hiding.pooled import PooledEffect
from bench.explain.maps.pooled_map import Pooled
from bench.explain.says import SaysDoes
from bench.explain.study.case import Chosen, Role
from bench.explain.study.infarction import InfarctionGroup
from bench.tracing.flip_dose import FlipSummary
from measurements.segment import SEGMENTS
from renderers.style import LEADS
from taxonomy.error import BenchError, FileError
from taxonomy.outside import Bounds, outside_bytes, outside_object, strict_object

if TYPE_CHECKING:
    pass

VERSION: Literal[1] = 1

BOUNDS = Bounds(once=True)

DIGITS = 6
"""Significant digits of a number, so that the same figures have the same bytes on every machine."""


@dataclass(frozen=True)
class Heat:
    """The mean map of a finding.

    Attributes
    ----------
    axis, value : str
    n, patients : int
    shares : mapping of str to mapping of str to float or None
        By lead and segment; None where no recording has the segment.
    counts : mapping of str to int
        Recordings that have each segment.
    inside : Figure or None
        Mean share in the expected region.
    """

    axis: str
    value: str
    n: int
    patients: int
    shares: Mapping[str, Mapping[str, float | None]]
    counts: Mapping[str, int]
    inside: Figure | None

    @classmethod
    def of(cls, found: Pooled) -> "Heat":
        """Return a mean map as plain numbers."""
        rows = [[None if share != share else share for share in row] for row in found.shares.tolist()]
        shares = {lead: dict(zip(SEGMENTS, row, strict=True)) for lead, row in zip(LEADS, rows, strict=True)}
        counts = dict(zip(SEGMENTS, found.counts.tolist(), strict=True))
        return cls(found.axis, found.value, found.n, found.patients, shares, counts, found.inside)

    @property
    def most(self) -> list[tuple[str, str, float]]:
        """The three cells with the largest shares: lead, segment and share."""
        cells = [(lead, name, share) for lead, row in self.shares.items() for name, share in row.items() if share]
        return sorted(cells, key=lambda cell: -cell[2])[:3]


@dataclass(frozen=True)
class Turned:
    """What transplants showed of one answer, or of all together."""

    title: str
    flips: Flips


@dataclass(frozen=True)
class PartEffects:
    """What parts that were hidden by themselves gave to one answer."""

    title: str
    effects: tuple[PooledEffect, ...]


@dataclass(frozen=True)
class Seen:
    """A case of the gallery, without its signal, its map and its report.

    ``picture`` is the path of its picture below the folder; None where it has none, and in files of before they were
    named.
    """

    ecg_id: RecordId
    axis: str
    truth: str
    answer: str | None
    is_right: bool
    support: float | None
    confidence: float | None
    explained: str
    roles: tuple[Role, ...]
    picture: str | None = None

    @classmethod
    def of(cls, one: Chosen, picture: str | None = None) -> "Seen":
        """Return a case of the gallery."""
        case = one.case
        return cls(
            case.ecg_id,
            case.axis,
            case.truth,
            case.answer,
            case.is_right,
            case.support,
            case.confidence,
            case.explained,
            one.roles,
            picture,
        )

    @property
    def is_confident_error(self) -> bool:
        """Whether the answer is wrong and its reader committed itself to it."""
        return "confident error" in self.roles


@dataclass(frozen=True)
class ExplainedFile:
    """What ``explain.json`` holds; the fields of :class:`.explain_page.Explained` without signals and reports.

    Attributes
    ----------
    version : int
        Of this form, 1.
    cases : int
        Answers from which the gallery is chosen.
    gallery : tuple of Seen
        Every confident error is among them.
    """

    version: Literal[1]
    reader: str
    reader_details: Mapping[str, str]
    shown: str
    dataset: str
    split: str
    n: int
    is_simulated: bool
    data: str
    method: str
    verdict: str
    rows: tuple[Row, ...]
    truth: tuple[Known, ...]
    infarctions: tuple[InfarctionGroup, ...]
    heats: tuple[Heat, ...]
    transplants: tuple[Turned, ...]
    doses: tuple[FlipSummary, ...]
    concepts: ConceptTable | None
    says: SaysDoes | None
    joints: tuple[JointExplanation, ...]
    effects: tuple[PartEffects, ...]
    cases: int
    confident: float
    gallery: tuple[Seen, ...]
    plan: tuple[str, ...]
    questions: int | None
    dollars: float | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, numbers with :data:`DIGITS` significant digits."""
        data: dict[str, Any] = _short(asdict(self))
        return data


def read_explained(path: Path) -> ExplainedFile:
    """Return what a file says that :func:`.explain_page.write_explained` wrote.

    Raises
    ------
    taxonomy.error.FileError
        When there is none, or it is damaged, of another version, or another file.
    """
    if not path.exists():
        raise FileError(f"{path} does not exist: 'bench explain' writes it")
    data = outside_object(outside_bytes(path), path, bounds=BOUNDS)
    if data.get("version") != VERSION or "reader_details" not in data:
        raise FileError(
            f"{path} is no explanation of version {VERSION} (its version is {data.get('version')!r}): name an "
            "explain.json, or make it anew with 'bench explain'"
        )

    def damaged(problem: object) -> str:
        return f"{path} is damaged ({problem}): make it anew with 'bench explain'"

    try:
        return strict_object(ExplainedFile, data, damaged)
    except FileError:
        raise
    except BenchError as error:
        raise FileError(damaged(error)) from error


def _short(data: Any) -> Any:  # noqa: ANN401  # JSON is of any type
    if isinstance(data, float):
        return float(f"{data:.{DIGITS}g}")
    if isinstance(data, Mapping):
        return {name: _short(value) for name, value in data.items()}
    return [_short(value) for value in data] if isinstance(data, list | tuple) else data
