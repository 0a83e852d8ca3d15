"""What an export holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.finetune.config import Task

SPLITS: Mapping[str, str] = {"train": "train", "validation": "val", "test": "test"}
"""Splits as Hugging Face calls them, and as the benchmark does: folds 1 to 8, 9 and 10."""


@dataclass(frozen=True)
class ExportOptions:
    """What is exported.

    Attributes
    ----------
    renderers : tuple of str
        Each is a configuration of the dataset.
    splits : tuple of str
        Of :data:`SPLITS`.
    task : Task
        Format, resolution, condition and measurements; its renderer is not looked at.
    shard_rows : int
        Rows of a parquet file at most.
    seed : int
        Of donors and masks.
    limit : int or None
        Only the first so many records of each split.
    """

    renderers: tuple[str, ...] = ("printed",)
    splits: tuple[str, ...] = tuple(SPLITS)
    task: Task = field(default_factory=Task)
    shard_rows: int = 1000
    seed: int = 0
    limit: int | None = None
