"""The benchmark's own calibration: readers of which it is known what they read must get the right verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.dataset import Cohort
from bench.evidence.ablation import ablate_in_memory
from bench.evidence.axis_evidence import AxisEvidence
from bench.progress import SILENT, Observer
from bench.view import View
from readers.contract import Reader
from readers.double import BlankDouble, CopyDouble, PerfectDouble, PriorDouble, trace_digest
from taxonomy.axis import AXIS_NAMES

TRACE, COPY, PRIOR = "reads the trace", "copies the prompt", "recites the prior"
EXPECTED: Mapping[str, Mapping[str, str]] = {
    "double-prior": dict.fromkeys(AXIS_NAMES, PRIOR),
    "double-blank": dict.fromkeys(AXIS_NAMES, PRIOR),
    "double-copy": dict.fromkeys(AXIS_NAMES, PRIOR) | {"rate": COPY, "axis": COPY},
    "double-perfect": dict.fromkeys(AXIS_NAMES, TRACE),
}
"""What must be said of each double on each axis."""


@dataclass(frozen=True)
class ControlCheck:
    """One double: what was found, and the axes where that is not what is known."""

    reader: str
    axes: tuple[AxisEvidence, ...]
    wrong: tuple[str, ...]


def selftest(cohort: Cohort, seed: int = 0, observer: Observer = SILENT) -> list[ControlCheck]:
    """Ask every double under every condition, and compare the verdicts with what is known."""
    with observer.progress("measuring") as report:
        cohort.measure(report)
    truths = {trace_digest(record.signal().mv): cohort.truth(record).values for record in cohort}
    doubles: Sequence[Reader] = (PriorDouble(), BlankDouble(), CopyDouble(), PerfectDouble(truths))
    return [_check(double, cohort, seed, observer) for double in doubles]


def _check(double: Reader, cohort: Cohort, seed: int, observer: Observer) -> ControlCheck:
    axes = ablate_in_memory(double, cohort, View(seed=seed), observer).axes
    wrong = tuple(
        f"{axis.axis}: {axis.verdict!r}, not {EXPECTED[double.name][axis.axis]!r}"
        for axis in axes
        if not axis.verdict.startswith(EXPECTED[double.name][axis.axis])
    )
    return ControlCheck(double.name, axes, wrong)
