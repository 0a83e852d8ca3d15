"""How long do explanations take? Maps, nulls and metrics of resnet1d's answers, and a figure, beside the bare networks.

    OMP_NUM_THREADS=2 taskset -c 0,1 python benchmarks/explaining.py [--answers 8] [--data phantoms:1]

One record with six methods and a page of it, with and without the start of Python; what the wrapper takes beside the
bare networks, and masks beside as many forward passes; and so many answers of the sample with all methods, nulls and
metrics (0: all of them). Each time stands with that of the processor, which other work on the machine lengthens less,
and the ratios are of one run.
"""

import time

BEGUN = time.perf_counter()

import argparse  # noqa: E402  # what is imported counts
from collections.abc import Callable  # noqa: E402
from dataclasses import replace  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from bench.dataset import Dataset, open_dataset  # noqa: E402
from bench.explain.belief.judging import judged, of_answer  # noqa: E402
from bench.explain.belief.sample import EACH, Positive, positives  # noqa: E402
from bench.explain.maps.cell import zeroed  # noqa: E402
from bench.explain.maps.method import chosen, last_layer  # noqa: E402
from bench.explain.maps.occlusion import BATCH, by_cell  # noqa: E402
from readers.contract import Case  # noqa: E402
from readers.network import Network, OpenReader  # noqa: E402
from readers.registry import reader  # noqa: E402
from readers.torch_reader import TorchReader  # noqa: E402
from renderers.explained import Overlay, explained  # noqa: E402

METHODS = (
    "saliency",
    "gradient_times_input",
    "integrated_gradients",
    "grad_cam",
    "occlusion_segment",
    "occlusion_cell",
)
GOAL_S, SAMPLE_GOAL_MIN, WRAPPER_GOAL = 5.0, 10, 1.05
ROUNDS, ROWS = 15, 32


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="phantoms:1")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--answers", type=int, default=8, help="0 for the whole sample")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    found = reader("resnet1d")
    assert isinstance(found, OpenReader)
    network, dataset = found.network(), open_dataset(given.data)
    one = positives(network, dataset.cohort("test"), [("rhythm", "sinus")], each=1)[0]
    print(f"start, with Python's imports, the weights and one recording: {time.perf_counter() - BEGUN:.1f} s\n")
    _one_record(one, dataset)
    _passes(network, one)
    _sample(network, dataset, given.answers)


def _one_record(one: Positive, dataset: Dataset) -> None:
    begun, methods = time.perf_counter(), chosen(METHODS)
    one = replace(one, answer=replace(one.answer, layer=last_layer(one.answer.network, one.answer.shown)))
    print("| one record | seconds | of the processor |\n|---|---|---|")
    maps = []
    for method in methods:
        _tell(method.name, lambda method=method: maps.append(method.explain(one.answer)))  # type: ignore[misc]
    signal = dataset.record(one.ecg_id).signal()
    overlay = Overlay(maps[0], one.answer.network.fs, "rhythm: sinus", methods[0].name, "cannot tell")
    _tell("a page with a map, as PNG", lambda: explained(signal.mv, signal.fs, overlay).png())
    now = time.perf_counter()
    print(f"| six methods and a page (goal {GOAL_S:g} s) | {now - begun:.2f} | |")
    print(f"| the same, since Python began | {now - BEGUN:.2f} | |")
    random = replace(one.answer.network, members=one.answer.network.members[:1]).randomised(0)
    _tell("six methods with nulls and metrics", lambda: list(of_answer(one, methods, random)))


def _passes(network: Network, one: Positive) -> None:
    shown = one.answer.shown
    assert shown.beside is not None
    leads = torch.from_numpy(np.repeat(shown.leads[None], ROWS, axis=0))
    beside = torch.from_numpy(shown.beside).expand(ROWS, -1)

    def bare() -> None:
        torch.stack([member(leads, beside) for member in network.members]).mean(dim=0)

    with torch.inference_mode():
        pairs = [(_cpu(bare), _cpu(lambda: network.logits(leads, beside))) for _ in range(ROUNDS)]
    alone, wrapped = np.median(np.array(pairs)[1:], axis=0).tolist()
    print(f"\nwrapper: {wrapped / alone:.3f} times the bare networks over {ROWS} records (goal {WRAPPER_GOAL})")
    _stranger(network, shown.leads)
    count = 1 + len(one.answer.cells.each)
    rows = [np.repeat(shown.leads[None], min(BATCH, count - start), axis=0) for start in range(0, count, BATCH)]

    def passes() -> None:
        with torch.inference_mode():
            for part in rows:
                network.logits(torch.from_numpy(part), torch.from_numpy(shown.beside).expand(len(part), -1))

    def cells() -> None:
        by_cell(network, shown, one.answer.output, one.answer.cells, zeroed)

    masked = np.median([(_cpu(passes), _cpu(cells)) for _ in range(5)][1:], axis=0)
    print(f"masks: {count} of occlusion_cell take {masked[1] / masked[0]:.2f} times as many forward passes")


class Rhythm(torch.nn.Module):
    """One of the networks with its answers about the rhythm alone, as a stranger's."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        first = network.place("rhythm", network.heads["rhythm"][0])
        self.member, self.answers = network.members[0], slice(first, first + len(network.heads["rhythm"]))

    def forward(self, leads: torch.Tensor) -> torch.Tensor:
        """Return the logits of the rhythm."""
        logits: torch.Tensor = self.member(leads)
        return logits[:, self.answers]


def _stranger(network: Network, leads: NDArray[np.float32]) -> None:
    module = Rhythm(network).eval()
    own = TorchReader(module, {"rhythm": network.heads["rhythm"]}, network.fs)
    cases = [Case("c", signal=leads, fs=network.fs) for _ in range(ROWS)]
    batch = torch.from_numpy(np.repeat(leads[None], ROWS, axis=0))

    def bare() -> None:
        with torch.inference_mode():
            module(batch)

    pairs = [(_cpu(bare), _cpu(lambda: list(own.read(cases)))) for _ in range(ROUNDS)]
    alone, wrapped = np.median(np.array(pairs)[1:], axis=0).tolist()
    print(f"TorchReader.read: {wrapped / alone:.3f} times one bare network over {ROWS} records (goal {WRAPPER_GOAL})")


def _sample(network: Network, dataset: Dataset, answers: int) -> None:
    begun = time.perf_counter()
    found = positives(network, dataset.cohort("test"), each=EACH)
    drawing, some = time.perf_counter() - begun, found[:: max(1, len(found) // answers)][:answers] if answers else found
    begun, processor = time.perf_counter(), time.process_time()
    list(judged(some, chosen(())))
    taken, processor = time.perf_counter() - begun, time.process_time() - processor
    print(f"\n{len(some)} of {len(found)} answers with all methods that are not slow, nulls and metrics: {taken:.1f} s")
    whole, own = (drawing + each * len(found) / len(some) for each in (taken, processor))
    print(
        f"the sample: {whole / 60:.1f} min ({drawing:.0f} s to draw it), {own / 60:.1f} min of the processor "
        f"(goal on two: {SAMPLE_GOAL_MIN} min)"
    )


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _tell(name: str, work: Callable[[], object]) -> None:
    begun, processor = time.perf_counter(), time.process_time()
    work()
    print(f"| {name} | {time.perf_counter() - begun:.2f} | {time.process_time() - processor:.2f} |")


if __name__ == "__main__":
    main()
