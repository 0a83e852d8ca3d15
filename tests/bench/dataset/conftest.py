from pathlib import Path

import pytest

from ...physionet import write_folder

CHOSEN = (9, 38, 70, 140)
"""Two phantoms of the test split, which a PTB-XL folder holds as fold 10, one of fold 9 and one of fold 1."""

UNRECORDED = (133, 134)


@pytest.fixture
def physionet_folder(population, tmp_path) -> Path:
    """A PTB-XL folder with the signals of four phantoms at 100 Hz, and two more that are only in the table."""
    return write_folder(tmp_path / "ptbxl", population, (*CHOSEN, *UNRECORDED), with_signal=CHOSEN)
