"""Onsets and offsets of P, QRS and T on the median beat, global to all leads.

'Global' as the CSE working party and the interpretation programs mean it (Willems et al. 1985; Kligfield et al. 2007):
a QRS complex begins where the first lead leaves its isoelectric line, and ends where the last one returns. Here the
leads are combined as the length of their velocity vector.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurements.atrium import Rhythm, find_p
from measurements.beat import MedianBeat, find_beats, median_beat
from measurements.conditioning import FS, Conditioned, condition
from measurements.ventricle import find_qrs, find_t, velocity
from measurements.wave import DelineationLimits, Wave


@dataclass(frozen=True, eq=False)
class Delineation:
    """The waves of a record.

    Attributes
    ----------
    beats : int64 array (n_beats,)
        QRS complexes, in samples at 500 Hz.
    beat : MedianBeat or None
        The dominant beat.
    used : bool array (12,)
        Leads with a signal.
    p, qrs, t : Wave or None
        The waves of the median beat.
    no_p, no_t : str or None
        Reason why there is no P wave, or no end of T.
    """

    beats: NDArray[np.int64]
    beat: MedianBeat | None
    used: NDArray[np.bool_]
    p: Wave | None = None
    qrs: Wave | None = None
    t: Wave | None = None
    no_p: str | None = None
    no_t: str | None = None


def delineate(signal: NDArray[np.float32], fs: float, limits: DelineationLimits | None = None) -> Delineation:
    """Find the beats of a record, its median beat, and that beat's waves.

    Parameters
    ----------
    signal : float32 array (12, n_samples)
        In mV; NaN samples are gaps.
    fs : float
        Sampling rate in Hz.
    limits : DelineationLimits, optional
        Thresholds.
    """
    return delineate_record(condition(signal, fs), limits)


def delineate_record(record: Conditioned, limits: DelineationLimits | None = None) -> Delineation:
    """Find the beats, the median beat and its waves as :func:`delineate`, of a record that is conditioned already."""
    limits = limits or DelineationLimits()
    beats = find_beats(record)
    beat = median_beat(record, beats) if len(beats) else None
    if beat is None:
        return Delineation(beats, None, record.used)
    qrs = find_qrs(velocity(beat.signal[record.used]), limits)
    rr = float(np.median(np.diff(beats))) if len(beats) > 1 else FS
    t, no_t = find_t(beat.signal[record.used], qrs, rr, limits)
    p, no_p = find_p(beat, qrs, _earliest_p(qrs, t, rr), Rhythm(rr, _irregularity(beats)), limits)
    return Delineation(beats, beat, record.used, p, qrs, t, no_p, no_t)


def _earliest_p(qrs: Wave, t: Wave | None, rr: float) -> int:
    """Return the earliest P onset: after the previous T wave, at most 320 ms or 0.42 RR before the QRS complex."""
    before = qrs.onset - min(int(0.32 * FS), int(0.42 * rr))
    if t is not None:
        before = max(before, t.offset - int(rr) + int(0.01 * FS))
    return max(0, min(before, qrs.onset - int(0.12 * FS)))


def _irregularity(beats: NDArray[np.int64]) -> float:
    rr = np.diff(beats)
    return float(np.abs(np.diff(rr)).mean() / rr.mean()) if len(rr) > 1 else 0.0
