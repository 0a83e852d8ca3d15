"""Where a finding of a phantom shows: in which leads, and in which segments of the beat.

The simulation itself tells: the same person is simulated with and without the finding, without noise, and the usual
beats of both are compared. A finding that only changes the time between beats, such as the rate, has no place here.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phantoms.physiology import FIRST_DEGREE_MS, Noise, Physiology
from phantoms.simulator import Phantom, simulate
from phantoms.timing import Origin

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
SEGMENTS = ("P", "QRS", "ST", "T")

LEAST_MV = 0.1
"""Difference from which a lead carries a finding: one small square of the paper, the least that is called raised ST
(Thygesen et al. 2018)."""

LEAST_P_MV = 0.03
"""The same in the P segment: a third of the height of a usual P wave in lead II."""

P_S, ST_S = 0.20, 0.08
"""Seconds before the QRS complex that at least are the P segment, and seconds behind it that are the ST segment."""

TIMING = frozenset({"rate", "variability", "flutter_ratio", "qrs", "qt", "axis", "voltage", "noise"})
"""Parameters that are no finding by themselves: of time, of the person and of the recording."""

HEALTHY = Physiology()

_LEAD_IN, _LENGTH = 200, 550
"""Samples before the QRS complex, and of the whole beat, that are compared."""


@dataclass(frozen=True, eq=False)
class Carrier:
    """Where one finding shows.

    Attributes
    ----------
    mv : float64 array (12, 4)
        Largest difference that the finding makes, with its sign, by lead and segment (:data:`LEADS`,
        :data:`SEGMENTS`): above 0 where it raises the trace.
    """

    mv: NDArray[np.float64]

    @property
    def places(self) -> frozenset[tuple[str, str]]:
        """Each lead with the segment in which it carries the finding."""
        shown = np.abs(self.mv) >= np.where(np.array(SEGMENTS) == "P", LEAST_P_MV, LEAST_MV)
        return frozenset((LEADS[lead], SEGMENTS[segment]) for lead, segment in np.argwhere(shown))

    @property
    def leads(self) -> tuple[str, ...]:
        """The leads that carry it, the one that shows most first."""
        carrying = {lead for lead, _ in self.places}
        return tuple(LEADS[row] for row in np.argsort(-np.abs(self.mv).max(axis=1)) if LEADS[row] in carrying)

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments that carry it, in the order of the beat."""
        return tuple(name for name in SEGMENTS if name in {segment for _, segment in self.places})


def carriers(heart: Physiology, seed: int) -> Mapping[str, Carrier]:
    """Return where each finding of a heart shows, by the name of its parameter (``rhythm``, ``infarcts``, ``lvh``).

    Raises
    ------
    phantoms.error.PhantomError
        As :func:`phantoms.simulator.simulate`.
    """
    return {name: Carrier(_difference(heart, _without(heart, name), seed)) for name in findings(heart)}


def findings(heart: Physiology) -> tuple[str, ...]:
    """Return the parameters of a heart that are a finding: no person's usual variation, and not healthy."""
    changed = [one.name for one in fields(heart) if getattr(heart, one.name) != getattr(HEALTHY, one.name)]
    usual = {"pr": (heart.pr or 0) <= FIRST_DEGREE_MS, "t_gain": 0.4 < heart.t_gain < 2.0}
    return tuple(name for name in changed if name not in TIMING and not usual.get(name, False))


def _without(heart: Physiology, name: str) -> Physiology:
    healthy: dict[str, Any] = {name: getattr(HEALTHY, name)}
    if name in ("lvh", "rvh"):
        healthy["strain"] = heart.strain and (heart.rvh if name == "lvh" else heart.lvh)
    if name in ("rhythm", "av_block"):
        healthy["pr"] = heart.pr or min(HEALTHY.pr or 0.0, 0.8 * 60_000 / heart.rate)
    return replace(heart, **healthy)


def _difference(heart: Physiology, healthy: Physiology, seed: int) -> NDArray[np.float64]:
    silent = Noise(0, 0, 0, respiration=0)
    found, usual = (simulate(replace(one, noise=silent), seed) for one in (heart, healthy))
    other, before = _usual_beats(usual), max(heart.pr or 0.0, healthy.pr or 0.0) / 1000
    qrs, t = (max(part) for part in zip(_ends(found), _ends(usual), strict=True))
    edges = np.round(np.array([-max(P_S, before), 0, qrs, qrs + ST_S, t]) * found.fs).astype(int) + _LEAD_IN
    largest = np.zeros((len(LEADS), len(SEGMENTS)))
    for origin, beat in _usual_beats(found).items():
        apart = beat - other.get(origin, other.get("conducted", next(iter(other.values()))))
        here = np.stack([_extreme(apart[:, a:b]) for a, b in itertools.pairwise(edges)], axis=1)
        largest = np.where(np.abs(here) > np.abs(largest), here, largest)
    return largest


def _extreme(mv: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the value of each row that is farthest from 0, with its sign."""
    return np.take_along_axis(mv, np.abs(mv).argmax(axis=1)[:, None], axis=1)[:, 0]


def _usual_beats(phantom: Phantom) -> Mapping[Origin, NDArray[np.float64]]:
    """Return the median beat of each origin, float64 (12, n) from 0.4 s before the QRS complex at 500 Hz."""
    groups: dict[Origin, list[NDArray[np.float32]]] = {}
    for beat in phantom.beats:
        first = round(beat.onset * phantom.fs) - _LEAD_IN
        if first >= 0 and first + _LENGTH <= phantom.mv.shape[1]:
            groups.setdefault(beat.origin, []).append(phantom.mv[:, first : first + _LENGTH])
    return {origin: np.median(beats, axis=0).astype(np.float64) for origin, beats in groups.items()}


def _ends(phantom: Phantom) -> tuple[float, float]:
    """Return the ends of the longest QRS complex and of the T wave behind the QRS onset in seconds."""
    qrs = max(wave.offset - wave.onset for wave in phantom.qrs)
    return qrs, min(0.69, max(t.offset - wave.onset for t, wave in zip(phantom.t, phantom.qrs, strict=True)))
