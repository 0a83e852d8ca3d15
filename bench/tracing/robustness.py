"""Robustness: how far the pages of a reader may be degraded until its kappa falls."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from bench.dataset import Cohort, RecordId
from bench.evidence.figure import Figure
from bench.run.scoring import scored_cases
from bench.run.settings import Offer
from bench.score.agreement import LEVEL, holm
from bench.score.rounding import rounded
from bench.tracing.degraded_page import DegradedPage
from bench.tracing.kappa_by_dose import KappaDrop, KappaTable
from bench.view import QuestionKey
from renderers.degradation import Degradation
from taxonomy.error import DatasetError
from taxonomy.reading import Reading

FEWEST = 36
"""Patients at least where a reader is said to hold: of fewer, a loss of a tenth of the answers goes unseen in more than
one try of forty, by the exact upper bound of none (Clopper and Pearson 1934), which no resampling tells."""

Told = Literal["holds", "falls", "cannot tell", "nothing to lose"]

Dose = tuple[str, float]
"""Name of a degradation and its dose; the page itself has no name and dose 0."""

ITSELF: Dose = ("", 0.0)


@dataclass(frozen=True)
class AtDose:
    """A reader at one dose.

    Attributes
    ----------
    dose : float
    found : KappaDrop
    why : str
        The commonest reason for which pages were not answered; empty where all were.
    """

    dose: float
    found: KappaDrop
    why: str = ""


@dataclass(frozen=True)
class Curve:
    """A reader at every dose of one degradation.

    Attributes
    ----------
    name, unit : str
    doses : tuple of AtDose
        Ascending, dose 0 first.
    told : {"holds", "falls", "cannot tell", "nothing to lose"}
    verdict : str
        The same with its dose or its number, in words.
    half : float or None
        The dose at which half of the kappa of dose 0 is lost, on straight lines between the doses; None where it is
        more than the greatest, or nothing is to be lost.
    """

    name: str
    unit: str
    doses: tuple[AtDose, ...]
    told: Told
    verdict: str
    half: float | None

    @property
    def half_told(self) -> str:
        """The dose at which half is lost, in words."""
        if self.told == "nothing to lose":
            return "-"
        return f"more than {self.doses[-1].dose:g}" if self.half is None else f"{self.half:.2g}"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class Robustness:
    """What a reader's answers are worth on degraded pages.

    Attributes
    ----------
    mean_axes : tuple of str
        The axes of the mean kappa.
    patients : int
    failed : int
        Calls that failed; what they asked is left out at that dose.
    curves : tuple of Curve
        One for each degradation.
    """

    mean_axes: tuple[str, ...]
    patients: int
    failed: int
    curves: tuple[Curve, ...]


def robustness(
    pages: Sequence[DegradedPage],
    readings: Sequence[Reading],
    ways: Sequence[Degradation],
    records: Cohort,
    offer: Offer,
) -> Robustness:
    """Return the curves of a reader.

    The truth at every dose is the record's own.

    Parameters
    ----------
    pages : sequence of DegradedPage
        Each record at dose 0 and at every dose of every way.
    readings : sequence of Reading
        Of each; at least one of dose 0 is no failed call.
    ways : sequence of Degradation
    records : Cohort
    offer : Offer
        What of the answers is scored.

    Raises
    ------
    taxonomy.error.DatasetError
        When kappa is defined on no axis, since the truths are all alike.
    """
    by_dose: dict[Dose, dict[RecordId, Reading]] = {}
    for page, reading in zip(pages, readings, strict=True):
        by_dose.setdefault((page.way, page.dose), {})[page.record.ecg_id] = reading
    known = {ecg_id for ecg_id, reading in by_dose[ITSELF].items() if reading.outcome != "failed"}
    kept = records.of([record for record in records if record.ecg_id in known])
    places = {dose: place for place, dose in enumerate(by_dose)}
    cases = scored_cases({QuestionKey(ecg_id): one for ecg_id, one in by_dose[ITSELF].items()}, kept, offer=offer)
    answers = [[replace(case, reading=said[case.ecg_id]) for case in cases] for said in by_dose.values()]
    table = KappaTable(answers, offer.measured)
    if not table.mean_axes:
        raise DatasetError(
            f"kappa is defined on no axis over {len(kept)} records, whose truths are all alike: take more of them, or "
            "another split"
        )
    found = _corrected({dose: table.at(place) for dose, place in places.items()})
    why = {dose: _why(said.values()) for dose, said in by_dose.items()}
    return Robustness(
        mean_axes=tuple(axis.name for axis in table.mean_axes),
        patients=table.patients,
        failed=sum(reading.outcome == "failed" for reading in readings),
        curves=tuple(_curve(way, found, why, table.patients) for way in ways),
    )


def _corrected(found: Mapping[Dose, KappaDrop]) -> dict[Dose, KappaDrop]:
    """Return the figures with Holm's correction over all doses of all degradations."""
    tested = [dose for dose in found if dose != ITSELF]
    p = dict(zip(tested, holm([found[dose].drop.p or 0.0 for dose in tested]), strict=True))
    return {
        dose: one if dose == ITSELF else replace(one, drop=replace(one.drop, p_holm=rounded(p[dose])))
        for dose, one in found.items()
    }


def _why(readings: Iterable[Reading]) -> str:
    reasons = Counter(one.error.message for one in readings if one.error and one.outcome == "no_answer")
    return reasons.most_common(1)[0][0] if reasons else ""


def _curve(way: Degradation, found: Mapping[Dose, KappaDrop], why: Mapping[Dose, str], patients: int) -> Curve:
    every = (ITSELF, *((way.name, float(dose)) for dose in way.doses))
    doses = tuple(AtDose(dose[1], found[dose], why[dose]) for dose in every)
    told, verdict = verdict_on(doses, patients)
    return Curve(way.name, way.unit, doses, told, verdict, None if told == "nothing to lose" else half_dose(doses))


def verdict_on(doses: Sequence[AtDose], patients: int) -> tuple[Told, str]:
    """Return whether a reader holds or falls, in a word and in a sentence.

    Parameters
    ----------
    doses : sequence of AtDose
        Ascending, dose 0 first, p corrected.
    patients : int
    """
    itself, tried = doses[0].found, doses[1:]
    if itself.kappa.interval is None or itself.kappa.interval[0] <= 0:
        return "nothing to lose", "nothing to lose: no kappa above 0 is shown on the pages themselves"
    failed = next((one for one in tried if not one.found.n), None)
    if failed:
        return "cannot tell", f"cannot tell (every call failed at {failed.dose:g})"
    falls = [_is_shown(one.found.drop) for one in tried]
    if any(falls):
        first = falls.index(True)
        lasting = next((k for k in range(first, len(falls)) if all(falls[k:])), None)
        if lasting is None:
            return "falls", f"falls at {tried[first].dose:g}, and not at every greater dose"
        return "falls", f"falls from {tried[lasting].dose:g} on"
    if all(one.found.keeps for one in tried):
        if patients >= FEWEST:
            return "holds", f"holds up to {tried[-1].dose:g}"
        return "cannot tell", f"cannot tell (no loss seen, but {patients} of the {FEWEST} patients that it takes)"
    worst = max(_most(one.found.drop) for one in tried)
    return "cannot tell", f"cannot tell (n = {itself.n}, it may have lost {worst:.2f})"


def _is_shown(drop: Figure) -> bool:
    return drop.value > 0 and drop.p_holm is not None and drop.p_holm < LEVEL


def _most(drop: Figure) -> float:
    return drop.interval[1] if drop.interval else drop.value


def half_dose(doses: Sequence[AtDose]) -> float | None:
    """Return the dose at which half of the kappa of dose 0 is lost, on straight lines between the doses."""
    half = doses[0].found.kappa.value / 2
    for before, after in pairwise(one for one in doses if one.found.n):
        above, below = before.found.kappa.value, after.found.kappa.value
        if below <= half:
            return before.dose + (after.dose - before.dose) * (above - half) / (above - below)
    return None
