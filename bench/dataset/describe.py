"""A summary of the records in a dataset."""

from collections import Counter

import numpy as np

from bench.dataset.base import Dataset
from bench.dataset.record import by_id
from taxonomy.axis import AXES


def describe(dataset: Dataset) -> dict[str, str]:
    """Return a dataset's figures by label, without reading a signal."""
    records = list(dataset)
    with_signal = [record for record in records if record.rates]
    ages = [record.age for record in records if record.age is not None]
    truths = [dataset.truth(record) for record in records]
    superclasses = Counter(truth.superclass or "unlabelled" for truth in truths)
    rates = Counter(fs for record in records for fs in record.rates)
    sexes = Counter(record.sex or "unknown" for record in records)
    axes = [axis.name for axis in AXES if axis.name != "rate"]
    labelled = {axis: sum(truth.values[axis] is not None for truth in truths) for axis in axes}
    by_fold = Counter(str(record.fold) for record in sorted(with_signal, key=lambda record: by_id(record.fold)))
    ids = tuple(record.ecg_id for record in with_signal)
    return {
        "dataset": f"{dataset.name} {dataset.version}",
        "records": f"{len(records):,}, {len(with_signal):,} with a signal at hand",
        "patients": f"{len({record.patient_id for record in records}):,}",
        "rates": _listed({f"{fs} Hz": n for fs, n in sorted(rates.items())}) or "none",
        "records with a signal by fold": _listed(by_fold) or "none",
        "sex": _listed(dict(sexes.most_common())),
        "age, median [quartiles]": _quartiles(ages),
        "superclass of the diagnosis": _listed(dict(superclasses.most_common())),
        "labelled by the table alone": _listed(labelled),
        "fingerprint": dataset.fingerprint(ids) if ids else "none",
        "licence": f"{dataset.licence}; cite {dataset.citation}",
    }


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())


def _quartiles(values: list[float]) -> str:
    if not values:
        return "unknown"
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{middle:.0f} [{low:.0f}, {high:.0f}] years"
