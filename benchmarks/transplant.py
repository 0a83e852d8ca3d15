"""How long do the questions of a beat transplant take? One round of 28 grafts with resnet1d's answers, in the median.

    OMP_NUM_THREADS=1 python benchmarks/transplant.py [--rounds 7] [--data PTBXL_DIR]

As an open network, and through its reader, whose batches are padded. Each round grafts another donor, so that nothing
is measured twice. The networks alone over as many prepared recordings are the yardstick.
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
import torch

from bench.dataset import Signal, open_dataset
from bench.explain.counterfactual.given import asking_network, asking_reader, signal_case
from bench.explain.counterfactual.graft import CELLS, beating, grafted
from readers.resnet1d.reader import Resnet1dReader


def main() -> None:
    """Print the median seconds of a round, and its ratio to the networks alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--data", default="phantoms:1", help="PTB-XL's folder; phantoms where none is named")
    options = parser.parse_args()
    found = [beating(record.signal()) for record in open_dataset(options.data).cohort(limit=4 * options.rounds)]
    records = [one for one in found if one is not None]
    host, donors = records[0], records[1 : options.rounds + 2]
    reader = Resnet1dReader()
    network = reader.network()
    ways = {
        "open network": asking_network(network, "rhythm", "sinus"),
        "reader": asking_reader(reader, "rhythm", "sinus"),
    }
    shown = network.prepare(signal_case(Signal(host.mv, host.fs)))
    leads = torch.from_numpy(np.repeat(shown.leads[None], len(CELLS), axis=0))
    beside = None if shown.beside is None else torch.from_numpy(shown.beside).expand(len(CELLS), -1)

    def bare() -> None:
        with torch.inference_mode():
            network.logits(leads, beside)

    print(f"{len(CELLS)} questions, {len(donors) - 1} rounds, load {os.getloadavg()[0]:.1f} at the beginning")
    alone = np.median([_timed(bare) for _ in donors][1:])
    print(f"networks alone: {alone:.2f} s")
    for number, (name, asking) in enumerate(ways.items()):
        seconds = []
        for donor in donors:

            def graft_and_ask() -> None:
                changed = [grafted(host, donor, [cell]) + np.float32(1e-5 * number) for cell in CELLS]  # noqa: B023
                asking([Signal(mv, host.fs) for mv in changed])  # noqa: B023

            seconds.append(_timed(graft_and_ask))
        print(f"{name}: {np.median(seconds[1:]):.2f} s, {np.median(seconds[1:]) / alone:.1f} times the networks alone")


def _timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
