"""ST elevation towards a wall of the heart, and when it says acute injury."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from phantoms.depolarisation import TOWARDS
from phantoms.lead import electrode_matrix, twelve_leads
from phantoms.physiology import Elevation, Noise, Physiology, Territory
from phantoms.simulator import Phantom, simulate

QUIET = Noise(wander=0.0, muscle=0.0, mains=0.0, respiration=0.0)

NEIGHBOURS = (((4, 1), (0, 1), (3, -1), (1, 1), (5, 1), (2, 1)), tuple((lead, 1) for lead in range(6, 12)))
"""Rows of leads whose neighbours look at neighbouring walls, each lead with its sign: aVL, I, -aVR, II, aVF, III
(Cabrera's order), and V1 to V6."""

ST_LIMITS = {7: 0.2, 8: 0.2}
ST_LIMIT = 0.1
"""Elevation at the J point in mV that two neighbouring leads of acute injury show, greater in V2 and V3 (Fourth
Universal Definition of Myocardial Infarction, Thygesen et al. 2018)."""


def elevated(heart: Physiology, territory: Territory, mv: float) -> Physiology:
    """Return a heart with ST raised towards a wall, in mV of the lead that shows it most in an average chest."""
    gain = float((twelve_leads(electrode_matrix()) @ np.array(TOWARDS[territory])).max())
    return replace(heart, elevation=(*heart.elevation, Elevation(territory, mv / gain)))


def shows_injury(heart: Physiology, seed: int) -> bool:
    """Tell whether two neighbouring leads of a phantom reach the limits of acute injury at the J point."""
    levels = j_levels(heart, seed)
    is_up = {lead: sign * levels[lead] >= ST_LIMITS.get(lead, ST_LIMIT) for row in NEIGHBOURS for lead, sign in row}
    return any(is_up[one] and is_up[other] for row in NEIGHBOURS for one, other in pairwise(_leads(row)))


def j_levels(heart: Physiology, seed: int) -> NDArray[np.float64]:
    """Return the level of each lead at the J point, float64 (12,) in mV, the median of the beats without noise."""
    clean = quiet(heart, seed)
    points = [round(wave.offset * clean.fs) for wave in clean.qrs]
    levels = clean.mv[:, [point for point in points if point < clean.mv.shape[1]]]
    return np.asarray(np.median(levels, axis=1), dtype=np.float64)


def quiet(heart: Physiology, seed: int) -> Phantom:
    """Return a phantom without noise."""
    return simulate(replace(heart, noise=QUIET), seed)


def _leads(row: Sequence[tuple[int, int]]) -> list[int]:
    return [lead for lead, _ in row]
