import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

from bench.dataset import Dataset
from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl
from taxonomy import redaction

from .torchvision_for_cpu import sitecustomize  # noqa: F401  # for this process; the path is for those that it starts

POPULATION = "1,66"
"""Phantoms of the tests: those of the published seed, and fewer of them."""

os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when the hub's client is imported: no test looks anything up there


os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(Path(__file__).parent / "torchvision_for_cpu"), os.environ.get("PYTHONPATH", "")])
)
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")  # the same examples every time; a deadline would collect garbage before each of them


def pytest_collection_finish():
    """Keep the collector off what was imported, which never becomes garbage and is much."""
    gc.freeze()


@pytest.fixture(autouse=True)
def secrets_of_one_test():
    """What one test gives as a key or a password is an ordinary word in the next one's texts."""
    before = set(redaction._known)
    yield
    if redaction._known != before:
        redaction._known.intersection_update(before)
        redaction._pattern.cache_clear()


@pytest.fixture(scope="session")
def population() -> Dataset:
    """A small population of phantoms: 66 test cases, 66 for validation and 528 for training."""
    return Phantoms(POPULATION)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recordings beside the project, or where ``ECG_BENCH_TEST_DATA`` says."""
    folder = Path(os.environ.get("ECG_BENCH_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(
            f"no real recordings at {folder}: PTBXL_DIR (PTB-XL) and ECG_BENCH_TEST_DATA (all) say where they are"
        )
    return folder


@pytest.fixture(scope="session")
def ptbxl_folder(request: pytest.FixtureRequest) -> Path:
    """A PTB-XL folder: ``PTBXL_DIR``, else the one among the real recordings.

    It may hold all 43,598 recordings, or few: a test takes few of those that are there, and says so where it needs one
    that is not.
    """
    named = os.environ.get("PTBXL_DIR", "").removeprefix("ptbxl:")
    folder: Path = Path(named) if named else request.getfixturevalue("shared_data") / "ptbxl"
    if not (folder / "ptbxl_database.csv").is_file():
        pytest.skip(f"there is no ptbxl_database.csv in {folder}: PTBXL_DIR names a PTB-XL v1.0.3 folder")
    return folder


@pytest.fixture(scope="session")
def ptbxl(ptbxl_folder: Path) -> PtbXl:
    """PTB-XL v1.0.3 with every row of its table, and those recordings that are at hand: a test reads few of them."""
    dataset = PtbXl(ptbxl_folder)
    if len(dataset) != 21_799:
        pytest.skip(f"the table in {ptbxl_folder} is not the whole of PTB-XL v1.0.3: it has {len(dataset)} records")
    return dataset
