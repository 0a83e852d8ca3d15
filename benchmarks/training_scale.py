"""Does training keep up at the size of PTB-XL? Records per second, waiting and memory over 21,807 phantoms.

    OMP_NUM_THREADS=1 PYTHONPATH=. python benchmarks/training_scale.py [--cases 2423] [--workers 4] [--rounds 8]

Of a population of CASES test phantoms the nine times as many of the other splits are simulated and prepared, once, into
the cache folder; a stopped preparation goes on from where it was. The steps of ``bench train resnet1d`` (batches from
the mapped file, augmentation, mixup, moving average) then alternate with those of a bare PyTorch loop over batches that
are ready in memory: the same network, loss, optimizer and clipping. Last comes a whole epoch with its validation, on a
CPU of a small network, whose steps are so short that it waits for every batch that is late.

    PYTHONPATH=. python benchmarks/training_scale.py --settings --cases 40

instead prints what a step of each ready setting takes (``bench train resnet1d --help`` lists them), alternating with
the shipped network's.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bench.dataset.phantom import Phantoms
from bench.training.resnet1d import training_set
from readers.processors import own_processors
from readers.resnet1d.config import TrainingConfig, configured, shipped_configs
from readers.resnet1d.dataset import TrainingSet
from readers.resnet1d.loss import loss_of
from readers.resnet1d.training import Run, Training

SMALL = {"channels": (8, 8), "blocks": 1}
TOLD_EVERY = 10
"""Seconds between two lines about the preparation."""


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=2_423, help="test phantoms: nine times as many are prepared")
    parser.add_argument("--workers", type=int, default=own_processors(), help="processes that prepare")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10, help="of each round")
    parser.add_argument("--config", action="append", default=[], help="training settings: a name or a TOML file")
    parser.add_argument("--settings", action="store_true", help="compare the ready settings alone")
    options = parser.parse_args()
    config = configured(options.config)
    data = prepared(options.seed, options.cases, options.workers)
    if options.settings:
        compare_settings(data, config, options.rounds, options.steps)
        return
    compare(data, config, options.rounds, options.steps)
    whole_epoch(data, config)


def prepared(seed: int, cases: int, workers: int) -> TrainingSet:
    """Return the training set of a population, prepared now or earlier."""
    begun = time.perf_counter()
    first: list[tuple[int, float]] = []
    last = begun

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if not first:
            first.append((done, now))
        if now - last > TOLD_EVERY and done > first[0][0]:
            last, rate = now, (done - first[0][0]) / (now - first[0][1])
            print(f"  {done:,} of {total:,} prepared, {rate:.0f}/s, {(total - done) / rate:.0f} s left", flush=True)

    data = training_set(Phantoms(f"{seed},{cases}"), None, report, workers)
    seconds, gigabytes = time.perf_counter() - begun, data.signal.nbytes / 1e9
    print(f"{len(data.signal):,} phantoms, {gigabytes:.2f} GB, {workers} worker(s): ready after {seconds:.1f} s")
    print(f"peak memory {peak():.2f} GB, of a worker {peak(resource.RUSAGE_CHILDREN):.2f} GB; {memory()}", flush=True)
    return data


def compare(data: TrainingSet, config: TrainingConfig, rounds: int, steps: int) -> None:
    """Print the rates of both loops, alternating so that a busy machine slows both."""
    random, batch = np.random.default_rng(0), config.batch
    chosen = random.choice(data.train, min(steps * batch, len(data.train)), replace=False)
    rest = np.setdiff1d(np.arange(len(data.signal)), chosen)
    training = Training(replace(data, train=chosen, validation=rest), config, 0, lambda done, total: None)
    bare = _bare(training, chosen)
    training.run_epoch(1), bare()
    pairs = [(bare(), training.run_epoch(2 + number)) for number in range(rounds)]
    ours, waits = (statistics.median(getattr(run, name) for _, run in pairs) for name in ("rate", "waiting"))
    ratio = statistics.median(run.rate / rate for rate, run in pairs)
    spread = sorted(run.rate / rate for rate, run in pairs)
    where = f"{training.accelerator.device}, precision {training.accelerator.mixed_precision}"
    print(f"steps of {batch} on {where}, {torch.get_num_threads()} thread(s), {rounds} rounds of {steps}")
    print("| | records/s |\n|---|---|")
    print(f"| bare loop over ready batches | {statistics.median(rate for rate, _ in pairs):,.1f} |")
    print(f"| bench train resnet1d | {ours:,.1f} |")
    print(f"ratio {ratio:.3f} ({spread[0]:.2f} to {spread[-1]:.2f}) (goal: at least 0.9)")
    print(f"waiting for batches {100 * waits:.2f}% of the time; {memory()}", flush=True)


def compare_settings(data: TrainingSet, config: TrainingConfig, rounds: int, steps: int) -> None:
    """Print what a step takes with each ready setting, and how many times as much as with none.

    On a CPU that is processor time, which other work on the machine moves little.
    """
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    chosen = data.train[: steps * config.batch]
    rest = np.setdiff1d(np.arange(len(data.signal)), chosen)
    part = replace(data, train=chosen, validation=rest, domain=np.arange(len(data.signal)) % 3)
    across = replace(configured(["mixstyle"]), mixstyle=1.0, mixstyle_between="domains")
    tried = {"shipped": config, **{name: configured([name]) for name in shipped_configs()}, "mixstyle = 1.0": across}
    trainings = {name: Training(part, one, 0, lambda done, total: None) for name, one in tried.items()}
    seconds: dict[str, list[float]] = {name: [] for name in trainings}
    for number in range(rounds + 1):  # the first round is not counted
        for name, training in trainings.items():
            begun = clock()
            training.run_epoch(1 + number)
            seconds[name].append((clock() - begun) / training.steps)
    first = seconds["shipped"][1:]
    print("| setting | parameters | a step | against the shipped one |\n|---|---|---|---|")
    for name, training in trainings.items():
        took = seconds[name][1:]
        ratios = sorted(one / other for one, other in zip(took, first, strict=True))
        size = sum(weight.numel() for weight in training.network.parameters()) / 1e6
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"| {name} | {size:.2f} million | {statistics.median(took) * 1000:,.0f} ms | {spread} |")


def _bare(training: Training, rows: np.ndarray) -> Callable[[], float]:
    """Return a plain loop over batches that are ready on the device; it returns its records per second."""
    accelerator, config = training.accelerator, training.config
    device, kind = accelerator.device, {"bf16": torch.bfloat16, "fp16": torch.float16}.get(accelerator.mixed_precision)
    model = type(training.network)(config, training.heads).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=config.weight_decay)
    batches = []
    for part in np.array_split(rows, max(1, len(rows) // config.batch)):
        on_device = torch.from_numpy(part).to(device)
        targets = {head: target[on_device] for head, target in training.targets.items()}
        known = {head: mask[on_device] for head, mask in training.known.items()}
        batches.append((torch.from_numpy(np.asarray(training.data.signal[part])).to(device), targets, known))

    def loop() -> float:
        begun = time.perf_counter()
        for leads, targets, known in batches:
            with torch.autocast(device.type, kind, enabled=kind is not None):
                outputs = model(leads)
            loss = loss_of(outputs.float(), targets, known, config).mean()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        loss.item()
        return len(rows) / (time.perf_counter() - begun)

    return loop


def whole_epoch(data: TrainingSet, config: TrainingConfig) -> None:
    """Print how one epoch over every training record and its validation go."""
    settings = config if torch.cuda.is_available() else replace(config, **SMALL)
    training = Training(data, settings, 0, lambda done, total: None)
    begun = time.perf_counter()
    run: Run = training.run_epoch(1)
    trained = time.perf_counter()
    training.auroc()
    seconds = time.perf_counter() - trained
    width = "the configured network" if settings is config else f"a small network ({SMALL})"
    print(
        f"a whole epoch of {width}: {len(data.train):,} records in {trained - begun:.1f} s, {run.rate:,.0f}/s, ", end=""
    )
    print(f"waiting {100 * run.waiting:.2f}%; validation of {len(data.validation):,}: {seconds:.1f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB; {memory()}")


def peak(whose: int = resource.RUSAGE_SELF) -> float:
    """Return the greatest memory so far in GB, mapped files included."""
    return resource.getrusage(whose).ru_maxrss / 1e6


def memory() -> str:
    """Return the memory of this process: its own, and what is mapped from files, which processes share."""
    told = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        told[name] = value
    own, mapped = (int(told[name].split()[0]) / 1e6 for name in ("RssAnon", "RssFile"))
    gpu = f", on the GPU {torch.cuda.max_memory_allocated() / 1e9:.2f} GB" if torch.cuda.is_available() else ""
    return f"now {own:.2f} GB of its own and {mapped:.2f} GB mapped from files{gpu}"


if __name__ == "__main__":
    main()
