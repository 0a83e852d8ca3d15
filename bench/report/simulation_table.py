"""The table of false verdicts and power, for the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.evidence.contamination_simulation import COUNTED as MEMORY_COUNTED
from bench.evidence.contamination_simulation import SimulatedVerdicts
from bench.evidence.look import looks
from bench.evidence.look_simulation import SimulatedLooks
from bench.evidence.simulation import (
    COUNTED,
    NAMES,
    NUMBERS,
    SCREENING,
    SHUFFLES,
    TRACE,
    Rate,
    SimulatedReader,
)
from bench.score.agreement import LEVEL

if TYPE_CHECKING:
    from rich.table import Table

from bench.report.table import terminal_table

LATER = (NAMES, TRACE, NUMBERS)
"""What is counted at any look, beside reading."""

HEADINGS = ("can read", "names", "trace", "numbers", "refuses")
"""Of what is counted, short enough for a terminal."""


def simulation_table(found: Sequence[SimulatedReader], title: str) -> "Table":
    """Return how often each finding was said of any axis of each simulated reader."""
    rows = [(one.name, one.knows, *(_rate(one.rates.get(name)) for name in COUNTED)) for one in found]
    return terminal_table(("reader", "knows", *HEADINGS), rows, title, left=("reader", "knows"))


def simulation_notes() -> str:
    """Return how the table is read."""
    return (
        "Percent of the trials in which it was said of any of the eight axes, with its 95% interval (Clopper and\n"
        "Pearson): that the reader can read it, names it, follows the trace or the numbers, refuses when they\n"
        "disagree; -: its inputs leave it out. Of a reader that knows nothing 'can read' is false; of one that sees\n"
        "some of the abnormal truths it is power; one that knows little can read, and must not be said to name.\n"
        f"{SHUFFLES:,} shuffles a test, {SCREENING} where those leave no hope."
    )


def looks_table(found: Sequence[SimulatedLooks], of: int, title: str) -> "Table":
    """Return how often each simulated reader is said to read at any look, up to each of them."""
    sizes = [f"by {look.records:,}" for look in looks(of)]
    rows = [
        (
            one.name,
            *(f"{100 * rate.value:.4g}" for rate in one.reads[:-1]),
            _rate(one.reads[-1]),
            *(_rate(one.ever.get(name)) for name in LATER),
            _rate(one.careless),
        )
        for one in found
    ]
    headings = ("reader", *sizes, "names", "trace", "numbers", "careless")
    return terminal_table(headings, rows, title, left=("reader",))


def looks_notes(of: int) -> str:
    """Return how that table is read."""
    levels = ", ".join(f"{look.level:.4f}" for look in looks(of))
    return (
        f"Alpha of the looks: {levels}; {LEVEL:g} in all.\n"
        "Percent of the trials in which it was said of any axis that the reader can read it, at a look up to so many\n"
        "records; that it names it, follows the trace or the numbers, at any look; careless: that it can read, at any\n"
        "look, if each were tested at 5% as if it were the only one."
    )


def memory_table(found: Sequence[SimulatedVerdicts], title: str) -> "Table":
    """Return how often each verdict of the contamination check fell on each simulated reader."""
    rows = [(one.reader.name, *(_rate(one.rates[name]) for name in MEMORY_COUNTED)) for one in found]
    return terminal_table(("reader", *MEMORY_COUNTED), rows, title, left=("reader",))


def memory_notes() -> str:
    """Return how that table is read."""
    return (
        "Percent of the trials, on any axis or on all together: that it falls on copies, by 2 points or more; that it\n"
        "falls on fresh phantoms, which is said beside phantoms of a published seed alone; that it falls more on\n"
        "copies of published records than on copies of phantoms. Of an honest reader all three are false, of a\n"
        "brittle one, which loses a tenth of its right answers on any copy, the last two."
    )


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return "-"
    low, high = rate.interval
    return f"{100 * rate.value:.4g} [{100 * low:.0f}, {100 * high:.0f}]"
