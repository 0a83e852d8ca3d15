"""How fast are records loaded? A PTB-XL folder against a plain wfdb loop, and phantoms simulated, in one process.

    python benchmarks/loading.py [--data PTBXL_DIR] [--records 488]
    python benchmarks/loading.py --challenge FOLDER [--records 10000]

Loads the same records at 100 Hz, three times each way, alternating. Without a folder, phantoms are written as PhysioNet
keeps PTB-XL, and these are loaded. Of a Challenge folder each record is opened, its window is read and its codes are
mapped, again and again until there are so many; wfdb reads the whole recording and its comments.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import wfdb

from bench.dataset.challenge import Challenge
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
    parser.add_argument("--challenge")
    parser.add_argument("--records", type=int, default=0)
    options = parser.parse_args()
    if options.challenge:
        compare_challenge(options.challenge, options.records or 10_000)
        return
    options.records = options.records or 488
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

    timed({"wfdb": by_wfdb, "PTB-XL folder": by_folder, "phantoms": simulated}, f"{len(ids)} records at 100 Hz")


def compare_challenge(folder: str, count: int) -> None:
    """Load the records of a Challenge folder each way, and print the table.

    Those whose headers name them with a suffix (some of Georgia's) are left out: wfdb refuses them.
    """
    every = Challenge(folder)
    headers = {record.ecg_id: every.header(record.ecg_id) for record in every}
    ids = [ecg_id for ecg_id, path in headers.items() if ".mat" not in path.read_text().split()[0]]
    rounds = [ids[: count - begin] for begin in range(0, count, len(ids))]

    def by_wfdb() -> None:
        for chosen in rounds:
            for ecg_id in chosen:
                wfdb.rdrecord(str(headers[ecg_id].with_suffix("")))

    def by_folder() -> None:
        for chosen in rounds:
            dataset = Challenge(folder)
            for ecg_id in chosen:
                record = dataset.record(ecg_id)
                dataset.truth(record)
                record.signal()

    timed({"wfdb": by_wfdb, "Challenge folder": by_folder}, f"{count} records of {len(ids)}")


def timed(ways: dict[str, Callable[[], None]], what: str) -> None:
    """Take each way three times, alternating, and print the medians."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(3):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    base = np.median(times["wfdb"])
    print(f"| way | {what} | times as fast as wfdb |\n|---|---|---|")
    for name, taken in times.items():
        print(f"| {name} | {np.median(taken):.2f} s | {base / np.median(taken):.1f} |")


if __name__ == "__main__":
    main()
