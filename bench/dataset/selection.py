"""The records that ``--data``, ``--split``, ``--ids`` and ``--sample`` select."""

from dataclasses import dataclass
from pathlib import Path

from bench.dataset.base import Dataset
from bench.dataset.cohort import Cohort
from bench.dataset.opening import open_dataset
from bench.dataset.record import RecordId
from taxonomy.error import SettingError


@dataclass(frozen=True)
class Selection:
    """A choice of records, as on the command line.

    Attributes
    ----------
    data : str, Path or None
        Argument of :func:`bench.dataset.open_dataset`.
    split : str
    ids : str or None
        Comma-separated; replaces the split.
    limit : int or None
        Number of records at most, drawn by lot: ``--sample``, or ``--limit``.
    seed : int
        Of the draw.
    option : str
        Where the ids come from, as the user wrote it, for messages.
    """

    data: str | Path | None = None
    split: str = "test"
    ids: str | None = None
    limit: int | None = None
    seed: int = 0
    option: str = "--ids"

    def open(self) -> Dataset:
        """Open the dataset; raises as :func:`bench.dataset.open_dataset`."""
        return open_dataset(self.data)

    def cohort(self, with_signal: bool = True, dataset: Dataset | None = None) -> Cohort:
        """Return the records, those without a signal included if none is needed.

        Parameters
        ----------
        with_signal : bool
        dataset : Dataset, optional
            The dataset if it is already open.

        Raises
        ------
        SettingError
            When no record has a signal, or ``ids`` is malformed.
        taxonomy.error.DatasetError
            When the dataset cannot be opened or has no such record.
        taxonomy.error.UnknownNameError
            When there is no such split.
        """
        dataset = dataset or self.open()
        ids = parsed_ids(self.ids, dataset.ids_are_numbers, self.option) if self.ids else ()
        cohort = dataset.cohort(self.split, ids, self.limit, with_signal, self.seed)
        if not cohort:
            raise SettingError(
                f"no record of split {self.split!r} has a signal in this folder: 'bench data verify' says what is "
                "missing"
            )
        return cohort


def parsed_ids(written: str, numbers: bool, option: str = "--ids") -> tuple[RecordId, ...]:
    """Parse ``--ids``, or the ``--id`` of the commands that show single records.

    Parameters
    ----------
    written : str
    numbers : bool
        Whether the dataset's ids are whole numbers.
    option : str
        As the user wrote it, for the message.

    Raises
    ------
    SettingError
        When there is no id, one is not a whole number although all must be, or one is repeated.
    """
    names = [name.strip() for name in written.split(",") if name.strip()]
    wrong = [name for name in names if numbers and not name.isdecimal()]
    if wrong or not names:
        expected = "whole numbers" if numbers else "the names of records"
        raise SettingError(f"{option} takes {expected} separated by commas, not {wrong[0] if wrong else written!r}")
    ids: tuple[RecordId, ...] = tuple(map(int, names)) if numbers else tuple(names)
    repeated = [ecg_id for ecg_id in ids if ids.count(ecg_id) > 1]
    if repeated:
        raise SettingError(f"{option} names record {repeated[0]} twice")
    return ids
