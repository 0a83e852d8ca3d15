"""An ablation that asks until every axis is told, or the budget is spent."""

from dataclasses import replace

from bench.evidence.ablation import AUTO, AblationRuns
from bench.evidence.axis_evidence import AxisEvidence
from bench.evidence.look import Look, looks
from bench.evidence.result import Evidence
from bench.evidence.verdict import UNKNOWN, is_told
from bench.progress import SILENT, Observer
from bench.run.options import RunOptions
from taxonomy.error import StopReading


def ablate_until_told(
    options: RunOptions, conditions: str = "", image_ceiling: str = AUTO, observer: Observer = SILENT
) -> Evidence:
    """Ablate a reader look by look (:mod:`bench.evidence.look`), until every axis has a verdict.

    An axis is told at the first look at which there is a verdict on it; that verdict, and the figures of that look,
    stand, whatever later looks show. The runs are those of :func:`bench.evidence.ablation.ablate_on_disk` on all the
    records: what was asked is never asked again, and a run that was stopped goes through the same looks.

    Parameters
    ----------
    options, conditions, image_ceiling, observer
        As of :func:`bench.evidence.ablation.ablate_on_disk`.

    Raises
    ------
    taxonomy.error.StopReading
        When the budget is spent, or no case can be answered, before the first look.
    taxonomy.error.BenchError
        As ``bench run``.
    """
    runs = AblationRuns.opened(options, conditions, image_ceiling, observer)
    cohort, seed = runs.ablation.cohort, options.selection.seed
    found: Evidence | None = None
    for look in looks(len(cohort)):
        try:
            now = runs.evidence(look.ids(cohort, seed), observer, look.level)
        except StopReading as stop:
            if found is None:
                raise
            return replace(found, stopped=str(stop))
        found = with_look(found, now, look)
        observer.say(_said(found, look))
        if not any(axis.verdict.startswith(UNKNOWN) for axis in found.axes):
            break
    assert found is not None
    return found


def with_look(before: Evidence | None, now: Evidence, look: Look) -> Evidence:
    """Return the evidence of a look; the axes that were told at one before it keep what was said of them."""
    kept: dict[str, AxisEvidence] = {}
    told = dict(before.told) if before else {}
    if before:
        kept = {axis.axis: axis for axis in before.axes if axis.axis in told}
    axes = tuple(kept.get(axis.axis, axis) for axis in now.axes)
    told |= {axis.axis: look.number for axis in axes if axis.axis not in told and is_told(axis.verdict)}
    return replace(now, axes=axes, told=told, looks=(*(before.looks if before else ()), look))


def _said(found: Evidence, look: Look) -> str:
    told = f"{len(found.told)} of {len(found.axes)} axes are told"
    return f"look {look.number}, at {look.records:,} of {look.of:,} records, alpha {look.level:.4f}: {told}"
