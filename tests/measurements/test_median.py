"""Medians are numpy's to the bit, and beats sorted as wholes are sorted."""

import numpy as np
import pytest

from measurements.beat import COMPARED, _middle
from measurements.median import SORTED_BELOW, median


@pytest.mark.parametrize("count", [1, 2, 7, 8, SORTED_BELOW - 1, SORTED_BELOW, 1_000, 4_999, 5_000])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_medians_are_those_of_numpy(count, kind):
    values = np.random.default_rng(count).normal(size=(12, count)).astype(kind)
    values[3] = np.round(values[3])
    found = median(values)
    assert found.dtype == kind and np.array_equal(found, np.median(values, axis=1))


@pytest.mark.parametrize("count", [*range(1, 20), 31, 32, 33, COMPARED, COMPARED + 1, 130])
def test_the_median_beat_is_the_median_at_each_sample(count):
    beats = np.random.default_rng(count).normal(size=(count, 12, 40)).astype(np.float32)
    assert np.array_equal(_middle(beats), np.median(beats, axis=0))
