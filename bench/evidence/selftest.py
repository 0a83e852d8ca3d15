"""The benchmark's self-test: control readers, whose behaviour is known, must get the right verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.dataset import Cohort
from bench.evidence.ablation import ablate_in_memory
from bench.evidence.axis_evidence import AxisEvidence
from bench.progress import SILENT, Observer
from bench.view import View
from readers.contract import Reader
from readers.control import BlankControl, CopyControl, PerfectControl, PriorControl, trace_digest
from taxonomy.axis import AXIS_NAMES

TRACE, COPY, PRIOR = "reads the trace", "copies the prompt", "recites the prior"
EXPECTED: Mapping[str, Mapping[str, str]] = {
    "control-prior": dict.fromkeys(AXIS_NAMES, PRIOR),
    "control-blank": dict.fromkeys(AXIS_NAMES, PRIOR),
    "control-copy": dict.fromkeys(AXIS_NAMES, PRIOR) | {"rate": COPY, "axis": COPY},
    "control-perfect": dict.fromkeys(AXIS_NAMES, TRACE),
}
"""The required verdict on each axis, by control."""


@dataclass(frozen=True)
class ControlCheck:
    """One control's evidence, and its axes with another verdict than required."""

    reader: str
    axes: tuple[AxisEvidence, ...]
    wrong: tuple[str, ...]


def selftest(cohort: Cohort, seed: int = 0, observer: Observer = SILENT) -> list[ControlCheck]:
    """Ablate every control and compare its verdicts with the required ones."""
    with observer.progress("measuring") as report:
        cohort.measure(report)
    truths = {trace_digest(record.signal().mv): cohort.truth(record).values for record in cohort}
    controls: Sequence[Reader] = (PriorControl(), BlankControl(), CopyControl(), PerfectControl(truths))
    return [_check(control, cohort, seed, observer) for control in controls]


def _check(control: Reader, cohort: Cohort, seed: int, observer: Observer) -> ControlCheck:
    axes = ablate_in_memory(control, cohort, View(seed=seed), observer=observer).axes
    wrong = tuple(
        f"{axis.axis}: {axis.verdict!r}, not {EXPECTED[control.name][axis.axis]!r}"
        for axis in axes
        if not axis.verdict.startswith(EXPECTED[control.name][axis.axis])
    )
    return ControlCheck(control.name, axes, wrong)
