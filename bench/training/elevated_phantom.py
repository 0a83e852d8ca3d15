"""Phantoms with ST raised by a known dose, so that a network is taught how much ST elevation is an injury.

Statements of injury say that there is one, not how little of it counts: PTB-XL's are few and large.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset.phantom import truth_of_draw
from phantoms.injury import elevated, shows_injury
from phantoms.physiology import Territory
from phantoms.population import Draw, drawn
from phantoms.simulator import stream
from readers.training_target import training_heads
from taxonomy.axis import ISCHEMIA_STAGE, ISCHEMIA_TERRITORY, RHYTHM

WALLS: tuple[Territory, ...] = (
    "inferior", "anterior", "anteroseptal", "lateral", "inferior", "anterior", "anteroseptal", "anterolateral",
    "inferolateral",
)  # fmt: skip
"""Taken in turn."""

LEAST_MV, MOST_MV = 0.06, 0.40
"""Doses: from less than any injury shows to what a reader can hardly overlook."""

NARROW = ("none", "av_block_first_degree", "incomplete_rbbb")
"""Conduction in which ST is not displaced by the QRS complex."""

STILL_KNOWN = frozenset({RHYTHM.name, "conduction"})
"""Heads on which raised ST changes nothing; what it means for findings and diagnosis nobody has said."""


@dataclass(frozen=True)
class Elevated:
    """A phantom with raised ST, and the wall of its acute injury; None where too little is raised to be one."""

    draw: Draw
    injured: Territory | None


def elevated_phantoms(seed: int, count: int) -> Iterator[Elevated]:
    """Yield phantoms as in PTB-XL, without ischemia or a wide QRS complex, each with ST raised towards a wall.

    Their seeds come from a stream of their own, so that no population that a reader is scored on holds one of them.
    """
    made = number = 0
    while made < count:
        chance = stream(seed, f"training elevated {number}")
        number += 1
        base = drawn(int(chance.integers(0, 2**48)), 0)
        truth = truth_of_draw(base).values
        if truth[ISCHEMIA_STAGE.name] == "none" and truth["conduction"] in NARROW:
            wall = WALLS[made % len(WALLS)]
            heart = elevated(base.heart, wall, float(chance.uniform(LEAST_MV, MOST_MV)))
            yield Elevated(replace(base, heart=heart), wall if shows_injury(heart, base.seed) else None)
            made += 1


def relabel(
    one: Elevated, row: int, hot: Mapping[str, NDArray[np.float32]], known: Mapping[str, NDArray[np.bool_]]
) -> None:
    """Change the targets of one row (:func:`readers.training_target.targets`) to what is known of raised ST."""
    for head in hot.keys() - STILL_KNOWN:
        known[head][row] = False
    if one.injured:
        for head, value in ((ISCHEMIA_STAGE.name, "acute"), (ISCHEMIA_TERRITORY.name, one.injured)):
            hot[head][row] = np.array([name == value for name in training_heads()[head]], dtype=np.float32)
            known[head][row] = True
