"""Tables of explanations for the terminal: methods on readers with their verdicts, known truth, and the self-test."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.explain.belief.estimate import Estimate
from bench.explain.belief.judging import Row
from bench.explain.belief.planted import Known
from bench.explain.belief.selftest import Outcome
from bench.report.table import terminal_table

if TYPE_CHECKING:
    from rich.table import Table

STYLES = {"faithful": "green", "fails": "red", "no": "red", "cannot": "yellow"}
"""Colour of a verdict by its first word."""


def method_table(rows: Sequence[Row], title: str = "") -> "Table":
    """Return a line for each method on each reader; the mass in expected regions stands beside its verdict."""
    headings = ("reader", "method", "n", "deletion > energy", "random weights", "members", "mass (area)", "verdict")
    cells = [
        (
            one.reader,
            one.method,
            f"{one.answers} of {one.patients}",
            _signed(one.deletion_above_energy),
            _plain(one.random),
            _short(one.agreement),
            f"{one.clinical.mass.value:.2f} ({one.clinical.area.value:.2f})" if one.clinical else "-",
            str(one.verdict),
        )
        for one in rows
    ]
    return terminal_table(headings, cells, title, {"reader", "method", "verdict"}, STYLES)


def clinical_table(rows: Sequence[Row], title: str = "") -> "Table":
    """Return a line for each method whose mass and pointing in expected regions are known, with its verdict."""
    headings = ("reader", "method", "mass", "> area", "> energy", "pointing", "> energy", "verdict")
    cells = [
        (
            one.reader,
            one.method,
            _plain(found.mass),
            _signed(found.above_area),
            _signed(found.above_energy),
            _plain(found.pointing),
            _signed(found.pointing_above_energy),
            str(found.verdict),
        )
        for one in rows
        if (found := one.clinical)
    ]
    return terminal_table(headings, cells, title, {"reader", "method", "verdict"}, STYLES)


def known_truth_table(found: Sequence[Known], title: str = "") -> "Table":
    """Return a line for each method and kind of planted evidence."""
    headings = ("method", "planted", "n", "pixel AUC", "energy", "random weights", "> energy, chance", "pointing")
    cells = [
        (
            one.method,
            one.kind,
            str(one.area.n),
            _plain(one.area),
            f"{one.energy.value:.2f}",
            f"{one.random.value:.2f}",
            _signed(one.above_null),
            f"{one.pointing.value:.2f}",
        )
        for one in found
    ]
    return terminal_table(headings, cells, title, {"method", "planted"})


def selftest_table(found: Sequence[Outcome], title: str = "") -> "Table":
    """Return a line for each method on each double: the verdict, and whether it is due."""
    headings = ("double", "method", "weights", "pixel AUC", "verdict", "")
    cells = [
        (
            one.double,
            one.method,
            "random" if one.with_random_weights else "own",
            _plain(one.area),
            one.verdict.word,
            "right" if one.is_right else f"WRONG, due: {' or '.join(one.due)}",
        )
        for one in found
    ]
    return terminal_table(
        headings, cells, title, {"double", "method", "weights", "verdict", ""}, {"right": "green", "WRONG,": "red"}
    )


def _plain(one: Estimate | None) -> str:
    return "-" if one is None else f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"


def _short(one: Estimate | None) -> str:
    return "-" if one is None else f"{one.value:.2f}"


def _signed(one: Estimate | None) -> str:
    return "-" if one is None else f"{one.value:+.2f} [{one.low:+.2f}, {one.high:+.2f}]"
