"""Estimates of what a run would ask and cost; nothing is sent."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.progress import SILENT, Observer
from bench.run.job import Job
from bench.view import Question
from readers.session import Estimate, SessionReader

LOOKED_AT = 16
"""Cases that are drawn and measured for an estimate; the others are assumed to be like them."""

TYPICAL_SECONDS = 10.0
"""Assumed time of an answer without long reasoning; a run's report has the measured time."""


@dataclass(frozen=True)
class RunEstimate:
    """What a run has still to ask.

    Attributes
    ----------
    run_id, reader : str
    asked, total : int
        Questions still to be asked, and questions of the whole run.
    cases : tuple of Estimate
        Estimates of a few cases; empty if the reader calls no API, or nothing is left to ask.
    asks_elsewhere : bool
        Whether the reader calls an API.
    """

    run_id: str
    reader: str
    asked: int
    total: int
    cases: tuple[Estimate, ...]
    asks_elsewhere: bool


def estimate(job: Job, observer: Observer = SILENT) -> RunEstimate:
    """Return what a job would ask and cost."""
    readings, _ = job.folder.every_reading()
    left = [question for question in job.questions if question.key not in readings]
    reader = job.lent(observer)
    if not isinstance(reader, SessionReader):
        return RunEstimate(job.settings.run_id, job.reader.name, len(left), len(job.questions), (), False)
    records = list(job.cases.cohort)[:LOOKED_AT] if left else []
    with observer.progress("measuring") as report:
        job.cases.cohort.of(records).measure(report)
    cases = replace(job.cases, workers=0)
    looked_at = tuple(reader.estimate(cases.case(Question(record))) for record in records)
    return RunEstimate(job.settings.run_id, job.reader.name, len(left), len(job.questions), looked_at, True)


def estimate_lines(found: RunEstimate, concurrency: int, batch: bool) -> list[str]:
    """Return an estimate line by line."""
    lines = [f"{found.asked} of {found.total} readings to ask: {found.run_id}"]
    if not found.asks_elsewhere:
        return [*lines, f"reader {found.reader!r} calls no API: no tokens, no dollars"]
    if found.cases:
        lines += _cost_lines(found.cases, found.asked, batch)
        minutes = math.ceil(found.asked * TYPICAL_SECONDS / concurrency / 60)
        waiting = f"about {minutes} min, at {TYPICAL_SECONDS:g} s an answer (assumed) and {concurrency} at once"
        lines.append(f"time           {'within 24 h, as batches go' if batch else waiting}")
    return [*lines, "nothing was sent"]


def total_line(found: Sequence[RunEstimate]) -> str:
    """Return what several runs would ask and cost together."""
    said = f"in all: {sum(one.asked for one in found):,} readings to ask in {len(found)} runs"
    paid = [one for one in found if one.cases]
    if not paid or any(case.cost is None or case.most is None for one in paid for case in one.cases):
        return said
    typical = sum(one.asked * sum(case.cost or 0.0 for case in one.cases) / len(one.cases) for one in paid)
    most = sum(one.asked * sum(case.most or 0.0 for case in one.cases) / len(one.cases) for one in paid)
    return f"{said}, {typical:,.2f} dollars with short answers, {most:,.2f} at most"


def _cost_lines(cases: Sequence[Estimate], asked: int, batch: bool) -> list[str]:
    tokens = sum(case.input_tokens for case in cases) / len(cases)
    seen = [case.image_px_per_mm for case in cases if case.image_px_per_mm is not None]
    lines = [f"input tokens   {tokens:,.0f} a case, {tokens * asked / 1e6:,.2f} million in all (estimated)"]
    if seen:
        lines.append(f"images         seen at {min(seen):.1f} px/mm")
    costs, worst = [case.cost for case in cases], [case.most for case in cases]
    if None in costs:
        return [*lines, "dollars        unknown: no table has a price for this model (--prices FILE gives one)"]
    typical, most = (sum(part or 0.0 for part in parts) / len(cases) * asked for parts in (costs, worst))
    half = ", at the price of a batch" if batch else ""
    said = f"{typical:,.2f} with short answers, {most:,.2f} at most{half} ({cases[0].prices})"
    return [*lines, f"dollars        {said}"]
