"""What a run would ask and cost: nothing is sent."""

import math
from collections.abc import Sequence
from dataclasses import replace

import click

from bench.progress import progress
from bench.run.case import Asking, CaseBuilder
from bench.run.job import Job, prepared, within
from bench.run.options import Means, RunOptions
from bench.run.shown import shown_numbers
from readers.session import Estimate, SessionReader

LOOKED_AT = 16
"""Cases that are really drawn and measured for an estimate; the others are taken to be like them."""

TYPICAL_SECONDS = 10.0
"""Of one answer without long reasoning, assumed; a run's own report says what it was."""


def dry_run(options: RunOptions) -> None:
    """Print cases, tokens, dollars and time of a run that is not made.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there.
    """
    job = prepared(options)
    readings, _ = job.folder.every_reading()
    askings = [asking for asking in job.askings if asking.asked not in readings]
    click.echo(f"{len(askings)} of {len(job.askings)} readings to ask: {job.settings.run_id}")
    reader = within(job, options.means)
    if not isinstance(reader, SessionReader):
        click.echo(f"reader {job.reader.name!r} asks nobody: no tokens, no dollars")
        return
    if askings:
        for line in _lines(_estimates(job, reader), len(askings), options.means):
            click.echo(line)
    click.echo("nothing was sent")


def _estimates(job: Job, reader: SessionReader) -> list[Estimate]:
    records = job.records[:LOOKED_AT]
    with progress("measuring") as report:
        known = records.measure(report)
    numbers, standing_in = shown_numbers(replace(job, records=records).drawn, known)
    builder = CaseBuilder(job.settings, job.reader, numbers, donors=standing_in, dataset=job.dataset)
    return [reader.estimate(builder.case(Asking(record))) for record in records]


def _lines(found: Sequence[Estimate], asked: int, means: Means) -> list[str]:
    tokens = sum(one.input_tokens for one in found) / len(found)
    seen = [one.image_px_per_mm for one in found if one.image_px_per_mm is not None]
    lines = [f"input tokens   {tokens:,.0f} a case, {tokens * asked / 1e6:,.2f} million in all (estimated)"]
    if seen:
        lines.append(f"images         seen at {min(seen):.1f} px/mm")
    costs, worst = ([getattr(one, name) for one in found] for name in ("cost", "most"))
    if None in costs:
        lines.append("dollars        unknown: no table has a price for this model (--prices FILE gives one)")
    else:
        typical, most = (sum(part) / len(found) * asked for part in (costs, worst))
        half = ", at the price of a batch" if means.batch else ""
        said = f"{typical:,.2f} with short answers, {most:,.2f} at most{half} ({found[0].prices})"
        lines.append(f"dollars        {said}")
    minutes = math.ceil(asked * TYPICAL_SECONDS / means.concurrency / 60)
    waiting = f"about {minutes} min, at {TYPICAL_SECONDS:g} s an answer (assumed) and {means.concurrency} at once"
    lines.append(f"time           {'within 24 h, as batches go' if means.batch else waiting}")
    return lines
