"""What an export holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.view import View

HUB_SPLITS: Mapping[str, str] = {"train": "train", "validation": "val", "test": "test"}
"""Splits as Hugging Face calls them, and as the benchmark does."""


@dataclass(frozen=True)
class ExportOptions:
    """What is exported.

    Attributes
    ----------
    views : tuple of View
        One for each renderer, each a configuration of the dataset.
    splits : tuple of str
        Of :data:`HUB_SPLITS`.
    shard_rows : int
        Rows of a parquet file at most.
    limit : int or None
        Only the first so many records of each split.
    """

    views: tuple[View, ...]
    splits: tuple[str, ...] = tuple(HUB_SPLITS)
    shard_rows: int = 1000
    limit: int | None = None
