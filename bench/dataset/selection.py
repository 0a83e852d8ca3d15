"""From ``--data``, ``--split``, ``--ids`` and ``--limit`` to records."""

from dataclasses import dataclass
from pathlib import Path

from bench.dataset.base import Dataset
from bench.dataset.cohort import Cohort
from bench.dataset.opening import open_dataset
from bench.dataset.record import RecordId
from taxonomy.error import SettingError


@dataclass(frozen=True)
class Selection:
    """Which records, as on the command line.

    Attributes
    ----------
    data : str, Path or None
        As :func:`bench.dataset.open_dataset` takes it.
    split : str
    ids : str or None
        Parted by commas; taken instead of the split.
    limit : int or None
        Only the first so many.
    """

    data: str | Path | None = None
    split: str = "test"
    ids: str | None = None
    limit: int | None = None

    def open(self) -> Dataset:
        """Open the dataset; raises as :func:`bench.dataset.open_dataset`."""
        return open_dataset(self.data)

    def cohort(self, with_signal: bool = True, dataset: Dataset | None = None) -> Cohort:
        """Return the records; all of the split if no signal is needed.

        Parameters
        ----------
        with_signal : bool
        dataset : Dataset, optional
            The one that is open already.

        Raises
        ------
        SettingError
            When there is none with a signal, or ``ids`` cannot be understood.
        taxonomy.error.DatasetError
            When the dataset cannot be opened or has no such record.
        taxonomy.error.UnknownNameError
            When there is no such split.
        """
        used = dataset or self.open()
        ids = parsed_ids(self.ids, used.ids_are_numbers) if self.ids else ()
        cohort = used.cohort(self.split, ids, self.limit, with_signal)
        if not cohort:
            raise SettingError(
                f"no record of split {self.split!r} has a signal in this folder: 'bench data verify' says what is "
                "missing"
            )
        return cohort


def parsed_ids(written: str, numbers: bool) -> tuple[RecordId, ...]:
    """Return the ids of ``--ids``.

    Parameters
    ----------
    written : str
    numbers : bool
        Whether the dataset's ids are whole numbers.

    Raises
    ------
    SettingError
        When there is none, a part is no whole number where it should be, or one stands twice.
    """
    parts = [part.strip() for part in written.split(",") if part.strip()]
    wrong = [part for part in parts if numbers and not part.isdecimal()]
    if wrong or not parts:
        what = "whole numbers" if numbers else "the names of records"
        raise SettingError(f"--ids takes {what} parted by commas, not {wrong[0] if wrong else written!r}")
    ids: tuple[RecordId, ...] = tuple(map(int, parts)) if numbers else tuple(parts)
    twice = [ecg_id for ecg_id in ids if ids.count(ecg_id) > 1]
    if twice:
        raise SettingError(f"--ids names record {twice[0]} twice")
    return ids
