"""Limits that rules of the truth and definitions in the prompt share, so that both always say the same.

Sources: AHA/ACC/HRS recommendations for the ECG, for rate as usual in adults; QRS axis, QRS and PR from part III
(Surawicz et al. 2009), QTc from part IV (Rautaharju et al. 2009); low voltage from the Minnesota Code, 9-1, here in
limb and chest leads; Q waves from the Fourth Universal Definition of Myocardial Infarction (Thygesen et al. 2018,
table 2).
"""

RATE_LIMITS = (60, 100)
"""Ventricular rate per minute: below the first is bradycardia, above the second tachycardia."""

AXIS_LIMITS = (-90, -30, 90)
"""Frontal QRS axis in degrees: left from the first up to the second, normal from the second to the third, both of them
included, right above the third, indeterminate below the first."""

PR_LIMIT = 200
"""PR interval in ms: above it, AV block of the first degree."""

PRE_EXCITED_PR = 120
"""PR interval in ms: below it in pre-excitation."""

QRS_LIMITS = (110, 120)
"""QRS duration in ms of bundle branch block: incomplete from the first, complete from the second."""

QTC_LIMITS = (450, 460)
"""QTc in ms of men and of women: long from there."""

LOW_VOLTAGE_LIMITS = (0.5, 1.0)
"""QRS from peak to peak in mV, in limb and chest leads: low voltage where every lead is below."""

Q_WAVE_LIMITS = (30, 0.1)
"""Duration in ms and depth in mV from which a Q wave is pathological, where neighbouring leads show it."""

RATE_MARGIN = 2
"""A rate this near to a limit is unlabelled: two programs that count the same beats differ by as much."""

AXIS_MARGIN = 5
"""A measured axis this near to a limit is unlabelled."""

DETECTORS_AGREE = 5
"""Beats per minute by which two detectors may differ where their rate is taken for the truth."""


def rate_of(heart_rate: float) -> str:
    """Name a ventricular rate in beats per minute, as printed (a whole number)."""
    slowest, fastest = RATE_LIMITS
    if heart_rate < slowest:
        return "bradycardia"
    return "tachycardia" if heart_rate > fastest else "normal"


def axis_of(qrs_axis: float) -> str:
    """Name a frontal QRS axis in degrees, -180 to 180."""
    indeterminate, left, right = AXIS_LIMITS
    if left <= qrs_axis <= right:
        return "normal"
    if indeterminate <= qrs_axis < left:
        return "left"
    return "right" if qrs_axis > right else "indeterminate"


def is_borderline_rate(printed: int) -> bool:
    """Tell whether a printed rate is too near to a limit to be taken for the truth."""
    return any(abs(printed - limit) <= RATE_MARGIN for limit in RATE_LIMITS)


def is_borderline_axis(qrs_axis: float) -> bool:
    """Tell whether a measured axis is too near to a limit (180 degrees among them) to be taken for the truth."""
    return any(abs((qrs_axis - limit + 180) % 360 - 180) <= AXIS_MARGIN for limit in (*AXIS_LIMITS, 180))
