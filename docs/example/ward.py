"""A dataset of one's own, complete: a folder with ``records.csv`` and one ``.npy`` file for each recording."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.dataset import Dataset, Record, RecordId, Signal, Split
from bench.dataset.measurement_cache import UNMEASURED
from measurements import Measurements
from taxonomy.axis import AXIS_NAMES
from taxonomy.error import DatasetError
from taxonomy.threshold import rate_of
from taxonomy.truth import Truth


class Ward(Dataset):
    """Columns of the table: id, patient, fs, rhythm; ``ID.npy`` is float32 (12, n_samples) in mV."""

    name, version, title = "ward", "1", "the ward"
    citation, licence = "unpublished", "not to be shared"

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.splits = {"test": Split("test", ("ward",), "every record")}
        with (self.folder / "records.csv").open(newline="", encoding="utf-8") as lines:
            self.rows = {row["id"]: row for row in csv.DictReader(lines)}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Record]:
        return map(self.record, sorted(self.rows))

    def record(self, ecg_id: RecordId) -> Record:
        """Return one record."""
        row = self.rows.get(str(ecg_id))
        if row is None:
            raise DatasetError(f"{self.title} has no record {ecg_id}")
        return Record(ecg_id, row["patient"], None, None, "ward", self.name, (int(row["fs"]),), self.load)

    def load(self, ecg_id: RecordId, fs: int) -> Signal:
        """Read the signal of a record."""
        return Signal(np.load(self.folder / f"{ecg_id}.npy"), fs)

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return what is known of a record: its labelled rhythm, and the rate measured on its signal."""
        rate = numbers.heart_rate.printed
        rhythm = self.rows[str(record.ecg_id)]["rhythm"] or None
        return Truth(dict.fromkeys(AXIS_NAMES) | {"rhythm": rhythm, "rate": None if rate is None else rate_of(rate)})
