"""The figures of probabilities: lines for the terminal, tables for the page."""

from bench.report.table import Bounds, markdown_table, number, within
from bench.score.area import ENOUGH, AreaTable, ClassArea, MacroArea
from bench.score.probability import ProbabilityScore

HEADINGS = ("positives", "AUROC [95%]", "average precision", "F1 at 0.5")

NOTE = (
    "AUROC: one class against the rest, DeLong's interval clustered by patient. A class with fewer than "
    f"{ENOUGH} positives or {ENOUGH} negatives is withheld, and left out of the macro; the macro with rare ones is "
    "over every class that occurs, as published work reports it. A record without a probability ranks worst. Gaps "
    "below 0.01 between figures that are not paired are ties."
)

SHOWN = 5
"""Names in one line of the terminal."""


def probability_lines(score: ProbabilityScore) -> list[tuple[str, str]]:
    """Return (what, figure) pairs for the terminal and the page."""
    lines = []
    if score.superclass:
        lines += _macro_lines("superclass", score.superclass, "with a diagnosis")
        if score.superclass_of_all and score.superclass_of_all.n > score.superclass.n:
            lines.append(("  over every record", _macro(score.superclass_of_all.macro, score.superclass_of_all.n)))
        if score.macro:
            both = f"{score.macro.average_precision:.3f}, {score.macro.f1:.3f}, n = {score.superclass.n}"
            lines.append(("superclass macro AP, F1", both))
    if score.statement:
        lines += _macro_lines("statement", score.statement, "with statements")
        if score.statement.macro:
            precision = f"{score.statement.macro.average_precision:.3f}, n = {score.statement.n}"
            lines.append(("statement macro AP", precision))
    if score.calibration_error is not None:
        pairs = sum(pairs for _, _, pairs in score.reliability)
        lines.append(("calibration error", f"{score.calibration_error:.3f}, n = {pairs} of a record and a class"))
    if score.partial:
        named = ", ".join(f"{axis} of {count}" for axis, count in score.partial.items())
        lines.append(("probabilities known in part", f"{named} records: under 0.9 of the mass tells a value"))
    return lines


def probability_parts(score: ProbabilityScore) -> list[str]:
    """Return the page's tables."""
    tables = [table for table in (score.superclass, score.statement, *score.axes) if table]
    parts = [NOTE]
    for table in tables:
        rows = [(name, *_cells(found)) for name, found in table.classes.items()]
        rows += _macro_rows(table)
        parts.append(markdown_table((table.of, *HEADINGS), rows))
        if table.missing:
            parts.append(f"No probability of {', '.join(table.missing)}: the macro is over the classes given.")
    return parts


def _macro_lines(of: str, table: AreaTable, which: str) -> list[tuple[str, str]]:
    lines = [(f"{of} macro AUROC", f"{_macro(table.macro, table.n)} {which}")]
    if table.macro_of_all and table.macro_of_all != table.macro:
        lines.append(("  with rare ones, as published", _macro(table.macro_of_all, table.n)))
    withheld = sum(one.auroc is None for one in table.classes.values())
    if withheld:
        lines.append(("  withheld", f"{withheld} with fewer than {ENOUGH} positives or negatives"))
    if table.missing:
        names, more = table.missing[:SHOWN], len(table.missing) - SHOWN
        said = ", ".join(names) + (f" and {more} more" if more > 0 else "")
        lines.append(("  not in the macro, no probability", said))
    if table.without:
        lines.append(("  ranked worst", f"{table.without} records without a probability"))
    return lines


def _macro(found: MacroArea | None, n: int) -> str:
    if found is None:
        return f"withheld, n = {n}"
    return f"{within(found.auroc, found.interval, 4)}, {_classes(found)}, n = {n}"


def _classes(found: MacroArea) -> str:
    return f"{found.classes} class{'es' if found.classes > 1 else ''}"


def _macro_rows(table: AreaTable) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, found in (("macro", table.macro), ("macro with rare ones", table.macro_of_all)):
        if found and not (rows and found == table.macro):
            cells = _figures(found.auroc, found.interval, found.average_precision, found.f1)
            rows.append((f"{name}, {_classes(found)}", "", *cells))
    return rows


def _cells(found: ClassArea) -> tuple[str, ...]:
    if found.auroc is None:
        few = (found.positives, "positive") if found.positives < ENOUGH else (found.negatives, "negative")
        return str(found.positives), f"withheld ({few[0]} {few[1]}{'s' * (few[0] != 1)})", "-", "-"
    return str(found.positives), *_figures(found.auroc, found.interval, found.average_precision, found.f1)


def _figures(area: float, bounds: Bounds, precision: float | None, f1: float | None) -> tuple[str, ...]:
    return within(area, bounds), number(precision), number(f1)
