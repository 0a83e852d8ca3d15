"""Donors: the other patient whose image or numbers stand in for a record's own, drawn by a seeded rule."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.dataset import Record, RecordId
from taxonomy.axis import AXES, AxisValue
from taxonomy.error import DatasetError
from taxonomy.threshold import axis_of, rate_of

Rule = Literal["other truth", "same truth", "other numbers"]
Values = Mapping[str, AxisValue | None]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A record that may stand in for another.

    Attributes
    ----------
    record : Record
    truth : mapping of str to value or None
        On the eight axes.
    heart_rate, qrs_axis : float or None
        As the prompt quotes them.
    """

    record: Record
    truth: Values
    heart_rate: float | None
    qrs_axis: float | None


def donors(
    records: Sequence[Record], pool: Mapping[RecordId, Candidate], rule: Rule, seed: int
) -> dict[RecordId, Record]:
    """Return the donor of each record; a record without a fitting donor is left out.

    Of all candidates of other patients, those fit best that differ on the most axes (``other truth``, the diagnosis
    among them), agree on the most (``same truth``, the diagnosis among them), or whose rate and QRS axis are called
    otherwise (``other numbers``); among equally good ones a digest of seed and both ids decides, so that neither the
    order of the records nor their number matters.

    Parameters
    ----------
    records : sequence of Record
    pool : mapping of RecordId to Candidate
        By ``ecg_id``; holds the records themselves too.
    rule : Rule
    seed : int

    Raises
    ------
    DatasetError
        When no record has a fitting donor.
    """
    found = {record.ecg_id: _donor(pool[record.ecg_id], pool.values(), rule, seed) for record in records}
    if not any(found.values()):
        raise DatasetError(f"no record of the same folds can stand in for record {records[0].ecg_id} ({rule})")
    return {ecg_id: donor for ecg_id, donor in found.items() if donor}


def _donor(own: Candidate, pool: Iterable[Candidate], rule: Rule, seed: int) -> Record | None:
    fit = FITS[rule]
    found: list[tuple[int, str, Candidate]] = []
    for other in pool:
        if other.record.patient_id != own.record.patient_id:
            points = fit(own, other)
            if points:
                found.append((points, _lot(seed, own.record.ecg_id, other.record.ecg_id), other))
    return max(found, key=lambda one: one[:2])[2].record if found else None


def _lot(seed: int, ecg_id: RecordId, other: RecordId) -> str:
    return hashlib.sha256(f"{seed} {ecg_id} {other}".encode()).hexdigest()


def _differs(own: Candidate, other: Candidate) -> int:
    """Return the number of axes on which two truths differ; 0 unless the diagnoses differ."""
    return 0 if _same(own, other, "diagnosis") else sum(_unlike(own, other, axis.name) for axis in AXES)


def _agrees(own: Candidate, other: Candidate) -> int:
    """Return the number of axes on which two truths agree; 0 unless the diagnoses agree."""
    return sum(_same(own, other, axis.name) for axis in AXES) if _same(own, other, "diagnosis") else 0


def _other_numbers(own: Candidate, other: Candidate) -> int:
    """Return how many of rate and axis fall into another class; 0 unless the rate does."""
    rates, axes = (own.heart_rate, other.heart_rate), (own.qrs_axis, other.qrs_axis)
    if None in rates or rate_of(rates[0] or 0) == rate_of(rates[1] or 0):
        return 0
    return 1 + (None not in axes and axis_of(axes[0] or 0) != axis_of(axes[1] or 0))


def _same(own: Candidate, other: Candidate, axis: str) -> bool:
    return own.truth[axis] == other.truth[axis]


def _unlike(own: Candidate, other: Candidate, axis: str) -> bool:
    return None not in (own.truth[axis], other.truth[axis]) and not _same(own, other, axis)


FITS: Mapping[Rule, Callable[[Candidate, Candidate], int]] = {
    "other truth": _differs,
    "same truth": _agrees,
    "other numbers": _other_numbers,
}
