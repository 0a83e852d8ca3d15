"""Label noise against shift: what part of a drop goes when the same records are judged by lenient labels."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.domains.domain_class import DomainClass
from bench.domains.linear import Estimate, less, part
from bench.domains.paired import ClassDrop, class_drops
from bench.domains.result import Figure, Noise
from bench.domains.sheet import Sheet
from bench.score.agreement import LEVEL

HALF = 0.5
"""Share of the drop above which most of it is label noise, and below which most of it is shift."""


def noise_of(home: Sheet, away: Sheet, strict: Mapping[DomainClass, ClassDrop | str]) -> tuple[Noise, ...]:
    """Return how much of each class's drop goes by lenient labels; nothing where there are none, or no areas."""
    outcome = home.lenient_outcome
    if outcome is None or not home.cases:
        return ()
    lenient = class_drops(home, away, outcome)
    found = []
    for k, known in enumerate(strict):
        one, other = strict[known], lenient[known]
        if isinstance(one, ClassDrop) or isinstance(other, ClassDrop):
            counts = (_positives(home.outcome, k), _positives(outcome, k))
            are_same = bool((home.outcome[:, k] == outcome[:, k]).all())
            noise = _noise(known.name, counts, one, other)
            found.append(_same(noise) if are_same else noise)
    return tuple(found)


def _positives(outcome: NDArray[np.int8], k: int) -> int:
    return int((outcome[:, k] == 1).sum())


def _noise(name: str, counts: tuple[int, int], strict: ClassDrop | str, lenient: ClassDrop | str) -> Noise:
    first, second = _figure(strict), _figure(lenient)
    if isinstance(strict, str) or isinstance(lenient, str):
        side = "strict" if isinstance(strict, str) else "lenient"
        nothing = Figure(None, withheld=f"no drop by {side} labels")
        return Noise(name, *counts, first, second, nothing, nothing, f"cannot be told: no drop by {side} labels")
    gap = less(strict.drop, lenient.drop)
    share = part(gap, strict.drop)
    return Noise(name, *counts, first, second, gap.figure, share, _in_words(strict.drop, share))


def _same(found: Noise) -> Noise:
    """Return it without a verdict: where both mappings give the same labels, nothing of a drop can go."""
    why = "both mappings give the same labels"
    return replace(found, part=Figure(None, withheld=why), says=f"cannot be told: {why}")


def _figure(found: ClassDrop | str) -> Figure:
    return Figure(None, withheld=found) if isinstance(found, str) else found.drop.figure


def _in_words(strict: Estimate, share: Figure) -> str:
    if strict.p is None:
        return "cannot be told: too few patients"
    if strict.p >= LEVEL or share.interval is None:
        return "cannot be told: no drop is shown by strict labels"
    low, high = share.interval
    if low > HALF:
        return "label noise: most of it goes by lenient labels"
    if high < HALF:
        return "shift: most of it stays by lenient labels"
    return f"cannot be told: {100 * low:.0f}% to {100 * high:.0f}% of it goes by lenient labels"
