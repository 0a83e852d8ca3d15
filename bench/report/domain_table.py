"""A domain study in a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.domains.domain import PROTOCOLS
from bench.domains.result import Cell, Change, DomainStudy, Figure
from bench.report.domain_words import signed
from bench.report.table import harmless, number, terminal_table

if TYPE_CHECKING:
    from rich.table import Table


def domain_table(study: DomainStudy) -> "Table":
    """Return the mean AUROC of every arm and domain, with the drop, for a terminal of 80 columns."""
    headings = ("domain", "n", "intra", "held out", "drop [95%]", "zero-shot")
    rows: list[tuple[str, ...]] = []
    for arm in study.arms:
        if len(study.arms) > 1:
            rows.append((harmless(arm)[:30], *[""] * (len(headings) - 1)))
        rows += [_short_row(study, arm, name) for name in study.names if _of(study, arm, name)]
    title = "Mean AUROC" + (f" of {harmless(study.arms[0])[:30]}" if len(study.arms) == 1 else "")
    return terminal_table(headings, rows, title=title, left=("domain",))


def _short_row(study: DomainStudy, arm: str, name: str) -> tuple[str, ...]:
    cells = [study.cell(arm, protocol, name) for protocol in PROTOCOLS]
    mean = next((one.drop for one in _changes(study, arm, name) if one.name == "mean AUROC"), Figure(None))
    n = max(cell.n for cell in cells if cell)
    return harmless(name)[:21], str(n), *map(_short, cells[:2]), signed(mean, 2), _short(cells[2])


def _short(cell: Cell | None) -> str:
    return "-" if cell is None else number(cell.auroc.value) + ("*" if cell.contaminated else "")


def _changes(study: DomainStudy, arm: str, name: str) -> Sequence[Change]:
    return next((one.changes for one in study.drops if (one.arm, one.domain) == (arm, name)), ())


def _of(study: DomainStudy, arm: str, name: str) -> list[Cell]:
    return [cell for cell in study.cells if (cell.arm, cell.domain) == (arm, name)]
