"""From a delineation to numbers."""

import math

import numpy as np
from numpy.typing import NDArray

from measurements.conditioning import FS
from measurements.delineation import Delineation, Wave
from measurements.measurement import Measurement, Measurements

LEAD_I, LEAD_AVF = 0, 5


def measured(found: Delineation) -> Measurements:
    """Return the nine measurements of a delineated record.

    The rate is the mean ventricular one, 60 (n - 1) / (time from the first to the last QRS complex). QTc after Bazett
    1920 is QT / RR^(1/2), after Fridericia 1920 QT / RR^(1/3), RR in seconds.
    """
    if not found.used.any():
        return Measurements.none("every lead is flat")
    rate = _rate(found.beats)
    if found.beat is None or found.qrs is None:
        whole = Measurements.none("no whole beat is in the record")
        return Measurements(**{**vars(whole), "heart_rate": rate})
    qt = _qt(found)
    return Measurements(
        heart_rate=rate,
        pr=_pr(found),
        qrs=_duration(found.qrs.onset, found.qrs.offset),
        qt=qt,
        qtc_bazett=_corrected(qt, rate, 1 / 2),
        qtc_fridericia=_corrected(qt, rate, 1 / 3),
        p_axis=_axis(found, found.p, found.no_p or "no P wave"),
        qrs_axis=_axis(found, found.qrs, "no QRS complex"),
        t_axis=_axis(found, found.t, "no T wave"),
    )


def _rate(beats: NDArray[np.int64]) -> Measurement:
    if len(beats) < 2:
        return Measurement(reason="fewer than two beats are in the record")
    return Measurement(60 * (len(beats) - 1) * FS / float(beats[-1] - beats[0]))


def _duration(onset: int, offset: int) -> Measurement:
    return Measurement(1000 * (offset - onset) / FS)


def _pr(found: Delineation) -> Measurement:
    if found.p is None or found.qrs is None:
        return Measurement(reason=found.no_p or "no P wave")
    return _duration(found.p.onset, found.qrs.onset)


def _qt(found: Delineation) -> Measurement:
    if found.t is None or found.qrs is None:
        return Measurement(reason="the end of the T wave cannot be told")
    return _duration(found.qrs.onset, found.t.offset)


def _corrected(qt: Measurement, rate: Measurement, power: float) -> Measurement:
    if qt.value is None:
        return qt
    if rate.value is None:
        return rate
    return Measurement(qt.value / (60 / rate.value) ** power)


def _axis(found: Delineation, wave: Wave | None, reason: str) -> Measurement:
    """Return the frontal axis of a wave from its net areas in I and aVF.

    The angle of (I, 2/sqrt(3) aVF), since an augmented lead is drawn 2/sqrt(3) times too small beside a bipolar one
    (Malmivuo and Plonsey 1995, chapter 15).
    """
    if wave is None or found.beat is None or found.qrs is None:
        return Measurement(reason=reason)
    if not (found.used[LEAD_I] and found.used[LEAD_AVF]):
        return Measurement(reason="lead I or aVF is flat")
    limb = found.beat.signal[[LEAD_I, LEAD_AVF]]
    level = np.median(limb[:, max(0, found.qrs.onset - 10) : max(1, found.qrs.onset - 2)], axis=1, keepdims=True)
    horizontal, vertical = (limb - level)[:, _inner(wave)].sum(axis=1, dtype=np.float64)
    if math.hypot(horizontal, vertical) < 1e-6:
        return Measurement(reason="the wave has no direction in the frontal plane")
    return Measurement(math.degrees(math.atan2(2 / math.sqrt(3) * vertical, horizontal)))


def _inner(wave: Wave) -> slice:
    """Return the wave without its first 10 and last 20 ms, which global limits add to most leads."""
    return slice(wave.onset + int(0.010 * FS), max(wave.offset - int(0.020 * FS), wave.peak + 1))
