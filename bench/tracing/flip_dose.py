"""The dose at which each record's answer flips: how far one property must go until the reader says something else."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from bench.dataset import RecordId
from bench.evidence.figure import Figure, share_figure
from bench.tracing.change import CHANGES
from bench.tracing.tracing import Tracing
from taxonomy.axis import AxisValue
from taxonomy.reading import Reading

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class FlipDose:
    """Where the answer of one record flips as one property goes one way.

    Attributes
    ----------
    ecg_id, patient_id : int or str
    change, unit, axis : str
        What is changed, and the axis of the answer.
    direction : {"up", "down"}
    before : value or None
        The answer on the unchanged record.
    tried : tuple of float
        Doses with an answer, the smallest change first.
    dose : float or None
        The first of them at which the answer is another; None where it is none.
    after : value or None
        The answer there.
    stays : bool
        Whether it is another than on the unchanged record at every larger dose too.
    """

    ecg_id: RecordId
    patient_id: RecordId
    change: str
    unit: str
    axis: str
    direction: Direction
    before: AxisValue | None
    tried: tuple[float, ...]
    dose: float | None
    after: AxisValue | None
    stays: bool

    @property
    def told(self) -> str:
        """The dose in words, such as ``+40 /min``, or that none of those tried is enough."""
        return f"not by {self.tried[-1]:+g} {self.unit}" if self.dose is None else f"{self.dose:+g} {self.unit}"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; sets become sorted lists."""
        return asdict(self) | {"before": _plain(self.before), "after": _plain(self.after)}


def flip_doses(probe_set: Sequence[Tracing], readings: Sequence[Reading]) -> tuple[FlipDose, ...]:
    """Return where each record's answers flip, record by record, each change up and down as far as it has doses.

    Parameters
    ----------
    probe_set : sequence of Tracing
    readings : sequence of Reading
        Of each; a failed call is none, and a record whose unchanged tracing failed is left out.
    """
    unchanged: dict[RecordId, Reading] = {}
    asked: dict[tuple[RecordId, str, Direction], list[tuple[Tracing, Reading]]] = {}
    for tracing, reading in zip(probe_set, readings, strict=True):
        if reading.outcome == "failed":
            continue
        if not tracing.change:
            unchanged[tracing.record.ecg_id] = reading
        else:
            key: tuple[RecordId, str, Direction] = (
                tracing.record.ecg_id, tracing.change, "up" if tracing.dose > 0 else "down",
            )  # fmt: skip
            asked.setdefault(key, []).append((tracing, reading))
    return tuple(
        _flip(unchanged[ecg_id], direction, sorted(pairs, key=lambda pair: abs(pair[0].dose)))
        for (ecg_id, _, direction), pairs in asked.items()
        if ecg_id in unchanged
    )


def _flip(unchanged: Reading, direction: Direction, pairs: Sequence[tuple[Tracing, Reading]]) -> FlipDose:
    record, change = pairs[0][0].record, CHANGES[pairs[0][0].change]
    before = answer_on(change.axis, unchanged)
    answers = [answer_on(change.axis, reading) for _, reading in pairs]
    first = next((place for place, answer in enumerate(answers) if answer != before), None)
    return FlipDose(
        record.ecg_id,
        record.patient_id,
        change.name,
        change.unit,
        change.axis,
        direction,
        before,
        tried=tuple(tracing.dose for tracing, _ in pairs),
        dose=None if first is None else pairs[first][0].dose,
        after=None if first is None else answers[first],
        stays=first is not None and all(answer != before for answer in answers[first:]),
    )


def answer_on(axis: str, reading: Reading) -> AxisValue | None:
    """Return the answer on an axis; None where the reading has an error."""
    return None if reading.error else reading.values.get(axis)


@dataclass(frozen=True)
class FlipSummary:
    """The flips of all records by one change in one direction.

    Attributes
    ----------
    change, unit : str
    direction : {"up", "down"}
    flipped : Figure
        Share of records whose answer flips at any dose.
    stayed : Figure
        Share of records whose answer flips and stays so.
    quarter, half : float or None
        Dose by which a quarter, and half, of the records have flipped; None where fewer do.
    """

    change: str
    unit: str
    direction: Direction
    flipped: Figure
    stayed: Figure
    quarter: float | None
    half: float | None


def flip_summaries(flips: Iterable[FlipDose]) -> tuple[FlipSummary, ...]:
    """Return the flips of all records together, change by change in the order of the table, up before down."""
    groups: dict[tuple[str, Direction], list[FlipDose]] = {}
    for flip in flips:
        groups.setdefault((flip.change, flip.direction), []).append(flip)
    order = list(CHANGES)
    keys = sorted(groups, key=lambda key: (order.index(key[0]), key[1] == "down"))
    return tuple(_summary(groups[key]) for key in keys)


def _summary(flips: Sequence[FlipDose]) -> FlipSummary:
    patients = [flip.patient_id for flip in flips]
    flipped = share_figure(patients, np.array([flip.dose is not None for flip in flips], dtype=np.float64))
    stayed = share_figure(patients, np.array([flip.stays for flip in flips], dtype=np.float64))
    assert flipped is not None
    assert stayed is not None
    sizes = np.sort([np.inf if flip.dose is None else abs(flip.dose) for flip in flips])
    sign = 1 if flips[0].direction == "up" else -1
    quarter, half = (_reached(float(sizes[int(np.ceil(share * len(sizes))) - 1]), sign) for share in (0.25, 0.5))
    return FlipSummary(flips[0].change, flips[0].unit, flips[0].direction, flipped, stayed, quarter, half)


def _reached(size: float, sign: int) -> float | None:
    return sign * size if np.isfinite(size) else None


def _plain(value: AxisValue | None) -> object:
    return sorted(value) if isinstance(value, frozenset) else value
