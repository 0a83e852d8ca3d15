"""The maps of all records of a finding as one: which share of the relevance each lead and segment has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.evidence.figure import Figure, share_figure
from bench.explain.maps.cell import Cell, Cells
from bench.explain.maps.metric import Map
from bench.view.region import Region, expected_region
from measurements.segment import SEGMENTS
from renderers.style import LEADS

Shares = Mapping[Cell, float]
"""The share of a map's relevance in each cell that a record has."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """The mean map of a finding.

    Attributes
    ----------
    axis, value : str
        The finding.
    shares : float64 array (12, 6)
        Mean share of each lead and segment over the records that have it; NaN where none has.
    counts : int64 array (6,)
        Records that have each segment.
    n, patients : int
        Records with a map in which anything speaks for the answer, and their patients.
    inside : Figure or None
        Mean share in the expected region, with an interval by patient; None without a region or a record.
    """

    axis: str
    value: str
    shares: NDArray[np.float64]
    counts: NDArray[np.int64]
    n: int
    patients: int
    inside: Figure | None

    @property
    def region(self) -> Region | None:
        """Where the finding is looked for."""
        return expected_region(self.axis, self.value)


def cell_shares(relevance: Map, cells: Cells) -> Shares | None:
    """Return the share of each cell in what speaks for the answer; None where nothing does.

    What lies outside all cells counts as well, so that the shares add up to 1 at most.
    """
    positive = np.maximum(relevance, 0).astype(np.float64)
    total = positive.sum()
    if total <= 0:
        return None
    segments = {segment: positive[:, cells.during(segment)].sum(axis=1) / total for segment in cells.segments}
    return {(lead, segment): float(segments[segment][LEADS.index(lead)]) for lead, segment in cells.each}


def pooled(axis: str, value: str, records: Sequence[tuple[RecordId, Shares]]) -> Pooled:
    """Return the mean map of a finding.

    Parameters
    ----------
    axis, value : str
    records : sequence of (RecordId, mapping of Cell to float)
        The patient and the shares of each record.
    """
    table = np.full((len(records), len(LEADS), len(SEGMENTS)), np.nan)
    for number, (_, shares) in enumerate(records):
        for (lead, segment), share in shares.items():
            table[number, LEADS.index(lead), SEGMENTS.index(segment)] = share
    known = np.isfinite(table)
    count = known.sum(axis=0)
    mean = np.divide(np.where(known, table, 0).sum(axis=0), count, out=np.full(count.shape, np.nan), where=count > 0)
    counts: NDArray[np.int64] = count.max(axis=0).astype(np.int64)
    patients = [patient for patient, _ in records]
    return Pooled(axis, value, mean, counts, len(records), len(set(patients)), _inside(axis, value, records))


def _inside(axis: str, value: str, records: Sequence[tuple[RecordId, Shares]]) -> Figure | None:
    region = expected_region(axis, value)
    if region is None:
        return None
    within = [_sum(shares, region.leads, region.segments) for _, shares in records]
    return mean_share([patient for patient, _ in records], within)


def mean_share(patients: Sequence[RecordId], shares: Sequence[float]) -> Figure | None:
    """Return a mean of shares with an interval by patient; one patient alone has only the exact one of 0 and of 1."""
    found = share_figure(patients, np.array(shares, dtype=np.float64))
    return replace(found, interval=None) if found and 0 < found.value < 1 and len(set(patients)) == 1 else found


def _sum(shares: Shares, leads: Collection[str], segments: Collection[str]) -> float:
    return min(1.0, sum(share for (lead, segment), share in shares.items() if lead in leads and segment in segments))
