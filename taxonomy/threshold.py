"""Limits that rules of the truth and definitions in the prompt share, so that both always say the same.

Rate: AHA/ACC/HRS 2007 part II (Mason et al., statements 21 and 22). QRS axis, QRS and PR: AHA/ACCF/HRS 2009 part III
(Surawicz et al.). Voltage and QTc: part IV (Rautaharju et al.) and part V (Hancock et al.). Q waves: Fourth Universal
Definition of Myocardial Infarction (Thygesen et al. 2018, table 2).
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
