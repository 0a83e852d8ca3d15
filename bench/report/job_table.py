"""The runs of a job side by side, for the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.report.table import terminal_table, within
from bench.run.several import Outcome

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = ("run", "reader", "condition", "page", "n", "mean kappa [95%]", "failed")

NARROW = {"reader": 22, "condition": 12, "page": 8}
"""Columns of words, in so many characters at most: the table fits 80 columns."""


def job_table(outcomes: Sequence[Outcome]) -> "Table":
    """Return a row for each run: what was asked of whom, and what came of it; what all share is in the title."""
    datasets = list(dict.fromkeys(one.part.cohort.dataset.name for one in outcomes))
    splits = list(dict.fromkeys(one.part.cohort.split for one in outcomes))
    title = ", ".join(names[0] for names in (datasets, splits) if len(names) == 1)
    rows = []
    for number, one in enumerate(outcomes, start=1):
        cohort = one.part.cohort
        own = [cohort.dataset.name] * (len(datasets) > 1) + [cohort.split] * (len(splits) > 1)
        rows.append(_row(number, one, ", ".join((one.part.options.reader, *own))))
    table = terminal_table(HEADINGS, rows, title, left=tuple(NARROW))
    for column in table.columns:
        column.max_width = NARROW.get(str(column.header))
        column.overflow = "fold"
    return table


def _row(number: int, one: Outcome, reader: str) -> tuple[str, ...]:
    part, score = one.part, one.score
    kappa = "not finished" if score is None else "-"
    if score is not None and score.kappa is not None and one.has_answers:
        kappa = within(score.kappa.kappa, score.kappa.interval, 2)
    failed = "-" if score is None else str(sum(score.failed.values()) if score.failed else 0)
    n = "-" if score is None else str(score.n)
    return (str(number), reader, part.condition, part.page or "-", n, kappa, failed)
