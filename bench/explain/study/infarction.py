"""Infarctions by territory and by how sure the cardiologist was of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.dataset import Cohort, Record, RecordId
from bench.evidence.figure import Figure
from bench.explain.maps.pooled_map import mean_share
from taxonomy.axis import ISCHEMIA_STAGE, ISCHEMIA_TERRITORY
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import statements

INFARCTED = frozenset({"acute", "recent", "old", "age_undetermined"})
"""Stages that are an infarction; ischemic ST segments and T waves alone are none."""

INFARCTION = "MI"
"""The superclass."""

LIKELY = 0.5

By = Literal["territory", "likelihood"]

LIKELIHOODS: tuple[tuple[str, Callable[[float | None], bool]], ...] = (
    ("subtle: under 50%", lambda percent: bool(percent) and percent is not None and percent < 50),
    ("50% to 99%", lambda percent: percent is not None and 50 <= percent < 100),
    ("100%", lambda percent: percent is not None and percent >= 100),
    ("not given", lambda percent: not percent),
)
"""The statements' likelihoods; PTB-XL writes 0 where none was given."""


@dataclass(frozen=True)
class InfarctionCase:
    """One record with an infarction.

    Attributes
    ----------
    patient_id : RecordId
    territory : str
    likelihood : float or None
        Of its statement in percent; None or 0 where none is given.
    is_found, is_placed : bool
        Whether an infarction was answered, and whether with its territory.
    mass : float or None
        Share of the relevance in the expected region; None without a map.
    """

    patient_id: RecordId
    territory: str
    likelihood: float | None
    is_found: bool
    is_placed: bool
    mass: float | None


@dataclass(frozen=True)
class InfarctionGroup:
    """Infarctions of one territory, or of one likelihood.

    Attributes
    ----------
    by : {"territory", "likelihood"}
    name : str
    n, patients : int
    recognised, placed : Figure or None
        Share in which an infarction was answered, and in which with its territory; None of no record.
    mass : Figure or None
        Mean share of the relevance in the expected region, of the records with a map.
    """

    by: By
    name: str
    n: int
    patients: int
    recognised: Figure | None
    placed: Figure | None
    mass: Figure | None


Massed = Callable[[Record, str], float | None]
"""Returns the share of the relevance of a territory's answer in the territory's region; None without a map."""


def infarctions(cohort: Cohort, readings: Mapping[RecordId, Reading], massed: Massed) -> Iterator[InfarctionCase]:
    """Yield the records with an infarction; those whose call failed are left out.

    Parameters
    ----------
    cohort : Cohort
    readings : mapping of RecordId to Reading
    massed : callable
        Asked of those that are answered with their territory.
    """
    truths = cohort.truths()
    for record in cohort:
        reading, truth = readings.get(record.ecg_id), truths[record.ecg_id]
        stage, territory = truth.values.get(ISCHEMIA_STAGE.name), truth.values.get(ISCHEMIA_TERRITORY.name)
        if reading is None or reading.outcome == "failed" or stage not in INFARCTED or not isinstance(territory, str):
            continue
        is_found = says_infarction(reading)
        said = reading.values.get(ISCHEMIA_TERRITORY.name)
        is_placed = is_found and said in truth.right_values(ISCHEMIA_TERRITORY.name)
        mass = massed(record, str(said)) if is_placed else None
        likelihood = likelihood_of(cohort.dataset.labels(record.ecg_id).scp_codes)
        yield InfarctionCase(record.patient_id, territory, likelihood, is_found, is_placed, mass)


def says_infarction(reading: Reading) -> bool:
    """Tell whether a reading says an infarction: by its stage, or, without one, by the superclass's probability."""
    stage = reading.values.get(ISCHEMIA_STAGE.name)
    if stage is not None:
        return stage in INFARCTED
    return reading.probabilities.get(SUPERCLASS, {}).get(INFARCTION, 0.0) >= LIKELY


def likelihood_of(codes: Mapping[str, float]) -> float | None:
    """Return the highest likelihood, in percent, of the statements that are an infarction; None without one."""
    known = statements()
    return max((percent for code, percent in codes.items() if _is_infarction(known.get(code))), default=None)


def _is_infarction(statement: object) -> bool:
    return getattr(statement, "superclass", None) == INFARCTION


def infarction_groups(cases: Sequence[InfarctionCase]) -> tuple[InfarctionGroup, ...]:
    """Return the groups by territory in alphabetical order, then those by likelihood, empty ones among them."""
    territories = [
        _group("territory", name, [case for case in cases if case.territory == name])
        for name in sorted({case.territory for case in cases})
    ]
    likelihoods = [
        _group("likelihood", name, [case for case in cases if holds(case.likelihood)]) for name, holds in LIKELIHOODS
    ]
    return (*territories, *likelihoods)


def _group(by: By, name: str, cases: Sequence[InfarctionCase]) -> InfarctionGroup:
    patients = [case.patient_id for case in cases]
    mapped = [(case.patient_id, case.mass) for case in cases if case.mass is not None]
    return InfarctionGroup(
        by,
        name,
        len(cases),
        len(set(patients)),
        mean_share(patients, [float(case.is_found) for case in cases]),
        mean_share(patients, [float(case.is_placed) for case in cases]),
        mean_share([patient for patient, _ in mapped], [mass for _, mass in mapped]),
    )
