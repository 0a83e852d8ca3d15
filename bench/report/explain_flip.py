"""What turns an answer, as parts of a page: beat transplants with their controls, and the dose of a change."""

from collections.abc import Sequence

from bench.explain.counterfactual.transplant import Flips
from bench.report.explain_figure import times, whole_points, whole_share
from bench.report.probe_page import FLIP_HEADINGS, flip_row
from bench.report.table import markdown_table, quoted
from bench.tracing.flip_dose import FlipSummary

HEADINGS = (
    "answer", "n", "goes [95%]", "same class [95%]", "random cells [95%]", "> same class [95%]", "> random [95%]",
    "cells",
)  # fmt: skip

TRANSPLANTS = (
    "The P wave, QRS complex, ST segment or T wave of one lead group (limb leads together, each chest lead by "
    "itself) is taken on every beat from the nearest recording without the finding, one cell after the other, until "
    "the answer is gone. `goes`: share of answers that went; `same class`: with the same cells of a donor that bears "
    "the finding too, which carry the traces of surgery and not the reason; `random cells`: with as many cells of "
    "the unlike donor, drawn by lot; `>`: points by which the share exceeds that of each control over the same "
    "recordings (of random cells the first draw). `cells`: how many it took, the median. Cells that turn an answer "
    "more often than both controls do are what the answer rests on in these recordings, right or wrong."
)
DOSES = (
    "One property of a recording is changed step by step, as by `bench probe`. `flips`: share of recordings whose "
    "answer on the property's axis becomes another at any dose; `stays`: and is another at every larger dose too; "
    "the dose by which a quarter, and half, of them have flipped."
)


def flip_parts(flips: Sequence[tuple[str, Flips]]) -> list[str]:
    """Return what transplants turn, which cells they take, and what the figures mean."""
    parts = [TRANSPLANTS, markdown_table(HEADINGS, [flip_cells(title, found) for title, found in flips])]
    rows = [turning_cells(title, found) for title, found in flips if found.cells or found.without]
    return [*parts, markdown_table(("answer", "cells that turned it, how often", "without a transplant"), rows)]


def flip_cells(title: str, found: Flips) -> tuple[str, ...]:
    """Return the cells of the transplants of one answer, in the order of :data:`HEADINGS`."""
    return (
        quoted(title, 80),
        str(found.n),
        whole_share(found.flips),
        whole_share(found.same_class),
        whole_share(found.random),
        whole_points(found.above_same_class),
        whole_points(found.above_random),
        "-" if found.median_cells is None else f"{found.median_cells:g}",
    )


def turning_cells(title: str, found: Flips) -> tuple[str, str, str]:
    """Return an answer, the cells that turned it most often, and why some recordings have no transplant."""
    without = "; ".join(f"{why}: {n}" for why, n in found.without.items())
    return quoted(title, 80), times(found.cells, 8), quoted(without) or "-"


def dose_parts(doses: Sequence[FlipSummary]) -> list[str]:
    """Return the dose at which answers flip, and what the figures mean."""
    return [DOSES, markdown_table(FLIP_HEADINGS, [flip_row(one) for one in doses])]
