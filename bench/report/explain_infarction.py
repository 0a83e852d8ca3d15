"""Infarctions by territory and by likelihood, each with n and interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.dataset import RecordId
from bench.explain.maps.pooled_map import mean_share
from bench.report.table import markdown_table, plain, share

LIKELIHOODS: tuple[tuple[str, Callable[[float | None], bool]], ...] = (
    ("subtle: under 50%", lambda percent: bool(percent) and percent is not None and percent < 50),
    ("50% to 99%", lambda percent: percent is not None and 50 <= percent < 100),
    ("100%", lambda percent: percent is not None and percent >= 100),
    ("not given", lambda percent: not percent),
)
"""The statements' likelihoods; PTB-XL writes 0 where none was given."""

INFARCTION_NOTE = (
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


def infarction_parts(cases: Sequence[InfarctionCase], verdict: str) -> list[str]:
    """Return two tables, by territory and by likelihood, and what their figures mean."""
    headings = ("n", "patients", "recognised [95%]", "with its territory [95%]", "mass [95%]")
    territories = [
        (name, *_infarction_cells([case for case in cases if case.territory == name]))
        for name in dict.fromkeys(sorted(case.territory for case in cases))
    ]
    likelihoods = [
        (name, *_infarction_cells([case for case in cases if holds(case.likelihood)])) for name, holds in LIKELIHOODS
    ]
    return [
        markdown_table(("territory", *headings), territories),
        markdown_table(("likelihood", *headings), likelihoods),
        INFARCTION_NOTE.format(verdict=plain(verdict)),
    ]


def _infarction_cells(cases: Sequence[InfarctionCase]) -> tuple[str, ...]:
    mapped = [case for case in cases if case.mass is not None]
    return (
        str(len(cases)),
        str(len({case.patient_id for case in cases})),
        _share(cases, [float(case.is_found) for case in cases]),
        _share(cases, [float(case.is_placed) for case in cases]),
        _share(mapped, [case.mass or 0.0 for case in mapped]) + (f", n = {len(mapped)}" if mapped else ""),
    )


def _share(cases: Sequence[InfarctionCase], values: Sequence[float]) -> str:
    figure = mean_share([case.patient_id for case in cases], values)
    return "-" if figure is None else share(figure.value, figure.interval)
