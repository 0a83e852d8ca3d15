"""Does the reader keep the network busy? Its records per second against a bare PyTorch loop, in one process.

    python benchmarks/inference.py [--rounds 5] [--records 500] [--data PTBXL_DIR]

The bare loop runs the same networks over the same batches of prepared records; the reader also filters, z-scores,
measures rate and axis, and builds readings.
"""

import argparse
import time

import numpy as np

from bench.dataset import open_dataset
from readers.contract import Case
from readers.resnet1d.preprocessing import prepare
from readers.resnet1d.reader import BATCH, Resnet1dReader


def main() -> None:
    """Print both rates and their ratio, round by round and in the median."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--data", default="phantoms:1", help="PTB-XL's folder; phantoms where none is named")
    options = parser.parse_args()
    signals = [record.signal(100) for record in open_dataset(options.data).cohort("all", limit=options.records)]
    cases = [Case(str(k), signal.mv, signal.fs) for k, signal in enumerate(signals)]
    prepared = np.stack([prepare(signal.mv, signal.fs) for signal in signals])
    reader = Resnet1dReader()
    list(reader.read(cases[:64]))
    ratios = []
    print("| round | bare loop, records/s | reader, records/s | ratio |\n|---|---|---|---|")
    for number in range(options.rounds):
        start = time.perf_counter()
        for first in range(0, len(prepared), BATCH):
            reader.probabilities(prepared[first : first + BATCH])
        bare = time.perf_counter() - start
        start = time.perf_counter()
        for _ in reader.read(cases):
            pass
        whole = time.perf_counter() - start
        ratios.append(bare / whole)
        print(f"| {number + 1} | {len(cases) / bare:.0f} | {len(cases) / whole:.0f} | {ratios[-1]:.2f} |")
    print(f"| median | | | {np.median(ratios):.2f} (goal: at least 0.9) |")


if __name__ == "__main__":
    main()
