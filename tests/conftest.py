import pytest

from bench.dataset import Dataset
from bench.dataset.sample import Sample


@pytest.fixture(scope="session")
def sample() -> Dataset:
    """The embedded sample: real records of PTB-XL."""
    return Sample()
