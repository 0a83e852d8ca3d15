"""Which maps deserve belief, as parts of a page: the methods with their verdicts, and the known truth behind them."""

from collections.abc import Callable, Sequence

from bench.explain.belief.judging import Row
from bench.explain.belief.page_judging import METHODS as PAGE_METHODS
from bench.explain.belief.planted import HELD_OUT_EVERY, Known
from bench.explain.belief.verdict import CORRELATION_LIMIT, LEAST_PATIENTS
from bench.report.explain_figure import above, estimated, mean
from bench.report.table import markdown_table, quoted

Cell = Callable[[Row], str]

RESTS_ON = (
    "`answers`: those that are right and are explained. `planted`: evidence was planted in tracings at exactly known "
    "samples, and a network of its own was taught to find it; by how much the map's ROC area over samples exceeds "
    "that of the signal's energy, of random weights, or chance, whichever is most. `deletion`: by how much lower the "
    "logit falls while what the map points at is hidden than while what is large is hidden (1 is the whole "
    "recording, 0 flat leads). `random weights`: rank correlation with the maps of the same network with random "
    "weights (drawn anew for each answer), less what both share with the signal's energy: a map that looks the same "
    "whatever was learned shows nothing of it."
)
RULES = (
    "*faithful here*: every kind of planted evidence and deletion lie above their nulls, the map points at the lead "
    f"of the evidence more often than by lot, and the correlation lies below {CORRELATION_LIMIT:g}, by their whole "
    f"intervals; *fails the sanity check*: the correlation lies at {CORRELATION_LIMIT:g} or above by its whole "
    "interval; *no better than amplitude*: a kind of planted evidence or deletion lies at its null or below by its "
    f"whole interval; *cannot tell*: none of these, or fewer than {LEAST_PATIENTS} patients."
)
LIES = (
    "`mass`: share of what speaks for the answer that lies in the leads and segments where a cardiologist looks for "
    "the finding; its nulls are `area`, the share of the samples that these cover, which is the mass of a map "
    "without any knowledge, and `energy`, by how much the mass exceeds that of the signal's energy. `pointing`: "
    "share of the maps whose greatest value lies there, and by how much it exceeds the energy's. A mass says where a "
    "map lies, and not that the map is true: it is worth as much as the verdict beside it. `insertion`: as deletion, "
    "while what the map points at is shown and all else is hidden. `members`: rank correlation of the maps of an "
    "ensemble's members; where it is low, the map is a matter of the lot by which a network was trained. `seconds`: "
    "for one map."
)
OF_PAGES = (
    f"Maps of image tokens ({', '.join(f'`{name}`' for name in PAGE_METHODS)}) have another null in the place of the "
    "signal's energy: the ink of the traces, through the same tokens at the same places. Their areas and correlations "
    "are of what the page shows."
)
PLANTED = (
    "A small network was taught on tracings with evidence planted at exactly known samples; these are the maps of "
    f"its answers on tracings that it was not taught on, of one in {HELD_OUT_EVERY} patients. `area`: chance that a "
    "sample of the evidence has more relevance than one elsewhere, 0.50 by chance. `energy`, `random weights`: the "
    "same of the signal's energy and of the method's maps of random weights. `pointing`: share of the maps whose "
    "greatest value lies in the evidence."
)


def belief_parts(rows: Sequence[Row]) -> list[str]:
    """Return the table of methods and readers, what its columns are, and where the maps lie."""
    kinds = tuple(dict.fromkeys(kind for row in rows for kind in row.truth))
    columns: dict[str, Cell] = {
        "answers (patients)": lambda row: f"{row.answers} ({row.patients})",
        **{f"planted: {kind} [95%]": _planted(kind) for kind in kinds},
        "deletion > energy [95%]": lambda row: above(row.deletion_above_energy),
        "random weights [95%]": lambda row: estimated(row.random),
        "verdict": _verdict,
    }
    return [
        _table(rows, columns),
        f"{RESTS_ON} Verdicts: {RULES}",
        _table(rows, _CLINICAL),
        LIES,
        *([OF_PAGES] if any(row.method in PAGE_METHODS for row in rows) else []),
    ]


def verdict_table(rows: Sequence[Row]) -> str:
    """Return what each verdict rests on, and the mass in the expected regions beside it."""
    columns: dict[str, Cell] = {
        "answers (patients)": lambda row: f"{row.answers} ({row.patients})",
        "deletion > energy [95%]": lambda row: above(row.deletion_above_energy),
        "random weights [95%]": lambda row: estimated(row.random),
        "mass (area)": lambda row: f"{mean(row.clinical.mass)} ({mean(row.clinical.area)})" if row.clinical else "-",
        "verdict": _verdict,
    }
    return _table(rows, columns)


def known_truth_parts(found: Sequence[Known]) -> list[str]:
    """Return how well each method finds each kind of planted evidence, and what the figures mean."""
    headings = (
        "method", "planted", "tracings", "area [95%]", "energy", "random weights", "> nulls [95%]",
        "pointing",
    )  # fmt: skip
    cells = [
        (
            one.method,
            one.kind,
            str(one.area.n),
            estimated(one.area),
            mean(one.energy),
            mean(one.random),
            above(one.above_null),
            mean(one.pointing),
        )
        for one in found
    ]
    return [PLANTED, markdown_table(headings, cells)]


_CLINICAL: dict[str, Cell] = {
    "mass [95%]": lambda row: estimated(row.clinical.mass) if row.clinical else "-",
    "area": lambda row: mean(row.clinical.area) if row.clinical else "-",
    "mass > energy [95%]": lambda row: above(row.clinical.above_energy) if row.clinical else "-",
    "pointing [95%]": lambda row: estimated(row.clinical.pointing) if row.clinical else "-",
    "pointing > energy [95%]": lambda row: above(row.clinical.pointing_above_energy) if row.clinical else "-",
    "insertion > energy [95%]": lambda row: above(row.insertion_above_energy),
    "members [95%]": lambda row: estimated(row.agreement),
    "seconds": lambda row: f"{row.seconds:.2f}",
    "verdict": lambda row: row.verdict.word,
}


def _verdict(row: Row) -> str:
    return quoted(f"{row.verdict.word}: {row.verdict.because}")


def _planted(kind: str) -> Cell:
    return lambda row: above(row.truth.get(kind))


def _table(rows: Sequence[Row], columns: dict[str, Cell]) -> str:
    """Return a table; one reader alone, which the title names, has no column."""
    named: dict[str, Cell] = {"method": lambda row: quoted(row.method, 60), **columns}
    if len({row.reader for row in rows}) > 1:
        named = {"reader": lambda row: quoted(row.reader, 60), **named}
    return markdown_table(tuple(named), [tuple(cell(row) for cell in named.values()) for row in rows])
