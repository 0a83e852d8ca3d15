"""The P wave of the median beat, or the reason why there is none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurements.beat import MedianBeat
from measurements.conditioning import FS
from measurements.flank import foot
from measurements.lead import INFERIOR
from measurements.wave import DelineationLimits, Wave

PR_SEGMENT_S = 0.07
"""Seconds before the QRS complex in which the leads rest where a long PR interval is one of sinus rhythm."""

HALF_S = 0.1
"""Seconds before the QRS complex that are compared with those half an RR interval earlier."""

FLUTTER_S = 0.15
"""Seconds before the QRS complex in which one flutter wave of 250 to 350 per minute lies."""


@dataclass(frozen=True)
class Rhythm:
    """The usual RR interval in samples, and the mean difference of successive ones as a share of their mean."""

    rr: float
    irregularity: float


def find_p(
    beat: MedianBeat, qrs: Wave, earliest: int, rhythm: Rhythm, limits: DelineationLimits
) -> tuple[Wave | None, str | None]:
    """Return the P wave, or None and the reason; ``earliest`` is the first sample of the search."""
    latest = qrs.onset - int(0.008 * FS)
    window = _straightened(beat.signal[None, :, earliest:latest])[0]
    singles = _straightened(beat.beats[:, :, earliest:latest])
    irregular = rhythm.irregularity > limits.irregular
    if _consistency(singles, window) < (limits.p_consistency_irregular if irregular else limits.p_consistency):
        return None, "no P wave stands before the QRS complexes in the same way"
    level = _lump(window)
    noise = float(np.sqrt(((singles - window) ** 2).mean() / len(singles)))
    peak = _most_prominent(level)
    if peak is None or level[peak] < limits.p_size * noise:
        return None, "no P wave stands out of the noise"
    onset, offset = (foot(level, peak, (step, int(0.1 * FS)), limits.p_foot, 0.3) for step in (-1, 1))
    if _is_upward_flutter(beat.signal, qrs, earliest, limits) or _is_flutter_of_two(beat.signal, qrs, rhythm, limits):
        return None, "the P waves cannot be told from flutter waves"
    return Wave(earliest + onset, earliest + peak, earliest + offset), None


def _is_upward_flutter(beat: NDArray[np.float32], qrs: Wave, earliest: int, limits: DelineationLimits) -> bool:
    """Tell whether the inferior leads run upwards before the QRS complexes, and never rest between two of them."""
    end = qrs.onset - int(0.008 * FS)
    wave = _straightened(beat[None, :, max(0, end - int(FLUTTER_S * FS)) : end])[0]
    size = float(np.sqrt((wave**2).mean()))
    upward = -float(wave[[1, 5]].mean(axis=1).max())
    if upward <= limits.flutter_upward * size:
        return False
    smooth = np.apply_along_axis(np.convolve, 1, beat[INFERIOR, earliest:end], np.full(11, 1 / 11), "valid")
    speed = np.sqrt((np.gradient(smooth, axis=1) ** 2).mean(axis=0))
    rests_before_qrs = np.median(speed[-int(PR_SEGMENT_S * FS) :]) < limits.pr_segment * speed.max()
    return bool(np.quantile(speed, 0.2) > limits.flutter_restless * speed.max() and not rests_before_qrs)


def _is_flutter_of_two(beat: NDArray[np.float32], qrs: Wave, rhythm: Rhythm, limits: DelineationLimits) -> bool:
    """Tell whether what stands before the QRS complex stands half an RR interval earlier too, at a rate of 2:1."""
    slowest, fastest = limits.flutter_rates
    if rhythm.irregularity > limits.flutter_irregular or not slowest <= 60 * FS / rhythm.rr <= fastest:
        return False
    end, length, shift = qrs.onset - int(0.004 * FS), int(HALF_S * FS), round(rhythm.rr / 2)
    ends = range(max(length, end - shift - 6), end - shift + 7)
    if not ends:  # a QRS complex so broad that the median beat does not reach as far back
        return False
    smooth = np.apply_along_axis(np.convolve, 1, beat[:, : end + 9].astype(np.float64), np.full(9, 1 / 9), "same")
    speed = np.gradient(smooth, axis=1)
    before = speed[:, end - length : end]
    earlier = np.stack([speed[:, one - length : one] for one in ends])
    size = np.sqrt((before**2).sum() * (earlier**2).sum(axis=(1, 2)))
    alike = (earlier * before).sum(axis=(1, 2)) / np.maximum(size, 1e-12)
    return bool(alike.max() > limits.flutter_alike)


def _lump(window: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the level of all leads over 32 ms, which merges both humps of a biphasic P wave."""
    width = int(0.032 * FS)
    return np.sqrt(np.convolve((window**2).mean(axis=0), np.full(width, 1 / width), mode="same"))


def _most_prominent(level: NDArray[np.float64]) -> int | None:
    from scipy.signal import find_peaks

    peaks, properties = find_peaks(level, prominence=0.0)
    return int(peaks[np.argmax(properties["prominences"])]) if len(peaks) else None


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
