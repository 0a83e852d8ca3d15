"""Infarctions by territory and by likelihood, each with n and interval."""

from collections.abc import Sequence

from bench.explain.study.infarction import By, InfarctionGroup
from bench.report.table import markdown_table, plain, quoted, share

NOTE = (
    "`recognised`: an infarction was answered; `with its territory`: and where it is; `mass`: share of the relevance "
    "in the leads and segments where it is looked for. 95% intervals by patient. Verdict on these maps: {verdict}."
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
