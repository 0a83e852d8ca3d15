"""What every dataset offers, the splits, and how one is found."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from bench.dataset.record import Record
from taxonomy.error import DatasetError, unknown_name

SPLITS: Mapping[str, tuple[int, ...]] = {
    "train": tuple(range(1, 9)),
    "val": (9,),
    "test": (10,),
    "all": tuple(range(1, 11)),
    **{f"fold{number}": (number,) for number in range(1, 11)},
}
"""Folds of each split, as PTB-XL's authors recommend them (Wagner et al. 2020)."""


class Dataset(Protocol):
    """Recordings with labels.

    Attributes
    ----------
    name, version : str
        As in manifests and on the leaderboard.
    is_sample : bool
        Whether it is the embedded sample, whose results say so.
    """

    name: str
    version: str
    is_sample: bool

    def __len__(self) -> int:
        """Return the number of records."""
        ...

    def __iter__(self) -> Iterator[Record]:
        """Yield every record in ascending ``ecg_id``, signals unread."""
        ...

    def record(self, ecg_id: int) -> Record:
        """Return one record; raises :class:`DatasetError` for an unknown id."""
        ...

    def signal_digests(self, ids: tuple[int, ...]) -> Mapping[int, str]:
        """Return a checksum of each record's signals, as the dataset publishes it."""
        ...


def folds_of(split: str) -> tuple[int, ...]:
    """Return the folds of a split.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such split; the message lists them.
    """
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    return SPLITS[split]


def records_of(dataset: Dataset, split: str, with_signal: bool = True) -> list[Record]:
    """Return the records of a split (those that have a signal, unless labels are enough), in ascending ``ecg_id``."""
    folds = folds_of(split)
    return [record for record in dataset if record.fold in folds and (record.rates or not with_signal)]


def fingerprint(dataset: Dataset, ids: tuple[int, ...]) -> str:
    """Return what tells one set of records from another: a digest over ids and signal checksums, 16 hex digits."""
    import hashlib

    digest = hashlib.sha256(f"{dataset.name} {dataset.version}\n".encode())
    for ecg_id, checksum in sorted(dataset.signal_digests(ids).items()):
        digest.update(f"{ecg_id} {checksum}\n".encode())
    return digest.hexdigest()[:16]


def open_dataset(path: Path | None = None) -> Dataset:
    """Open the dataset at ``path``, else at ``$PTBXL_DIR``, else the embedded sample.

    Raises
    ------
    DatasetError
        When the folder does not exist or holds no PTB-XL table.
    """
    from bench.dataset.ptbxl import PtbXl
    from bench.dataset.sample import Sample

    named = path or (Path(os.environ["PTBXL_DIR"]) if os.environ.get("PTBXL_DIR") else None)
    if named is None:
        return Sample()
    if not named.is_dir():
        raise DatasetError(f"the data folder {named} does not exist: fetch PTB-XL with 'bench data fetch {named}'")
    return PtbXl(named)
