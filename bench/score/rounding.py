"""Figures as they are stored: six decimals, so that a score has the same bytes wherever it is computed."""

import math


def rounded(value: float) -> float:
    """Return ``value`` to six decimals; minus zero becomes zero.

    Raises
    ------
    ValueError
        When it is not finite: what is undefined is None in a score, never NaN.
    """
    if not math.isfinite(value):
        raise ValueError(f"a score must be finite, not {value}")
    return round(float(value), 6) + 0.0
