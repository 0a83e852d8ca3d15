"""Find the QRS complexes, and the median beat over all beats of the dominant shape."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from measurements.conditioning import FS, Conditioned
from measurements.median import median

BEFORE, AFTER = int(0.40 * FS), int(0.64 * FS)
"""Samples of the median beat before and after its reference point."""

REFRACTORY = 0.24
"""Shortest distance between two beats in seconds (250/min)."""

NEAR = np.arange(-int(0.06 * FS), int(0.06 * FS), 2)
"""Samples around a beat in which its QRS complex is steepest."""

LEAD_SHARE = 0.15
"""Least share of its usual steepness that the middle one of the leads has at a beat: artefacts mostly have 0.01 to 0.12
in the records of folds 1 to 8, premature beats 0.36 and more, those of phantoms 0.24."""

APART = 0.1
"""Shortest distance in seconds between a beat and an artefact that might hide it."""

T_WITHIN, T_CURVED, T_OF_BEATS = 0.4, 0.4, 0.4
"""T waves follow their beats within so many seconds, are curved by less than this share of it, and do so after all
beats, which are half of the peaks then."""

EDGE, WHOLE_SHARE = 0.06, 0.7
"""Within so many seconds of an edge a beat may be cut off; it then needs this share, since its place is unknown."""

COMPARED = 64
"""Most beats that are sorted as wholes, two compared at a time: that is twice as fast as sorting each sample's values,
but not for hours."""


@dataclass(frozen=True, eq=False)
class MedianBeat:
    """The dominant beat at 500 Hz.

    ``signal``, float32 (12, BEFORE + AFTER), is the median of ``beats``, float32 (n_beats, 12, BEFORE + AFTER).
    """

    signal: NDArray[np.float32]
    beats: NDArray[np.float32]


def find_beats(record: Conditioned) -> NDArray[np.int64]:
    """Return the positions of the QRS complexes, in samples at 500 Hz.

    They are peaks of the vector length of all leads in the band of the QRS complex, smoothed over 80 ms. A peak must
    reach 0.35 of the typical one, or 0.2 where a beat would otherwise be missing (after Pan and Tompkins 1985), and
    most leads must show it: an artefact or a steep T wave stands in a few.
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import find_peaks

    some = np.abs(record.steep[:, ::5])
    spread = median(some) + 0.1 * np.sqrt((some**2).mean(axis=1))
    weight = np.where(record.used, 1 / np.maximum(spread, 1e-6), 0.0)
    weight = np.minimum(weight, 5 * np.median(weight[record.used])) if record.used.any() else weight
    energy = np.sqrt(np.einsum("ln,l->n", record.steep**2, weight**2))
    envelope = uniform_filter1d(energy, int(0.08 * FS), mode="constant")
    window = int(2 * FS)
    tops = [envelope[start : start + window].max() for start in range(0, len(envelope) - window // 2, window)]
    typical = float(np.median(tops)) if tops else 0.0
    peaks = np.asarray(find_peaks(envelope, height=0.2 * typical, distance=int(APART * FS))[0], dtype=np.int64)
    if len(peaks) == 0 or not record.used.any():
        return np.empty(0, dtype=np.int64)
    shown = np.zeros_like(envelope)
    kept = peaks[_shown(record, peaks, envelope[peaks] > 0.35 * typical)]
    shown[kept] = envelope[kept]
    weak = np.asarray(find_peaks(shown, distance=int(REFRACTORY * FS))[0], dtype=np.int64)
    return _without_t(record, _with_missed(weak[envelope[weak] > 0.35 * typical], weak))


def _without_t(record: Conditioned, beats: NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave out T waves that are as steep as QRS complexes, if every beat has one: they are rounder."""
    followed = np.flatnonzero(np.diff(beats) < T_WITHIN * FS)
    if len(followed) < T_OF_BEATS * len(beats):
        return beats
    near = np.clip(beats[:, None] + NEAR, 4, record.signal.shape[1] - 5)
    bent = record.signal[:, near] - 0.5 * (record.signal[:, near - 4] + record.signal[:, near + 4])
    curved = np.abs(bent).max(axis=2).sum(axis=0)
    t = 1 + followed[curved[followed + 1] < T_CURVED * curved[followed]]
    if len(t) < T_OF_BEATS * len(beats):
        return beats
    is_t = np.isin(np.arange(len(beats)), t)
    is_t[0] = curved[0] < T_CURVED * np.median(curved[~is_t])  # that of a beat before the record
    return beats[~is_t]


def _shown(record: Conditioned, peaks: NDArray[np.int64], strong: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell at which peaks the middle one of the leads is as steep as at a beat, compared with its own strong peaks."""
    near = np.clip(peaks[:, None] + NEAR, 0, record.steep.shape[1] - 1)
    steep = np.abs(record.steep[:, near]).max(axis=2)[record.used]
    usual = median(steep[:, strong]) if strong.any() else steep.max(axis=1)
    share = median((steep / np.maximum(usual, 1e-9)[:, None]).T)
    edge = np.minimum(peaks, record.steep.shape[1] - 1 - peaks)
    return np.asarray(share > np.where(edge < EDGE * FS, WHOLE_SHARE, LEAD_SHARE))


def _with_missed(strong: NDArray[np.int64], weak: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add weaker peaks that lie alone in a gap of more than 1.6 typical RR intervals."""
    if len(strong) < 3:
        return strong
    typical = np.median(np.diff(strong))
    extra = [
        peak
        for peak in np.setdiff1d(weak, strong)
        if (gap := _gap_around(strong, peak)) is not None
        and gap[1] - gap[0] > 1.6 * typical
        and min(peak - gap[0], gap[1] - peak) > 0.6 * typical
    ]
    return np.sort(np.concatenate([strong, np.array(extra, dtype=np.int64)]))


def _gap_around(beats: NDArray[np.int64], position: int) -> tuple[int, int] | None:
    after = int(np.searchsorted(beats, position))
    return (int(beats[after - 1]), int(beats[after])) if 0 < after < len(beats) else None


def median_beat(record: Conditioned, beats: NDArray[np.int64]) -> MedianBeat | None:
    """Return the median of the beats of the dominant shape, or None when no whole beat is in the record.

    Beats are aligned by the cross-correlation of their QRS complexes. Beats of another shape than the majority
    (premature or paced ones), and those that come more than 20% early, are left out.
    """
    samples = record.signal.shape[1]
    whole = beats[(beats >= BEFORE + 20) & (beats < samples - AFTER - 20)]
    if len(whole) == 0:
        return None
    aligned = _aligned(record.steep, whole)
    cut = np.stack([record.signal[:, b - BEFORE : b + AFTER] for b in aligned])
    like = _likeness(cut[:, :, BEFORE - 40 : BEFORE + 60])
    keep = like >= min(0.9, np.quantile(like, 0.5))
    kept = cut[keep & _on_time(whole, beats)] if (keep & _on_time(whole, beats)).any() else cut[keep]
    kept = kept - kept[:, :, BEFORE - 60 : BEFORE - 20].mean(axis=2, keepdims=True)
    return MedianBeat(_middle(kept), kept)


def _middle(beats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the median beat."""
    count = len(beats)
    ordered = list(beats) if count <= COMPARED else list(np.sort(beats, axis=0))
    for low, high in _comparisons(count) if count <= COMPARED else ():
        ordered[low], ordered[high] = np.minimum(ordered[low], ordered[high]), np.maximum(ordered[low], ordered[high])
    middle: NDArray[np.float32] = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    return middle


@cache
def _comparisons(count: int) -> tuple[tuple[int, int], ...]:
    """Return the pairs that sort so many values when they are compared in order (Batcher's merge exchange, 1968)."""
    top = 1 << max(0, (count - 1).bit_length() - 1)
    pairs: list[tuple[int, int]] = []
    width = top
    while width:
        merged, offset, distance = top, 0, width
        while True:
            pairs += [(low, low + distance) for low in range(count - distance) if low & width == offset]
            if merged == width:
                break
            distance, merged, offset = merged - width, merged // 2, width
        width //= 2
    return tuple(pairs)


def _aligned(steep: NDArray[np.float32], beats: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move each beat by up to 30 ms to where its QRS complex fits the mean one best."""
    half, reach = 40, 15
    cut = np.stack([steep[:, b - half - reach : b + half + reach] for b in beats])
    template = _middle(cut[:, :, reach:-reach])
    windows = np.lib.stride_tricks.sliding_window_view(cut, 2 * half, axis=2)
    fit = np.einsum("blsw,lw->bs", windows, template, optimize=True)
    moved: NDArray[np.int64] = beats + np.argmax(fit, axis=1) - reach
    return moved


def _likeness(complexes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the correlation of each beat's QRS complex, all leads together, with the median one."""
    flat = (complexes - complexes.mean(axis=2, keepdims=True)).reshape(len(complexes), -1)
    template = _middle(flat)
    norm = np.linalg.norm(flat, axis=1) * np.linalg.norm(template)
    return np.asarray(flat @ template / np.maximum(norm, 1e-9), dtype=np.float64)


def _on_time(whole: NDArray[np.int64], beats: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which beats come at most 20% early by the typical RR interval."""
    before = np.diff(beats, prepend=beats[0] - 10**6)
    typical = np.median(before[1:]) if len(beats) > 1 else 0
    return np.asarray(before[np.searchsorted(beats, whole)] >= 0.8 * typical)
