"""The leads that are blanked, drawn by lot, and the leads that carry a finding, for the analysis afterwards."""

import random

from bench.dataset import RecordId
from bench.view.region import expected_region
from renderers.style import LEADS
from taxonomy.axis import AxisValue

MASKED = len(LEADS) // 3
"""Leads that are blanked."""


def masked_leads(seed: int, ecg_id: RecordId) -> tuple[str, ...]:
    """Return the leads of a record that are blanked: a third of them, drawn by lot, so that they tell nothing.

    Returns
    -------
    tuple of str
        Lead names in the order of ``LEADS``.
    """
    chosen = random.Random(f"lead-mask {seed} {ecg_id}").sample(LEADS, MASKED)
    return tuple(lead for lead in LEADS if lead in chosen)


def carrying_leads(axis: str, value: AxisValue | None) -> tuple[str, ...] | None:
    """Return the leads that carry a value of an axis, None where no leads are named for it.

    They are those of :func:`bench.view.region.expected_region` for rhythm, frontal axis, conduction and the territory
    of ischemia; those of stage and territory as one answer (``ischemia``) are those of its territory. None are named
    for no infarction or one of several territories, nor for findings and diagnoses, which other leads show too.

    Parameters
    ----------
    axis : str
    value : str, frozenset or None
        A value of the axis.

    Returns
    -------
    tuple of str or None
        Lead names in the order of ``LEADS``.
    """
    region = expected_region(axis, value) if isinstance(value, str) else None
    return region.leads if region and region.is_masked else None
