"""What is simulated: a heart, a body and a recording, as parameters of physiology."""

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from phantoms.error import PhantomError

Rhythm = Literal[
    "sinus",
    "sinus_arrhythmia",
    "atrial_fibrillation",
    "atrial_flutter",
    "supraventricular",
    "bigeminy",
    "trigeminy",
    "paced",
]
Ventricle = Literal[
    "normal",
    "lbbb",
    "incomplete_lbbb",
    "rbbb",
    "incomplete_rbbb",
    "lafb",
    "lpfb",
    "ivcd",
    "pre_excitation",
]
Territory = Literal["anterior", "anteroseptal", "anterolateral", "lateral", "inferior", "inferolateral", "posterior"]
Stage = Literal["acute", "recent", "old"]
AvBlock = Literal["none", "second_degree", "third_degree"]

LEAST_RATE, GREATEST_RATE = 20.0, 300.0
"""Ventricular rates per minute that can be simulated."""

FIRST_DEGREE_MS = 200.0
"""PR interval above which conduction is a first-degree block (Surawicz et al. 2009)."""

WITHOUT_P: frozenset[Rhythm] = frozenset({"atrial_fibrillation", "atrial_flutter"})
"""Rhythms without P waves, and so without a PR interval."""


@dataclass(frozen=True)
class Infarct:
    """A myocardial infarction: where, and how old."""

    territory: Territory
    stage: Stage

    def __post_init__(self) -> None:
        for name, kind in (("territory", Territory), ("stage", Stage)):
            if getattr(self, name) not in get_args(kind):
                raise PhantomError(f"an infarct's {name} is {getattr(self, name)!r}; it is {', '.join(get_args(kind))}")


@dataclass(frozen=True)
class Elevation:
    """ST raised towards a wall by transmural injury: ``mv`` of the dipole, reached by the J point."""

    territory: Territory
    mv: float


@dataclass(frozen=True)
class Noise:
    """Disturbances of a recording, as standard deviations in mV at each electrode.

    Attributes
    ----------
    wander : float
        Below 0.45 Hz.
    muscle : float
        White up to 150 Hz, where devices cut off.
    mains : float
        At ``mains_hz``.
    respiration : float
        Share by which breathing changes the amplitude of the QRS complex.
    """

    wander: float = 0.030
    muscle: float = 0.008
    mains: float = 0.0
    mains_hz: float = 50.0
    respiration: float = 0.04

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value >= 0):
                raise PhantomError(f"{name} of a recording's noise must be a number of at least 0, not {value}")


@dataclass(frozen=True)
class Physiology:
    """A heart and its recording.

    Attributes
    ----------
    rhythm : str
    rate : float
        Mean ventricular rate in 1/min.
    variability : float
        Coefficient of variation of the RR intervals; fibrillation and sinus arrhythmia have their own where it is less.
    flutter_ratio : int
        Flutter waves per QRS complex, 2 to 4; the atrial rate is the ventricular one times this, 250 to 350 per minute.
    premature_ventricular, premature_atrial : int
        Premature beats in the recording.
    pr : float or None
        PR interval in ms; None where there are no P waves.
    av_block : {"none", "second_degree", "third_degree"}
        In the third degree ``rate`` is that of the escape rhythm.
    ventricle : str
        How the impulse spreads in the ventricles.
    qrs : float
        QRS duration in ms, from the first to the last movement of the dipole.
    qt : float
        In ms, to the very end of the T wave.
    axis : float
        Frontal QRS axis in degrees, -180 to 180.
    infarcts : tuple of Infarct
    ischemia : tuple of str
        Territories of ST depression and T inversion.
    injury : tuple of str
        Territories of subendocardial injury.
    elevation : tuple of Elevation
        ST elevation alone, without the Q and T waves of an infarction.
    p_gain : float
        Factor on the P wave.
    q_waves : bool
        Pathological Q waves in the inferior leads without the ST-T of an infarction.
    notched : bool
        A QRS complex with a notch and little R in V1 to V3, abnormal without a name.
    lvh, rvh, septal_hypertrophy : bool
    strain : bool
        ST-T of hypertrophy, where there is one.
    left_atrium, right_atrium : bool
        Enlarged.
    voltage : float
        Factor on the QRS complex.
    t_gain : float
        Factor on the T wave; 0.1 and less is flat, below 0 inverted.
    t_turn : float
        Degrees by which the T wave is turned in the frontal plane, to the right above 0.
    st : float
        Diffuse ST shift in mV along the main vector; below 0 is depression.
    digitalis, hypokalemia, hyperkalemia, aneurysm : bool
    noise : Noise

    Raises
    ------
    PhantomError
        When parameters contradict each other, or a rate is outside 20 to 300; the message names them.
    """

    rhythm: Rhythm = "sinus"
    rate: float = 70.0
    variability: float = 0.025
    flutter_ratio: int = 2
    premature_ventricular: int = 0
    premature_atrial: int = 0
    pr: float | None = 156.0
    av_block: AvBlock = "none"
    ventricle: Ventricle = "normal"
    qrs: float = 98.0
    qt: float = 392.0
    axis: float = 45.0
    infarcts: tuple[Infarct, ...] = ()
    ischemia: tuple[Territory, ...] = ()
    injury: tuple[Territory, ...] = ()
    elevation: tuple[Elevation, ...] = ()
    q_waves: bool = False
    notched: bool = False
    lvh: bool = False
    rvh: bool = False
    septal_hypertrophy: bool = False
    strain: bool = False
    left_atrium: bool = False
    right_atrium: bool = False
    voltage: float = 1.0
    p_gain: float = 1.0
    t_gain: float = 1.0
    t_turn: float = 0.0
    st: float = 0.0
    digitalis: bool = False
    hypokalemia: bool = False
    hyperkalemia: bool = False
    aneurysm: bool = False
    noise: Noise = field(default_factory=Noise)

    def __post_init__(self) -> None:
        for name, kind in (("rhythm", Rhythm), ("ventricle", Ventricle), ("av_block", AvBlock)):
            if getattr(self, name) not in get_args(kind):
                raise PhantomError(f"{name} has no value {getattr(self, name)!r}; it has {', '.join(get_args(kind))}")
        for name in ("rate", "qrs", "qt", "axis", "voltage", "p_gain", "t_gain", "t_turn", "st", "variability"):
            if not math.isfinite(getattr(self, name)):
                raise PhantomError(f"{name} must be a finite number, not {getattr(self, name)}")
        problem = next(filter(None, (check(self) for check in _CHECKS)), None)
        if problem:
            raise PhantomError(problem)

    @property
    def has_p(self) -> bool:
        """Whether there are P waves."""
        return self.rhythm not in WITHOUT_P


def _rate(heart: Physiology) -> str | None:
    if LEAST_RATE <= heart.rate <= GREATEST_RATE:
        return None
    return f"a rate of {heart.rate:g} per minute is outside {LEAST_RATE:g} to {GREATEST_RATE:g}"


def _pr(heart: Physiology) -> str | None:
    if not heart.has_p and heart.pr is not None:
        return f"rhythm {heart.rhythm!r} has no P waves, so pr must be None, not {heart.pr:g}"
    if heart.has_p and heart.pr is None and heart.av_block != "third_degree" and heart.rhythm != "paced":
        return f"rhythm {heart.rhythm!r} has P waves, so pr must be a number of ms, not None"
    if heart.pr is not None and not 60 <= heart.pr < 60_000 / heart.rate:
        return f"a pr of {heart.pr:g} ms does not fit between two beats at {heart.rate:g} per minute"
    return None


def _flutter(heart: Physiology) -> str | None:
    if heart.rhythm != "atrial_flutter":
        return None
    if heart.flutter_ratio not in (2, 3, 4):
        return f"flutter_ratio must be 2, 3 or 4, not {heart.flutter_ratio}"
    atrial = heart.rate * heart.flutter_ratio
    if 250 <= atrial <= 350:
        return None
    return f"flutter at rate {heart.rate:g} and {heart.flutter_ratio}:1 has {atrial:g} flutter waves, not 250 to 350"


def _block(heart: Physiology) -> str | None:
    if heart.av_block == "none":
        return None
    if heart.rhythm not in ("sinus", "sinus_arrhythmia"):
        return f"av_block {heart.av_block!r} needs P waves of a sinus rhythm, not rhythm {heart.rhythm!r}"
    return None


def _intervals(heart: Physiology) -> str | None:
    if not 60 <= heart.qrs <= 240:
        return f"qrs must be 60 to 240 ms, not {heart.qrs:g}"
    if heart.qt <= heart.qrs + 100:
        return f"a qt of {heart.qt:g} ms leaves no T wave behind a qrs of {heart.qrs:g} ms"
    if heart.qt > 60_000 / heart.rate + 60:
        return f"a qt of {heart.qt:g} ms does not fit between two beats at {heart.rate:g} per minute"
    return None


def _strain(heart: Physiology) -> str | None:
    if heart.strain and not (heart.lvh or heart.rvh):
        return "strain needs a hypertrophy: lvh or rvh"
    if heart.hypokalemia and heart.hyperkalemia:
        return "hypokalemia and hyperkalemia exclude each other"
    return None


def _paced(heart: Physiology) -> str | None:
    if heart.rhythm == "paced" and heart.ventricle != "normal":
        return f"a paced ventricle has its own conduction, so ventricle must be 'normal', not {heart.ventricle!r}"
    return None


def _signs(heart: Physiology) -> str | None:
    for name in ("premature_ventricular", "premature_atrial"):
        if getattr(heart, name) < 0:
            return f"{name} must not be negative, but is {getattr(heart, name)}"
    if heart.p_gain < 0:
        return f"p_gain must not be negative, but is {heart.p_gain:g}"
    return "voltage must be above 0" if heart.voltage <= 0 else None


def _territories(heart: Physiology) -> str | None:
    known = get_args(Territory)
    for name in ("ischemia", "injury"):
        for territory in getattr(heart, name):
            if territory not in known:
                return f"{name} has no territory {territory!r}; there are {', '.join(known)}"
    return None


_CHECKS = (_rate, _pr, _flutter, _block, _intervals, _strain, _paced, _signs, _territories)
