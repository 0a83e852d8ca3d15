"""A wave of the median beat, and the thresholds by which waves are found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wave:
    """One wave of the median beat, in samples at 500 Hz from its start."""

    onset: int
    peak: int
    offset: int


@dataclass(frozen=True)
class DelineationLimits:
    """Thresholds of the delineation, chosen on phantoms and on the records of folds 1 to 8 (docs/measurements.md).

    Attributes
    ----------
    qrs_onset, qrs_offset : float
        Share of the QRS complex's greatest velocity at which it begins or ends.
    qrs_over_t, t_at_most : float
        Share of the T wave's greatest velocity that is still no QRS complex, since a steep T wave begins in a wide one;
        and the greatest share of the QRS complex's velocity that this may be.
    onset_over_rest, offset_over_rest : float
        Multiple of the velocity at rest, which is noise, that is no QRS complex: less before it, where a delta wave may
        begin slowly.
    calm_onset, calm_offset : float
        Seconds for which the velocity must stay below: longer behind, since the loop of a right bundle branch block
        turns slowly before its last part.
    p_foot : float
        Share of a wave's height above the floor beside it at which it begins or ends.
    p_consistency : float
        Least correlation of the single beats' P waves with their median.
    p_size : float
        Least ratio of the P wave's height to the noise of the median beat.
    irregular : float
        Ratio of the mean difference of successive RR intervals to the mean RR interval above which a rhythm is
        irregular; a P wave must then be more consistent, since fibrillation can look like one by chance.
    p_consistency_irregular : float
        Least correlation where the rhythm is irregular.
    flutter_upward, flutter_restless : float
        What runs up the inferior leads before the QRS complexes, in shares of its root mean square over all leads, and
        how fast these leads move where they move least: above both they are flutter waves.
    pr_segment : float
        How fast they move at most in the 70 ms before the QRS complex where that is a PR segment, and no flutter.
    flutter_rates, flutter_irregular : tuple of float, float
        Ventricular rates in 1/min at which every second flutter wave may be conducted, and the greatest irregularity.
    flutter_alike : float
        Correlation of the leads before the QRS complex with half an RR interval earlier, above which both are flutter
        waves: sinus tachycardia reaches 0.12.
    t_stretch : float
        Time from the steepest descent of T to its end, as a multiple of the time that the tangent takes to the floor.
    qt_of_rr : float
        Greatest QT as a share of the RR interval.
    qtc : tuple of float
        Least and greatest QTc after Fridericia in ms that is taken for one.
    """

    qrs_onset: float = 0.04
    qrs_offset: float = 0.06
    qrs_over_t: float = 0.6
    t_at_most: float = 0.3
    onset_over_rest: float = 2.2
    offset_over_rest: float = 3.0
    calm_onset: float = 0.010
    calm_offset: float = 0.032
    p_foot: float = 0.16
    p_consistency: float = 0.35
    p_size: float = 2.0
    irregular: float = 0.09
    p_consistency_irregular: float = 0.72
    flutter_upward: float = 1.01
    flutter_restless: float = 0.075
    pr_segment: float = 0.12
    flutter_rates: tuple[float, float] = (122.0, 170.0)
    flutter_irregular: float = 0.05
    flutter_alike: float = 0.2
    t_stretch: float = 1.3
    qt_of_rr: float = 0.95
    qtc: tuple[float, float] = (280.0, 650.0)
