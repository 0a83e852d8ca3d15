"""How regular a rhythm is, from its RR intervals."""

import numpy as np
from numpy.typing import NDArray

from measurements.measurement import Measurement

FEWEST = 3
"""RR intervals from which a regularity is told."""

EARLY = 0.85
"""A beat is early where its RR interval is shorter than this share of the median one."""

TOO_FEW = Measurement(reason=f"fewer than {FEWEST + 1} beats are in the record")


def rr_regularity(beats: NDArray[np.int64]) -> tuple[Measurement, Measurement, Measurement]:
    """Return the spread of the RR intervals, the change from one to the next, and the share of early beats.

    Parameters
    ----------
    beats : int64 array (n_beats,)
        Positions of the QRS complexes, in any unit.

    Returns
    -------
    spread : Measurement
        Standard deviation over the mean (coefficient of variation).
    change : Measurement
        Root mean square of successive differences (RMSSD) over the mean (Task Force of the ESC and NASPE 1996).
    early : Measurement
        Share of beats whose RR interval is below :data:`EARLY` of the median.
    """
    rr = np.diff(beats).astype(np.float64)
    if len(rr) < FEWEST:
        return TOO_FEW, TOO_FEW, TOO_FEW
    mean = rr.mean()
    change = np.sqrt((np.diff(rr) ** 2).mean()) / mean
    early = (rr < EARLY * np.median(rr)).mean()
    return Measurement(float(rr.std() / mean)), Measurement(float(change)), Measurement(float(early))
