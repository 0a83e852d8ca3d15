"""Infarctions by territory and by likelihood, each with n and interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.dataset import RecordId
from bench.evidence.figure import Figure
from bench.explain.maps.pooled_map import mean_share
from bench.report.table import markdown_table, plain, quoted, share

By = Literal["territory", "likelihood"]

LIKELIHOODS: tuple[tuple[str, Callable[[float | None], bool]], ...] = (
    ("subtle: under 50%", lambda percent: bool(percent) and percent is not None and percent < 50),
    ("50% to 99%", lambda percent: percent is not None and 50 <= percent < 100),
    ("100%", lambda percent: percent is not None and percent >= 100),
    ("not given", lambda percent: not percent),
)
"""The statements' likelihoods; PTB-XL writes 0 where none was given."""

NOTE = (
    "`recognised`: an infarction was answered; `with its territory`: and where it is; `mass`: share of the relevance "
    "in the leads and segments where it is looked for. 95% intervals by patient. Verdict on these maps: {verdict}."
)


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


def infarction_parts(groups: Sequence[InfarctionGroup], verdict: str) -> list[str]:
    """Return two tables, by territory and by likelihood, and what their figures mean."""
    headings = ("n", "patients", "recognised [95%]", "with its territory [95%]", "mass [95%]")
    kinds: tuple[By, ...] = ("territory", "likelihood")
    tables = [markdown_table((by, *headings), [_cells(one) for one in groups if one.by == by]) for by in kinds]
    return [*tables, NOTE.format(verdict=plain(quoted(verdict)))]


def _cells(group: InfarctionGroup) -> tuple[str, ...]:
    mapped = f", n = {group.mass.n}" if group.mass else ""
    shares = [
        "-" if one is None else share(one.value, one.interval) for one in (group.recognised, group.placed, group.mass)
    ]
    return quoted(group.name, 80), str(group.n), str(group.patients), *shares[:2], shares[2] + mapped
