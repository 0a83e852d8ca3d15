"""Tables of explanations for the terminal: verdicts, known truth, the self-test, and what moves and turns answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bench.explain.belief.judging import Clinical, Row
from bench.explain.belief.planted import Known
from bench.explain.belief.selftest import Outcome
from bench.explain.concepts.concept_study import ConceptTable
from bench.explain.counterfactual.transplant import Flips
from bench.explain.hiding.joint_effect import JointExplanation
from bench.explain.hiding.pooled import PooledEffect
from bench.explain.says import SaysDoes
from bench.report.explain_belief import by_reason
from bench.report.explain_concept import answer_of, by_answer
from bench.report.explain_figure import above, effect, estimated, times, whole_points, whole_share
from bench.report.probe_page import FLIP_HEADINGS, flip_row
from bench.report.table import chance, harmless, terminal_table
from bench.tracing.flip_dose import FlipSummary

if TYPE_CHECKING:
    from rich.table import Table

Cell = Callable[[Row], str]

SPARE = ("random weights", "mass (area)")
"""Columns of :func:`method_table` that a narrow terminal does without: the verdict has to stand."""

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


def known_truth_table(found: Sequence[Known], title: str = "") -> "Table":
    """Return a line for each method and kind of planted evidence."""
    headings = ("method", "planted", "n", "pixel AUC", "energy", "random weights", "> nulls", "pointing")
    cells = [
        (
            one.method,
            one.kind,
            str(one.area.n),
            estimated(one.area),
            f"{one.energy.value:.2f}",
            f"{one.random.value:.2f}",
            above(one.above_null),
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
            estimated(one.area),
            one.verdict.word,
            "right" if one.is_right else f"WRONG, due: {' or '.join(one.due)}",
        )
        for one in found
    ]
    return terminal_table(
        headings, cells, title, {"double", "method", "weights", "verdict", ""}, {"right": "green", "WRONG,": "red"}
    )


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


def concept_uses_table(found: ConceptTable, title: str = "") -> "Table":
    """Return a line for each answer and concept; what it rests on stands last, as does a control that fired."""
    headings = ("answer", "concept", "area", "score", "p (Holm)", "rests on it")
    cells = [
        (
            harmless(answer_of(use)),
            harmless(use.concept) + " (control)" * use.is_control,
            "-" if use.area is None else f"{use.area:.2f}",
            whole_share(use.score),
            chance(use.p_holm),
            f"FIRED: {use.use}" if use.is_control and use.use in {"for", "against"} else use.use,
        )
        for use in by_answer(found)
    ]
    styles = {"for": "green", "against": "green", "FIRED:": "red", "cannot": "yellow"}
    return terminal_table(headings, cells, title, {"answer", "concept", "rests on it"}, styles)


def joint_table(found: JointExplanation, title: str = "") -> "Table":
    """Return a line for each part that joint masks hid, the greatest effect first."""
    headings = ("part", "effect [95%]", "p", "above the null")
    ordered = sorted(found.effects, key=lambda one: -one.value)
    cells = [
        (one.part.name, effect(one.value, one.low, one.high), chance(one.p), "yes" if one.is_above_null else "no")
        for one in ordered
    ]
    return terminal_table(headings, cells, title, {"part", "above the null"}, {"yes": "green"})


def effect_table(found: Sequence[PooledEffect], title: str = "", most: int = 20) -> "Table":
    """Return a line for each part that was hidden by itself, so many at most, the greatest effect first."""
    ordered = sorted(found, key=lambda one: -one.value)[:most]
    cells = [(one.part.name, effect(one.value, one.low, one.high), str(one.records)) for one in ordered]
    return terminal_table(("part", "effect [95%]", "recordings"), cells, title, {"part"})


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
