"""Cells of a recording: one segment of all beats in one lead, the unit in which explanations are told and masked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurements.segment import SEGMENTS, BeatSegments, Segment
from renderers.style import LEADS

LEAST_CELL_S = 0.03
"""Segments that last less in the mean are one with the segment before them: a mask over so little hides nothing."""

Cell = tuple[str, Segment]
"""A lead and a segment."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Where each segment of a recording lies, in samples of what a network is shown.

    Attributes
    ----------
    spans : mapping of str to tuple of slice
        The samples of each segment that is there, beat by beat; a short one lies in the segment before it.
    missing : mapping of str to str
        Why each of the others is missing.
    samples : int
        Of the recording.
    """

    spans: Mapping[Segment, tuple[slice, ...]]
    missing: Mapping[Segment, str]
    samples: int

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments that are there, in the order of a beat."""
        return tuple(segment for segment in SEGMENTS if segment in self.spans)

    @property
    def each(self) -> tuple[Cell, ...]:
        """Every cell, the first lead's first."""
        return tuple((lead, segment) for lead in LEADS for segment in self.segments)

    def during(self, segment: Segment) -> NDArray[np.bool_]:
        """Return the samples of a segment, bool (n_samples,); none where it is missing."""
        inside = np.zeros(self.samples, dtype=np.bool_)
        for span in self.spans.get(segment, ()):
            inside[span] = True
        return inside

    def mask(self, leads: Collection[str] = LEADS, segments: Collection[Segment] = SEGMENTS) -> NDArray[np.bool_]:
        """Return the samples of some segments in some leads, bool (12, n_samples)."""
        inside = np.zeros(self.samples, dtype=np.bool_)
        for segment in segments:
            inside |= self.during(segment)
        return np.array([[lead in leads] for lead in LEADS]) & inside


def cells_of(beats: Sequence[BeatSegments], fs: float, samples: int) -> Cells:
    """Return the cells of a recording.

    Parameters
    ----------
    beats : sequence of BeatSegments
    fs : float
        Sampling rate of what is masked, in Hz.
    samples : int
        Of it; what lies behind is left out.
    """
    spans: dict[Segment, tuple[slice, ...]] = {}
    missing: dict[Segment, str] = {}
    before: Segment | None = None
    for segment in SEGMENTS:
        found = [beat.spans[segment] for beat in beats if segment in beat.spans]
        if not found:
            missing[segment] = _why(beats, segment)
            before = None
            continue
        slices = tuple(span for one in found if (span := _within(one.samples(fs), samples)) is not None)
        if np.mean([one.duration for one in found]) < LEAST_CELL_S and before is not None:
            missing[segment] = f"it lasts less than {1000 * LEAST_CELL_S:.0f} ms and is told with {before}"
            spans[before] = (*spans[before], *slices)
        else:
            spans[segment], before = slices, segment
    return Cells(spans, missing, samples)


def bridged(leads: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return leads with straight lines over what is masked, both float32 and bool (12, n_samples).

    A lead that is masked as a whole is 0, and so is what is masked of one that is a gap otherwise.
    """
    out = leads.copy()
    position = np.arange(leads.shape[1])
    for row, hidden in enumerate(mask):
        if not hidden.any():
            continue
        shown = ~hidden & np.isfinite(leads[row])
        out[row, hidden] = np.interp(position[hidden], position[shown], leads[row, shown]) if shown.any() else 0
    return out


def zeroed(leads: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return leads with 0 where they are masked, the mean of a lead that is z-scored."""
    return np.where(mask, np.float32(0), leads)


def _within(span: slice, samples: int) -> slice | None:
    begin, end = max(span.start, 0), min(span.stop, samples)
    return slice(begin, end) if begin < end else None


def _why(beats: Sequence[BeatSegments], segment: Segment) -> str:
    """Return the reason that most beats give."""
    reasons = [beat.missing[segment] for beat in beats if segment in beat.missing]
    return max(set(reasons), key=lambda reason: (reasons.count(reason), reason)) if reasons else "no beat is found"
