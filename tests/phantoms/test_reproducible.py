"""The same phantoms on every machine: a few figures of three of them, to a microvolt.

After a wanted change of the simulator, which also changes ``phantoms.simulator.VERSION``, the figures are those that
``found`` returns.
"""

import numpy as np
import pytest

from phantoms.physiology import Infarct, Physiology
from phantoms.simulator import VERSION, simulate

LEADS, SAMPLES = (1, 6, 10), (0, 777, 1555, 2500, 4999)
"""II, V1 and V5 at five instants."""

HEARTS = {
    "normal": (Physiology(), 1),
    "infarction": (Physiology(infarcts=(Infarct("inferior", "acute"),), axis=10, rate=88, qt=350), 22),
    "fibrillation": (
        Physiology(rhythm="atrial_fibrillation", pr=None, rate=95, qt=340, ventricle="rbbb", qrs=150),
        333,
    ),
}

MICROVOLTS = {
    "normal": [[29, -22, -13, 103, 22], [60, -43, 5, 28, -60], [-73, -20, 22, 120, -4]],
    "infarction": [[4, 542, 22, 588, 21], [23, 68, 22, 54, 33], [-14, 221, 27, 213, 1]],
    "fibrillation": [[46, 28, 34, 96, 235], [66, 317, -9, -144, -163], [22, -238, 25, 62, 324]],
}


def found(name):
    """Return the figures of one phantom in microvolts."""
    return np.round(simulate(*HEARTS[name]).mv[np.ix_(LEADS, SAMPLES)].astype(np.float64) * 1000).astype(int).tolist()


@pytest.mark.parametrize("name", HEARTS)
def test_a_phantom_is_the_stored_one_to_a_microvolt(name):
    assert VERSION == "1.1.0"
    assert np.abs(np.array(found(name)) - MICROVOLTS[name]).max() <= 1


def test_a_phantom_of_a_second_and_of_another_rate_is_the_same_for_its_seed():
    heart, seed = HEARTS["infarction"]
    for seconds, fs in ((1, 500), (30, 100), (10, 1000)):
        first, second = (simulate(heart, seed, seconds, fs) for _ in range(2))
        assert first.mv.shape == (12, seconds * fs)
        assert first.mv.tobytes() == second.mv.tobytes() and first.beats == second.beats
