"""How one parameter of a simulated heart is changed, and the right answer by the changed heart's exact truth.

Every part of a phantom has a random stream of its own, so that chest, noise and all waves that the parameter does not
concern stay as they were, to the byte.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from phantoms.error import PhantomError
from phantoms.injury import elevated, quiet, shows_injury
from phantoms.physiology import Physiology, Territory
from phantoms.population import Draw
from phantoms.simulator import rate_of_heart
from taxonomy.axis import AxisValue
from taxonomy.threshold import LOW_VOLTAGE_LIMITS, PR_LIMIT, QTC_LIMITS, axis_of, is_borderline_rate, rate_of
from taxonomy.truth import Truth

Alter = Callable[[Physiology, float], Physiology]
Expect = Callable[[Draw, Truth], AxisValue | None]

CERTAINLY_LONG = 500
"""QTc in ms that is long however the end of the T wave is defined: a phantom's QT is to its very end, and programs
measure 20 ms less. A QTc of 500 ms is a strong prolongation (Rautaharju et al. 2009)."""


@dataclass(frozen=True, eq=False)
class HeartChange:
    """A change of one parameter of a phantom's heart.

    Attributes
    ----------
    doses : tuple of float
        0 is the phantom itself.
    alter : callable
        Maps a heart and a dose to the changed heart; may raise PhantomError where there is no such heart.
    expect : callable
        Maps the changed phantom, and the truth of the unchanged one, to the right answer, None where unknown.
    """

    doses: tuple[float, ...]
    alter: Alter
    expect: Expect

    def apply(self, phantom: Draw, dose: float) -> Draw | None:
        """Return a phantom with its heart changed, None where there is no such heart."""
        try:
            return replace(phantom, heart=self.alter(phantom.heart, dose))
        except PhantomError:
            return None


def rate(heart: Physiology, dose: float) -> Physiology:
    """Change the ventricular rate; PR, QRS and QT stay, as on recordings."""
    return replace(heart, rate=heart.rate + dose)


def axis(heart: Physiology, dose: float) -> Physiology:
    """Turn the QRS loop in the frontal plane; P and T wave stay."""
    return replace(heart, axis=(heart.axis + dose + 180) % 360 - 180 if dose else heart.axis)


def pr(heart: Physiology, dose: float) -> Physiology:
    """Move every P wave earlier; raises PhantomError where there is none."""
    if heart.pr is None:
        raise PhantomError("a heart without a PR interval cannot have a longer one")
    return replace(heart, pr=heart.pr + dose)


def qrs(heart: Physiology, dose: float) -> Physiology:
    """Let the impulse take longer; from the J point to the end of T it is as long as before, as on recordings."""
    return replace(heart, qrs=heart.qrs + dose, qt=heart.qt + dose)


def qt(heart: Physiology, dose: float) -> Physiology:
    """Let the ventricles recover later."""
    return replace(heart, qt=heart.qt + dose)


def voltage(heart: Physiology, dose: float) -> Physiology:
    """Make the QRS complex larger by a share of itself, or smaller."""
    return replace(heart, voltage=heart.voltage * (1 + dose))


def premature(heart: Physiology, dose: float) -> Physiology:
    """Add premature ventricular beats to a sinus rhythm."""
    _check_sinus(heart)
    return replace(heart, premature_ventricular=heart.premature_ventricular + round(dose))


def fibrillation(heart: Physiology, dose: float) -> Physiology:
    """Let the atria fibrillate, with a coefficient of variation of the RR intervals."""
    if not dose:
        return heart
    _check_sinus(heart)
    return replace(heart, rhythm="atrial_fibrillation", pr=None, variability=dose)


def _check_sinus(heart: Physiology) -> None:
    if heart.rhythm not in ("sinus", "sinus_arrhythmia") or heart.av_block != "none":
        raise PhantomError(f"rhythm {heart.rhythm!r} with av_block {heart.av_block!r} is no conducted sinus rhythm")


def raised(territory: Territory) -> Alter:
    """Return a change of ST towards a wall, in mV of the lead that shows it most in an average chest."""
    return lambda heart, dose: elevated(heart, territory, dose) if dose else heart


def expected_rate(phantom: Draw, base: Truth) -> AxisValue | None:
    """Name the exact mean rate; None beside a limit, as in every truth."""
    printed = round(rate_of_heart(phantom.heart, phantom.seed))
    return None if is_borderline_rate(printed) else rate_of(printed)


def expected_axis(phantom: Draw, base: Truth) -> AxisValue | None:
    """Name the exact frontal axis; a paced ventricle has its own."""
    return None if phantom.heart.rhythm == "paced" else axis_of(phantom.heart.axis)


def expected_pr(phantom: Draw, base: Truth) -> AxisValue | None:
    """Name the conduction by the exact PR interval; None where another defect comes first."""
    if phantom.heart.pr is None or base.values["conduction"] not in ("none", "av_block_first_degree"):
        return None
    return "av_block_first_degree" if phantom.heart.pr > PR_LIMIT else "none"


def expected_acute(phantom: Draw, base: Truth) -> AxisValue | None:
    """Expect acute injury where two neighbouring leads reach its limits at the J point; below, nothing is known."""
    return "acute" if shows_injury(phantom.heart, phantom.seed) else None


def expected_fibrillation(phantom: Draw, base: Truth) -> AxisValue | None:
    """Expect fibrillation where the atria fibrillate."""
    return "atrial_fibrillation" if phantom.heart.rhythm == "atrial_fibrillation" else None


def expected_qt(phantom: Draw, base: Truth) -> AxisValue | None:
    """Expect a long QT by Bazett's formula where it is long by every definition, none below the limit."""
    corrected = phantom.heart.qt * np.sqrt(phantom.heart.rate / 60)
    if corrected >= CERTAINLY_LONG:
        return _with(base, "long_qt")
    return _with(base) if corrected < QTC_LIMITS[phantom.sex == "female"] else None


def expected_voltage(phantom: Draw, base: Truth) -> AxisValue | None:
    """Expect low voltage where every lead's QRS complex is below the limits, of phantoms without another finding."""
    if _with(base) != frozenset():
        return None
    heights = qrs_heights(phantom)
    limb, chest = LOW_VOLTAGE_LIMITS
    is_low = bool((heights[:6] < limb).all() and (heights[6:] < chest).all())
    return frozenset({"low_voltage"}) if is_low else frozenset()


def qrs_heights(phantom: Draw) -> NDArray[np.float64]:
    """Return the height of the QRS complex in each lead from peak to peak, float64 (12,) in mV, the largest beat's."""
    clean = quiet(phantom.heart, phantom.seed)
    spans = [(round(wave.onset * clean.fs), round(wave.offset * clean.fs)) for wave in clean.qrs]
    whole = [clean.mv[:, begin : end + 1] for begin, end in spans if end < clean.mv.shape[1]]
    return np.asarray(np.max([np.ptp(beat, axis=1) for beat in whole], axis=0), dtype=np.float64)


def expected_premature(phantom: Draw, base: Truth) -> AxisValue | None:
    """Expect premature ventricular beats; a sinus rhythm has room for every dose."""
    return _with(base, "premature_ventricular") if phantom.heart.premature_ventricular else _with(base)


def unknown(phantom: Draw, base: Truth) -> AxisValue | None:
    """Expect nothing: no dose makes an answer right."""
    return None


def _with(base: Truth, *findings: str) -> AxisValue | None:
    """Return the unchanged phantom's further findings, and these."""
    known = base.values["other_findings"]
    return known | frozenset(findings) if isinstance(known, frozenset) else None
