"""How long does an explanation take? One recording, six methods of resnet1d's answer, and their figures.

Each method stands as a multiple of one plain forward and backward pass of the network, so that machines compare.

python benchmarks/explaining.py
"""

import argparse
import time
from dataclasses import replace

import torch

from bench.dataset import open_dataset
from bench.explain.belief.judging import of_answer
from bench.explain.belief.sample import positives
from bench.explain.maps.method import chosen, last_layer
from readers.network import OpenReader
from readers.registry import reader

METHODS = (
    "saliency",
    "gradient_times_input",
    "integrated_gradients",
    "grad_cam",
    "occlusion_segment",
    "occlusion_cell",
)
GOAL_S = 5.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="phantoms:1,66")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    found = reader("resnet1d")
    assert isinstance(found, OpenReader)
    network = found.network()
    one = positives(network, open_dataset(given.data).cohort("test"), [("rhythm", "sinus")], each=1)[0]
    one = replace(one, answer=replace(one.answer, layer=last_layer(network, one.answer.shown)))
    methods = chosen(METHODS)
    methods[0].explain(one.answer)
    start = time.perf_counter()
    methods[0].explain(one.answer)
    bare, total = time.perf_counter() - start, 0.0
    print("| method | seconds | times one gradient |\n|---|---|---|")
    for method in methods:
        start = time.perf_counter()
        method.explain(one.answer)
        taken = time.perf_counter() - start
        total += taken
        print(f"| {method.name} | {taken:.2f} | {taken / bare:.0f} |")
    print(f"| all six (goal with a figure: under {GOAL_S:g} s) | {total:.2f} | {total / bare:.0f} |")
    random = network.randomised(0)
    start = time.perf_counter()
    list(of_answer(one, methods, random))
    taken = time.perf_counter() - start
    print(f"| with every null and metric | {taken:.2f} | {taken / bare:.0f} |")


if __name__ == "__main__":
    main()
