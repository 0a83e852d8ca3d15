"""Datasets of ECG recordings: PTB-XL in PhysioNet's layout, and the embedded sample of it."""

from bench.dataset.dataset import SPLITS, Dataset, fingerprint, folds_of, open_dataset, records_of
from bench.dataset.record import Record, Signal
from taxonomy.error import DatasetError

__all__ = [
    "SPLITS",
    "Dataset",
    "DatasetError",
    "Record",
    "Signal",
    "fingerprint",
    "folds_of",
    "open_dataset",
    "records_of",
]
