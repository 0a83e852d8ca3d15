"""From the heart's dipole to nine electrodes, and from these to twelve leads.

The dipole's axes point left (x), down (y) and to the back (z), as in Frank's system. Lead matrix: Dower, Machado and
Osborne 1980 (Clinical Cardiology 3:87), the rows of I, II and V1 to V6. The limb electrodes follow from I and II with
Wilson's central terminal at 0, so that Einthoven's and Goldberger's laws hold exactly, also for noise, which arises at
electrodes.
"""

import numpy as np
from numpy.typing import NDArray

ELECTRODES = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")

DOWER_LIMB = np.array([[0.632, -0.235, 0.059], [0.235, 1.066, -0.132]])
"""Leads I and II."""

DOWER_CHEST = np.array(
    [
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)
"""Leads V1 to V6, against the central terminal."""

CHEST_GAIN = np.array([0.72, 0.95, 0.95, 0.95, 0.95, 1.0])
"""Dower's matrix makes V1 1.4 to 1.6 times as large as real records have it; these gains bring V1 to V6 to their
medians."""

LEADS_OF_ELECTRODES = np.array(
    [
        [-1, 1, 0],
        [-1, 0, 1],
        [0, -1, 1],
        [1, -0.5, -0.5],
        [-0.5, 1, -0.5],
        [-0.5, -0.5, 1],
    ]
)
"""I, II, III, aVR, aVL, aVF from RA, LA, LL (Einthoven 1908; Goldberger 1942)."""


def electrode_matrix(person: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return the potential of each electrode for a unit dipole along each axis, float64 (9, 3).

    Parameters
    ----------
    person : float64 array (8, 3), optional
        Factors of a person's chest on the entries of I, II, V1 to V6; 1 where not given.
    """
    rows = np.concatenate([DOWER_LIMB, DOWER_CHEST * CHEST_GAIN[:, None]])
    rows = rows if person is None else rows * person
    lead_i, lead_ii, chest = rows[0], rows[1], rows[2:]
    right_arm = -(lead_i + lead_ii) / 3
    return np.vstack([right_arm, right_arm + lead_i, right_arm + lead_ii, chest])


def twelve_leads(electrodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the leads I II III aVR aVL aVF V1..V6 of nine electrodes, float64 (12, n) from (9, n)."""
    limb = LEADS_OF_ELECTRODES @ electrodes[:3]
    return np.concatenate([limb, electrodes[3:] - electrodes[:3].mean(axis=0)])
