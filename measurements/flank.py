"""Where the flank of a wave ends."""

import numpy as np
from numpy.typing import NDArray


def foot(level: NDArray[np.float64], peak: int, direction: tuple[int, int], share: float, second: float = 1.0) -> int:
    """Return where a flank of a wave falls to a share of its height above the floor beside it.

    ``direction`` is the step (1 or -1) and the reach in samples; a second hump of at least the share ``second`` of the
    height belongs to the wave.
    """
    step, reach = direction
    flank = level[peak::step][:reach]
    floor = float(flank.min())
    height = float(flank[0]) - floor
    start = int(np.flatnonzero(flank >= min(flank[0], floor + second * height))[-1])
    return peak + step * (start + int(np.argmax(flank[start:] <= floor + share * height)))


def tangent(level: NDArray[np.float64], peak: int, reach: int) -> tuple[float, float]:
    """Return in samples where a wave falls most steeply behind its peak, and where the tangent there meets the floor.

    The floor is the least level within ``reach`` samples behind the peak.
    """
    flank = level[peak : peak + reach]
    slope = np.gradient(flank)
    steepest = int(np.argmin(slope))
    fall = float((flank[steepest] - flank.min()) / max(-slope[steepest], 1e-12))
    return float(peak + steepest), peak + steepest + fall
