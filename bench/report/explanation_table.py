"""Tables of explanations for the terminal: verdicts, known truth, the self-test, and what moves and turns answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.explain.belief.judging import Row
from bench.explain.belief.planted import Known
from bench.explain.belief.selftest import Outcome
from bench.explain.concepts.concept_study import ConceptTable
from bench.explain.counterfactual.transplant import Flips
from bench.explain.hiding.joint_mask import JointExplanation
from bench.explain.hiding.pooled import PooledEffect
from bench.explain.says import SaysDoes
from bench.report.explain_concept import answer_of
from bench.report.explain_figure import above, effect, estimated, mean, times, whole_points, whole_share
from bench.report.probe_page import FLIP_HEADINGS, flip_row
from bench.report.table import chance, harmless, terminal_table
from bench.tracing.flip_dose import FlipSummary

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
            above(one.deletion_above_energy),
            estimated(one.random),
            mean(one.agreement),
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
            estimated(found.mass),
            above(found.above_area),
            above(found.above_energy),
            estimated(found.pointing),
            above(found.pointing_above_energy),
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
        for use in found.uses
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
