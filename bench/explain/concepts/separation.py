"""How far two groups of numbers lie apart."""

import numpy as np
from numpy.typing import NDArray


def separation(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float:
    """Return the chance that a number of the first group exceeds one of the second, ties by half: the area under ROC.

    Parameters
    ----------
    inside, outside : float64 array
        One number each at least.
    """
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([inside, outside]))
    above = ranks[: len(inside)].sum() - len(inside) * (len(inside) + 1) / 2
    return float(above / (len(inside) * len(outside)))
