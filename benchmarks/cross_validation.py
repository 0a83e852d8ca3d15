"""Is one training of resnet1d better than another? Cross-validated over folds 1 to 9, by patient; fold 10 is not read.

    python benchmarks/cross_validation.py --data PTBXL_DIR [--extra FILE.npz] --out FOLDER FIRST.toml OTHER.toml ...

Each configuration (its first seed) is trained on six folds and asked about the three others, three times over. Nothing
stops a training early and no epoch is chosen: the weights are those of its last epoch, so that the records that are
asked about decide nothing. Prints each configuration's figures with the difference from the first and 95% intervals
over resamples of the patients, and what of normal recordings with amplitudes answers to the probe's changes. A training
that is finished in the folder is not done again; ``--only NAME --without 1`` trains one part, in a process of its own.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from agreement import Answered, answered, difference_row, figures
from numpy.typing import NDArray
from safetensors.torch import load_file

from bench.dataset import Cohort, Dataset, Record, open_dataset
from bench.dataset.base import TRAIN
from bench.score.bootstrap import patient_numbers
from bench.tracing.change import change_named
from bench.tracing.tracing import tracings
from bench.training.rare_phantom import with_phantoms
from bench.training.resnet1d import prepared_records
from readers.resnet1d.checkpoint import tensors_below
from readers.resnet1d.config import TrainingConfig, configured
from readers.resnet1d.dataset import TrainingSet
from readers.resnet1d.loss import finding_limits
from readers.resnet1d.network import EcgResNet, head_probabilities
from readers.resnet1d.side import NetworkInput, network_input, stacked
from readers.resnet1d.training import Watch, train_member
from readers.training_target import targets, training_heads
from taxonomy.truth import Truth

PARTS = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
"""Folds that a training is asked about and not taught."""

CHANGES = (
    ("st-inferior", 0.2, "ischemia_stage", "acute"),
    ("st-anterior", 0.2, "ischemia_stage", "acute"),
    ("fibrillation", 0.1, "rhythm", "atrial_fibrillation"),
    ("fibrillation", 0.2, "rhythm", "atrial_fibrillation"),
    ("pr", 80, "conduction", "av_block_first_degree"),
)
"""Change, dose, axis and the answer that it makes right."""

BATCH = 128


@dataclass(frozen=True, eq=False)
class Recordings:
    """All recordings of folds 1 to 9, and their truths."""

    records: Sequence[Record]
    seen: NetworkInput
    truths: Sequence[Truth]

    @cached_property
    def folds(self) -> NDArray[np.int64]:
        """The fold of each, int64 (n,)."""
        return np.array([int(record.fold) for record in self.records])

    def part(self, folds: Sequence[int]) -> TrainingSet:
        """Return the training set without some folds, which are its validation records."""
        hot, known = targets(self.truths)
        inside = np.isin(self.folds, folds)
        weight = np.ones(len(self.records), dtype=np.float32)
        rows = np.flatnonzero(~inside), np.flatnonzero(inside)
        return TrainingSet(self.seen.leads, self.seen.side, hot, known, weight, *rows)


def recordings(dataset: Dataset, extra: Path | None) -> Recordings:
    """Return the recordings of the training and validation splits."""
    records, seen = prepared_records(dataset, extra, lambda done, total: None)
    return Recordings(records, seen, [dataset.truth(record) for record in records])


def trained(every: Recordings, config: TrainingConfig, folds: Sequence[int], folder: Path) -> EcgResNet:
    """Return the averaged network of the last epoch of a training without some folds."""
    config = replace(config, patience=0)
    last = folder / f"epoch-{config.epochs:04d}.safetensors"
    if not last.exists():
        data = every.part(folds)
        if config.phantoms:
            data = with_phantoms(data, config.phantoms, lambda done, total: None)
        train_member(data, config, config.seeds[0], folder, Watch(say=print))
    network = EcgResNet(config, training_heads())
    network.load_state_dict(tensors_below("averaged.module.", load_file(last)))
    return network.eval()


def asked(network: EcgResNet, seen: NetworkInput) -> NDArray[np.float64]:
    """Return the probabilities of all heads, float64 (n, all heads)."""
    batches = zip(*(torch.from_numpy(np.array(part)).split(BATCH) for part in (seen.leads, seen.side)), strict=True)
    with torch.inference_mode():
        found = [head_probabilities(network(*batch), training_heads()) for batch in batches]
    return torch.cat(found).double().numpy()


Probes = dict[tuple[str, float], tuple[NetworkInput, NDArray[np.int64]]]
"""By change and dose, the changed recordings and their rows."""


def changed(dataset: Dataset, every: Recordings) -> Probes:
    """Return, by change and dose, the changed normal recordings with amplitudes and their rows."""
    row_of = {record.ecg_id: row for row, record in enumerate(every.records)}
    normal = [
        every.records[row]
        for row in np.flatnonzero(np.isfinite(every.seen.side[:, 0]))
        if every.truths[row].values["diagnosis"] == "NORM" and every.truths[row].values["ischemia_stage"] == "none"
    ]
    wanted = {(name, float(dose)) for name, dose, *_ in CHANGES} | {("", 0.0)}
    made: dict[tuple[str, float], list[tuple[int, NetworkInput]]] = {one: [] for one in wanted}
    kinds = [change_named(name) for name in dict.fromkeys(change for change, *_ in CHANGES)]
    for tracing in tracings(Cohort(dataset, tuple(normal), TRAIN), kinds, 0):
        if (tracing.change, tracing.dose) in wanted:
            seen, _ = network_input(tracing.mv, 500)
            made[tracing.change, tracing.dose].append((row_of[tracing.record.ecg_id], seen))
    return {
        one: (
            stacked([seen for _, seen in found]),
            np.array([row for row, _ in found]),
        )
        for one, found in made.items()
    }


def report(every: Recordings, answers: dict[str, Answered]) -> None:
    """Print each configuration's figures beside the first one's."""
    patients = patient_numbers([record.patient_id for record in every.records])
    raw = np.flatnonzero(np.isfinite(every.seen.side[:, 0]))
    for where, rows in (("all", np.arange(len(every.records))), ("with amplitudes", raw)):
        own = np.unique(patients[rows], return_inverse=True)[1]
        found = {name: figures(one.at(rows), [every.truths[row] for row in rows], own) for name, one in answers.items()}
        first, *others = found
        for other in others:
            print(f"\n| {len(rows)} recordings, {where} | {first} | {other} | difference [95%] |\n|---|---|---|---|")
            for figure in found[first]:
                print(difference_row(figure, found[first][figure], found[other][figure]))


Part = tuple[NDArray[np.int64], Answered]
"""Rows, and what the network that was not taught them answered."""


@dataclass(frozen=True, eq=False)
class Trial:
    """What a configuration answered to every recording and to every changed one, each by the network not taught it."""

    recorded: Answered
    moved: dict[tuple[str, float], Answered]


def tried(name: str, config: TrainingConfig, every: Recordings, probes: Probes, out: Path) -> Trial:
    """Train what is missing of a configuration, and ask; where findings are decided, its training folds say."""
    found: dict[tuple[str, float] | None, list[Part]] = {one: [] for one in (None, *probes)}
    for folds in PARTS:
        network = trained(every, config, folds, out / f"{name}-{folds[0]}")
        limits = finding_limits(every.part(folds), config)
        whole = (every.seen, np.arange(len(every.records)))
        for one, (seen, places) in {None: whole, **probes}.items():
            own = np.flatnonzero(np.isin(every.folds[places], folds))
            if len(own):
                rows = asked(network, NetworkInput(seen.leads[own], seen.side[own]))
                found[one].append((own, answered(rows, training_heads(), limits)))
    return Trial(_together(found[None]), {one: _together(found[one]) for one in probes})


def _together(parts: Sequence[Part]) -> Answered:
    """Return the answers of all parts, each at its own rows."""
    order = np.argsort(np.concatenate([own for own, _ in parts]))
    rows = np.concatenate([part.rows for _, part in parts])
    values = [value for _, part in parts for value in part.values]
    return Answered(rows, training_heads(), values).at(order)


def report_changes(trials: dict[str, Trial]) -> None:
    """Print how many normal recordings are answered as each change makes right, before and after it."""
    print(f"\n| normal recordings, changed | {' | '.join(trials)} |\n|---|{'---|' * len(trials)}")
    for change, dose, axis, right in CHANGES:
        cells = []
        for trial in trials.values():
            asked_of = (trial.moved[one].values for one in ((change, float(dose)), ("", 0.0)))
            after, before = ([values[axis] == right for values in found] for found in asked_of)
            cells.append(f"{np.mean(after):.0%} of {len(after)} (unchanged {np.mean(before):.0%})")
        print(f"| {change} {dose:+g}: {right} | {' | '.join(cells)} |")


def main() -> None:
    """Train what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--extra", type=Path, help="more records, filtered and z-scored elsewhere (.npz)")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints")
    parser.add_argument("--only", help="train this configuration alone, and print nothing")
    parser.add_argument("--without", type=int, choices=(1, 4, 7), help="... without the three folds from this one on")
    parser.add_argument("configs", nargs="+", help="TOML files, or names of ready settings")
    given = parser.parse_args()
    dataset = open_dataset(given.data)
    every = recordings(dataset, given.extra)
    configs = {Path(one).stem: configured([one]) for one in given.configs}
    if given.only:
        for folds in (part for part in PARTS if given.without in (None, part[0])):
            trained(every, configs[given.only], folds, given.out / f"{given.only}-{folds[0]}")
        return
    probes = changed(dataset, every)
    trials = {name: tried(name, config, every, probes, given.out) for name, config in configs.items()}
    report(every, {name: trial.recorded for name, trial in trials.items()})
    report_changes(trials)


if __name__ == "__main__":
    main()
