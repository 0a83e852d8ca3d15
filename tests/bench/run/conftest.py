"""Fixtures of other rooms that the tests of runs use too, and records whose rate is measured."""

import pytest

from bench.dataset.ptbxl import PtbXl

from ...physionet import write_folder
from ..dataset.conftest import physionet_folder

__all__ = ["measured_records", "physionet_folder"]


@pytest.fixture(scope="session")
def measured_records(population, tmp_path_factory):
    """Thirty phantoms as PTB-XL keeps records, all with a recording: their rate is labelled by measuring it."""
    numbers = range(30)
    return PtbXl(write_folder(tmp_path_factory.mktemp("measured") / "ptbxl", population, numbers, with_signal=numbers))
