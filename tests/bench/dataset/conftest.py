from pathlib import Path

import pytest

from ...physionet import write_folder

CHOSEN = (9, 20, 38, 40)


@pytest.fixture
def physionet_folder(population, tmp_path) -> Path:
    """A PTB-XL folder with the signals of four phantoms at 100 Hz, and two more that are only in the table."""
    return write_folder(tmp_path / "ptbxl", population, (1, 2, *CHOSEN), with_signal=CHOSEN)
