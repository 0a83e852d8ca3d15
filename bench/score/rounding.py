"""Figures are stored with six decimals, so that a score has the same bytes on every machine."""

import math


def rounded(value: float) -> float:
    """Return ``value`` with six decimals; minus zero becomes zero.

    Raises
    ------
    ValueError
        When it is not finite: an undefined figure of a score is None, never NaN.
    """
    if not math.isfinite(value):
        raise ValueError(f"a score must be finite, not {value}")
    return round(float(value), 6) + 0.0
