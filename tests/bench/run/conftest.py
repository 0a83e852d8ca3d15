"""Fixtures of other rooms that the tests of runs use too."""

from ..dataset.conftest import physionet_folder

__all__ = ["physionet_folder"]
