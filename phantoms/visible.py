"""What can be seen of a phantom's waves: their ends by the definitions that readers and programs use.

The dipole moves longer than anyone sees. Beside its exact support, each wave therefore has two further truths, of the
wave alone and without noise:

- *20 microvolts*: the first and the last instant at which the wave itself moves any lead by more than 20 microvolts,
  the smallest deflection that the CSE working party counts (Willems et al. 1985, Computers and Biomedical Research
  18:439);
- *tangent*, for the end of T: where the steepest tangent to its descent meets the isoelectric line (Lepeschkin and
  Surawicz 1952, Circulation 6:378), on the root mean square of all leads.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phantoms.atria import p_loop
from phantoms.depolarisation import qrs_loop
from phantoms.lead import electrode_matrix, twelve_leads
from phantoms.loop import Loop
from phantoms.physiology import Physiology
from phantoms.repolarisation import repolarisation_loop
from phantoms.simulator import Phantom, chest_of, focus_of

VISIBLE_MV = 0.020
"""Smallest deflection that is seen."""

STEP_MS = 0.5
"""Time between two instants that are looked at."""


@dataclass(frozen=True)
class Intervals:
    """Intervals of a beat in ms by one definition; None where there is no such wave."""

    pr: float | None
    qrs: float
    qt: float


@dataclass(frozen=True)
class Visible:
    """The intervals of the usual beat of a phantom by each definition.

    Attributes
    ----------
    support, threshold, tangent : Intervals
        By the dipole itself; by 20 microvolts; and by 20 microvolts but for the end of T, which is the tangent's.
    """

    support: Intervals
    threshold: Intervals
    tangent: Intervals


def visible(phantom: Phantom, seed: int) -> Visible:
    """Return the intervals of the most frequent kind of beat in a phantom that was simulated with this seed."""
    heart = phantom.heart
    origin = Counter(beat.origin for beat in phantom.beats).most_common(1)[0][0]
    chest = electrode_matrix(chest_of(seed))
    qrs = qrs_loop(heart, origin, focus_of(seed), twelve_leads(chest)[:2])
    rest, t_end = repolarisation_loop(heart, origin, focus_of(seed))
    onset, offset = _seen(chest, qrs, qrs.duration)
    t = _potentials(chest, rest, t_end)
    last = _last(np.abs(t).max(axis=0) > VISIBLE_MV)
    whole = Intervals(heart.pr, 1000 * qrs.duration, 1000 * t_end)
    pr = _pr(chest, heart, onset)
    return Visible(
        whole,
        Intervals(pr, offset - onset, last - onset),
        Intervals(pr, offset - onset, _tangent(t) - onset),
    )


def _pr(chest: NDArray[np.float64], heart: Physiology, qrs_onset: float) -> float | None:
    """Return PR from the first visible instant of P to that of QRS; that of its support where P is never visible."""
    if heart.pr is None:
        return None
    p = p_loop(heart)
    return heart.pr - _seen(chest, p, p.duration)[0] + qrs_onset


def _potentials(chest: NDArray[np.float64], loop: Loop, seconds: float) -> NDArray[np.float64]:
    """Return the leads in mV from a loop's onset on, float64 (12, n) every :data:`STEP_MS`."""
    return twelve_leads(chest @ loop.at(np.arange(0, seconds, STEP_MS / 1000)).T)


def _seen(chest: NDArray[np.float64], loop: Loop, seconds: float) -> tuple[float, float]:
    """Return the first and last visible instant in ms after the onset; all of the loop where it is never visible."""
    moved = np.abs(_potentials(chest, loop, seconds)).max(axis=0) > VISIBLE_MV
    return (STEP_MS * int(np.argmax(moved)), _last(moved)) if moved.any() else (0.0, 1000 * seconds)


def _last(moved: NDArray[np.bool_]) -> float:
    return STEP_MS * (len(moved) - 1 - int(np.argmax(moved[::-1])))


def _tangent(t: NDArray[np.float64]) -> float:
    """Return in ms after the QRS onset where the steepest descent of T would reach 0."""
    level = np.sqrt((t**2).mean(axis=0))
    half = len(level) // 2
    peak = half + int(np.argmax(level[half:]))
    slope = np.gradient(level)
    steepest = peak + int(np.argmin(slope[peak:]))
    return STEP_MS * float(steepest - level[steepest] / slope[steepest])
