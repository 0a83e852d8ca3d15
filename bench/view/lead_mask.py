"""The leads that are blanked, drawn by lot, and the leads that carry a finding, for the analysis afterwards."""

import json
import random
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from bench.dataset import RecordId
from renderers.style import LEADS
from taxonomy.axis import ISCHEMIA, ISCHEMIA_TERRITORY, AxisValue

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

    The sources stand in ``leads.json``. Leads are named for rhythm, frontal axis, conduction and the territory of
    ischemia; those of stage and territory as one answer (``ischemia``) are those of its territory. None are named for
    no infarction or one of several territories, nor for findings and diagnoses.

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
    if not isinstance(value, str):
        return None
    if axis == ISCHEMIA.name:
        axis, value = ISCHEMIA_TERRITORY.name, value.rpartition(" ")[2]
    named = _table().get(axis, {})
    leads = named.get(value, named.get("*"))
    return leads and tuple(lead for lead in LEADS if lead in leads)


@cache
def _table() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    data = json.loads((files("bench.view") / "leads.json").read_text(encoding="utf-8"))
    return {
        axis: {value: tuple(leads) for value, leads in named.items()} for axis, named in data.items() if axis != "note"
    }
