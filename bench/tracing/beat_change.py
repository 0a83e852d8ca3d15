"""How one property of a recorded signal is changed, beat by beat, and the right answer to each dose."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.tracing.beats import Beats, Landmarks, consistent, warped
from measurements import Measurements
from measurements.conditioning import FS
from taxonomy.axis import AxisValue
from taxonomy.threshold import PR_LIMIT, axis_of, rate_of

Apply = Callable[[Beats, float, np.random.Generator], Beats | None]
Expect = Callable[[Measurements, float], AxisValue | None]


@dataclass(frozen=True, eq=False)
class BeatChange:
    """A change of one property by signal processing.

    Attributes
    ----------
    doses : tuple of float
        0 is the unchanged record after the same processing.
    apply : callable
        Returns the changed record, None where the dose cannot be applied to it.
    expect : callable
        Maps the unchanged record's measurements and the dose to the right answer, None where unknown.
    """

    doses: tuple[float, ...]
    apply: Apply
    expect: Expect


def rate(record: Beats, dose: float, _: np.random.Generator) -> Beats | None:
    """Stretch the pauses between beats until the mean rate has changed by the dose."""
    first = record.landmarks[0]
    mean = (record.landmarks[-1].qrs_onset - first.qrs_onset) / (len(record.landmarks) - 1)
    factor = 60 / (60 / mean + dose) / mean

    def move(_: int, beat: Landmarks) -> Landmarks:
        return beat.moved((beat.qrs_onset - first.qrs_onset) * (factor - 1))

    return warped(record, move)


def axis(record: Beats, dose: float, _: np.random.Generator) -> Beats:
    """Rotate the frontal vector, with components I and (2 II - I) / sqrt 3 in Einthoven's triangle."""
    turn, i, ii = np.radians(dose), record.mv[0], record.mv[1]
    across, down = i, (2 * ii - i) / np.sqrt(3)
    mv = record.mv.copy()
    mv[0] = across * np.cos(turn) - down * np.sin(turn)
    mv[1] = mv[0] / 2 + np.sqrt(3) / 2 * (across * np.sin(turn) + down * np.cos(turn))
    return replace(record, mv=consistent(mv))


def pr(record: Beats, dose: float, _: np.random.Generator) -> Beats | None:
    """Move every P wave earlier by the dose in ms."""
    if not record.has_p:
        return None
    earlier = dose / 1000

    def move(_: int, beat: Landmarks) -> Landmarks:
        return replace(beat, p_onset=beat.p_onset - earlier, p_offset=beat.p_offset - earlier)

    return warped(record, move)


def qrs(record: Beats, dose: float, _: np.random.Generator) -> Beats | None:
    """Stretch every QRS complex by the dose in ms; its T wave keeps its shape and comes later."""
    later = dose / 1000

    def move(_: int, beat: Landmarks) -> Landmarks:
        return replace(beat, qrs_offset=beat.qrs_offset + later, t_offset=beat.t_offset + later)

    return warped(record, move)


def st_shift(frontal: tuple[float, float], chest: tuple[float, ...]) -> Apply:
    """Return a shift of ST and T by a smooth step, given its shares in I and II and in V1 to V6."""
    shares = np.array([*frontal, 0, 0, 0, 0, *chest], dtype=np.float32)[:, None]

    def apply(record: Beats, dose: float, _: np.random.Generator) -> Beats:
        return replace(record, mv=consistent(record.mv + dose * shares * _plateau(record)))

    return apply


def _plateau(record: Beats) -> NDArray[np.float32]:
    """Return 1 from 20 ms after each QRS complex to mid ST-T, falling to 0 at the end of the T wave."""
    time = np.arange(record.mv.shape[1]) / FS
    level = np.zeros(len(time), dtype=np.float32)
    for beat in record.landmarks:
        half = (beat.qrs_offset + beat.t_offset) / 2
        up = np.clip((time - beat.qrs_offset + 0.02) / 0.04, 0, 1)
        down = np.clip((beat.t_offset - time) / max(0.04, beat.t_offset - half), 0, 1)
        level = np.maximum(level, (0.5 - 0.5 * np.cos(np.pi * up)) * (0.5 - 0.5 * np.cos(np.pi * down)))
    return level


def fibrillation(record: Beats, dose: float, rng: np.random.Generator) -> Beats | None:
    """Remove P waves, add fibrillatory waves of 5 to 7 Hz, and make RR irregular by the fraction ``dose``."""
    if not record.has_p:
        return None
    mean = np.mean(np.diff([beat.qrs_onset for beat in record.landmarks]))
    late = np.cumsum(rng.uniform(-dose, dose, len(record.landmarks)) * mean)
    late -= np.linspace(late[0], late[-1], len(late))
    moved = warped(_without_p(record), lambda number, beat: beat.moved(float(late[number])))
    if moved is None:
        return None
    time = np.arange(moved.mv.shape[1]) / FS
    phase = 2 * np.pi * np.cumsum(6 + np.interp(time, time[::250], rng.uniform(-1, 1, len(time[::250])))) / FS
    waves = np.sin(phase) + 0.4 * np.sin(2 * phase + 1)
    shares = np.array([0.02, 0.03, 0, 0, 0, 0, 0.06, 0.04, 0.02, 0.015, 0.01, 0.01], dtype=np.float32)[:, None]
    return replace(moved, mv=consistent(moved.mv + shares * waves.astype(np.float32)), has_p=False)


def _without_p(record: Beats) -> Beats:
    mv = record.mv.copy()
    for beat in record.landmarks:
        begin, end = max(1, int((beat.p_onset - 0.02) * FS)), int(min(beat.p_offset + 0.02, beat.qrs_onset) * FS)
        if 0 < begin < end < mv.shape[1] - 1:
            level = np.linspace(0, 1, end - begin, dtype=np.float32)
            mv[:, begin:end] = mv[:, [begin - 1]] * (1 - level) + mv[:, [end]] * level
    return replace(record, mv=mv)


def expected_rate(base: Measurements, dose: float) -> AxisValue | None:
    """Name the measured rate after the dose."""
    return None if base.heart_rate.value is None else rate_of(base.heart_rate.value + dose)


def expected_axis(base: Measurements, dose: float) -> AxisValue | None:
    """Name the measured frontal axis after the dose."""
    if base.qrs_axis.value is None:
        return None
    return axis_of((base.qrs_axis.value + dose + 180) % 360 - 180)


def expected_pr(base: Measurements, dose: float) -> AxisValue | None:
    """Name the conduction by the measured PR interval after the dose (Surawicz et al. 2009)."""
    if base.pr.value is None:
        return None
    return "av_block_first_degree" if base.pr.value + dose > PR_LIMIT else "none"


def expected_acute(limit: float) -> Expect:
    """Return an expectation of acute injury from a dose in mV on; below it the answer is unknown."""
    return lambda base, dose: "acute" if dose >= limit else None


def expected_fibrillation(base: Measurements, dose: float) -> AxisValue | None:
    """Expect fibrillation at every dose."""
    return "atrial_fibrillation" if dose else None


def unknown(base: Measurements, dose: float) -> AxisValue | None:
    """Expect nothing: no dose makes an answer right."""
    return None
