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
    "lbbb": ((-0.18, 0.00, -0.33), (-0.07, -0.01, -0.16)),
    "incomplete_lbbb": ((0.02, 0.04, -0.30), (-0.06, -0.01, -0.12)),
    "rbbb": ((0.42, 0.18, 0.20), (0.03, 0.01, 0.05)),
    "incomplete_rbbb": ((0.38, 0.13, -0.08), (0.02, 0.01, -0.02)),
    "lafb": ((0.36, 0.14, -0.24), (0.02, 0.01, -0.055)),
    "lpfb": ((0.34, 0.06, -0.22), (0.02, 0.01, -0.05)),
    "ivcd": ((0.20, 0.08, -0.26), (-0.02, 0.00, -0.08)),
    "pre_excitation": ((0.08, 0.04, -0.18), (-0.06, -0.03, -0.02)),
}
"""T and ST vector in mV of each way in which the impulse spreads: the wide ones repolarise against it."""

FROM_THE_VENTRICLES: Mapping[str, tuple[Vector, Vector]] = {
    "paced": ((-0.30, 0.55, -0.40), (-0.05, 0.12, -0.12)),
    "outflow": ((-0.16, -0.62, -0.42), (-0.02, -0.12, -0.12)),
    "left": ((0.55, 0.30, 0.40), (0.10, 0.06, 0.10)),
}

INJURY: Mapping[str, tuple[float, float, float]] = {
    "acute": (0.24, 0.42, 0.8),
    "recent": (0.05, -0.36, 0.6),
    "old": (0.01, 0.00, 0.35),
}
"""By the stage of an infarction: ST and T towards its wall in mV, and the share of the T wave that other walls keep.
ST is raised first, T inverted later (Thygesen et al. 2018), and over an old scar T is flat."""

SCAR: Mapping[Territory, tuple[float, float, float]] = {
    "anterior": (0.06, 0.10, 0.35),
    "anteroseptal": (0.06, 0.10, 0.35),
    "posterior": (0.00, -0.28, 0.60),
}
"""The same for old scars over which T is not flat: upright with a raised ST over the anterior wall, inverted over the
posterior one, whose mirror image in V1 to V3 is upright."""

ISCHEMIA, INJURED = (-0.09, -0.13, 0.5), (-0.19, -0.05, 0.4)
"""The same for ischemia and for subendocardial injury: ST depressed, T inverted or flat."""

SUBENDOCARDIAL: Mapping[Territory, Vector] = {
    **TOWARDS,
    "anterior": (0.60, 0.00, -0.80),
    "anteroseptal": (0.40, 0.00, -0.92),
    "anterolateral": (0.97, 0.17, 0.15),
}
"""Where ischemia and injury of a territory show. In the real records of an anterolateral one it is I, aVL and V4 to V6,
with an upright T wave in V1 to V3; in those of an anteroseptal one V2 to V4."""

LONG_QTC = 470.0
"""QTc in ms above which the T wave gets lower as it gets longer, so that its area stays."""


def repolarisation_loop(heart: Physiology, origin: Origin, focus: float) -> tuple[Loop, float]:
    """Return the loop of ST, T and U from the QRS onset, and the end of T in seconds; parameters as of the QRS loop."""
    t, st = _vectors(heart, origin, focus)
    qrs = heart.qrs / 1000 if origin not in ("paced", "premature_ventricular") else 0.155
    end = max(heart.qt / 1000, qrs + 0.22) + (0.045 if qrs > 0.15 and origin != "conducted" else 0.0)
    scale = end / 0.4
    sharp = 0.55 if heart.hyperkalemia else 1.0
    rise, fall = T_WIDTH_S[0] * scale * sharp, T_WIDTH_S[1] * scale * sharp
    peak = end - T_END_WIDTHS * fall
    middle, reach = qrs + 0.42 * (peak - qrs), peak - qrs
    waves: list[tuple[float, float, float, Array]] = [
        (peak, rise, fall, t),
        (middle, 0.40 * reach + 0.02, 0.26 * reach + 0.02, st),
    ]
    if origin not in ("paced", "premature_ventricular"):
        waves += [
            (middle, LEVEL_S, 0.35 * reach + 0.02, raised.mv * np.array(TOWARDS[raised.territory]))
            for raised in heart.elevation
        ]
    if heart.digitalis:
        waves.append((qrs + 0.07, 0.030, 0.045, np.array([-0.16, -0.09, 0.00])))
    total = end
    if origin == "conducted":
        size = 0.075 if heart.hypokalemia else 0.022
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
    t, st = _gained(_turned(np.array(usual_t), heart.t_turn), heart.t_gain), np.array(usual_st)
    if heart.lvh or heart.rvh:
        t, st = _hypertrophied(heart, t, st)
    for scar in heart.infarcts:
        change = SCAR.get(scar.territory, INJURY["old"]) if scar.stage == "old" else INJURY[scar.stage]
        t, st = _wounded(t, st, TOWARDS[scar.territory], change)
    for territory in heart.ischemia:
        t, st = _wounded(t, st, SUBENDOCARDIAL[territory], ISCHEMIA)
    for territory in heart.injury:
        t, st = _wounded(t, st, SUBENDOCARDIAL[territory], INJURED)
    if heart.aneurysm:
        t, st = _wounded(t, st, TOWARDS["anterior"], (0.15, 0.06, 0.25))
    if heart.hypokalemia:
        t, st = 0.5 * t, st - 0.04 * np.array([0.8, 0.4, 0.0])
    if heart.hyperkalemia:
        t = t * 2.6
    if heart.digitalis:
        t = 0.75 * t
    return _shifted(_flattened(t, heart), st, heart.st)


def _turned(t: Array, degrees: float) -> Array:
    """Return a vector turned in the frontal plane, towards the right above 0."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([cosine * t[0] - sine * t[1], sine * t[0] + cosine * t[1], t[2]])


def _gained(t: Array, gain: float) -> Array:
    """Return a T vector times its gain; what points forwards is changed less where T is flat or inverted.

    In the real records with such T waves it is the lateral and inferior leads that show it.
    """
    forwards = gain if gain > 1 else (1.6 + gain) / 2.6
    return np.asarray(t * np.array([gain, gain, forwards]), dtype=np.float64)


def _flattened(t: Array, heart: Physiology) -> Array:
    """Return a T vector as low as a long QT interval makes it."""
    corrected = heart.qt * np.sqrt(heart.rate / 60)
    return np.asarray(t * min(1.0, LONG_QTC / corrected) ** 4, dtype=np.float64)


def _shifted(t: Array, st: Array, shift: float) -> tuple[Array, Array]:
    """Shift ST along the main vector; a depression takes T with it, and spares V1 to V3."""
    if shift >= 0:
        return t, st + shift * np.array([0.75, 0.45, -0.45])
    return t + 0.7 * shift * np.array([0.75, 0.45, 0.0]), st + shift * np.array([0.75, 0.45, 0.10])


def _hypertrophied(heart: Physiology, t: Array, st: Array) -> tuple[Array, Array]:
    """Return T and ST of a hypertrophy: turned away from it by strain, and low towards it without."""
    if heart.lvh and heart.strain:
        return np.array([-0.24, -0.10, -0.26]), np.array([-0.10, -0.06, -0.02])
    if heart.lvh:
        return t * np.array([0.5, 0.55, 1.3]), st + np.array([-0.05, -0.03, 0.0])
    if heart.strain:
        return np.array([0.34, -0.10, 0.34]), st + np.array([0.03, -0.04, 0.06])
    return t, st


def _wounded(t: Array, st: Array, towards: Vector, change: tuple[float, float, float]) -> tuple[Array, Array]:
    """Give T its part towards a wall and a share of the rest, and shift ST towards (or away from) the wall."""
    raised, waved, kept = change
    wall = np.array(towards)
    return _set_along(_gained(t, kept), wall, waved), st + raised * wall


def _set_along(vector: Array, direction: Array, amount: float) -> Array:
    """Return a vector whose part along a direction is a given amount."""
    return np.asarray(vector + (amount - float(vector @ direction)) * direction, dtype=np.float64)
