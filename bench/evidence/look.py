"""Looks: at which numbers of records the verdicts are looked at, and the error that each look may spend.

Whoever looks at a growing sample and stops when it pleases finds something by chance far more often than once in twenty
times. So the 5% are spent over the looks, and never exceed what one look at all records would have: alpha spending
(Lan and DeMets 1983, Biometrika 70:659-663) with the function that is close to Pocock's boundaries,
``alpha ln(1 + (e - 1) t)``, where t is the share of all records that are looked at. That of O'Brien and Fleming would
leave 0.00001 for 100 of 500 records, and nothing could be told before most are paid for.

What a look adds to the sum spent is the level of its own tests, so that by Bonferroni's inequality the error over all
looks is at most 5% however the looks depend on each other. Boundaries from a joint normal distribution would be
higher; but the counts on rare findings are small, and p of several draws is twice a median, so none is assumed.
"""

import math
from dataclasses import dataclass

from bench.dataset import Cohort, RecordId
from bench.dataset.lot import drawn
from bench.score.agreement import LEVEL

SIZES = (100, 200, 400, 800)
"""Records at which is looked, before all."""


@dataclass(frozen=True)
class Look:
    """One look at the verdicts.

    Attributes
    ----------
    number : int
        From 1.
    records, of : int
        Records looked at, and all records that may be asked.
    level : float
        Alpha of its tests, over all axes.
    spent : float
        Alpha of all looks up to this one.
    """

    number: int
    records: int
    of: int
    level: float
    spent: float

    def ids(self, cohort: Cohort, seed: int) -> frozenset[RecordId]:
        """Return the records looked at: by the lot of ``--sample``, so that each look holds all before it."""
        return frozenset(record.ecg_id for record in drawn(cohort.records, self.records, seed))


def looks(of: int) -> tuple[Look, ...]:
    """Return the looks at a number of records: 100, 200, 400 and 800 of them, as far as there are more, and all."""
    sizes = [*(size for size in SIZES if size < of), of]
    spent = [spending(size / of) for size in sizes]
    return tuple(
        Look(number, size, of, after - before, after)
        for number, (size, before, after) in enumerate(zip(sizes, [0.0, *spent], spent, strict=False), start=1)
    )


def spending(share: float, alpha: float = LEVEL) -> float:
    """Return the alpha that may be spent up to a look at this share of all records."""
    return alpha * math.log(1 + (math.e - 1) * share)
