"""How long does a user wait? Whole commands in fresh processes on phantoms-1, median of five runs after one warm-up.

Each starts with an empty cache, as a user's first run does; ``taskset -c 0,1`` before it gives two cores.

python benchmarks/startup.py
"""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np

COMMANDS = {
    "bench --help": (["--help"], 0.4),
    "bench run --reader majority": (["run", "--reader", "majority"], 3.0),
    "bench run --reader resnet1d": (["run", "--reader", "resnet1d"], 10.0),
}


def seconds(words: list[str]) -> float:
    """Return the wall time of one command in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "ECG_BENCH_CACHE": f"{folder}/cache", "PTBXL_DIR": ""}
        command = [sys.executable, "-m", "bench", *words]
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
        return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    print("| command (500 phantoms) | median of 5 | goal |\n|---|---|---|")
    for name, (words, goal) in COMMANDS.items():
        taken = [seconds(words) for _ in range(6)][1:]
        print(f"| `{name}` | {np.median(taken):.2f} s | under {goal:g} s |")


if __name__ == "__main__":
    main()
