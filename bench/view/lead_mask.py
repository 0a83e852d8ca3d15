"""Masks: the leads that are blanked, either those that carry an axis or as many others."""

import hashlib
import json
import random
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from renderers.style import LEADS
from taxonomy.axis import AxisValue

Masked = Literal["relevant", "other"]

MaskedAxis = Literal["rhythm", "axis", "conduction", "ischemia_territory"]
MASKED_AXES: tuple[MaskedAxis, ...] = get_args(MaskedAxis)
"""Axes that some leads show better than others; the stage of ischemia is masked with its territory."""


def masked_leads(axis: str, which: Masked, truth: Mapping[str, AxisValue | None], lot: str) -> tuple[str, ...]:
    """Return the leads to blank.

    A case whose truth names no leads (no infarction, several territories) loses those of a value drawn by lot, so that
    what is blanked does not tell the truth by itself.

    Parameters
    ----------
    axis : str
        One of :data:`MASKED_AXES`.
    which : {"relevant", "other"}
        The leads that carry the axis, or as many of the others, drawn by lot.
    truth : mapping of str to value or None
        On the eight axes.
    lot : str
        Seed and record.

    Returns
    -------
    tuple of str
        Lead names in the order of ``LEADS``.
    """
    table = _table()[axis]
    chance = random.Random(hashlib.sha256(f"{axis} {lot}".encode()).hexdigest())
    value = truth[axis]
    known = table.get(value if isinstance(value, str) else "", table.get("*"))
    relevant = known or table[chance.choice(sorted(table))]
    chosen = set(relevant)
    if which == "other":
        rest = [lead for lead in LEADS if lead not in chosen]
        chosen = set(chance.sample(rest, min(len(rest), len(chosen))))
    return tuple(lead for lead in LEADS if lead in chosen)


@cache
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    table: Mapping[str, Mapping[str, list[str]]] = json.loads(
        (files("bench.view") / "leads.json").read_text(encoding="utf-8")
    )
    return table
