"""Do phantoms among the training records help? Two weights files of resnet1d, one trained without and one with them.

    python benchmarks/rare_values.py --data PTBXL_DIR [--extra FILE.npz] WITHOUT.safetensors WITH.safetensors

Prints superclass macro AUROC and kappa of both on the split that stops a training (fold 9), the difference with its
95% interval over resamples of the patients, and for rare values the AUROC and what was named, on that split and on
phantoms that neither has seen. Fold 10 is not read.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset import open_dataset
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.phantom import truth_of
from bench.score.area import area_and_influence, logit_interval
from bench.score.bootstrap import interval, patient_numbers, resampled_sums
from bench.score.kappa import kappa_columns, kappa_of_sums
from bench.training.rare_phantom import training_draws
from bench.training.resnet1d import STOP, prepared_records
from readers.head import fitted_reading
from readers.resnet1d.config import PhantomConfig
from readers.resnet1d.loss import macro_auroc
from readers.resnet1d.reader import Resnet1dReader
from readers.resnet1d.side import NetworkInput, network_input
from readers.training_target import targets
from taxonomy.axis import INDEPENDENT, AxisValue, with_derived
from taxonomy.reading import SUPERCLASS
from taxonomy.truth import Truth

UNSEEN = PhantomConfig(seed=1000, each=30, others=300)
"""Phantoms to be read: of a seed that no training should take."""

RARE_VALUES = (
    ("rhythm", "atrial_flutter"), ("rhythm", "paced"), ("rhythm", "supraventricular"), ("rhythm", "ectopic_pattern"),
    ("conduction", "pre_excitation"), ("conduction", "av_block_high_grade"), ("ischemia_stage", "acute"),
)  # fmt: skip

DRAWS, SEED = 2000, 7

Chances = Mapping[str, NDArray[np.float64]]
Draws = NDArray[np.float64]


def chances_of(reader: Resnet1dReader, seen: NetworkInput) -> Chances:
    """Return the probabilities of every head, float64 (n, values)."""
    heads = reader.ensemble.heads
    rows = reader.probabilities(seen.leads, seen.side).astype(np.float64)
    parts = np.split(rows, np.cumsum([len(values) for values in heads.values()])[:-1], axis=1)
    return dict(zip(heads, parts, strict=True))


def answers_of(reader: Resnet1dReader, chances: Chances) -> list[Mapping[str, AxisValue | None]]:
    """Return the values of each record on every axis and derived axis."""
    heads = reader.ensemble.heads
    found: list[Mapping[str, AxisValue | None]] = []
    for row in range(len(chances[SUPERCLASS])):
        each = {head: dict(zip(heads[head], part[row].tolist(), strict=True)) for head, part in chances.items()}
        found.append(with_derived(fitted_reading(UNMEASURED, each, limits=reader.ensemble.limits).values))
    return found


def kappas(
    answers: Sequence[Mapping[str, AxisValue | None]], truths: Sequence[Truth], patients: NDArray[np.int64]
) -> dict[str, Draws]:
    """Return kappa on each of the ranking's questions: first the observed one, then those of the resamples."""
    found = {}
    for axis in INDEPENDENT:
        rows = [row for row, truth in enumerate(truths) if truth.values[axis.name] is not None]
        columns = kappa_columns(axis, [answers[row].get(axis.name) for row in rows], [truths[row] for row in rows])
        whole = {name: np.zeros(len(truths)) for name in columns}
        for name, column in columns.items():
            whole[name][rows] = column
        observed = kappa_of_sums({name: np.array([column.sum()]) for name, column in whole.items()})
        drawn = kappa_of_sums(resampled_sums(whole, patients, DRAWS, SEED)) if columns else None
        if observed is not None and drawn is not None:
            found[axis.name] = np.concatenate([observed, drawn])
    return {**found, "mean": np.asarray(np.mean(list(found.values()), axis=0))}


def superclass_areas(chance: NDArray[np.float64], hot: NDArray[np.float32], patients: NDArray[np.int64]) -> Draws:
    """Return the macro AUROC: first the observed one, then those of the resamples."""
    rng, rows = np.random.default_rng(SEED), [np.flatnonzero(patients == one) for one in range(patients.max() + 1)]
    draws = [np.concatenate([rows[one] for one in rng.integers(0, len(rows), len(rows))]) for _ in range(DRAWS)]
    return np.array([macro_auroc(hot[draw], chance[draw]) for draw in [np.arange(len(patients)), *draws]])


@dataclass(frozen=True, eq=False)
class Read:
    """Records, their truth and patients, and both readers' probabilities of them.

    ``patients`` is int64 (n,), from 0 to their number less 1.
    """

    where: str
    truths: Sequence[Truth]
    patients: NDArray[np.int64]
    chances: Sequence[Chances]


def rare_row(readers: Sequence[Resnet1dReader], read: Read, value: tuple[str, str]) -> str:
    """Return a row: how many have the value, and both readers' AUROC with its interval, what was named and falsely."""
    head, name = value
    known = np.array([truth.values[head] is not None for truth in read.truths])
    true = np.array([truth.values[head] == name for truth in read.truths])[known]
    patients = np.unique(read.patients[known], return_inverse=True)[1]
    row = f"{head}: {name} | {true.sum()} of {len(set(patients[true]))}"
    if not true.any():
        return f"| {row} | | |"
    for reader, chances in zip(readers, read.chances, strict=True):
        column = reader.ensemble.heads[head].index(name)
        area, influence = area_and_influence(true, chances[head][known, column], patients)
        low, high = logit_interval(area, influence)
        said = chances[head][known].argmax(axis=1) == column
        row += f" | {area:.3f} [{low:.3f}, {high:.3f}], {(said & true).sum()}, {(said & ~true).sum()}"
    return f"| {row} |"


def show(title: str, before: Draws, after: Draws) -> None:
    """Print a row: both figures and their difference."""
    ends = interval(after[1:] - before[1:])
    between = f" [{ends[0]:+.3f}, {ends[1]:+.3f}]" if ends else ""
    print(f"| {title} | {before[0]:.3f} | {after[0]:.3f} | {after[0] - before[0]:+.3f}{between} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data")
    parser.add_argument("--extra", type=Path)
    parser.add_argument("weights", nargs=2)
    asked = parser.parse_args()
    dataset = open_dataset(asked.data)
    records, seen = prepared_records(dataset, asked.extra, lambda done, total: None)
    rows = [row for row, record in enumerate(records) if record.fold in dataset.split(STOP).folds]
    truths, patients = [dataset.truth(records[row]) for row in rows], [records[row].patient_id for row in rows]
    draws = tuple(training_draws(UNSEEN))
    phantoms = (one.simulated() for one in draws)
    made = [network_input(phantom.mv, phantom.fs)[0] for phantom in phantoms]
    inputs = (
        NetworkInput(seen.leads[rows], seen.side[rows]),
        NetworkInput(np.stack([one.leads for one in made]), np.stack([one.side for one in made])),
    )
    unseen = [truth_of(one) for one in draws]
    readers = [Resnet1dReader(path) for path in asked.weights]
    real, simulated = ([chances_of(reader, one) for reader in readers] for one in inputs)
    stopped_on = Read(dataset.split(STOP).meaning, truths, patient_numbers(patients), real)
    show_agreement(readers, stopped_on)
    for read in (stopped_on, Read("phantoms", unseen, np.arange(len(draws)), simulated)):
        both = "AUROC, named, named falsely"
        print(f"\n| value, on {len(read.truths)} of {read.where} | n of patients | without: {both} | with: {both} |")
        print("|---|---|---|---|")
        for value in RARE_VALUES:
            print(rare_row(readers, read, value))


def show_agreement(readers: Sequence[Resnet1dReader], read: Read) -> None:
    """Print superclass macro AUROC and every kappa of both readers, and the differences."""
    hot, known = targets(read.truths)
    rows = known[SUPERCLASS]
    patients = np.unique(read.patients[rows], return_inverse=True)[1]
    print("| figure | without | with | difference [95%] |\n|---|---|---|---|")
    areas = (superclass_areas(one[SUPERCLASS][rows], hot[SUPERCLASS][rows], patients) for one in read.chances)
    show("superclass macro AUROC", *areas)
    pairs = zip(readers, read.chances, strict=True)
    before, after = (kappas(answers_of(reader, one), read.truths, read.patients) for reader, one in pairs)
    for name in before:
        show(f"kappa, {name}", before[name], after[name])


if __name__ == "__main__":
    main()
