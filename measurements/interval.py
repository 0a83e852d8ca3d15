"""Compute the measurements of a delineated record."""

import math

import numpy as np
from numpy.typing import NDArray

from measurements.conditioning import FS
from measurements.delineation import Delineation
from measurements.measurement import Measurement, Measurements
from measurements.median import median
from measurements.wave import Wave

LEAD_I, LEAD_AVF = 0, 5

SHORTEST_QRS_MS = 40.0
"""No ventricle is activated faster: 1% of healthy adults have less than 65 to 69 ms (Mason et al. 2007)."""


def measured(waves: Delineation) -> Measurements:
    """Return the nine measurements of a delineated record.

    The rate is the mean ventricular one, 60 (n - 1) / (time from the first to the last QRS complex). QTc after Bazett
    1920 is QT / RR^(1/2), after Fridericia 1920 QT / RR^(1/3), RR in seconds.
    """
    if not waves.used.any():
        return Measurements.none("every lead is flat")
    rate = _rate(waves.beats)
    if waves.beat is None or waves.qrs is None:
        whole = Measurements.none("no whole beat is in the record")
        return Measurements(**{**vars(whole), "heart_rate": rate})
    qt = _qt(waves)
    return Measurements(
        heart_rate=rate,
        pr=_pr(waves),
        qrs=_qrs(waves.qrs),
        qt=qt,
        qtc_bazett=_corrected(qt, rate, 1 / 2),
        qtc_fridericia=_corrected(qt, rate, 1 / 3),
        p_axis=_axis(waves, waves.p, waves.no_p or "no P wave"),
        qrs_axis=_axis(waves, waves.qrs, "no QRS complex"),
        t_axis=_axis(waves, waves.t, waves.no_t or "no T wave"),
    )


def _rate(beats: NDArray[np.int64]) -> Measurement:
    if len(beats) < 2:
        return Measurement(reason="fewer than two beats are in the record")
    return Measurement(60 * (len(beats) - 1) * FS / float(beats[-1] - beats[0]))


def _duration(onset: int, offset: int) -> Measurement:
    return Measurement(1000 * (offset - onset) / FS)


def _qrs(wave: Wave) -> Measurement:
    duration = _duration(wave.onset, wave.offset)
    if duration.value is not None and duration.value < SHORTEST_QRS_MS:
        return Measurement(reason="the QRS complex cannot be told from noise")
    return duration


def _pr(waves: Delineation) -> Measurement:
    if waves.p is None or waves.qrs is None:
        return Measurement(reason=waves.no_p or "no P wave")
    return _duration(waves.p.onset, waves.qrs.onset)


def _qt(waves: Delineation) -> Measurement:
    if waves.t is None or waves.qrs is None:
        return Measurement(reason=waves.no_t or "no T wave")
    return _duration(waves.qrs.onset, waves.t.offset)


def _corrected(qt: Measurement, rate: Measurement, power: float) -> Measurement:
    if qt.value is None:
        return qt
    if rate.value is None:
        return rate
    return Measurement(qt.value / (60 / rate.value) ** power)


def _axis(waves: Delineation, wave: Wave | None, reason: str) -> Measurement:
    """Return the frontal axis of a wave from its net areas in I and aVF.

    It is the angle of (I, 2/sqrt(3) aVF), since an augmented lead is smaller than a bipolar one by 2/sqrt(3) (Malmivuo
    and Plonsey 1995, chapter 15).
    """
    if wave is None or waves.beat is None or waves.qrs is None:
        return Measurement(reason=reason)
    if not (waves.used[LEAD_I] and waves.used[LEAD_AVF]):
        return Measurement(reason="lead I or aVF is flat")
    limb = waves.beat.signal[[LEAD_I, LEAD_AVF]]
    level = median(limb[:, max(0, waves.qrs.onset - 10) : max(1, waves.qrs.onset - 2)])[:, None]
    horizontal, vertical = (limb - level)[:, _inner(wave)].sum(axis=1, dtype=np.float64)
    if math.hypot(horizontal, vertical) < 1e-6:
        return Measurement(reason="the wave has no direction in the frontal plane")
    return Measurement(math.degrees(math.atan2(2 / math.sqrt(3) * vertical, horizontal)))


def _inner(wave: Wave) -> slice:
    """Return the wave without its last 8 ms, which belong to few leads."""
    return slice(wave.onset, max(wave.offset - int(0.008 * FS), wave.peak + 1))
