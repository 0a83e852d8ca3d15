"""A record as beats: the landmarks of every beat, and how beats are moved in time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Signal
from measurements.beat import BEFORE
from measurements.conditioning import FS
from measurements.delineation import delineate

LEAST_TP_S = 0.02
"""Least pause between a T wave and the next beat's P wave."""

DEFAULT_P_S = (-0.20, -0.10)
"""Assumed P wave before the QRS onset where none is found; only timing depends on it."""


@dataclass(frozen=True)
class Landmarks:
    """Times of one beat in seconds."""

    p_onset: float
    p_offset: float
    qrs_onset: float
    qrs_offset: float
    t_offset: float

    def moved(self, seconds: float) -> "Landmarks":
        """Return the landmarks shifted in time."""
        return Landmarks(*(time + seconds for time in self.times))

    @property
    def times(self) -> tuple[float, float, float, float, float]:
        """All five, in order."""
        return self.p_onset, self.p_offset, self.qrs_onset, self.qrs_offset, self.t_offset


@dataclass(frozen=True, eq=False)
class Beats:
    """A record and its beats.

    Attributes
    ----------
    mv : float32 array (12, n_samples) in mV
        At 500 Hz, limb leads consistent.
    landmarks : tuple of Landmarks
        One per whole beat, in order.
    has_p : bool
        Whether P waves were found.
    """

    mv: NDArray[np.float32]
    landmarks: tuple[Landmarks, ...]
    has_p: bool


def consistent(mv: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the leads with III, aVR, aVL and aVF recomputed from I and II."""
    out = mv.copy()
    i, ii = mv[0], mv[1]
    out[2], out[3], out[4], out[5] = ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2
    return out


def delineated(signal: Signal) -> Beats | None:
    """Return a record as its beats, None if too few, too fast, without T wave, or not at 500 Hz."""
    if signal.fs != FS or not np.isfinite(signal.mv).all():
        return None
    waves = delineate(signal.mv, signal.fs)
    if waves.qrs is None or waves.t is None or len(waves.beats) < 5:
        return None
    reference = BEFORE / FS
    qrs = (waves.qrs.onset / FS - reference, waves.qrs.offset / FS - reference)
    p = (waves.p.onset / FS - reference, waves.p.offset / FS - reference) if waves.p else None
    onset, offset = p or (qrs[0] + DEFAULT_P_S[0], qrs[0] + DEFAULT_P_S[1])
    whole = Landmarks(onset, min(offset, qrs[0]), *qrs, waves.t.offset / FS - reference)
    beats = tuple(whole.moved(beat / FS) for beat in waves.beats)
    beats = tuple(beat for beat in beats if beat.p_onset > 0 and beat.t_offset < signal.mv.shape[1] / FS)
    apart = [after.p_onset - before.t_offset for before, after in pairwise(beats)]
    if len(beats) < 4 or min(apart) < LEAST_TP_S:
        return None
    return Beats(consistent(signal.mv), beats, p is not None)


def tiled(record: Beats, seconds: float) -> Beats:
    """Return a longer record: a piece between two T-P pauses, repeated, its ends levelled to hide the seams."""
    marks = record.landmarks
    begin, end = (round((a.t_offset + b.p_onset) / 2 * FS) for a, b in (marks[:2], marks[-2:]))
    piece = record.mv[:, begin:end]
    ramp = np.linspace(0, 1, piece.shape[1], dtype=np.float32)
    piece = piece - ramp * (piece[:, -5:].mean(axis=1, keepdims=True) - piece[:, :5].mean(axis=1, keepdims=True))
    times = int(np.ceil(seconds * FS / piece.shape[1])) + 1
    inner = [mark.moved(-begin / FS) for mark in marks[1:-1]]
    length = piece.shape[1] / FS
    many = tuple(mark.moved(number * length) for number in range(times) for mark in inner)
    return replace(record, mv=np.tile(piece, (1, times)), landmarks=many)


def warped(record: Beats, move: Callable[[int, Landmarks], Landmarks]) -> Beats | None:
    """Return the record with every beat's landmarks moved and the signal between them stretched to fit.

    Parameters
    ----------
    record : Beats
    move : callable
        Maps a beat's number and landmarks to its new landmarks.

    Returns
    -------
    Beats or None
        Up to the last beat; None where beats would overlap.
    """
    moved = tuple(move(number, beat) for number, beat in enumerate(record.landmarks))
    after = np.array([time for beat in moved for time in beat.times])
    before = np.array([time for beat in record.landmarks for time in beat.times])
    gaps = [b.p_onset - a.t_offset for a, b in pairwise(moved)]
    if min(gaps) < LEAST_TP_S or after[0] <= 0:
        return None
    after, before = np.concatenate([[0.0], after]), np.concatenate([[0.0], before])
    keep = np.concatenate([[True], np.diff(after) > 1e-6])  # a P wave may end where the QRS complex begins
    samples = np.arange(int(after[-1] * FS)) / FS
    source = np.interp(samples, after[keep], before[keep])
    mv = np.stack([np.interp(source, np.arange(record.mv.shape[1]) / FS, lead) for lead in record.mv])
    return replace(record, mv=consistent(mv.astype(np.float32)), landmarks=moved)
