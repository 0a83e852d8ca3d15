"""Small drawings: intervals on a scale, and a trace. Numbers alone; the template writes the SVG."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.web.site.entry import SiteTable

WIDTH, HEIGHT, EDGE = 172, 18, 6
"""Of an interval's drawing, in CSS pixels."""

LEAST_LABELLED = -0.2
"""The end of a scale from which on its label does not run into that of 0."""

TRACE_FS, TRACE_SECONDS = 125, 10


@dataclass(frozen=True)
class Drawn:
    """An interval, in CSS pixels from the left; a figure without an interval has none of its ends."""

    at: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Scale:
    """A straight scale.

    Attributes
    ----------
    low, high : float
    ticks : tuple of float
    """

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def over(cls, values: Iterable[float], floor: float = 0.0, top: float = 1.0) -> "Scale":
        """Return a scale from the floor, or the tenth below the least value, to the top."""
        least = min((value for value in values if math.isfinite(value)), default=floor)
        low = min(floor, math.floor(least * 10) / 10)
        return cls(low, top, (low, 0.0, 0.5, 1.0) if low <= LEAST_LABELLED else (0.0, 0.5, 1.0))

    def place(self, value: float) -> float:
        """Return the place of a value in CSS pixels; one beyond the ends stands at the end."""
        share = (value - self.low) / (self.high - self.low)
        return round(EDGE + min(1.0, max(0.0, share)) * (WIDTH - 2 * EDGE), 1)

    def drawn(self, value: float, bounds: Sequence[float] | None) -> Drawn:
        """Return a figure with its interval."""
        ends = (None, None) if bounds is None else (self.place(bounds[0]), self.place(bounds[1]))
        return Drawn(self.place(value), *ends)


def kappa_scale(table: SiteTable) -> Scale:
    """Return the scale on which all mean kappas of a table are drawn."""
    means = [entry.score.kappa for entry in table.entries if entry.score.kappa]
    return Scale.over(value for mean in means for value in (mean.kappa, *(mean.interval or ())))


def masthead_trace() -> str:
    """Return lead II of a phantom as the path of an SVG, 4 px for a millimetre at 25 mm/s and 10 mm/mV."""
    from phantoms.physiology import Physiology
    from phantoms.simulator import simulate
    from renderers import LEADS

    # The baseline lies low on the strip, so that no R wave is cut.
    mv = simulate(Physiology(rate=68), seed=3).mv[LEADS.index("II")]
    step = len(mv) // (TRACE_SECONDS * TRACE_FS)
    points = [(4 * 25 * place / TRACE_FS, 76 - 40 * float(value)) for place, value in enumerate(mv[::step])]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
