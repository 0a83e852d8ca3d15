"""Coverage: how much of its split a cohort holds, and how many of the split's records have a recording at hand."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.dataset.record import RecordId

if TYPE_CHECKING:
    from bench.dataset.base import Dataset


@dataclass(frozen=True)
class Coverage:
    """How much of a split a selection of records holds.

    Attributes
    ----------
    split : str
        The split that the records are of; empty for records chosen one by one.
    records : int
        Records selected.
    of : int
        Records of the split with a label or not, with a recording or not; those selected where there is no split.
    recordings : int
        Of those, the records with a recording at hand.
    """

    split: str
    records: int
    of: int
    recordings: int

    @property
    def is_whole(self) -> bool:
        """Whether every record of a split is there."""
        return bool(self.split) and self.records == self.of

    @property
    def said(self) -> str:
        """How many of the records have a recording, in a sentence."""
        where = f"records of split {self.split!r} have" if self.split else "records chosen by id have"
        return f"{self.recordings:,} of {self.of:,} {where} a recording here."

    @property
    def partial(self) -> str:
        """That this is no whole split, in a sentence."""
        if not self.split:
            return f"Partial: {self.records:,} records chosen by id are no split; no leaderboard takes it."
        return f"Partial: {self.records:,} of the split's {self.of:,} records are asked; no leaderboard takes it."


def coverage_of(dataset: "Dataset", split: str, ids: Collection[RecordId]) -> Coverage:
    """Return the coverage of records by the name of their selection: ``test``, ``test-sample100``, ``ids``."""
    names = [name for name in dataset.splits if split == name or split.startswith(f"{name}-")]
    if not names:
        recordings = sum(bool(dataset.record(ecg_id).rates) for ecg_id in ids)
        return Coverage("", len(ids), len(ids), recordings)
    name = max(names, key=len)
    every = tuple(dataset.of_folds(dataset.splits[name].folds))
    asked = len({record.ecg_id for record in every} & set(ids))
    return Coverage(name, asked, len(every), sum(bool(record.rates) for record in every))
