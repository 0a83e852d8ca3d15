"""How fast are records loaded? A PTB-XL folder against a plain wfdb loop, and phantoms simulated, in one process.

    python benchmarks/loading.py [--data PTBXL_DIR] [--records 488]

Loads the same records at 100 Hz, three times each way, alternating. Without a folder, phantoms are written as PhysioNet
keeps PTB-XL, and these are loaded.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import wfdb

from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl

sys.path.append(str(Path(__file__).parent.parent))


def written(folder: Path, count: int) -> Path:
    """Write so many phantoms as a PTB-XL folder."""
    from tests.physionet import write_folder

    return write_folder(folder, Phantoms(), range(count), with_signal=range(count))


def main() -> None:
    """Print the median time of each way and its ratio to wfdb's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--records", type=int, default=488)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(PtbXl(options.data or written(Path(folder), options.records)), options.records)


def compare(dataset: PtbXl, count: int) -> None:
    """Load records each way, and print the table."""
    ids = [record.ecg_id for record in dataset if 100 in record.rates][:count]
    phantoms = Phantoms()

    def by_wfdb() -> None:
        for ecg_id in ids:
            wfdb.rdrecord(str(dataset.header(ecg_id, 100).with_suffix("")))

    def by_folder() -> None:
        for ecg_id in ids:
            dataset.record(ecg_id).signal(100)

    def simulated() -> None:
        for number in range(len(ids)):
            phantoms.record(number).signal(100)

    ways: dict[str, Callable[[], None]] = {"wfdb": by_wfdb, "PTB-XL folder": by_folder, "phantoms": simulated}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(3):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    base = np.median(times["wfdb"])
    print(f"| way | {len(ids)} records at 100 Hz | times as fast as wfdb |\n|---|---|---|")
    for name, taken in times.items():
        print(f"| {name} | {np.median(taken):.2f} s | {base / np.median(taken):.1f} |")


if __name__ == "__main__":
    main()
