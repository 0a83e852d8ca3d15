"""How long do phantoms take, and are they the same in another process? ``python benchmarks/phantom_speed.py``.

Simulates phantoms of the published seed at 500 Hz on one core, and again in two fresh processes, whose bytes are
compared. The numbers of threads of numerical libraries are set to 1.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time

import numpy as np

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
GOAL_S = 3.0


def simulated(count: int) -> None:
    """Simulate; print the CPU and wall time in seconds and the digest of all samples."""
    from bench.dataset.phantom import Phantoms

    phantoms, digest = Phantoms(), hashlib.sha256()
    phantoms.record(count).signal(500)  # what is imported and read once
    cpu, wall, spent = time.process_time(), time.perf_counter(), 0.0
    for number in range(count):
        mv = phantoms.record(number).signal(500).mv
        before = time.process_time()
        digest.update(np.ascontiguousarray(mv).tobytes())
        spent += time.process_time() - before
    print(time.process_time() - cpu - spent, time.perf_counter() - wall, digest.hexdigest())


def measured(count: int) -> tuple[float, float, str]:
    """Return what a fresh process on one core prints."""
    words = [sys.executable, __file__, "--only", "--count", str(count)]
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    cpu, wall, digest = done.stdout.split()
    return float(cpu), float(wall), digest


def main() -> None:
    """Print the table; exit with 1 when two processes differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        simulated(options.count)
        return
    runs = [measured(options.count) for _ in range(2)]
    cpu, wall = (min(run[place] for run in runs) for place in (0, 1))  # type: ignore[type-var]  # two floats
    same = runs[0][2] == runs[1][2]
    print("| figure | value | goal |\n|---|---|---|")
    print(f"| {options.count} phantoms at 500 Hz, one core, CPU time | {cpu:.2f} s | under {GOAL_S:g} s for 500 |")
    print(f"| the same, wall time | {wall:.2f} s | |")
    print(f"| bytes of two processes | {'equal' if same else 'differ'} | equal |")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
