"""ST segment, T and U wave: their vectors for the state of the heart, as one loop behind the QRS complex."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from phantoms.depolarisation import TOWARDS
from phantoms.loop import Loop, Vector, as_vector
from phantoms.physiology import Physiology, Territory
from phantoms.timing import Origin

T_WIDTH_S = (0.054, 0.040)
"""Widths of the T wave before and behind its peak, in seconds at a QT of 400 ms; it rises slower than it falls."""

T_END_WIDTHS = 2.7
"""Widths behind the peak at which the T wave has ended."""

LEVEL_S = 1.0
"""Width before its centre of a wave that is level from the J point to there."""

Array = NDArray[np.float64]

SECONDARY: Mapping[str, tuple[Vector, Vector]] = {
    "normal": ((0.36, 0.11, -0.24), (0.02, 0.01, -0.055)),
    "lbbb": ((-0.38, -0.02, -0.50), (-0.10, -0.02, -0.20)),
    "incomplete_lbbb": ((0.10, 0.08, -0.38), (-0.04, 0.00, -0.10)),
    "rbbb": ((0.42, 0.18, 0.20), (0.03, 0.01, 0.05)),
    "incomplete_rbbb": ((0.38, 0.13, -0.08), (0.02, 0.01, -0.02)),
    "lafb": ((0.36, 0.14, -0.24), (0.02, 0.01, -0.055)),
    "lpfb": ((0.34, 0.06, -0.22), (0.02, 0.01, -0.05)),
    "ivcd": ((0.20, 0.08, -0.26), (-0.02, 0.00, -0.08)),
    "pre_excitation": ((0.04, 0.02, -0.06), (-0.07, -0.04, 0.02)),
}
"""T and ST vector in mV of each way in which the impulse spreads: the wide ones repolarise against it."""

FROM_THE_VENTRICLES: Mapping[str, tuple[Vector, Vector]] = {
    "paced": ((-0.30, 0.55, -0.40), (-0.05, 0.12, -0.12)),
    "outflow": ((-0.16, -0.62, -0.42), (-0.02, -0.12, -0.12)),
    "left": ((0.55, 0.30, 0.40), (0.10, 0.06, 0.10)),
}

INJURY: Mapping[str, tuple[float, float]] = {"acute": (0.24, 0.42), "recent": (0.05, -0.42), "old": (0.0, -0.16)}
"""ST and T towards the wall of an infarction, in mV, by its stage: raised ST first, inverted T later
(Thygesen et al. 2018)."""


def repolarisation_loop(heart: Physiology, origin: Origin, focus: float) -> tuple[Loop, float]:
    """Return the loop of ST, T and U from the QRS onset, and the end of T in seconds; parameters as of the QRS loop."""
    t, st = _vectors(heart, origin, focus)
    qrs = heart.qrs / 1000 if origin not in ("paced", "premature_ventricular") else 0.155
    end = max(heart.qt / 1000, qrs + 0.22) + (0.045 if qrs > 0.15 and origin != "conducted" else 0.0)
    scale = end / 0.4
    sharp = 0.55 if heart.hyperkalemia else 1.0
    rise, fall = T_WIDTH_S[0] * scale * sharp, T_WIDTH_S[1] * scale * sharp
    peak = end - T_END_WIDTHS * fall
    middle, reach = 0.5 * (qrs + peak), peak - qrs
    waves: list[tuple[float, float, float, Array]] = [
        (peak, rise, fall, t),
        (middle, 0.45 * reach + 0.02, 0.35 * reach + 0.02, st),
    ]
    if origin not in ("paced", "premature_ventricular"):
        waves += [
            (middle, LEVEL_S, 0.35 * reach + 0.02, raised.mv * np.array(TOWARDS[raised.territory]))
            for raised in heart.elevation
        ]
    if heart.digitalis:
        waves.append((qrs + 0.07, 0.030, 0.050, np.array([-0.18, -0.08, -0.02])))
    total = end
    if origin == "conducted":
        size = 0.16 if heart.hypokalemia else 0.022
        waves.append((end + 0.075, 0.040, 0.040, size * np.array([0.55, 0.30, -0.75])))
        total = end + 0.20
    loop = Loop(
        duration=total,
        centres=tuple(centre / total for centre, _, _, _ in waves),
        before=tuple(before / total for _, before, _, _ in waves),
        after=tuple(after / total for _, _, after, _ in waves),
        vectors=tuple(as_vector(vector) for _, _, _, vector in waves),
    )
    return loop, end


def _vectors(heart: Physiology, origin: Origin, focus: float) -> tuple[Array, Array]:
    """Return the T and the ST vector of a beat."""
    if origin in ("paced", "premature_ventricular"):
        kind = "paced" if origin == "paced" else "outflow" if focus < 0.5 else "left"
        wide_t, wide_st = FROM_THE_VENTRICLES[kind]
        return np.array(wide_t) * heart.voltage, np.array(wide_st) * heart.voltage
    usual_t, usual_st = SECONDARY[heart.ventricle]
    t, st = np.array(usual_t) * heart.t_gain, np.array(usual_st)
    if heart.strain:
        t, st = _strained(heart, t, st)
    for infarct in heart.infarcts:
        raised, waved = INJURY[infarct.stage]
        t, st = _wounded(t, st, infarct.territory, waved, raised)
    for territory in heart.ischemia:
        t, st = _wounded(t, st, territory, -0.24, -0.14)
    for territory in heart.injury:
        t, st = _wounded(t, st, territory, -0.12, -0.24)
    if heart.aneurysm:
        st = st + 0.16 * np.array(TOWARDS["anterior"])
    if heart.hypokalemia:
        t, st = 0.25 * t, st - 0.04 * np.array([0.8, 0.4, 0.0])
    if heart.hyperkalemia:
        t = t * 2.6
    if heart.digitalis:
        t = 0.45 * t
    return t, st + heart.st * np.array([0.75, 0.45, -0.45])


def _strained(heart: Physiology, t: Array, st: Array) -> tuple[Array, Array]:
    if heart.lvh:
        return np.array([-0.32, -0.12, -0.28]), np.array([-0.10, -0.05, -0.10])
    return np.array([0.34, -0.10, 0.34]), st + np.array([0.03, -0.04, 0.06])


def _wounded(t: Array, st: Array, territory: Territory, waved: float, raised: float) -> tuple[Array, Array]:
    """Give T its part towards a wall, and shift ST towards (or away from) it."""
    towards = np.array(TOWARDS[territory])
    return _set_along(t, towards, waved), st + raised * towards


def _set_along(vector: Array, direction: Array, amount: float) -> Array:
    """Return a vector whose part along a direction is a given amount."""
    return np.asarray(vector + (amount - float(vector @ direction)) * direction, dtype=np.float64)
