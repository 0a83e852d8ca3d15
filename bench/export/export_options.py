"""What to export."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.view import View

HUB_SPLITS: Mapping[str, str] = {"train": "train", "validation": "val", "test": "test"}
"""Hugging Face's names of splits, and the benchmark's."""


@dataclass(frozen=True)
class ExportOptions:
    """What to export.

    Attributes
    ----------
    views : tuple of View
        One per renderer; each is a configuration of the dataset.
    splits : tuple of str
        Keys of :data:`HUB_SPLITS`.
    shard_rows : int
        Rows per parquet file at most.
    limit : int or None
        Records per split at most.
    """

    views: tuple[View, ...]
    splits: tuple[str, ...] = tuple(HUB_SPLITS)
    shard_rows: int = 1000
    limit: int | None = None
