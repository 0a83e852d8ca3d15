"""Compares two weights files of resnet1d: which is better, and at what.

    python benchmarks/resnet1d_weights.py --data PTBXL_DIR [--extra FILE.npz] BEFORE.safetensors AFTER.safetensors

Prints superclass macro AUROC and kappa of both on the split that stops a training (fold 9), the difference with its
95% interval over resamples of the patients, and for rare values the AUROC and what was named, on that split and on
phantoms that neither has seen. Fold 10 is read by ``--split test`` alone.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from agreement import Answered, answered, difference_row, figures
from numpy.typing import NDArray

from bench.dataset import Dataset, open_dataset
from bench.dataset.phantom import truth_of_draw
from bench.score.area import area_and_influence, logit_interval
from bench.score.bootstrap import patient_numbers
from bench.training.rare_phantom import training_draws
from bench.training.resnet1d import STOP, prepared_records
from readers.resnet1d.config import PhantomConfig
from readers.resnet1d.reader import Resnet1dReader
from readers.resnet1d.side import NetworkInput, network_input, stacked
from taxonomy.truth import Truth

NAMES = ("before", "after")

UNSEEN = PhantomConfig(seed=1000, each=30, others=300)
"""Phantoms to be read: of a seed that no training should take."""

RARE_VALUES = (
    ("rhythm", "atrial_flutter"), ("rhythm", "paced"), ("rhythm", "supraventricular"), ("rhythm", "ectopic_pattern"),
    ("conduction", "pre_excitation"), ("conduction", "av_block_high_grade"), ("ischemia_stage", "acute"),
)  # fmt: skip


def answers_of(reader: Resnet1dReader, seen: NetworkInput) -> Answered:
    """Return the probabilities of records."""
    rows = reader.probabilities(seen.leads, seen.side).astype(np.float64)
    return answered(rows, reader.ensemble.heads, reader.ensemble.limits)


@dataclass(frozen=True, eq=False)
class Read:
    """Records, their truth and patients, and both readers' answers to them.

    ``patients`` is int64 (n,), from 0 to their number less 1.
    """

    where: str
    truths: Sequence[Truth]
    patients: NDArray[np.int64]
    answered: Sequence[Answered]


def rare_row(read: Read, value: tuple[str, str]) -> str:
    """Return a row: how many have the value, and both readers' AUROC with its interval, what was named and falsely."""
    head, name = value
    known = np.array([truth.values[head] is not None for truth in read.truths])
    true = np.array([truth.values[head] == name for truth in read.truths])[known]
    patients = np.unique(read.patients[known], return_inverse=True)[1]
    row = f"{head}: {name} | {true.sum()} of {len(set(patients[true]))}"
    if not true.any():
        return f"| {row} | | |"
    for one in read.answered:
        column = one.heads[head].index(name)
        chance = one.chances[head][known, column]
        area, influence = area_and_influence(true, chance, patients)
        low, high = logit_interval(area, influence)
        said = np.array([values[head] == name for values in one.values])[known]
        row += f" | {area:.3f} [{low:.3f}, {high:.3f}], {(said & true).sum()}, {(said & ~true).sum()}"
    return f"| {row} |"


def compare(read: Read) -> None:
    """Print every figure of both readers with the difference, and the rare values."""
    print(f"\n| {len(read.truths)} of {read.where} | {NAMES[0]} | {NAMES[1]} | difference [95%] |\n|---|---|---|---|")
    before, after = (figures(one, read.truths, read.patients) for one in read.answered)
    for name in before:
        print(difference_row(name, before[name], after[name]))
    each = "AUROC, named, named falsely"
    print(f"\n| value | n of patients | {NAMES[0]}: {each} | {NAMES[1]}: {each} |\n|---|---|---|---|")
    for value in RARE_VALUES:
        print(rare_row(read, value))


def recorded(dataset: Dataset, extra: Path | None, split: str, readers: Sequence[Resnet1dReader]) -> Iterator[Read]:
    """Yield what was read of a split: all of its records at hand, and those whose amplitude is known, if not all."""
    records, seen = prepared_records(dataset, extra, lambda done, total: None, splits=(split,))
    truths = [dataset.truth(record) for record in records]
    patients = patient_numbers([record.patient_id for record in records])
    found = [answers_of(reader, seen) for reader in readers]
    where = dataset.split(split).meaning
    yield Read(where, truths, patients, found)
    raw = np.flatnonzero(np.isfinite(seen.side[:, 0]))
    if len(raw) < len(records):
        own = np.unique(patients[raw], return_inverse=True)[1]
        some = [one.at(raw) for one in found]
        yield Read(f"{where} with amplitudes in mV", [truths[row] for row in raw], own, some)


def simulated(readers: Sequence[Resnet1dReader]) -> Read:
    """Return what was read of phantoms that neither training took."""
    draws = tuple(training_draws(UNSEEN))
    phantoms = (one.simulated() for one in draws)
    made = [network_input(phantom.mv, phantom.fs)[0] for phantom in phantoms]
    seen = stacked(made)
    found = [answers_of(reader, seen) for reader in readers]
    return Read("phantoms", [truth_of_draw(one) for one in draws], np.arange(len(draws)), found)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data")
    parser.add_argument("--extra", type=Path, help="more records, filtered and z-scored elsewhere (.npz)")
    parser.add_argument("--split", default=STOP, help=f"default: {STOP}; test is read once, at the end")
    parser.add_argument("weights", nargs=2)
    asked = parser.parse_args()
    readers = [Resnet1dReader(path) for path in asked.weights]
    for read in recorded(open_dataset(asked.data), asked.extra, asked.split, readers):
        compare(read)
    if asked.split == STOP:
        compare(simulated(readers))


if __name__ == "__main__":
    main()
