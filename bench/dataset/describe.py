"""A summary of the records in a dataset."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from bench.dataset.base import TRAIN, Dataset
from bench.dataset.record import RecordId, by_id
from taxonomy.axis import AXES

PARTS = (TRAIN, "val", "test")

LISTED_FOLDS = 12
"""Folds at most that are listed one by one: each source of the Challenges has ten."""


def describe(dataset: Dataset) -> dict[str, str]:
    """Return a dataset's figures by label, without reading a signal."""
    patients: set[RecordId] = set()
    ids: list[RecordId] = []
    ages: list[float] = []
    folds: Counter[RecordId] = Counter()
    rates: Counter[int] = Counter()
    sexes: Counter[str] = Counter()
    superclasses: Counter[str] = Counter()
    labelled = Counter({axis.name: 0 for axis in AXES})
    for record in dataset:
        truth = dataset.truth(record)
        patients.add(record.patient_id)
        ages += [] if record.age is None else [record.age]
        rates.update(record.rates)
        sexes[record.sex or "unknown"] += 1
        superclasses[truth.superclass or "unlabelled"] += 1
        labelled.update(axis for axis in labelled if truth.values[axis] is not None)
        if record.rates:
            ids.append(record.ecg_id)
            folds[record.fold] += 1
    return {
        "dataset": f"{dataset.name} {dataset.version}",
        "records": f"{len(dataset):,}, {len(ids):,} with a signal at hand",
        "patients": f"{len(patients):,}",
        "rates": _listed({f"{fs} Hz": n for fs, n in sorted(rates.items())}) or "none",
        **_by_part(dataset, folds),
        "sex": _listed(dict(sexes.most_common())),
        "age, median [quartiles]": _quartiles(ages),
        "superclass of the diagnosis": _listed(dict(superclasses.most_common())),
        "labelled without measuring": _listed(labelled),
        **dataset.particulars(),
        "fingerprint": dataset.fingerprint(ids) if ids else "none",
        "licence": f"{dataset.licence}; cite {dataset.citation}",
    }


def _by_part(dataset: Dataset, folds: Mapping[RecordId, int]) -> dict[str, str]:
    """Return how many records have a signal by fold, or by split where the folds are too many to list."""
    if len(folds) > LISTED_FOLDS:
        counts = {
            name: sum(folds.get(fold, 0) for fold in dataset.splits[name].folds)
            for name in PARTS
            if name in dataset.splits
        }
        return {"records with a signal by split": _listed(counts)}
    by_fold = {str(fold): folds[fold] for fold in sorted(folds, key=by_id)}
    return {"records with a signal by fold": _listed(by_fold) or "none"}


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())


def _quartiles(values: list[float]) -> str:
    if not values:
        return "unknown"
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{middle:.0f} [{low:.0f}, {high:.0f}] years"
