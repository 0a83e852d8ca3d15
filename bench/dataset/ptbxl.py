"""PTB-XL v1.0.3 in PhysioNet's own layout, or any part of it that has been downloaded."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from bench.dataset.record import Record, Signal
from bench.dataset.table import Row, TabledDataset, read_table
from bench.dataset.wfdb16 import read_header, read_signal
from taxonomy.error import DatasetError

RATES = (500, 100)


class PtbXl(TabledDataset):
    """A PTB-XL folder; signals are read record by record and never held.

    Parameters
    ----------
    folder : Path
        Holds ``ptbxl_database.csv`` and ``records100`` or ``records500``, either of them in part.

    Raises
    ------
    DatasetError
        When the table cannot be read.
    """

    name = "ptbxl"
    version = "1.0.3"
    is_sample = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(read_table(folder / "ptbxl_database.csv"), "PTB-XL")

    def signal_digests(self, ids: tuple[int, ...]) -> Mapping[int, str]:
        """Return the twelve header checksums of each record at its highest rate (cheap, and tied to the samples).

        A record without a signal at hand has those of its labels.
        """
        digests = {}
        for ecg_id in ids:
            record = self.record(ecg_id)
            if not record.rates:
                digests[ecg_id] = f"labels:{hashlib.sha256(repr(record.labels).encode()).hexdigest()[:16]}"
                continue
            rate = record.rates[0]
            header = read_header(self.header(ecg_id, rate))
            by_lead = sorted((channel.row, channel.checksum % 65536) for channel in header.channels)
            digests[ecg_id] = f"{rate}:" + ",".join(str(checksum) for _, checksum in by_lead)
        return digests

    def header(self, ecg_id: int, fs: int) -> Path:
        """Return the path of a record's header at one rate, whether it is there or not."""
        name = self._rows[ecg_id].filenames[fs]
        path = (self.folder / f"{name}.hea").resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise DatasetError(f"record {ecg_id} names a file outside the folder: {name!r}")
        return path

    def _record(self, row: Row) -> Record:
        rates = tuple(fs for fs in RATES if row.filenames[fs] in self._present[fs])
        return row.record(self.name, rates, self._load)

    def _load(self, ecg_id: int, fs: int) -> Signal:
        return read_signal(self.header(ecg_id, fs))

    @cached_property
    def _present(self) -> Mapping[int, frozenset[str]]:
        """Names (without suffix) of the records that have a header, by rate: one walk instead of 43,598 look-ups."""
        return {
            fs: frozenset(
                str(path.relative_to(self.folder).with_suffix("").as_posix())
                for path in (self.folder / f"records{fs}").rglob("*.hea")
            )
            for fs in RATES
        }
