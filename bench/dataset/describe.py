"""A summary of the records in a dataset."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.dataset.base import TRAIN, Dataset
from bench.dataset.record import RecordId, by_id
from taxonomy.axis import AXES

PARTS = (TRAIN, "val", "test")

LISTED_FOLDS = 12
"""Folds at most that are listed one by one: each source of the Challenges has ten."""


@dataclass(frozen=True)
class Ages:
    """Median and quartiles of the ages, in years."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Described:
    """A dataset's figures, as ``bench data info`` tells them.

    Attributes
    ----------
    dataset, version : str
    records, with_signal, patients : int
    rates : mapping of str to int
        Records by sampling rate in Hz, of those that are at hand.
    by_fold, by_split : mapping of str to int
        Records with a signal; by split alone, and no fold, where the folds are too many to list.
    sex : mapping of str to int
    age : Ages or None
    superclass : mapping of str to int
        Records by the superclass of their diagnosis.
    labelled : mapping of str to int
        Records with a label by axis, without measuring any.
    particulars : mapping of str to str
        What the dataset tells of itself besides.
    fingerprint : str or None
        None where no signal is at hand.
    licence, citation : str
    """

    dataset: str
    version: str
    records: int
    with_signal: int
    patients: int
    rates: Mapping[str, int]
    by_fold: Mapping[str, int]
    by_split: Mapping[str, int]
    sex: Mapping[str, int]
    age: Ages | None
    superclass: Mapping[str, int]
    labelled: Mapping[str, int]
    particulars: Mapping[str, str]
    fingerprint: str | None
    licence: str
    citation: str

    def lines(self) -> dict[str, str]:
        """Return the figures as text by what they are."""
        by_fold = {"records with a signal by fold": _listed(self.by_fold) or "none"}
        by_split = {"records with a signal by split": _listed(self.by_split)}
        age = f"{self.age.median:.0f} [{self.age.low:.0f}, {self.age.high:.0f}] years" if self.age else "unknown"
        return {
            "dataset": f"{self.dataset} {self.version}",
            "records": f"{self.records:,}, {self.with_signal:,} with a signal at hand",
            "patients": f"{self.patients:,}",
            "rates": _listed({f"{fs} Hz": n for fs, n in self.rates.items()}) or "none",
            **(by_split if self.by_split else by_fold),
            "sex": _listed(self.sex),
            "age, median [quartiles]": age,
            "superclass of the diagnosis": _listed(self.superclass),
            "labelled without measuring": _listed(self.labelled),
            **self.particulars,
            "fingerprint": self.fingerprint or "none",
            "licence": f"{self.licence}; cite {self.citation}",
        }


def describe(dataset: Dataset) -> dict[str, str]:
    """Return a dataset's figures as text by label, without reading a signal."""
    return described(dataset).lines()


def described(dataset: Dataset) -> Described:
    """Return a dataset's figures, without reading a signal."""
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
    are_many = len(folds) > LISTED_FOLDS
    return Described(
        dataset=dataset.name,
        version=dataset.version,
        records=len(dataset),
        with_signal=len(ids),
        patients=len(patients),
        rates={str(fs): n for fs, n in sorted(rates.items())},
        by_fold={} if are_many else {str(fold): folds[fold] for fold in sorted(folds, key=by_id)},
        by_split=_by_split(dataset, folds) if are_many else {},
        sex=dict(sexes.most_common()),
        age=_ages(ages),
        superclass=dict(superclasses.most_common()),
        labelled=dict(labelled),
        particulars=dataset.particulars(),
        fingerprint=dataset.fingerprint(ids) if ids else None,
        licence=dataset.licence,
        citation=dataset.citation,
    )


def _by_split(dataset: Dataset, folds: Mapping[RecordId, int]) -> dict[str, int]:
    return {
        name: sum(folds.get(fold, 0) for fold in dataset.splits[name].folds) for name in PARTS if name in dataset.splits
    }


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())


def _ages(values: list[float]) -> Ages | None:
    return Ages(*(float(one) for one in np.percentile(values, [25, 50, 75]))) if values else None
