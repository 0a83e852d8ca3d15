"""What the readings of a run did with instruments."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from taxonomy.reading import Reading

MOST_LEADS = 6
"""Leads that are told, those enlarged most often."""


@dataclass(frozen=True)
class InstrumentTotal:
    """Totals over the readings of a run, repeats included.

    Attributes
    ----------
    readings, using : int
        All readings, and those with a call.
    calls, refused : int
        Calls that were made, and those of them that were answered by an error.
    kinds : mapping of str to int
        Calls that were done, by instrument.
    leads : mapping of str to int
        How often each lead was enlarged by its name, the most first.
    unanswered : int
        Readings with calls and without an answer.
    """

    readings: int
    using: int
    calls: int
    refused: int
    kinds: Mapping[str, int]
    leads: Mapping[str, int]
    unanswered: int


def instrument_total(readings: Iterable[Reading]) -> InstrumentTotal | None:
    """Return what readings did with instruments, None when none used any."""
    every = list(readings)
    using = [reading for reading in every if reading.calls]
    calls = [call for reading in using for call in reading.calls]
    done = [call for call in calls if not call.is_refused]
    if not using:
        return None
    return InstrumentTotal(
        readings=len(every),
        using=len(using),
        calls=len(calls),
        refused=len(calls) - len(done),
        kinds=dict(Counter(call.instrument for call in done if call.instrument in {"zoom", "caliper"}).most_common()),
        leads=dict(Counter(call.lead for call in done if call.px_per_mm and call.lead).most_common(MOST_LEADS)),
        unanswered=sum(reading.error is not None for reading in using),
    )
