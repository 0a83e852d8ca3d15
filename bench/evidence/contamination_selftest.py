"""The contamination check judged by controls: one that reads honestly, and one that knows some records by heart."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from bench.dataset import Cohort
from bench.evidence.contamination import Contamination, Study, contamination_in_memory
from bench.evidence.finished import Keep, make
from bench.progress import SILENT, Observer
from bench.view import View
from readers.contract import Reader
from readers.control import Recogniser, SeeingControl, trace_digest
from readers.memoriser import MemoriserControl

SEES = 0.5
"""Share of the abnormal truths that the controls read honestly, from an original as from a copy."""

LEARNT = (0.5, 1.0)
"""Shares of the records that the memorisers know by heart."""


@dataclass(frozen=True)
class MemoryCheck:
    """One control, the verdict on it, and whether that is wrong."""

    description: str
    verdict: str
    is_wrong: bool


def contamination_selftest(
    cohort: Cohort, seed: int = 0, observer: Observer = SILENT, keep: Keep = make
) -> list[MemoryCheck]:
    """Compare every control on records and on copies, and its verdict with the required one.

    ``keep`` has what is finished already.
    """
    view = View(seed=seed)
    return [
        keep(
            f"memory {place}",
            MemoryCheck,
            partial(_check, Study(one, cohort, view, only_copies=True), learnt, observer),
        )
        for place, (one, learnt) in enumerate(memory_controls(cohort))
    ]


def _check(study: Study, has_learnt: bool, observer: Observer) -> MemoryCheck:
    result: Contamination = contamination_in_memory(study, observer=observer)
    description = getattr(study.reader, "description", "")
    return MemoryCheck(description, result.verdicts[0], result.copies[0].is_found != has_learnt)


def memory_controls(cohort: Cohort) -> Iterator[tuple[Reader, bool]]:
    """Yield each control, and whether it knows any record by heart."""
    signals, values = [record.signal() for record in cohort], [cohort.truth(record).values for record in cohort]
    honest = SeeingControl(Recogniser([(signal.mv, signal.fs) for signal in signals]), values, SEES)
    yield honest, False
    truths = {trace_digest(signal.mv): truth for signal, truth in zip(signals, values, strict=True)}
    for share in LEARNT:
        yield MemoriserControl(truths, honest, share), True
