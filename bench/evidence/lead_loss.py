"""What ``lead-mask`` takes away: whether answers are lost where the blanked leads carried the finding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.evidence.answer import AskedCase, answered
from bench.evidence.figure import right
from bench.score.rounding import rounded
from bench.view.lead_mask import carrying_leads

CONDITION = "lead-mask"

MOST = 0.5
"""Share of the carrying leads from which on a mask counts as having held most of them."""

SHUFFLES, SEED = 10_000, 0


@dataclass(frozen=True)
class LeadLoss:
    """Loss of accuracy by blanked leads.

    Attributes
    ----------
    n_most, n_few : int
        Cases in which at least half, or fewer, of the leads that carry the true value were blanked.
    loss_most, loss_few : float
        Accuracy in ``full`` minus accuracy under ``lead-mask``, among either.
    p : float
        One-sided, that the loss is no greater where most were blanked: the shares of blanked leads are shuffled over
        the cases of one true value, which the lot that drew the masks makes exact.
    p_holm : float or None
        Corrected over the axes.
    """

    n_most: int
    n_few: int
    loss_most: float
    loss_few: float
    p: float
    p_holm: float | None = None


def lead_loss(cases: tuple[AskedCase, ...], axis: str) -> LeadLoss | None:
    """Return the loss on an axis; None where either group is empty, or no leads are named for the axis."""
    asked = [case for case in answered(cases, axis, ("full", CONDITION)) if _carriers(case, axis)]
    most = np.array([_blanked(case, axis) >= MOST for case in asked], dtype=np.bool_)
    if not most.any() or most.all():
        return None
    loss = right(asked, axis, "full") - right(asked, axis, CONDITION)
    values = [str(case.own.truth.values[axis]) for case in asked]
    stratum = np.unique(np.array(values), return_inverse=True)[1].astype(np.int64)
    return LeadLoss(
        n_most=int(most.sum()),
        n_few=int((~most).sum()),
        loss_most=rounded(loss[most].mean()),
        loss_few=rounded(loss[~most].mean()),
        p=rounded(_p(loss, most, stratum)),
    )


def _carriers(case: AskedCase, axis: str) -> tuple[str, ...] | None:
    """Return the leads that carry the true value; the stage of ischemia is seen where its territory is."""
    carried = "ischemia_territory" if axis == "ischemia_stage" else axis
    return carrying_leads(carried, case.own.truth.values[carried])


def _blanked(case: AskedCase, axis: str) -> float:
    carriers = _carriers(case, axis) or ()
    return len(set(carriers) & set(case.masked)) / len(carriers)


def _p(loss: NDArray[np.float64], most: NDArray[np.bool_], stratum: NDArray[np.int64]) -> float:
    rng = np.random.default_rng(SEED)
    sums = np.zeros(SHUFFLES)
    for one in np.unique(stratum):
        inside = stratum == one
        drawn = rng.permuted(np.tile(most[inside], (SHUFFLES, 1)), axis=1)
        sums += drawn @ loss[inside]
    return float((1 + np.sum(sums >= loss[most].sum() - 1e-9)) / (1 + SHUFFLES))
