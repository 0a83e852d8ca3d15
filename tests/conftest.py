import os

import pytest

from bench.dataset import Dataset
from bench.dataset.sample import Sample

os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when the hub's client is imported: no test looks anything up there


@pytest.fixture(scope="session")
def sample() -> Dataset:
    """The embedded sample: real records of PTB-XL."""
    return Sample()
