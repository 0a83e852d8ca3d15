"""Tables of explanations for the terminal: verdicts, known truth, the self-test, and what moves and turns answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bench.explain.belief.judging import Clinical, Row
from bench.explain.belief.selftest import Outcome
from bench.explain.counterfactual.transplant import Flips
from bench.explain.says import SaysDoes
from bench.report.explain_belief import by_reason
from bench.report.explain_figure import above, estimated, times, whole_points, whole_share
from bench.report.probe_page import FLIP_HEADINGS, flip_row
from bench.report.table import chance, harmless, terminal_table
from bench.tracing.flip_dose import FlipSummary

if TYPE_CHECKING:
    from rich.table import Table

Cell = Callable[[Row], str]

SPARE = ("random weights", "mass (area)")
"""Columns of :func:`method_table` that a narrow terminal does without: the verdict has to stand."""

MOST_FLIPS = 5
"""Rows of transplants that a terminal is shown."""

STYLES = {"faithful": "green", "fails": "red", "no": "red", "cannot": "yellow"}
"""Colour of a verdict by its first word."""


def method_table(rows: Sequence[Row], title: str = "") -> "Table":
    """Return a line for each method on each reader: answers and (patients), nulls, and the mass beside its verdict."""
    columns: dict[str, Cell] = {
        "n": lambda one: f"{one.answers} ({one.patients})",
        "deletion > energy": lambda one: above(one.deletion_above_energy),
        "random weights": lambda one: estimated(one.random),
        "mass (area)": lambda one: (
            f"{one.clinical.mass.value:.2f} ({one.clinical.area.value:.2f})" if one.clinical else "-"
        ),
        "verdict": lambda one: one.verdict.word,
    }
    return _of_rows(rows, columns, title)


def reason_lines(rows: Sequence[Row]) -> list[str]:
    """Return why each method has its verdict, methods with the same reason in one line."""
    return [harmless(f"{', '.join(names)}: {word}: {because}") for (word, because), names in by_reason(rows).items()]


def clinical_table(rows: Sequence[Row], title: str = "") -> "Table":
    """Return a line for each method whose mass in expected regions is known, beside its nulls and its verdict."""

    def clinical(cell: Callable[[Clinical], str]) -> Cell:
        return lambda one: cell(one.clinical) if one.clinical else "-"

    columns: dict[str, Cell] = {
        "mass (area)": clinical(lambda found: f"{found.mass.value:.2f} ({found.area.value:.2f})"),
        "mass > energy": clinical(lambda found: above(found.above_energy)),
        "pointing > energy": clinical(lambda found: above(found.pointing_above_energy)),
        "verdict": clinical(lambda found: found.verdict.word),
    }
    return _of_rows([one for one in rows if one.clinical], columns, title)


def _of_rows(rows: Sequence[Row], columns: Mapping[str, Cell], title: str) -> "Table":
    """Return a table whose words alone are broken over lines; one reader alone has no column."""
    named: dict[str, Cell] = {"method": lambda one: harmless(one.method), **columns}
    if len({one.reader for one in rows}) > 1:
        named = {"reader": lambda one: harmless(one.reader), **named}
    cells = [tuple(cell(one) for cell in named.values()) for one in rows]
    table = terminal_table(tuple(named), cells, title, {"reader", "method", "verdict"}, STYLES)
    table.padding = (0, 1, 0, 0)
    for name, column in zip(named, table.columns, strict=True):
        column.no_wrap, column.overflow = name not in {"reader", "verdict"}, "fold"
    return table


def selftest_table(found: Sequence[Outcome], title: str = "") -> "Table":
    """Return a line for each method on each double: the verdict, and whether it is due."""
    headings = ("double", "method", "weights", "pixel AUC", "verdict", "")
    cells = [
        (
            one.double,
            one.method,
            "random" if one.with_random_weights else "own",
            estimated(one.area),
            one.verdict.word,
            "right" if one.is_right else f"WRONG, due: {' or '.join(one.due)}",
        )
        for one in found
    ]
    return terminal_table(
        headings, cells, title, {"double", "method", "weights", "verdict", ""}, {"right": "green", "WRONG,": "red"}
    )


def further_tables(
    flips: Sequence[tuple[str, Flips]], doses: Sequence[FlipSummary], says: SaysDoes | None
) -> "list[Table]":
    """Return the tables of what turns the answers, and of what a reader says of them; none without figures.

    Where there are many findings, the terminal has the row of all of them alone; the page has every one.
    """
    shown = flips if len(flips) <= MOST_FLIPS else flips[:1]
    return [
        *([flip_table(shown, "what turns the answers: beats of another recording")] if flips else []),
        *([dose_table(doses, "the dose at which answers flip")] if doses else []),
        *([says_table(says, "leads that it names, against those that move its answers")] if says else []),
    ]


def flip_table(flips: Sequence[tuple[str, Flips]], title: str = "") -> "Table":
    """Return a line for the transplants of each answer: how often it goes, beside both controls, and by which cells."""
    headings = ("answer", "n", "goes", "> same class", "> random", "median", "cells")
    cells = [
        (
            harmless(answer),
            str(found.n),
            whole_share(found.flips),
            whole_points(found.above_same_class),
            whole_points(found.above_random),
            "-" if found.median_cells is None else f"{found.median_cells:g}",
            times(found.cells, 2),
        )
        for answer, found in flips
    ]
    return terminal_table(headings, cells, title, {"answer", "cells"})


def dose_table(doses: Sequence[FlipSummary], title: str = "") -> "Table":
    """Return a line for each change in each direction: how many answers it flips, and the dose by which they do."""
    return terminal_table(FLIP_HEADINGS, [flip_row(one) for one in doses], title, {"change", "direction"})


def says_table(found: SaysDoes, title: str = "") -> "Table":
    """Return a line for each answer with the agreement of what is said and done, and one for all with the verdict."""
    headings = ("answer", "n", "agreement", "exchanged", "gain [95%]", "p", "verdict")
    cells = [
        (harmless(answer), str(one.n), f"{one.agreement:.2f}", f"{one.exchanged:.2f}", "", "", "")
        for answer, one in found.by_answer.items()
    ]
    gain = found.gain
    bounds = f" [{gain.interval[0]:+.2f}, {gain.interval[1]:+.2f}]" if gain and gain.interval else ""
    every = (
        "all",
        str(found.n),
        "-" if found.agreement is None else f"{found.agreement:.2f}",
        "-" if found.exchanged is None else f"{found.exchanged:.2f}",
        f"{gain.value:+.2f}{bounds}" if gain else "-",
        chance(gain.p) if gain else "-",
        found.verdict,
    )
    return terminal_table(headings, [*cells, every], title, {"answer", "verdict"}, {"cannot": "yellow"})
