"""Onsets and offsets of P, QRS and T on the median beat, global to all leads.

'Global' as the CSE working party and the interpretation programs mean it (Willems et al. 1985; Kligfield et al. 2007):
a QRS complex begins where the first lead leaves its isoelectric line, and ends where the last one returns. Here the
leads are combined as the length of their velocity vector.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurements.beat import BEFORE, MedianBeat, find_beats, median_beat
from measurements.conditioning import FS, condition, median


@dataclass(frozen=True)
class Wave:
    """One wave of the median beat, in samples at 500 Hz from its start."""

    onset: int
    peak: int
    offset: int


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
    no_p : str or None
        Reason why there is no P wave.
    """

    beats: NDArray[np.int64]
    beat: MedianBeat | None
    used: NDArray[np.bool_]
    p: Wave | None = None
    qrs: Wave | None = None
    t: Wave | None = None
    no_p: str | None = None


@dataclass(frozen=True)
class DelineationLimits:
    """Thresholds of the delineation, set on 488 records of PTB-XL against ecgdeli 1.0.0 and their labels.

    Attributes
    ----------
    qrs_onset, qrs_offset : float
        Share of the QRS complex's greatest velocity at which it begins or ends.
    p_foot, t_foot : float
        Share of a wave's height above the floor beside it at which it begins or ends.
    p_consistency : float
        Least correlation of the single beats' P waves with their median.
    p_size : float
        Least ratio of the P wave's height to the noise of the median beat.
    irregular : float
        Ratio of the mean difference of successive RR intervals to the mean RR interval above which a rhythm is
        irregular; a P wave must then be more consistent, since fibrillation can look like one by chance.
    p_consistency_irregular : float
        Least correlation where the rhythm is irregular.
    """

    qrs_onset: float = 0.03
    qrs_offset: float = 0.025
    p_foot: float = 0.06
    t_foot: float = 0.03
    p_consistency: float = 0.35
    p_size: float = 2.0
    irregular: float = 0.09
    p_consistency_irregular: float = 0.72


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
    limits = limits or DelineationLimits()
    record = condition(signal, fs)
    beats = find_beats(record)
    beat = median_beat(record, beats) if len(beats) else None
    if beat is None:
        return Delineation(beats, None, record.used)
    velocity = _velocity(beat.signal[record.used])
    qrs = _qrs(velocity, limits)
    rr = float(np.median(np.diff(beats))) if len(beats) > 1 else FS
    t = _t(beat.signal[record.used], qrs, rr, limits)
    p, no_p = _p(beat, qrs, _earliest_p(qrs, t, rr), _irregularity(beats), limits)
    return Delineation(beats, beat, record.used, p, qrs, t, no_p)


def _velocity(beat: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the length of the velocity vector of all leads, smoothed over 6 ms."""
    slope = np.gradient(beat.astype(np.float64), axis=1)
    length = np.sqrt((slope**2).mean(axis=0))
    return np.convolve(length, np.full(3, 1 / 3), mode="same")


def _qrs(velocity: NDArray[np.float64], limits: DelineationLimits) -> Wave:
    start = BEFORE - int(0.06 * FS)
    peak = start + int(np.argmax(velocity[start : BEFORE + int(0.06 * FS)]))
    top = velocity[peak]
    rest = float(np.quantile(velocity[: BEFORE + int(0.4 * FS)], 0.1))
    onset = _quiet(velocity, peak, -1, (max(limits.qrs_onset * top, 1.6 * rest), int(0.16 * FS)))
    offset = _quiet(velocity, peak, 1, (limits.qrs_offset * top, int(0.18 * FS)))
    return Wave(onset, peak, offset)


def _quiet(velocity: NDArray[np.float64], start: int, step: int, limit: tuple[float, int]) -> int:
    """Walk from ``start`` until the velocity stays below a threshold for 12 ms, else to its minimum."""
    threshold, reach = limit
    run = int(0.012 * FS)
    stop = max(0, start - reach) if step < 0 else min(len(velocity) - 1, start + reach)
    if abs(stop - start) < run:
        return stop
    below = velocity[start:stop:step] < threshold
    calm = np.convolve(below, np.ones(run), mode="valid") >= run
    if calm.any():
        return start + step * int(np.argmax(calm))
    return start + step * int(np.argmin(velocity[start:stop:step]))


def _isoelectric(beat: NDArray[np.float32], qrs: Wave) -> NDArray[np.float32]:
    """Return the level of each lead just before the QRS complex, float32 (leads, 1)."""
    level: NDArray[np.float32] = median(beat[:, max(0, qrs.onset - 10) : max(1, qrs.onset - 2)])[:, None]
    return level


def _t(beat: NDArray[np.float32], qrs: Wave, rr: float, limits: DelineationLimits) -> Wave | None:
    """Find the T wave: the highest level of all leads together after the QRS complex, until it has fallen again."""
    level = np.sqrt(((beat - _isoelectric(beat, qrs)) ** 2).mean(axis=0).astype(np.float64))
    level = np.convolve(level, np.full(9, 1 / 9), mode="same")
    first = qrs.offset + int(0.06 * FS)
    last = min(len(level) - 8, qrs.onset + int(max(0.72 * rr, 0.3 * FS)), qrs.onset + int(0.62 * FS))
    if last - first < int(0.06 * FS):
        return None
    peak = first + int(np.argmax(level[first:last]))
    if peak >= last - 2 or level[peak] < 1e-9:
        return None
    return Wave(first, peak, _foot(level, peak, (1, int(0.2 * FS)), limits.t_foot))


def _earliest_p(qrs: Wave, t: Wave | None, rr: float) -> int:
    """Return the earliest P onset: after the previous T wave, at most 320 ms or 0.42 RR before the QRS complex."""
    before = qrs.onset - min(int(0.32 * FS), int(0.42 * rr))
    if t is not None:
        before = max(before, t.offset - int(rr) + int(0.01 * FS))
    return max(0, min(before, qrs.onset - int(0.12 * FS)))


def _irregularity(beats: NDArray[np.int64]) -> float:
    rr = np.diff(beats)
    return float(np.abs(np.diff(rr)).mean() / rr.mean()) if len(rr) > 1 else 0.0


def _p(
    beat: MedianBeat, qrs: Wave, earliest: int, irregularity: float, limits: DelineationLimits
) -> tuple[Wave | None, str | None]:
    latest = qrs.onset - int(0.016 * FS)
    window = _straightened(beat.signal[None, :, earliest:latest])[0]
    singles = _straightened(beat.beats[:, :, earliest:latest])
    irregular = irregularity > limits.irregular
    if _consistency(singles, window) < (limits.p_consistency_irregular if irregular else limits.p_consistency):
        return None, "no P wave stands before the QRS complexes in the same way"
    level = _lump(window)
    noise = float(np.sqrt(((singles - window) ** 2).mean() / len(singles)))
    peak = _most_prominent(level)
    if peak is None or level[peak] < limits.p_size * noise:
        return None, "no P wave stands out of the noise"
    onset, offset = (_foot(level, peak, (step, int(0.1 * FS)), limits.p_foot, 0.3) for step in (-1, 1))
    return Wave(earliest + onset, earliest + peak, earliest + offset), None


def _lump(window: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the level of all leads over 32 ms, which merges both humps of a biphasic P wave."""
    width = int(0.032 * FS)
    return np.sqrt(np.convolve((window**2).mean(axis=0), np.full(width, 1 / width), mode="same"))


def _most_prominent(level: NDArray[np.float64]) -> int | None:
    from scipy.signal import find_peaks

    peaks, properties = find_peaks(level, prominence=0.0)
    return int(peaks[np.argmax(properties["prominences"])]) if len(peaks) else None


def _foot(level: NDArray[np.float64], peak: int, direction: tuple[int, int], share: float, second: float = 1.0) -> int:
    """Return where a flank of a wave falls to a share of its height above the floor beside it.

    ``direction`` is the step (1 or -1) and the reach in samples; a second hump of at least the share ``second`` of the
    height belongs to the wave.
    """
    step, reach = direction
    flank = level[peak::step][:reach]
    floor = float(flank.min())
    height = float(flank[0]) - floor
    start = int(np.flatnonzero(flank >= min(flank[0], floor + second * height))[-1])
    return peak + step * (start + int(np.argmax(flank[start:] <= floor + share * height)))


def _straightened(windows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Subtract the straight line between both ends (means of 8 ms) from every lead of every beat."""
    x = windows.astype(np.float64)
    first, last = x[..., :4].mean(axis=-1, keepdims=True), x[..., -4:].mean(axis=-1, keepdims=True)
    straightened: NDArray[np.float64] = x - first - (last - first) * np.linspace(0, 1, x.shape[-1])
    return straightened


def _consistency(singles: NDArray[np.float64], median: NDArray[np.float64]) -> float:
    """Return the median correlation of the single beats, all leads together, with the median beat."""
    flat, template = singles.reshape(len(singles), -1), median.ravel()
    norm = np.linalg.norm(flat, axis=1) * np.linalg.norm(template)
    return float(np.median(flat @ template / np.maximum(norm, 1e-12)))
