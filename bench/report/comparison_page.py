"""A comparison of readers as a table in the terminal, as a page and as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.report.standing import AGREEMENT, STANDING, agreed, standing_row
from bench.report.table import difference, markdown_table, page, plain, terminal_table
from bench.run.same_cases import SameCases
from bench.score.comparison import DRAWS, Gap, PairComparison
from bench.storage import as_json, write_whole

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = ("axis", "n", "kappa", "difference [95%]", "p", "accuracy [95%]", "p", "flips")

HOW = (
    "Differences are first minus second: kappa, and accuracy in points. Intervals: bootstrap over patients;\n"
    "p: answers of whole patients swapped, by Holm (mean kappa over the pairs, the rest over pairs and axes).\n"
    "Flips: records right only in the first : only in the second. +: by construction, since one of the two\n"
    "answers from the very measurement that made the truth."
)


HOW_SAME = (
    "Each reader on the cases that all of them answered, by mean kappa; [95%]: over patients. Who is shown to differ\n"
    "is told by the pairs, not by the order. DWE: danger-weighted error. Differences are from the majority's accuracy."
)

HOW_AGREED = (
    "Agreement is that of the two readers with each other, whatever is true: Cohen's kappa on the cases that both\n"
    "answered (left out: one of them or both could not tell), bootstrap over patients; on other_findings the mean\n"
    "over the findings that were named in ten cases or more."
)


def agreement_table(pair: PairComparison) -> "Table":
    """Return how far the two of a pair agree with each other, for the terminal."""
    return terminal_table(AGREEMENT, _agreed(pair), title="agreement with each other", left=("axis",))


def comparison_table(pair: PairComparison) -> "Table":
    """Return a pair's table for the terminal."""
    return terminal_table(HEADINGS, _rows(pair), title=_title(pair), left=("axis",))


def same_cases_table(same: SameCases) -> "Table":
    """Return every reader on the cases that all of them answered, for the terminal."""
    rows = [standing_row(*one) for one in same.scores]
    return terminal_table(STANDING, rows, title=same_cases_title(same), left=("reader",))


def same_cases_title(same: SameCases) -> str:
    """Return what the table of the same cases holds, in words."""
    left = f"; {same.left_out:,} with a failed call left out" if same.left_out else ""
    return f"on the same {same.n:,} cases, which all of them answered{left}"


def write_comparison(folder: Path, pairs: Sequence[PairComparison], same: SameCases | None = None) -> Path:
    """Write ``compare.md`` and ``compare.json``; return the page.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    told = {"draws": DRAWS, "pairs": [pair.to_json() for pair in pairs], "same_cases": same and same_cases_json(same)}
    write_whole(folder / "compare.json", as_json(told))
    return write_whole(folder / "compare.md", comparison_page(pairs, same))


def same_cases_json(same: SameCases) -> dict[str, Any]:
    """Return every reader's score on the cases that all of them answered, as plain JSON data."""
    readers = [{"reader": name, "score": found.to_json()} for name, found in same.scores]
    return {"n": same.n, "left_out": same.left_out, "readers": readers}


def comparison_page(pairs: Sequence[PairComparison], same: SameCases | None = None) -> str:
    """Return the page as Markdown."""
    parts = ["# Comparison", HOW.replace("\n", " ")]
    if same:
        title = same_cases_title(same)
        rows = [standing_row(*one) for one in same.scores]
        parts += [f"## {title[0].upper()}{title[1:]}", HOW_SAME.replace("\n", " "), markdown_table(STANDING, rows)]
    for pair in pairs:
        parts += [f"## {plain(_title(pair))}", plain(" ".join(headline(pair))), markdown_table(HEADINGS, _rows(pair))]
        if pair.agreement:
            how = HOW_AGREED.replace("\n", " ")
            parts += ["### Agreement with each other", how, markdown_table(AGREEMENT, _agreed(pair))]
    return page(parts)


def headline(pair: PairComparison) -> list[str]:
    """Return in sentences whether two readers are shown to differ, by how much, and what was left out."""
    left = [f"{pair.left_out} shared cases with a failed call are left out."] if pair.left_out else []
    left += pair.caveats
    gap = pair.mean_kappa
    if gap is None:
        return ["They share no axis of the mean kappa.", *left]
    better = pair.first if gap.difference > 0 else pair.second
    said = f"{better} is shown to be better." if gap.is_shown else "No difference is shown."
    mean = f"Mean kappa over {len(pair.mean_axes)} axes: {gap.first:.3f} and {gap.second:.3f}"
    return [said, f"{mean}, difference {_signed(gap)}, p = {gap.p_holm:.4f}.", *left]


def _title(pair: PairComparison) -> str:
    return f"{pair.first} against {pair.second} (n = {pair.n:,})"


def _rows(pair: PairComparison) -> list[tuple[str, ...]]:
    return [
        (
            axis.axis + "+" * axis.by_construction,
            f"{axis.n:,}",
            f"{axis.kappa.first:.2f} {axis.kappa.second:.2f}" if axis.kappa else "-",
            _signed(axis.kappa) if axis.kappa else "-",
            f"{axis.kappa.p_holm:.3f}" if axis.kappa and not axis.by_construction else "-",
            difference(axis.accuracy.difference, axis.accuracy.interval),
            "-" if axis.by_construction else f"{axis.accuracy.p_holm:.3f}",
            f"{len(axis.first_only)}:{len(axis.second_only)}",
        )
        for axis in pair.axes
    ]


def _agreed(pair: PairComparison) -> list[tuple[str, ...]]:
    return [(one.axis, f"{one.n:,}", f"{one.left_out:,}", *agreed(one)) for one in pair.agreement]


def _signed(gap: Gap) -> str:
    bounds = f" [{gap.interval[0]:+.2f}, {gap.interval[1]:+.2f}]" if gap.interval else ""
    return f"{gap.difference:+.2f}{bounds}"
