"""Does the reader keep the network busy? Its records per second against a bare PyTorch loop.

    OMP_NUM_THREADS=1 taskset -c 0,1 python benchmarks/inference.py [--rounds 5] [--records 512] [--data PTBXL_DIR]

The bare loop runs the same networks over the same batches of prepared records, side inputs among them; the reader also
filters, z-scores, measures, and builds readings: in a thread of one process, or in processes of their own, which are
timed once they have begun, as in a long run. No record is measured twice: each round's differ in the last digits.

Where other programs want the same cores, two processes lose more of them than one: the CPU time of the thread that runs
the network, which waits for nobody, tells what the reader adds to it.
"""

import argparse
import os
import time
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from bench.dataset import Signal, open_dataset
from readers.contract import Case
from readers.prefetch import Elsewhere
from readers.processors import own_processors
from readers.resnet1d.reader import BATCH, PREFERRED_FS, Resnet1dReader
from readers.resnet1d.side import NetworkInput, stacked

WARM = 512
"""Cases that are read before the clock starts: meanwhile processes begin."""


def main() -> None:
    """Print each rate and its ratio to the bare loop, round by round and in the median."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=512)
    parser.add_argument("--processes", type=int, default=max(1, own_processors() // 2))
    parser.add_argument("--data", default="phantoms:1", help="PTB-XL's folder; phantoms where none is named")
    options = parser.parse_args()
    cohort = open_dataset(options.data).cohort("all", limit=options.records)
    signals = [record.signal(PREFERRED_FS) for record in cohort]
    reader = Resnet1dReader()
    batches = list(_prepared(reader, signals))
    _timed(reader.probabilities(batch.leads, batch.side) for batch in batches[: WARM // BATCH])
    print(f"{len(signals)} records, {options.processes} processes, load {os.getloadavg()[0]:.1f} at the beginning")
    print("| round | bare loop, records/s | one process | ratio | with processes | ratio |\n|---|---|---|---|---|---|")
    rounds = []
    for number in range(options.rounds):
        bare = _timed(reader.probabilities(batch.leads, batch.side) for batch in batches)
        alone, beside = (
            _read(reader, signals, Elsewhere(count, after=0), 2 * number + which)
            for which, count in enumerate((0, options.processes))
        )
        rounds.append((bare, alone, beside))
        rates = [len(signals) / seconds for seconds, _ in rounds[-1]]
        ratios = [rate / rates[0] for rate in rates]
        print(
            f"| {number + 1} | {rates[0]:.0f} | {rates[1]:.0f} | {ratios[1]:.2f} | {rates[2]:.0f} | {ratios[2]:.2f} |"
        )
    times = np.array(rounds)
    median = np.median(times[:, :1, 0] / times[:, :, 0], axis=0)
    print(f"| median | | | {median[1]:.2f} | | {median[2]:.2f} (goal: at least 0.9) |")
    spent = 1000 / len(signals) * np.median(times[:, :, 1], axis=0)
    print(
        f"CPU time of the network's thread, ms a record: {spent[0]:.2f} bare, {spent[1]:.2f} in one process, "
        f"{spent[2]:.2f} with processes ({spent[0] / spent[2]:.2f})"
    )
    print(f"load {os.getloadavg()[0]:.1f} at the end")


def _prepared(reader: Resnet1dReader, signals: Sequence[Signal]) -> Iterator[NetworkInput]:
    """Yield batches as the bare loop takes them."""
    cases = [Case(str(k), signal.mv, signal.fs) for k, signal in enumerate(signals)]
    for first in range(0, len(cases), BATCH):
        seen = [reader.network_input(case) for case in cases[first : first + BATCH]]
        yield stacked(seen)


def _read(reader: Resnet1dReader, signals: Sequence[Signal], elsewhere: Elsewhere, seed: int) -> tuple[float, float]:
    """Return how long a reader takes for as many cases as there are signals, after :data:`WARM` others."""
    reader.elsewhere = elsewhere
    readings = iter(reader.read(_cases(signals, seed)))
    for _ in range(WARM):
        next(readings)
    return _timed(readings)


def _cases(signals: Sequence[Signal], seed: int) -> Iterator[Case]:
    """Yield the cases of a round, none of which was measured before."""
    rng = np.random.default_rng(seed)
    for number in range(WARM + len(signals)):
        signal = signals[number % len(signals)]
        yield Case(str(number), signal.mv + np.float32(rng.uniform(1e-6, 1e-3)), signal.fs)


def _timed(work: Iterable[object]) -> tuple[float, float]:
    """Return the seconds that pass, and those of CPU time in this thread."""
    start, busy = time.perf_counter(), time.thread_time()
    for _ in work:
        pass
    return time.perf_counter() - start, time.thread_time() - busy


if __name__ == "__main__":
    main()
