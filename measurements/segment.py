"""The segments of each beat: P, PR, QRS, ST, T and TQ, or the reason why one is missing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from measurements.beat import BEFORE, MedianBeat
from measurements.conditioning import FS, Conditioned, condition
from measurements.delineation import Delineation, delineate_record
from measurements.ventricle import find_qrs, velocity
from measurements.wave import DelineationLimits, Wave

Segment = Literal["P", "PR", "QRS", "ST", "T", "TQ"]

SEGMENTS: tuple[Segment, ...] = ("P", "PR", "QRS", "ST", "T", "TQ")
"""In the order of a beat: P wave; PR segment, from its end to the QRS complex; QRS complex; ST segment, from the J
point to 60 ms behind it; T wave, from there to its end; and the pause until the next beat begins."""

ALIKE = 0.9
"""Correlation with the median QRS complex from which a beat has the usual shape, as for the median beat."""

REACH = int(0.03 * FS)
"""Samples by which a beat is moved at most to fit the median one."""

QRS_BEFORE, QRS_AFTER = 40, 60
"""Samples before and behind the reference point of a beat that hold its QRS complex."""

LEAST_S = 0.01
"""Shortest segment in seconds: a record of 40 Hz shows nothing shorter."""

ST_S = 0.06
"""Seconds from the J point to where the T wave is looked for (:func:`measurements.ventricle.find_t`)."""

HIDDEN = "the T wave before it runs into it"
CUT_OFF = "the recording does not hold it"
NO_MEDIAN = "no whole beat is in the record"
OTHER_SHAPE = "the beat has another shape than most"
NO_NEXT = "no beat follows in the recording"
TOO_SHORT = f"it is shorter than {1000 * LEAST_S:.0f} ms"


@dataclass(frozen=True)
class Span:
    """A stretch of time, in seconds from the beginning of the recording."""

    begin: float
    end: float

    @property
    def duration(self) -> float:
        """Its length in seconds."""
        return self.end - self.begin

    def samples(self, fs: float) -> slice:
        """Return the samples inside it at a sampling rate in Hz."""
        return slice(round(self.begin * fs), round(self.end * fs))


@dataclass(frozen=True)
class BeatSegments:
    """One beat.

    Attributes
    ----------
    at : float
        Its QRS complex, in seconds from the beginning of the recording.
    is_usual : bool
        Whether it has the shape of most beats.
    spans : mapping of str to Span
        The segments that it has.
    missing : mapping of str to str
        The reason why it lacks each of the others.
    """

    at: float
    is_usual: bool
    spans: Mapping[Segment, Span] = field(default_factory=dict)
    missing: Mapping[Segment, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Placed:
    """A beat in samples: its reference point, its waves, and why it has no P wave, or no T wave."""

    at: int
    is_usual: bool
    qrs: tuple[int, int]
    p: tuple[int, int] | None
    t: tuple[int, int] | None
    no_p: str
    no_t: str

    @property
    def begin(self) -> int:
        """The onset of its first wave."""
        return self.p[0] if self.p else self.qrs[0]


def segmented(signal: NDArray[np.float32], fs: float) -> tuple[BeatSegments, ...]:
    """Return the segments of every beat of a record.

    Onsets and offsets are those of the median beat, global to all leads, put where each beat of its shape fits it best.
    Of a beat of another shape (premature, paced) only the QRS complex is told. A segment ends where the next beat, or
    the end of the recording, begins.

    Parameters
    ----------
    signal : float32 array (12, n_samples)
        In mV, or on any amplitude scale; NaN samples are gaps.
    fs : float
        Sampling rate in Hz, at least 100.

    Returns
    -------
    tuple of BeatSegments
        In order; empty where no beat is found.
    """
    record = condition(np.asarray(signal, dtype=np.float32), fs)
    waves = delineate_record(record)
    if waves.beat is None or waves.qrs is None:
        nothing: dict[Segment, str] = dict.fromkeys(SEGMENTS, NO_MEDIAN)
        return tuple(BeatSegments(int(beat) / FS, True, {}, nothing) for beat in waves.beats)
    placed = _p_after_t(list(_placed(record, waves, waves.beat, waves.qrs)))
    ends = [*(after.begin for after in placed[1:]), None]
    samples = record.signal.shape[1]
    return tuple(_segments(beat, end, samples) for beat, end in zip(placed, ends, strict=True))


def _placed(record: Conditioned, waves: Delineation, median: MedianBeat, qrs: Wave) -> Iterator[_Placed]:
    template = median.signal[:, BEFORE - QRS_BEFORE : BEFORE + QRS_AFTER]
    fits = [_fit(record.signal, int(beat), template) for beat in waves.beats]
    least = min(ALIKE, float(np.median([fit for _, fit in fits])))
    for at, fit in fits:
        start = at - BEFORE
        if fit < least:
            inside = QRS_BEFORE <= at <= record.signal.shape[1] - QRS_AFTER
            reason = OTHER_SHAPE if inside else CUT_OFF
            yield _Placed(at, False, _own_qrs(record, at), None, None, reason, reason)
            continue
        p, t = ((start + wave.onset, start + wave.offset) if wave else None for wave in (waves.p, waves.t))
        complex_ = (start + qrs.onset, start + qrs.offset)
        yield _Placed(at, True, complex_, p, t, waves.no_p or "", waves.no_t or "")


def _fit(signal: NDArray[np.float32], beat: int, template: NDArray[np.float32]) -> tuple[int, float]:
    """Return where near a beat its QRS complex fits the median one best, and their correlation there."""
    samples = template.shape[1]
    reach = np.arange(beat - REACH, beat + REACH + 1)
    first = np.clip(reach - QRS_BEFORE, 0, signal.shape[1] - samples)
    cut = signal[:, first[:, None] + np.arange(samples)]
    centred = cut - cut.mean(axis=2, keepdims=True)
    model = template - template.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=(0, 2)) * (model**2).sum())
    alike = np.einsum("lws,ls->w", centred, model) / np.maximum(size, 1e-9)
    best = int(np.argmax(alike))
    return int(reach[best]), float(alike[best])


def _own_qrs(record: Conditioned, at: int) -> tuple[int, int]:
    """Return the QRS complex of a single beat, by the velocity of all leads."""
    around = np.clip(np.arange(at - BEFORE, at + int(0.64 * FS)), 0, record.signal.shape[1] - 1)
    wave = find_qrs(velocity(record.signal[record.used][:, around]), DelineationLimits())
    return at - BEFORE + wave.onset, at - BEFORE + wave.offset


def _p_after_t(beats: list[_Placed]) -> list[_Placed]:
    """Leave out the P waves of early beats that begin within the T wave before them."""
    for number in range(1, len(beats)):
        beat, t = beats[number], beats[number - 1].t
        if beat.p and t and beat.p[0] < t[1]:
            beats[number] = replace(beat, p=None, no_p=HIDDEN)
    return beats


def _segments(beat: _Placed, following: int | None, samples: int) -> BeatSegments:
    """Return the segments of a beat; ``following`` is the sample at which the next one begins."""
    spans: dict[Segment, Span] = {}
    missing: dict[Segment, str] = {}
    for name, found in _bounds(beat, following).items():
        if isinstance(found, str):
            missing[name] = found
            continue
        begin, end = max(found[0], 0), min(found[1], samples)
        if end - begin >= LEAST_S * FS:
            spans[name] = Span(begin / FS, end / FS)
        else:
            missing[name] = TOO_SHORT if found[1] - found[0] < LEAST_S * FS else CUT_OFF
    return BeatSegments(beat.at / FS, beat.is_usual, spans, missing)


def _bounds(beat: _Placed, following: int | None) -> dict[Segment, tuple[int, int] | str]:
    """Return where each segment lies in samples, or why it is missing."""
    (begin, j), latest = beat.qrs, following if following is not None else beat.qrs[1] + 10 * int(FS)
    t_begin = j + int(ST_S * FS)
    pause = NO_NEXT if following is None else (beat.t[1], following) if beat.t else beat.no_t
    return {
        "P": beat.p or beat.no_p,
        "PR": (beat.p[1], begin) if beat.p else beat.no_p,
        "QRS": (begin, j),
        "ST": (j, min(t_begin, latest)) if beat.is_usual else beat.no_t,
        "T": (t_begin, min(beat.t[1], latest)) if beat.t else beat.no_t,
        "TQ": pause,
    }
