"""The QRS complex: how the impulse spreads in the ventricles, and what infarction and hypertrophy change of it.

Centres and widths are shares of the QRS duration, vectors in mV (x left, y down, z to the back). They were set by eye
and by readers of real records; nothing is fitted to a single recording.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from phantoms.loop import Loop, Vector, as_vector, symmetric
from phantoms.physiology import Physiology, Territory
from phantoms.timing import Origin

Wave = tuple[float, float, Vector]
Limb = NDArray[np.float64]

NORMAL: tuple[Wave, ...] = (
    (0.22, 0.080, (-0.14, 0.00, -0.18)),
    (0.34, 0.070, (0.25, 0.12, -0.30)),
    (0.46, 0.075, (1.25, 0.66, 0.00)),
    (0.58, 0.075, (0.28, 0.16, 0.92)),
    (0.71, 0.085, (-0.08, -0.08, 0.34)),
)

LBBB: tuple[Wave, ...] = (
    (0.17, 0.070, (0.30, 0.16, 0.12)),
    (0.33, 0.080, (0.66, 0.14, 1.20)),
    (0.51, 0.085, (0.58, -0.02, 1.85)),
    (0.68, 0.080, (0.34, -0.12, 0.70)),
)

RBBB: tuple[Wave, ...] = (
    (0.11, 0.050, (-0.13, 0.00, -0.20)),
    (0.20, 0.055, (0.22, 0.12, -0.22)),
    (0.30, 0.060, (1.00, 0.52, -0.20)),
    (0.41, 0.065, (0.12, 0.10, 0.10)),
    (0.58, 0.110, (-0.38, -0.04, -0.46)),
    (0.78, 0.110, (-0.36, -0.06, -0.46)),
)

BIFASCICULAR: tuple[Wave, ...] = (
    (0.10, 0.050, (-0.12, 0.20, -0.16)),
    (0.20, 0.055, (0.30, 0.10, -0.20)),
    (0.30, 0.060, (0.95, -0.30, -0.15)),
    (0.42, 0.065, (0.20, -0.80, 0.10)),
    (0.58, 0.110, (-0.38, -0.30, -0.38)),
    (0.78, 0.110, (-0.36, -0.14, -0.46)),
)
"""A right bundle branch block with a left anterior fascicular one: what an axis far to the left means in it."""

FAR_LEFT = -30.0
"""Degrees below which the axis is that of a left anterior fascicular block."""

INCOMPLETE_RBBB: tuple[Wave, ...] = (*NORMAL[:4], (0.76, 0.080, (-0.33, -0.08, -0.44)))

LAFB: tuple[Wave, ...] = (
    (0.20, 0.070, (-0.09, 0.28, -0.16)),
    (0.32, 0.070, (0.20, 0.12, -0.20)),
    (0.45, 0.080, (1.00, -0.40, 0.10)),
    (0.59, 0.085, (0.12, -0.95, 0.72)),
    (0.73, 0.085, (-0.40, -0.48, 0.36)),
)

LPFB: tuple[Wave, ...] = (
    (0.20, 0.070, (0.12, -0.26, -0.16)),
    (0.32, 0.070, (0.18, -0.10, -0.24)),
    (0.46, 0.080, (0.20, 0.95, 0.10)),
    (0.59, 0.085, (-0.45, 0.80, 0.62)),
    (0.73, 0.085, (-0.30, 0.20, 0.30)),
)

IVCD: tuple[Wave, ...] = (
    (0.18, 0.060, (-0.10, 0.02, -0.14)),
    (0.32, 0.070, (0.70, 0.40, -0.16)),
    (0.46, 0.050, (0.35, 0.22, 0.10)),
    (0.58, 0.070, (0.62, 0.30, 0.80)),
    (0.74, 0.080, (0.05, 0.02, 0.48)),
)

DELTA: tuple[Wave, ...] = (
    (0.20, 0.110, (0.34, 0.12, -0.30)),
    (0.42, 0.070, (0.42, 0.18, -0.34)),
    (0.56, 0.065, (1.25, 0.64, -0.02)),
    (0.66, 0.065, (0.26, 0.14, 0.72)),
    (0.76, 0.075, (-0.06, -0.08, 0.26)),
)

FROM_THE_APEX: tuple[Wave, ...] = (
    (0.20, 0.080, (0.35, -0.55, 0.25)),
    (0.40, 0.100, (0.70, -1.05, 0.85)),
    (0.60, 0.095, (0.35, -0.85, 0.95)),
    (0.77, 0.080, (0.10, -0.30, 0.35)),
)
"""Paced from the apex of the right ventricle: like a left bundle branch block with a leftward axis."""

FROM_THE_OUTFLOW_TRACT: tuple[Wave, ...] = (
    (0.22, 0.090, (0.05, 0.65, 0.30)),
    (0.42, 0.110, (0.45, 1.55, 0.95)),
    (0.62, 0.100, (0.35, 1.00, 1.10)),
    (0.78, 0.080, (0.05, 0.25, 0.35)),
)

FROM_THE_LEFT_VENTRICLE: tuple[Wave, ...] = (
    (0.22, 0.090, (-0.50, 0.10, -0.60)),
    (0.42, 0.110, (-1.25, -0.45, -0.85)),
    (0.62, 0.100, (-0.75, -0.80, -0.25)),
    (0.78, 0.080, (-0.20, -0.30, 0.10)),
)

SPREAD: Mapping[str, tuple[Wave, ...]] = {
    "normal": NORMAL,
    "lbbb": LBBB,
    "incomplete_lbbb": LBBB,
    "rbbb": RBBB,
    "incomplete_rbbb": INCOMPLETE_RBBB,
    "lafb": LAFB,
    "lpfb": LPFB,
    "ivcd": IVCD,
    "pre_excitation": DELTA,
}
"""The loop of each way in which the impulse spreads."""

NOTCH: tuple[Wave, ...] = ((0.50, 0.035, (-0.42, -0.34, 0.10)), (0.62, 0.035, (0.40, 0.30, -0.06)))
"""What fragments a QRS complex in many leads."""

NAMELESS_LOSS = 0.35
"""Share of the septum's forces that a QRS complex lacks which is abnormal without a name."""

LAST = (0.62, 0.085)
"""Centre and width of what is activated last, as shares of the duration."""

MOST_GROWN = 1.35
"""Factor at most by which a turn in the frontal plane makes the largest force larger. Limb leads of 95 and 99 of 100
phantoms stay below 2.2 and 2.7 mV, those of 488 real records below 1.9 and 2.7 mV."""

WIDE_MS = {"paced": 162.0, "premature_ventricular": 152.0}
"""QRS duration of beats that begin in the ventricles."""

TOWARDS: Mapping[Territory, Vector] = {
    "anterior": (0.30, 0.05, -0.95),
    "anteroseptal": (0.16, 0.05, -0.99),
    "anterolateral": (0.72, -0.15, -0.67),
    "lateral": (0.95, -0.25, 0.15),
    "inferior": (-0.08, 0.98, 0.12),
    "inferolateral": (0.62, 0.76, 0.20),
    "posterior": (0.10, 0.15, 0.98),
}
"""Unit vector from the heart's centre to each wall."""

FURTHEST_BEFORE, HALVINGS = 60.0, 5
"""Degrees that the axis before a loss of forces may lie off the axis behind it, and how often this span is halved."""

Q_LOSS = {"acute": 0.55, "recent": 0.95, "old": 1.0}
"""Share of a wall's forces that is lost by the stage of the infarction."""


def qrs_loop(heart: Physiology, origin: Origin, focus: float, limb: Limb) -> Loop:
    """Return the QRS loop of a beat.

    Parameters
    ----------
    heart : Physiology
    origin : str
        Where the beat begins.
    focus : float
        From 0 to 1: which of two foci a premature ventricular beat has.
    limb : float64 array (2, 3)
        Leads I and II of a unit dipole in this person, in which the frontal axis is what it is.
    """
    if origin in ("paced", "premature_ventricular"):
        waves = FROM_THE_APEX if origin == "paced" else _ectopic(focus)
        return symmetric(WIDE_MS[origin] / 1000, *scaled(waves, heart.voltage))
    return symmetric(heart.qrs / 1000, *scaled(_conducted(heart, limb), heart.voltage))


def _conducted(heart: Physiology, limb: Limb) -> tuple[Wave, ...]:
    """Return a conducted beat whose frontal axis is the heart's.

    Walls have their place in the body, so that a heart is turned before it loses forces: the axis that it had before
    is sought, and only what cannot be reached so is turned afterwards.
    """
    whole = _hypertrophied(_spread(heart), heart)
    lost = _lost(heart)
    if not lost:
        return _fragmented(_turned_to(whole, heart.axis, limb), heart)

    def off(before: float) -> tuple[float, tuple[Wave, ...]]:
        waves = _turned_to(whole, before, limb)
        for territory, loss in lost:
            waves = _infarcted(waves, territory, loss)
        return (frontal_axis(waves, limb) - heart.axis + 180) % 360 - 180, waves

    return _fragmented(_turned_to(_nearest(off, heart.axis), heart.axis, limb), heart)


def _nearest(off: Callable[[float], tuple[float, tuple[Wave, ...]]], axis: float) -> tuple[Wave, ...]:
    """Return the waves, of the axes before a loss, whose axis behind it is nearest to the one that is wanted.

    ``off`` returns by how many degrees it is missed, and the waves, for an axis before the loss.
    """
    low, high = axis - FURTHEST_BEFORE, axis + FURTHEST_BEFORE
    tried = [off(low), off(high)]
    if tried[0][0] < 0 < tried[1][0]:
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            tried.append(off(middle))
            low, high = (middle, high) if tried[-1][0] < 0 else (low, middle)
    return min(tried, key=lambda one: abs(one[0]))[1]


def _spread(heart: Physiology) -> tuple[Wave, ...]:
    if heart.ventricle == "rbbb" and -120 < heart.axis < FAR_LEFT:
        return BIFASCICULAR
    return SPREAD[heart.ventricle]


def _lost(heart: Physiology) -> list[tuple[Territory, float]]:
    """Return the walls whose forces are lost, and what share of them."""
    lost: list[tuple[Territory, float]] = [(scar.territory, Q_LOSS[scar.stage]) for scar in heart.infarcts]
    if heart.q_waves:
        lost.append(("inferior", 0.75))
    if heart.aneurysm and not heart.infarcts:
        lost.append(("anteroseptal", 1.0))
    if heart.notched:
        lost.append(("anteroseptal", NAMELESS_LOSS))
    return lost


def _fragmented(waves: tuple[Wave, ...], heart: Physiology) -> tuple[Wave, ...]:
    return (*waves, *NOTCH) if heart.notched else waves


def scaled(waves: tuple[Wave, ...], factor: float) -> tuple[Wave, ...]:
    """Return waves with their vectors times a factor."""
    return tuple((centre, width, _times(vector, factor)) for centre, width, vector in waves)


def frontal_axis(waves: tuple[Wave, ...], limb: Limb) -> float:
    """Return the frontal axis of a loop in degrees: the angle of its net areas in leads I and aVF."""
    lead_i, lead_avf = _frontal(limb) @ _area(waves)
    return float(np.degrees(np.arctan2(lead_avf, lead_i)))


def _frontal(limb: Limb) -> Limb:
    """Return lead I, and aVF enlarged by 2/sqrt(3) to the scale of a bipolar lead, of a unit dipole, float64 (2, 3).

    The factor is that of Malmivuo and Plonsey 1995, chapter 15.
    """
    return np.array([limb[0], 2 / np.sqrt(3) * (limb[1] - limb[0] / 2)])


def _area(waves: tuple[Wave, ...]) -> NDArray[np.float64]:
    return np.asarray(np.sum([width * np.array(vector) for _, width, vector in waves], axis=0), dtype=np.float64)


def _turned_to(waves: tuple[Wave, ...], axis: float, limb: Limb) -> tuple[Wave, ...]:
    """Turn a loop in the frontal plane so that its axis, as this person's leads show it, is the one that is wanted.

    Leads see some of what points forwards, so that a turn alone does not always reach an axis: the loop is scaled
    in the frontal plane as well, so that its net areas in the limb leads keep their size. Half the way, and 45 degrees
    at most, is gone by what is activated last: an axis far to the left or right comes with S waves, and R in V5 hardly
    depends on it (correlation with the axis in real normal records: 0.14). Where opposite forces nearly cancel, that
    would take a giant loop: the whole of it is made smaller, which leaves the axis.
    """
    frontal, area = _frontal(limb), _area(waves)
    size = float(np.hypot(*(frontal @ area)))
    wanted = size * np.array([np.cos(np.radians(axis)), np.sin(np.radians(axis))])
    x, y = np.linalg.solve(frontal[:, :2], wanted - frontal[:, 2] * area[2])
    whole = complex(area[0], area[1])
    factor = complex(x, y) / whole
    angle = float(np.angle(factor))
    part = abs(factor) * complex(np.exp(1j * (angle - np.clip(angle / 2, -np.pi / 4, np.pi / 4))))
    rest = (complex(x, y) - part * whole) / LAST[1]
    last: Wave = (*LAST, (rest.real, rest.imag, 0.0))
    turned = (*((centre, width, _turned(vector, part)) for centre, width, vector in waves), last)
    return scaled(turned, min(1.0, MOST_GROWN * _frontal_size(waves) / _frontal_size(turned)))


def _frontal_size(waves: tuple[Wave, ...]) -> float:
    return max(float(np.hypot(*vector[:2])) for _, _, vector in waves)


def _turned(vector: Vector, factor: complex) -> Vector:
    """Turn (and scale) a vector in the frontal plane, whose axes are left and down."""
    turned = complex(vector[0], vector[1]) * factor
    return turned.real, turned.imag, vector[2]


def _ectopic(focus: float) -> tuple[Wave, ...]:
    return FROM_THE_OUTFLOW_TRACT if focus < 0.5 else FROM_THE_LEFT_VENTRICLE


def _hypertrophied(waves: tuple[Wave, ...], heart: Physiology) -> tuple[Wave, ...]:
    extra: list[Wave] = []
    if heart.lvh:
        extra += [(0.28, 0.080, (0.20, 0.06, 0.20)), (0.46, 0.075, (0.45, 0.10, 0.40))]
        extra += [(0.58, 0.075, (0.18, 0.0, 0.85))]
    if heart.rvh:
        extra += [(0.47, 0.070, (-0.75, 0.10, -0.85)), (0.62, 0.085, (-0.62, 0.05, -0.55))]
    if heart.septal_hypertrophy:
        extra += [(0.21, 0.065, (-0.42, -0.26, -0.55))]
    return (*waves, *extra)


def _infarcted(waves: tuple[Wave, ...], territory: Territory, loss: float) -> tuple[Wave, ...]:
    """Take a wall's forces away: the early loop points away from it, and little of the main loop points to it."""
    towards = np.array(TOWARDS[territory])
    reduced: list[Wave] = []
    for centre, width, vector in waves:
        along = float(np.dot(vector, towards))
        share = loss * (0.85 if centre < 0.5 else 0.35) if along > 0 else 0.0
        reduced.append((centre, width, as_vector(np.array(vector) - share * along * towards)))
    lost: tuple[tuple[float, float, float], ...] = ((0.24, 0.085, -0.34), (0.36, 0.075, -0.27))
    if territory == "anteroseptal":
        # What is left of the forces points backwards from the start: no r in V1 to V3, and S waves up to V4.
        lost = ((0.24, 0.085, -0.34), (0.36, 0.075, -0.38), (0.46, 0.075, -0.48))
    elif territory == "posterior":
        # Its mirror image is what shows: tall and broad R waves in V1 to V3.
        lost = ((0.44, 0.110, -0.85), (0.60, 0.090, -0.60))
    away = [(centre, width, as_vector(size * loss * towards)) for centre, width, size in lost]
    return (*reduced, *away)


def _times(vector: Vector, factor: float) -> Vector:
    return vector[0] * factor, vector[1] * factor, vector[2] * factor
