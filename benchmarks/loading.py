"""How fast are records loaded? PTB-XL folder, phantoms and a plain wfdb loop, in one process.

    python benchmarks/loading.py --data PTBXL_DIR

Loads up to 488 records at hand at 100 Hz, and simulates as many phantoms, three times each way, alternating.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import wfdb

from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl


def main() -> None:
    """Print the median time of each way and its ratio to wfdb's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    dataset = PtbXl(parser.parse_args().data)
    ids = [record.ecg_id for record in dataset.cohort("all") if 100 in record.rates][:488]

    def by_wfdb() -> None:
        for ecg_id in ids:
            wfdb.rdrecord(str(dataset.header(ecg_id, 100).with_suffix("")))

    def by_folder() -> None:
        for ecg_id in ids:
            dataset.record(ecg_id).signal(100)

    def by_simulation() -> None:
        phantoms = Phantoms()
        for number in range(len(ids)):
            phantoms.record(number).signal(500)

    ways: dict[str, Callable[[], None]] = {
        "wfdb": by_wfdb,
        "PTB-XL folder": by_folder,
        "phantoms, 500 Hz": by_simulation,
    }
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
