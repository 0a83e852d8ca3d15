"""Datasets of ECG recordings: PTB-XL in PhysioNet's layout, phantoms, and what others bring."""

from bench.dataset.base import Dataset, Split
from bench.dataset.cohort import Cohort
from bench.dataset.opening import open_dataset
from bench.dataset.record import Record, RecordId, Signal
from bench.dataset.selection import Selection

__all__ = ["Cohort", "Dataset", "Record", "RecordId", "Selection", "Signal", "Split", "open_dataset"]
