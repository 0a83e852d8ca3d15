"""The table of false verdicts and power, for the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.evidence.simulation import COUNTED, SCREENING, SHUFFLES, Rate, SimulatedReader

if TYPE_CHECKING:
    from rich.table import Table

from bench.report.table import terminal_table


def simulation_table(found: Sequence[SimulatedReader], title: str) -> "Table":
    """Return how often each finding was said of any axis of each simulated reader."""
    rows = [(one.name, one.kind, *(_rate(one.rates.get(name)) for name in COUNTED)) for one in found]
    return terminal_table(("reader", "it", *COUNTED), rows, title, left=("reader", "it"))


def simulation_notes() -> str:
    """Return how the table is read."""
    return (
        "Percent of the trials in which a finding was said of any of the eight axes, with its 95% interval (Clopper "
        "and Pearson).\n'can read it' is false for a reader that knows nothing, and power for one that sees. 'shallow' "
        "is true, and must not\nbe said to name anything. -: its inputs leave it out. "
        f"{SHUFFLES:,} shuffles a test, {SCREENING} where those leave no hope."
    )


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return "-"
    low, high = rate.interval
    return f"{100 * rate.value:.1f} [{100 * low:.0f}, {100 * high:.0f}]"
