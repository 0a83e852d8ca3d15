"""The embedded sample as a dataset."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from bench.dataset.ptbxl_table import TabledDataset, TableRow, read_table
from bench.dataset.record import Record, RecordId, Signal
from bench.dataset.sample.codec import unpack
from measurements import Measurements

MICROVOLTS = 1000.0
"""Stored units per mV, as in PTB-XL's own files."""

FINE_FOLDS = (9, 10)
"""Folds that are embedded at 500 Hz too."""


class Sample(TabledDataset):
    """488 real records; each fold is unpacked on first use."""

    name = "ptbxl-sample"
    version = "1.0.3"
    title = "the embedded sample"
    is_sample = True

    def __init__(self) -> None:
        with as_file(files("bench.dataset.sample") / "records.csv") as table:
            super().__init__(read_table(table))

    def signal_digests(self, ids: Iterable[RecordId]) -> Mapping[RecordId, str]:
        """Return the stored SHA-256 digests of each record's samples, at every rate that is embedded."""
        return {ecg_id: json.dumps(self.digests[str(ecg_id)], sort_keys=True) for ecg_id in ids}

    def samples_problem(self, record: Record, fs: int) -> str | None:
        """Return how the samples at one rate differ from PTB-XL's own file, None if they do not."""
        same = digest(self.samples(record.ecg_id, fs)) == self.digests[str(record.ecg_id)][str(fs)]
        return None if same else "the embedded samples do not have their digest"

    def samples(self, ecg_id: RecordId, fs: int) -> NDArray[np.int16]:
        """Return the stored samples of a record in microvolts, int16 (12, n)."""
        fold = self._rows[ecg_id].fold
        block: NDArray[np.int16] = _block(fold, fs)[self._members[fold].index(ecg_id)]
        return block

    @cached_property
    def measured(self) -> dict[RecordId, Measurements]:
        """Measurements taken by this process, shared by all samples that it opens."""
        return _measured()

    @cached_property
    def _members(self) -> Mapping[RecordId, list[RecordId]]:
        folds: dict[RecordId, list[RecordId]] = {}
        for row in self._rows.values():
            folds.setdefault(row.fold, []).append(row.ecg_id)
        return folds

    @cached_property
    def digests(self) -> Mapping[str, Mapping[str, str]]:
        """SHA-256 of each record's samples in PTB-XL's ``.dat`` files, by ``ecg_id`` and rate."""
        data: dict[str, dict[str, str]] = json.loads(_read("digests.json"))
        return data

    def _record(self, row: TableRow) -> Record:
        return row.record(self.name, (500, 100) if row.fold in FINE_FOLDS else (100,), self._load)

    def _load(self, ecg_id: RecordId, fs: int) -> Signal:
        return Signal((self.samples(ecg_id, fs) / np.float32(MICROVOLTS)).astype(np.float32), float(fs))


def block_name(fold: RecordId, fs: int) -> str:
    """Return the file name of one fold at one rate."""
    return f"fold{fold:02d}_{fs}hz.xz"


def digest(samples: NDArray[np.int16]) -> str:
    """Return the SHA-256 of int16 (12, n) in the layout of PTB-XL's ``.dat`` files: by sample, little-endian."""
    return hashlib.sha256(np.ascontiguousarray(samples.T.astype("<i2")).tobytes()).hexdigest()


@cache
def _block(fold: RecordId, fs: int) -> NDArray[np.int16]:
    """Return one fold at one rate, unpacked once for all samples that are opened in a process."""
    block = unpack(_read(block_name(fold, fs)), 10 * fs)
    block.flags.writeable = False
    return block


@cache
def _measured() -> dict[RecordId, Measurements]:
    return {}


def _read(name: str) -> bytes:
    return (files("bench.dataset.sample") / name).read_bytes()
