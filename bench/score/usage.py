"""The cost of a run, summed over the usage that each response states."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.score.instrument import InstrumentTotal, instrument_total
from bench.score.rounding import rounded
from taxonomy.reading import Reading, Usage


@dataclass(frozen=True)
class UsageTotal:
    """Totals over every call of a run, repeats and failed calls included.

    Attributes
    ----------
    calls : int
        Readings that state their usage.
    input_tokens, cached_tokens, output_tokens : int
    cost : float or None
        US dollars; None when no call has a price.
    reused_cost : float
        Part of the cost that another run had already paid.
    unpriced : int
        Calls without a price, not included in ``cost``.
    seconds : float or None
        Median time of a call.
    px_per_mm : int, float or None
        Lowest resolution at which the model saw an image.
    with_schema, astray : int
        Answers to requests with a schema, and those of them that do not follow it.
    instruments : InstrumentTotal or None
        Where any reading used one.
    """

    calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost: float | None
    reused_cost: float
    unpriced: int
    seconds: float | None
    px_per_mm: int | float | None
    with_schema: int = 0
    astray: int = 0
    instruments: InstrumentTotal | None = None


def usage_total(readings: Iterable[Reading]) -> UsageTotal | None:
    """Return the total usage of the readings, None when none states any."""
    every = list(readings)
    used = [reading.usage for reading in every if reading.usage != Usage()]
    if not used:
        return None
    costs = [usage.cost for usage in used if usage.cost is not None]
    seconds = sorted(usage.seconds for usage in used if usage.seconds is not None)
    return UsageTotal(
        calls=len(used),
        input_tokens=sum(usage.input_tokens or 0 for usage in used),
        cached_tokens=sum(usage.cached_tokens or 0 for usage in used),
        output_tokens=sum(usage.output_tokens or 0 for usage in used),
        cost=rounded(sum(costs)) if costs else None,
        reused_cost=rounded(sum(usage.cost or 0.0 for usage in used if usage.reused)),
        unpriced=len(used) - len(costs),
        seconds=rounded(seconds[len(seconds) // 2]) if seconds else None,
        px_per_mm=min((usage.px_per_mm for usage in used if usage.px_per_mm is not None), default=None),
        with_schema=sum(usage.follows_schema is not None for usage in used),
        astray=sum(usage.follows_schema is False for usage in used),
        instruments=instrument_total(every),
    )
