"""The beats of one recording with parts of another's: a segment of a group of leads exchanged on every beat."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Signal
from bench.tracing.beats import consistent
from measurements.conditioning import without_gaps
from measurements.segment import ST_S, BeatSegments, Segment, segmented
from renderers.style import LEADS

LIMB = LEADS[:6]

GROUPS: Mapping[str, tuple[str, ...]] = {"limb": LIMB, **{lead: (lead,) for lead in LEADS[6:]}}
"""Leads that are exchanged together: the limb leads follow from two of them (Einthoven), each chest lead is its own."""

GRAFTED: tuple[Segment, ...] = ("P", "QRS", "ST", "T")
"""Segments that are exchanged; with the P wave goes the way from it to the QRS complex, and so the PR interval."""

GroupCell = tuple[str, Segment]
"""A group of leads and a segment."""

CELLS: tuple[GroupCell, ...] = tuple((group, segment) for group in GROUPS for segment in GRAFTED)
"""All 28."""

SEAM_S = 0.01
"""Seconds over which a graft passes into what stands beside it, on either side."""

LEVEL_S = 0.02
"""Seconds before the QRS complex whose mean is the level of a beat; a period of 50 Hz."""

SHAPE_S = (-0.25, 0.45)
"""Around the onset of the QRS complex: what of a beat decides how near two recordings are."""

SHAPE_FS = 100

FREE = [LEADS.index(lead) for lead in ("I", "II", *LEADS[6:])]
"""The leads from which the others follow."""

FLAT_MV = 1e-6


@dataclass(frozen=True)
class Marks:
    """One beat in samples of its recording.

    Attributes
    ----------
    after, before : int
        Where the beat before it has ended, and where the next one begins.
    p : int or None
        Onset of the P wave.
    qrs, j : int
        Onset and end of the QRS complex.
    t : int or None
        End of the T wave.
    is_usual : bool
        Whether it has the shape of most beats; of another one only the QRS complex is known.
    """

    after: int
    before: int
    p: int | None
    qrs: int
    j: int
    t: int | None
    is_usual: bool


@dataclass(frozen=True, eq=False)
class Beating:
    """A recording and its beats.

    Attributes
    ----------
    mv : float32 array (12, n_samples)
        Gaps are bridged.
    fs : float
    beats : tuple of Marks
        One at least.
    """

    mv: NDArray[np.float32]
    fs: float
    beats: tuple[Marks, ...]

    @property
    def usual(self) -> tuple[Marks, ...]:
        """The beats of the usual shape between two others; all of the usual shape, or all, where there is none."""
        usual = tuple(beat for beat in self.beats if beat.is_usual)
        return tuple(beat for beat in usual if beat not in (self.beats[0], self.beats[-1])) or usual or self.beats

    def level(self, beat: Marks) -> NDArray[np.float32]:
        """Return the level just before a QRS complex, float32 (12,)."""
        begin = max(0, beat.qrs - round(LEVEL_S * self.fs))
        level: NDArray[np.float32] = self.mv[:, begin : max(beat.qrs, begin + 1)].mean(axis=1)
        return level


def beating(signal: Signal) -> Beating | None:
    """Return a recording as its beats; None where no QRS complex is found in it."""
    mv = without_gaps(np.asarray(signal.mv, dtype=np.float32))
    found = [beat for beat in segmented(mv, signal.fs) if "QRS" in beat.spans]
    if not found:
        return None
    marks = [_marks(beat, signal.fs) for beat in found]
    ends = [0, *(beat.t or beat.j for beat in marks[:-1])]
    begins = [*(beat.qrs if beat.p is None else beat.p for beat in marks[1:]), mv.shape[1]]
    placed = (
        Marks(min(end, beat.qrs), max(begin, beat.j), beat.p, beat.qrs, beat.j, beat.t, beat.is_usual)
        for beat, end, begin in zip(marks, ends, begins, strict=True)
    )
    return Beating(mv, signal.fs, tuple(placed))


def shape(record: Beating) -> NDArray[np.float32]:
    """Return the mean usual beat of the eight leads from which the others follow, float32 (8, 70), in mV at 100 Hz."""
    begin, end = (round(edge * SHAPE_FS) for edge in SHAPE_S)
    step = record.fs / SHAPE_FS
    offsets = np.round(np.arange(begin * step, end * step)).astype(np.int64)
    places = np.arange(len(offsets)) * (end - begin) // len(offsets)
    cut = [
        record.mv[FREE][:, np.clip(beat.qrs + offsets, beat.after, beat.before - 1)] - record.level(beat)[FREE, None]
        for beat in record.usual
    ]
    mean = np.mean(cut, axis=0)
    first = np.unique(places, return_index=True)[1]
    whole = np.add.reduceat(mean, first, axis=1) / np.diff([*first, len(places)])
    return np.asarray(whole, dtype=np.float32)


def exchangeable(host: Beating, donor: Beating) -> tuple[GroupCell, ...]:
    """Return the cells that can be exchanged: the segment is in either recording, and no lead is flat in one."""
    alive = (np.ptp(host.mv, axis=1) > FLAT_MV) & (np.ptp(donor.mv, axis=1) > FLAT_MV)
    there = {
        segment for segment in GRAFTED if any(_window(segment, *pair, False, host.fs) for pair in _paired(host, donor))
    }
    return tuple(
        (group, segment)
        for group, segment in CELLS
        if segment in there and all(alive[LEADS.index(lead)] for lead in GROUPS[group])
    )


def grafted(host: Beating, donor: Beating, cells: Collection[GroupCell]) -> NDArray[np.float32]:
    """Return a recording with cells of another on every beat.

    Beats of the donor follow one another as its own do, each put on the level that the host has there. A QRS complex
    brings its own duration, a P wave its own PR interval; ST segment and T wave begin where the QRS complex ends, be it
    the host's or the donor's. Limb leads are exchanged in I and II, and what follows from them follows: where Einthoven
    holds for the host, it holds afterwards.

    Parameters
    ----------
    host, donor : Beating
        At one sampling rate.
    cells : collection of (str, str)
        Group of leads and segment, of :data:`CELLS`.

    Returns
    -------
    float32 array (12, n_samples) in mV
    """
    change = np.zeros_like(host.mv)
    for group, leads in GROUPS.items():
        segments = [segment for segment in GRAFTED if (group, segment) in cells]
        rows = [LEADS.index(lead) for lead in (leads[:2] if leads == LIMB else leads)]
        if segments:
            change[rows] = _change(host, donor, segments, rows)
    mv: NDArray[np.float32] = host.mv + consistent(change)
    return mv


def _change(host: Beating, donor: Beating, segments: Collection[Segment], rows: list[int]) -> NDArray[np.float32]:
    """Return what grafts add to some leads of the host, float32 (len(rows), n_samples)."""
    samples = host.mv.shape[1]
    graft = np.zeros((len(rows), samples), dtype=np.float32)
    weight = np.zeros(samples, dtype=np.float32)
    seam = max(1, round(SEAM_S * host.fs))
    for beat, piece in _paired(host, donor):
        level = (host.level(beat) - donor.level(piece))[rows, None]
        for segment in segments:
            window = _window(segment, beat, piece, "QRS" in segments, host.fs)
            if window is None:
                continue
            begin, end, shift = window
            at = np.arange(max(0, begin - seam), min(samples, end + seam))
            beyond = np.maximum(np.maximum(begin - at, at - end + 1), 0)
            new = (0.5 + 0.5 * np.cos(np.pi * beyond / (seam + 1))).astype(np.float32)
            stronger = new > weight[at]
            at, new = at[stronger], new[stronger]
            source = np.clip(at + shift, piece.after, piece.before - 1)
            graft[:, at] = donor.mv[np.ix_(rows, source)] + level
            weight[at] = new
    change: NDArray[np.float32] = weight * (graft - host.mv[rows])
    return change


def _paired(host: Beating, donor: Beating) -> list[tuple[Marks, Marks]]:
    usual = donor.usual
    return [(beat, usual[number % len(usual)]) for number, beat in enumerate(host.beats)]


def _window(segment: Segment, beat: Marks, piece: Marks, is_moved: bool, fs: float) -> tuple[int, int, int] | None:
    """Return where a segment is put, its begin and end, and how far behind that it lies in the donor.

    ``is_moved`` tells whether the QRS complex is the donor's too, with its duration.
    """
    if segment == "QRS":
        duration = max(beat.j - beat.qrs, piece.j - piece.qrs)
        return _inside(beat, beat.qrs, beat.qrs + duration, piece.qrs - beat.qrs)
    if not beat.is_usual:
        return None
    if segment == "P":
        leads = [one.qrs - one.p for one in (beat, piece) if one.p is not None]
        return _inside(beat, beat.qrs - max(leads), beat.qrs, piece.qrs - beat.qrs) if leads else None
    st = round(ST_S * fs)
    j = beat.qrs + piece.j - piece.qrs if is_moved else beat.j
    if segment == "ST":
        return _inside(beat, j, max(j, beat.j) + st, piece.j - j)
    ends = [end for end in (beat.t, piece.t and piece.t - piece.j + j) if end]
    return _inside(beat, j + st, max(ends), piece.j - j) if ends else None


def _inside(beat: Marks, begin: int, end: int, shift: int) -> tuple[int, int, int] | None:
    begin, end = max(begin, beat.after), min(end, beat.before)
    return (begin, end, shift) if begin < end else None


def _marks(beat: BeatSegments, fs: float) -> Marks:
    spans = {name: span.samples(fs) for name, span in beat.spans.items()}
    p, t = spans.get("P"), spans.get("T")
    qrs = spans["QRS"]
    return Marks(0, 0, p.start if p else None, qrs.start, qrs.stop, t.stop if t else None, beat.is_usual)
