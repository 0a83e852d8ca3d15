"""PTB-XL's table of records: one row each with labels, fold and demography."""

import ast
import csv
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.dataset.record import OVER_89, Record, Signal
from taxonomy.error import DatasetError
from taxonomy.truth import Labels

COLUMNS = ("ecg_id", "patient_id", "age", "sex", "scp_codes", "heart_axis", "infarction_stadium1", "strat_fold")
"""Columns that are read; ``filename_lr`` and ``filename_hr`` too where signals are wanted."""


@dataclass(frozen=True)
class Row:
    """One row of ``ptbxl_database.csv``, typed."""

    ecg_id: int
    patient_id: int
    age: float | None
    sex: Literal["male", "female"] | None
    fold: int
    labels: Labels
    filenames: Mapping[int, str]

    def record(self, dataset: str, rates: Iterable[int], load: Callable[[int, int], Signal]) -> Record:
        """Return the record of this row."""
        return Record(
            self.ecg_id,
            self.patient_id,
            self.age,
            self.sex,
            self.fold,
            self.labels,
            dataset,
            tuple(sorted(rates, reverse=True)),
            load,
        )


class TabledDataset(ABC):
    """What every dataset with PTB-XL's table shares: its records in order, and one by its id.

    Parameters
    ----------
    rows : dict of int to Row
        By ``ecg_id``, in ascending order.
    title : str
        How messages call the dataset.
    """

    def __init__(self, rows: dict[int, Row], title: str) -> None:
        self._rows, self._title = rows, title

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Record]:
        for row in self._rows.values():
            yield self._record(row)

    def record(self, ecg_id: int) -> Record:
        """Return one record; raises :class:`DatasetError` for an unknown id."""
        if ecg_id not in self._rows:
            raise DatasetError(f"{self._title} has no record {ecg_id}")
        return self._record(self._rows[ecg_id])

    @abstractmethod
    def _record(self, row: Row) -> Record:
        """Return the record of a row, with the rates that are at hand."""


def read_table(path: Path) -> dict[int, Row]:
    """Read ``ptbxl_database.csv``.

    Returns
    -------
    dict of int to Row
        By ``ecg_id``, in ascending order.

    Raises
    ------
    DatasetError
        When the file is missing, is no UTF-8 CSV, lacks a column, or holds a row that cannot be understood.
    """
    try:
        with path.open(newline="", encoding="utf-8") as table:
            reader = csv.DictReader(table)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise DatasetError(f"{path} has no column {missing[0]!r}: is it PTB-XL's ptbxl_database.csv, complete?")
            rows = [_row(path, line, number) for number, line in enumerate(reader, start=2)]
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing: name a PTB-XL folder, or get it with 'bench data fetch'") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    return {row.ecg_id: row for row in sorted(rows, key=lambda row: row.ecg_id)}


def _row(path: Path, line: Mapping[str, str], number: int) -> Row:
    try:
        age = float(line["age"]) if line["age"] else None
        return Row(
            ecg_id=int(line["ecg_id"]),
            patient_id=int(float(line["patient_id"])),
            age=OVER_89 if age is not None and age > 89 else age,
            sex={"0": "male", "1": "female"}.get(line["sex"]),  # type: ignore[arg-type]  # one of the two, or None
            fold=int(line["strat_fold"]),
            labels=Labels(_codes(line["scp_codes"]), line["heart_axis"] or None, line["infarction_stadium1"] or None),
            filenames={100: line.get("filename_lr") or "", 500: line.get("filename_hr") or ""},
        )
    except (ValueError, TypeError, KeyError, SyntaxError) as error:
        raise DatasetError(f"line {number} of {path} cannot be understood: {error}") from error


def _codes(written: str) -> dict[str, float]:
    codes = ast.literal_eval(written)
    if not isinstance(codes, dict):
        raise ValueError(f"scp_codes is {written!r}, not a table of statements")
    return {str(code): float(likelihood) for code, likelihood in codes.items()}
