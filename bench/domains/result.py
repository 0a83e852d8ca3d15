"""What a domain study holds, written to JSON and read back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from taxonomy.error import FileError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

POOLED = "all domains together"
"""Name of the records of all domains as one; no domain may have it."""

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Figure:
    """A figure with its 95% interval, or why it is withheld, or why its interval is."""

    value: float | None
    interval: Interval = None
    withheld: str = ""


@dataclass(frozen=True)
class ClassFigure:
    """One class of one cell.

    Attributes
    ----------
    name : str
    n, positives : int
        Labelled records that were answered, and those of the class among them.
    without : int
        Labelled records without a probability, which rank worst.
    auroc : Figure
        Withheld under 10 positives or 10 negatives, as everywhere in this benchmark.
    mean_chance : float or None
        Mean probability, to be held against the share of positives; None where nothing is a negative.
    calibration_error : float or None
        Expected, of ten bins.
    """

    name: str
    n: int
    positives: int
    without: int
    auroc: Figure
    mean_chance: float | None = None
    calibration_error: float | None = None


@dataclass(frozen=True)
class AxisFigure:
    """One axis of one cell: labelled records that were answered, kappa, and macro-F1 over its labels."""

    axis: str
    n: int
    kappa: Figure
    macro_f1: float | None = None


@dataclass(frozen=True)
class Cell:
    """What one arm is worth on one domain under one protocol.

    Attributes
    ----------
    arm, protocol, domain : str
    n, patients : int
        Answered records, and their patients; 1 where a source does not tell its patients apart.
    left_out : int
        Records whose call failed.
    contaminated : int
        Records that the reader was taught all the same: the figures are then none of a foreign domain.
    taught : mapping of str to float
        Training records by domain.
    classes : tuple of ClassFigure
    axes : tuple of AxisFigure
    auroc : Figure
        Mean over the single classes that are not withheld.
    auroc_classes : int
        Their number.
    kappa : Figure
        Mean over the independent axes that have one.
    macro_f1 : Figure
        Over the labels of all axes.
    calibration : Figure
        Expected calibration error over all pairs of a record and a class.
    reliability : tuple of (float, float, int)
        Mean probability, share of positives and pairs of each bin.
    challenge : Figure
        The Challenge's normalised score.
    reachable : float or None
        The best that answers can reach which have no words for some classes.
    unsaid : tuple of str
        Those classes.
    """

    arm: str
    protocol: str
    domain: str
    n: int
    patients: int
    left_out: int
    contaminated: int
    taught: Mapping[str, float]
    classes: tuple[ClassFigure, ...]
    axes: tuple[AxisFigure, ...]
    auroc: Figure
    auroc_classes: int
    kappa: Figure
    macro_f1: Figure
    calibration: Figure
    reliability: tuple[tuple[float, float, int], ...]
    challenge: Figure
    reachable: float | None = None
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """What one class, axis or score loses from intra-source to leave-one-out, on the same records.

    Attributes
    ----------
    name : str
    kind : str
        ``class``, ``axis`` or ``score``.
    n, positives : int
        Of axes and scores the positives are 0.
    home, away : float or None
        Intra-source and leave-one-out.
    drop : Figure
        Home minus away, so that above 0 is worse away; of the calibration error away minus home.
    p, p_holm : float or None
        Two-sided; corrected over the changes of its kind on its domain.
    could_show : float or None
        The drop that so many records show in 80% of tries.
    says : str
        In words.
    """

    name: str
    kind: str
    n: int
    positives: int
    home: float | None
    away: float | None
    drop: Figure
    p: float | None = None
    p_holm: float | None = None
    could_show: float | None = None
    says: str = ""


@dataclass(frozen=True)
class Noise:
    """One class's drop by strict and by lenient labels.

    Attributes
    ----------
    name : str
    strict_positives, lenient_positives : int
    strict, lenient : Figure
        The drops.
    difference : Figure
        Strict minus lenient, paired.
    part : Figure
        Difference as a share of the strict drop, Fieller's interval.
    says : str
        In words.
    """

    name: str
    strict_positives: int
    lenient_positives: int
    strict: Figure
    lenient: Figure
    difference: Figure
    part: Figure
    says: str


@dataclass(frozen=True)
class Groups:
    """The drop of rare and of common classes.

    Attributes
    ----------
    by : str
        What their frequency is counted in.
    frequency : mapping of str to float
        Of every class with a drop.
    rare, common : tuple of str
        The rarer half of the classes and the others.
    rare_drop, common_drop, difference : Figure
        Means over the classes, and rare minus common.
    says : str
        In words.
    """

    by: str
    frequency: Mapping[str, float]
    rare: tuple[str, ...]
    common: tuple[str, ...]
    rare_drop: Figure
    common_drop: Figure
    difference: Figure
    says: str


@dataclass(frozen=True)
class DomainDrop:
    """One arm on one domain, intra-source against leave-one-out.

    Attributes
    ----------
    arm, domain : str
    n, patients : int
        Shared records that both answered, and their patients.
    left_out : int
        Records whose call failed in either.
    contaminated : int
        Records left out because the reader was taught them.
    taught_home, taught_away : mapping of str to float
        Training records by domain.
    changes : tuple of Change
        Classes, axes, scores.
    groups : Groups or None
        None with fewer than two classes.
    noise : tuple of Noise
        Empty where labels have no lenient mapping.
    """

    arm: str
    domain: str
    n: int
    patients: int
    left_out: int
    contaminated: int
    taught_home: Mapping[str, float]
    taught_away: Mapping[str, float]
    changes: tuple[Change, ...]
    groups: Groups | None = None
    noise: tuple[Noise, ...] = ()


@dataclass(frozen=True)
class Described:
    """What a domain is.

    Attributes
    ----------
    domain : str
    dataset : str
        Title, citation and licence.
    n, patients : int
    patients_named : bool
        False where all records of a source count as one patient.
    frequencies : mapping of str to int
        Positives of each class that occurs, strict labels.
    labelled : mapping of str to int
        Records with a label, by axis.
    facts : mapping of str to str
        Age, sex, annotation and acquisition, in words by heading.
    particulars : mapping of str to str
        What its dataset says of itself as a whole.
    """

    domain: str
    dataset: str
    n: int
    patients: int
    patients_named: bool
    frequencies: Mapping[str, int]
    labelled: Mapping[str, int]
    facts: Mapping[str, str] = field(default_factory=dict)
    particulars: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DomainStudy:
    """All figures of a domain study; the records of all domains as one are a domain of the name :data:`POOLED`.

    Attributes
    ----------
    cells : tuple of Cell
    drops : tuple of DomainDrop
    domains : tuple of Described
    is_simulated : bool
        Whether any recording is simulated.
    draws, seed : int
        Of the bootstrap.
    """

    cells: tuple[Cell, ...]
    drops: tuple[DomainDrop, ...]
    domains: tuple[Described, ...]
    is_simulated: bool = False
    draws: int = 2000
    seed: int = 0

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms in the order given."""
        return tuple(dict.fromkeys(cell.arm for cell in self.cells))

    @property
    def names(self) -> tuple[str, ...]:
        """The domains in the order given, :data:`POOLED` among them."""
        return tuple(dict.fromkeys(cell.domain for cell in self.cells))

    def cell(self, arm: str, protocol: str, domain: str) -> Cell | None:
        """Return one cell, None where it was not asked for."""
        sought = (arm, protocol, domain)
        return next((one for one in self.cells if (one.arm, one.protocol, one.domain) == sought), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> "DomainStudy":
        """Return the study that :meth:`to_json` made.

        Raises
        ------
        FileError
            When the data has another form.
        """
        from pydantic import ValidationError

        try:
            return _adapter().validate_json(json.dumps(data), strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise FileError(f"not a domain study of this version ({where}: {first['msg']})") from None


@cache
def _adapter() -> "TypeAdapter[DomainStudy]":
    from pydantic import ConfigDict, TypeAdapter, with_config

    return TypeAdapter(with_config(ConfigDict(extra="forbid"))(DomainStudy))
