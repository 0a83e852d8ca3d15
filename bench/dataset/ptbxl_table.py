"""PTB-XL's table of records with labels, fold and demography, and its ten folds as splits."""

import ast
import csv
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.dataset.base import TRAIN, Dataset, Split, majorities
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.record import Record, RecordId, Signal, by_id
from measurements import Measurements
from taxonomy.axis import AXES, DERIVED, AxisValue
from taxonomy.error import DatasetError
from taxonomy.truth import AMBIGUOUS_HEART_AXIS, Labels, Numbers, Truth, truth

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


class TabledDataset(Dataset):
    """Base of the datasets with PTB-XL's table: records in order, labels, splits and baselines.

    Parameters
    ----------
    rows : dict of int to TableRow
        By ``ecg_id``, in ascending order.
    """

    citation = "Wagner et al. 2020, PTB-XL, Scientific Data 7:154, doi:10.1038/s41597-020-0495-6"
    licence = "CC BY 4.0"
    credit = "PTB-XL (Wagner et al. 2020, CC BY 4.0)"
    splits = PTBXL_SPLITS
    ids_are_numbers = True

    def __init__(self, rows: dict[RecordId, TableRow]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Record]:
        for row in self._rows.values():
            yield self._record(row)

    def record(self, ecg_id: RecordId) -> Record:
        """Return one record; raises :class:`DatasetError` for an unknown id."""
        if ecg_id not in self._rows:
            raise DatasetError(f"{self.title} has no record {ecg_id}")
        return self._record(self._rows[ecg_id])

    def labels(self, ecg_id: RecordId) -> Labels:
        """Return the labels of a record."""
        return self._rows[ecg_id].labels

    def labelling(self, record: Record) -> str:
        """Return the statements with their likelihoods, the heart axis and the stage of infarction.

        The report is left out: copies of the table are shared without it, and stay the same records with the same
        statements. What it decides (the stage of some infarctions) shows when a score is computed anew.
        """
        labels = self.labels(record.ecg_id)
        return repr((sorted(labels.scp_codes.items()), labels.heart_axis, labels.infarction_stadium))

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return the truth of a record, given its measurements."""
        return truth(self.labels(record.ecg_id), self.deciding_numbers(record.ecg_id, numbers))

    def source(self, axis: str, record: Record, numbers: Measurements) -> str:
        """Return who says the truth on one axis: the labels, or whoever measured rate and *Linkstyp*."""
        is_linkstyp = self.labels(record.ecg_id).heart_axis in AMBIGUOUS_HEART_AXIS
        is_measured = axis == "rate" or (axis == "axis" and is_linkstyp)
        return self.deciding_numbers(record.ecg_id, numbers).source if is_measured else "the labels"

    @property
    def baselines(self) -> Mapping[str, AxisValue]:
        """The majority values over all of PTB-XL's training folds, from ``readers/majority.json``.

        An axis that is not counted there yet is counted over the labels of the training records in this table.
        """
        from readers.majority import majority_values

        counted = majority_values()
        if counted.keys() >= {axis.name for axis in (*AXES, *DERIVED)}:
            return counted
        train = (record for record in self if record.fold in self.splits[TRAIN].folds)
        return {**majorities(self.truth(record) for record in train), **counted}

    @property
    def program(self) -> str:
        """Name of that interpretation program, such as ``12SL``; empty without one."""
        return ""

    def deciding_numbers(self, ecg_id: RecordId, own: Measurements) -> Numbers:
        """Return the numbers that decide rate and *Linkstyp*: a program's where there are some, else our own."""
        program = self.program_measurements.get(ecg_id)
        ours = Numbers(own.heart_rate.printed, own.second_rate.value, own.qrs_axis.printed)
        if program is None or program.heart_rate.value is None or program.qrs_axis.value is None:
            return ours
        rate, axis = program.heart_rate.printed, program.qrs_axis.printed
        return Numbers(rate, None, axis, "an interpretation program (PTB-XL+)", False, self.program)

    @abstractmethod
    def _record(self, row: TableRow) -> Record:
        """Return the record of a row, with its available rates."""


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
        raise DatasetError(f"{path} is missing: name a PTB-XL folder, or get it with 'bench data fetch'") from None
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
