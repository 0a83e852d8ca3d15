"""Estimates of what a run would ask and cost; nothing is sent."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.progress import SILENT, Observer
from bench.run.job import Job
from bench.view import Question
from bench.view.drawing import IN_TURN
from readers.session import Estimate, SessionReader

LOOKED_AT = 16
"""Cases that are drawn and measured for an estimate; the others are assumed to be like them."""

TYPICAL_SECONDS = 10.0
"""Assumed time of an answer without long reasoning; a run's report has the measured time."""

BETWEEN = (
    "between the two lies how much the model thinks, which is billed as output: --pilot 10 asks ten cases and tells"
)
"""The range of an estimate, in words."""


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
    cases = replace(job.cases, ahead=IN_TURN)
    looked_at = tuple(reader.estimate(cases.case(Question(record))) for record in records)
    return RunEstimate(job.settings.run_id, job.reader.name, len(left), len(job.questions), looked_at, True)


def estimate_lines(found: RunEstimate, concurrency: int, batch: bool) -> list[str]:
    """Return an estimate line by line."""
    lines = [f"{found.asked} of {found.total} readings to ask: {found.run_id}"]
    if not found.asks_elsewhere:
        return [*lines, f"reader {found.reader!r} calls no API: no tokens, no dollars"]
    if found.cases:
        lines += _cost_lines(found, batch)
        minutes = math.ceil(found.asked * TYPICAL_SECONDS / concurrency / 60)
        waiting = f"about {minutes} min, at {TYPICAL_SECONDS:g} s an answer (assumed) and {concurrency} at once"
        lines.append(f"time           {'within 24 h, as batches go' if batch else waiting}")
    return [*lines, "nothing was sent"]


def total_lines(found: Sequence[RunEstimate], batch: bool) -> list[str]:
    """Return what several runs would ask and cost together, line by line.

    Parameters
    ----------
    found : sequence of RunEstimate
    batch : bool
        Whether they are asked by the provider's batch API.
    """
    lines = [
        f"in all: {sum(one.asked for one in found):,} readings to ask in {len(found)} run{'s' * (len(found) != 1)}"
    ]
    paid = [one for one in found if one.cases]
    if not paid:
        return lines
    sent = _over_all(paid, lambda case: case.input_tokens)
    short = _over_all(paid, lambda case: case.output_tokens)
    longest = _over_all(paid, lambda case: case.most_output_tokens)
    lines += [
        f"input tokens   {_millions(sent)} (estimated)",
        f"output tokens  {_millions(short)} with short answers, {_millions(longest)} at most",
    ]
    return [*lines, f"dollars        {_dollars(paid, batch)}", *_notes(paid)]


def _cost_lines(found: RunEstimate, batch: bool) -> list[str]:
    sent = _over_all([found], lambda case: case.input_tokens)
    seen = [case.image_px_per_mm for case in found.cases if case.image_px_per_mm is not None]
    lines = [f"input tokens   {sent / found.asked:,.0f} a case, {_millions(sent)} in all (estimated)"]
    if seen:
        lines.append(f"images         seen at {min(seen):.1f} px/mm")
    return [*lines, f"dollars        {_dollars([found], batch)}", *_notes([found])]


def _notes(paid: Sequence[RunEstimate]) -> list[str]:
    """Return what else decides the cost, once."""
    return list(dict.fromkeys(case.note for one in paid for case in one.cases if case.note))


def _dollars(paid: Sequence[RunEstimate], batch: bool) -> str:
    """Return what runs would cost, from short answers without reasoning to the longest that are allowed."""
    if any(case.cost is None or case.most is None for one in paid for case in one.cases):
        return "unknown: no table has a price for this model (--prices FILE gives one)"
    short, longest = _over_all(paid, lambda case: case.cost or 0.0), _over_all(paid, lambda case: case.most or 0.0)
    half = ", at the price of a batch" if batch else ""
    return f"{short:,.2f} with short answers, {longest:,.2f} at most{half} ({paid[0].cases[0].prices})"


def _over_all(paid: Sequence[RunEstimate], of: Callable[[Estimate], float]) -> float:
    """Return a sum over every question of several runs, each like the mean of the cases that were looked at."""
    return sum(one.asked * sum(of(case) for case in one.cases) / len(one.cases) for one in paid)


def _millions(tokens: float) -> str:
    return f"{tokens / 1e6:,.2f} million"
