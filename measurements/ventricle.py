"""Onset and offset of the QRS complex, and the T wave, on the median beat."""

import numpy as np
from numpy.typing import NDArray

from measurements.beat import BEFORE
from measurements.conditioning import FS
from measurements.flank import tangent
from measurements.median import median
from measurements.wave import DelineationLimits, Wave

REST = BEFORE + int(0.4 * FS)
"""First samples of the beat, in a tenth of which it rests."""


def velocity(beat: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the length of the velocity vector of all leads, smoothed over 6 ms."""
    slope = np.gradient(beat.astype(np.float64), axis=1)
    length = np.sqrt((slope**2).mean(axis=0))
    return np.convolve(length, np.full(3, 1 / 3), mode="same")


def find_qrs(speed: NDArray[np.float64], limits: DelineationLimits) -> Wave:
    """Find the QRS complex: where the velocity rises above a share of its greatest, until it stays below another."""
    start = BEFORE - int(0.06 * FS)
    peak = start + int(np.argmax(speed[start : BEFORE + int(0.06 * FS)]))
    top = speed[peak]
    rest = float(np.partition(speed[:REST], REST // 10)[REST // 10])
    t = limits.qrs_over_t * float(speed[peak + int(0.15 * FS) : peak + int(0.42 * FS)].max())
    before = (max(limits.qrs_onset * top, limits.onset_over_rest * rest), limits.calm_onset, 0.16)
    repolarising = min(t, limits.t_at_most * top)
    after = (max(limits.qrs_offset * top, limits.offset_over_rest * rest, repolarising), limits.calm_offset, 0.18)
    return Wave(_calm(speed, peak, -1, before), peak, _calm(speed, peak, 1, after))


def _calm(speed: NDArray[np.float64], start: int, step: int, limit: tuple[float, float, float]) -> int:
    """Walk until the velocity stays below a threshold, else to its minimum.

    ``limit`` is the threshold, the time in seconds for which it must stay below, and the reach in seconds.
    """
    threshold, calm_s, reach_s = limit
    run, reach = int(calm_s * FS), int(reach_s * FS)
    stop = max(0, start - reach) if step < 0 else min(len(speed) - 1, start + reach)
    if abs(stop - start) < run:
        return stop
    below = speed[start:stop:step] < threshold
    calm = np.convolve(below, np.ones(run), mode="valid") >= run
    if calm.any():
        return start + step * int(np.argmax(calm))
    return start + step * int(np.argmin(speed[start:stop:step]))


def find_t(
    beat: NDArray[np.float32], qrs: Wave, rr: float, limits: DelineationLimits
) -> tuple[Wave | None, str | None]:
    """Return the T wave, or None and the reason: the highest level of all leads together after the QRS complex.

    It ends behind the place where the steepest tangent to its descent reaches the floor, by a share of the time that
    this tangent takes: so far is it to where a T wave of that width is last seen. ``rr`` is the usual one in samples.
    """
    isoelectric = median(beat[:, max(0, qrs.onset - 10) : max(1, qrs.onset - 2)])[:, None]
    level = np.sqrt(((beat - isoelectric) ** 2).mean(axis=0).astype(np.float64))
    level = np.convolve(level, np.full(9, 1 / 9), mode="same")
    first = qrs.offset + int(0.06 * FS)
    last = min(len(level) - 8, qrs.onset + int(max(0.72 * rr, 0.2 * FS)), qrs.onset + int(0.62 * FS))
    if last - first < int(0.04 * FS):
        return None, "the end of the T wave cannot be told"
    peak = first + int(np.argmax(level[first:last]))
    if peak >= last - 2 or level[peak] < 1e-9:
        return None, "the end of the T wave cannot be told"
    steepest, reached = tangent(level, peak, int(0.16 * FS))
    end = round(steepest + limits.t_stretch * (reached - steepest))
    return _plausible(Wave(first, peak, min(end, len(level) - 1)), qrs, rr, limits)


def _plausible(t: Wave, qrs: Wave, rr: float, limits: DelineationLimits) -> tuple[Wave | None, str | None]:
    """Refuse a T wave whose end fits no heart."""
    qt = (t.offset - qrs.onset) / FS
    shortest, longest = limits.qtc
    if qt > limits.qt_of_rr * rr / FS:
        return None, "the T wave runs into the next beat"
    if not shortest <= 1000 * qt / (rr / FS) ** (1 / 3) <= longest:
        return None, f"the end of the T wave cannot be told: {1000 * qt:.0f} ms is no QT at this rate"
    return t, None
