"""PTB-XL's table of records with labels, fold and demography, and its ten folds as splits."""

import ast
import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.dataset.base import Split
from bench.dataset.record import Record, RecordId, Signal, by_id
from taxonomy.error import DatasetError
from taxonomy.truth import Labels

TABLE = "ptbxl_database.csv"

TABLE_COLUMNS = ("ecg_id", "patient_id", "age", "sex", "scp_codes", "heart_axis", "infarction_stadium1", "strat_fold")
"""Required columns; ``filename_lr``, ``filename_hr`` and ``report`` are read where present."""

OVER_89 = 90.0
"""Age of a record whose age is given as 300, PTB-XL's code for over 89."""

PTBXL_SPLITS = {
    split.name: split
    for split in (
        Split("train", tuple(range(1, 9)), "folds 1 to 8"),
        Split("val", (9,), "fold 9"),
        Split("test", (10,), "fold 10"),
        Split("all", tuple(range(1, 11)), "folds 1 to 10"),
        *(Split(f"fold{number}", (number,), f"fold {number}") for number in range(1, 11)),
    )
}
"""The splits that PTB-XL's authors recommend (Wagner et al. 2020), and every fold by itself."""


@dataclass(frozen=True)
class TableRow:
    """One row of ``ptbxl_database.csv``, typed."""

    ecg_id: RecordId
    patient_id: RecordId
    age: float | None
    sex: Literal["male", "female"] | None
    fold: RecordId
    labels: Labels
    filenames: Mapping[int, str]

    def record(self, dataset: str, rates: tuple[int, ...], load: Callable[[RecordId, int], Signal]) -> Record:
        """Return the record of this row, with the rates given in descending order."""
        return Record(self.ecg_id, self.patient_id, self.age, self.sex, self.fold, dataset, rates, load)


def read_table(path: Path) -> dict[RecordId, TableRow]:
    """Read ``ptbxl_database.csv``.

    Returns
    -------
    dict of int to TableRow
        By ``ecg_id``, in ascending order.

    Raises
    ------
    DatasetError
        When the file is missing, is not a UTF-8 CSV, lacks a column, or holds an invalid row.
    """
    try:
        with path.open(newline="", encoding="utf-8") as table:
            reader = csv.DictReader(table)
            missing = [name for name in TABLE_COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise DatasetError(f"{path} has no column {missing[0]!r}: is it PTB-XL's ptbxl_database.csv, complete?")
            rows = [_row(path, line, number) for number, line in enumerate(reader, start=2)]
    except FileNotFoundError:
        raise DatasetError(
            f"{path} is missing: name a PTB-XL folder, get it with 'bench data fetch', or say what else "
            f"{path.parent} is: challenge:, wfdb: or pages: before its name"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    return {row.ecg_id: row for row in sorted(rows, key=lambda row: by_id(row.ecg_id))}


def _row(path: Path, line: Mapping[str, str], number: int) -> TableRow:
    try:
        age = float(line["age"]) if line["age"] else None
        return TableRow(
            ecg_id=int(line["ecg_id"]),
            patient_id=int(float(line["patient_id"])),
            age=OVER_89 if age is not None and age > 89 else age,
            sex={"0": "male", "1": "female"}.get(line["sex"]),  # type: ignore[arg-type]  # one of the two, or None
            fold=int(line["strat_fold"]),
            labels=Labels(
                _codes(line["scp_codes"]),
                line["heart_axis"] or None,
                line["infarction_stadium1"] or None,
                line.get("report") or None,
            ),
            filenames={100: line.get("filename_lr") or "", 500: line.get("filename_hr") or ""},
        )
    except (ValueError, TypeError, KeyError, SyntaxError) as error:
        raise DatasetError(f"line {number} of {path} cannot be understood: {error}") from error


def _codes(written: str) -> dict[str, float]:
    codes = ast.literal_eval(written)
    if not isinstance(codes, dict):
        raise ValueError(f"scp_codes is {written!r}, not a table of statements")
    return {str(code): float(likelihood) for code, likelihood in codes.items()}
