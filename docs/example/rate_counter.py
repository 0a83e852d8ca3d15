"""A reader of one's own, complete: it counts R peaks and answers the rate, nothing else."""

from collections.abc import Iterable, Iterator

from scipy.signal import find_peaks

from readers.contract import Case
from taxonomy import Reading


class RateCounter:
    """Answers one axis from lead II; the others are left unanswered, which counts as wrong."""

    name = "rate-counter"
    description = "counts R peaks in lead II"
    inputs = frozenset({"signal"})

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case."""
        for case in cases:
            lead = abs(case.signal[1] - case.signal[1].mean())
            peaks, _ = find_peaks(lead, height=0.6 * lead.max(), distance=0.3 * case.fs)
            rate = 60 * len(peaks) / (len(lead) / case.fs)
            yield Reading(values={"rate": "bradycardia" if rate < 60 else "tachycardia" if rate > 100 else "normal"})
