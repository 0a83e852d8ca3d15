"""Any folder of WFDB records in format 16, with a CSV of labels.

Columns: ``record`` (path of the header beside the table, without ``.hea``) is required. ``id``, ``patient``, ``age``,
``sex`` and ``fold`` (train, val or test) are read where they are there, and so are ``dx`` (SNOMED CT codes) and one
column for each axis that is labelled. Several values that are right stand with ``|`` between them, the first is the
primary one; findings and codes stand with ``;`` between them; an empty cell is unlabelled, and ``none`` is no finding.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.dataset.base import TRAIN, Dataset, Split
from bench.dataset.hash_fold import TAUGHT, TESTED, hash_fold
from bench.dataset.inside import path_inside
from bench.dataset.label_cell import Label, age_in, label_in, sex_in
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.problem import Problem
from bench.dataset.record import Record, RecordId, Signal, by_id
from bench.dataset.table_file import check_columns, rows_of
from bench.dataset.wfdb_file import checksum_problem, read_header
from bench.dataset.window import unusable, window_of
from measurements import Measurements
from taxonomy.axis import AXES, DERIVED, NORMALITY
from taxonomy.error import DatasetError, UnknownNameError, unknown_name
from taxonomy.snomed import snomed_truth
from taxonomy.statement import superclass_of
from taxonomy.truth import Numbers, Truth

TABLE = "labels.csv"
LABELLED = (*(axis.name for axis in AXES), NORMALITY.name)
COLUMNS = ("record", "id", "patient", "age", "sex", "fold", "dx", *LABELLED)
PARTS = {TRAIN: "train", "val": "val", "validation": "val", "test": "test"}


@dataclass(frozen=True)
class _Row:
    header: Path
    patient: str
    age: float | None
    sex: Literal["male", "female"] | None
    fold: str
    codes: tuple[str, ...] | None
    labels: Mapping[str, Label]


class WfdbFolder(Dataset):
    """WFDB records with a CSV of labels; signals are read on demand.

    Parameters
    ----------
    where : str
        The table, or its folder, where it is named ``labels.csv``.

    Raises
    ------
    taxonomy.error.DatasetError
        When the table is missing, lacks the column ``record``, has one whose name is misspelt or a patient in two
        folds, or holds a value that cannot be understood.
    taxonomy.error.UnknownNameError
        When a label is no value of its axis; the message names the line and lists them.
    """

    version = "1"
    citation = "the folder's owner"
    licence = "as the folder's owner says"

    def __init__(self, where: str) -> None:
        path = Path(where)
        self.table = path / TABLE if path.is_dir() else path
        self.folder = self.table.parent
        own = re.sub(r"[^\w.-]+", "_", self.folder.resolve().name)
        self.name = f"wfdb-{own}"
        self.title = f"WFDB records of {own}"
        self._rows = self._read()
        self.splits = {part: Split(part, (part,), f"fold {part}") for part in (TRAIN, "val", "test")} | {
            "all": Split("all", (TRAIN, "val", "test"), "every record")
        }

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Record]:
        return map(self.record, self._rows)

    def record(self, ecg_id: RecordId) -> Record:
        """Return one record; raises :class:`DatasetError` for an unknown id."""
        row = self._row(ecg_id)
        rates = () if self._problem(row) else (round(read_header(row.header).fs),)
        return Record(ecg_id, row.patient, row.age, row.sex, row.fold, self.name, rates, self._load)

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return what the columns say, else what the codes say, else what is measured of the rate."""
        row = self._row(record.ecg_id)
        own = Numbers(numbers.heart_rate.printed, numbers.second_rate.value, numbers.qrs_axis.printed)
        coded = snomed_truth(row.codes or (), "", own)
        said = row.labels
        values = {**coded.values, **{axis: label[0] for axis, label in said.items()}}
        if said.keys() & {"diagnosis", "ischemia_stage", "ischemia_territory"}:
            gone = {axis.name for axis in DERIVED} - said.keys()
            values = {axis: value for axis, value in values.items() if axis not in gone}
        kept = {axis: right for axis, right in coded.accepted.items() if axis not in said}
        diagnosis = values["diagnosis"]
        named = frozenset(superclass_of(str(one)) for one in said.get("diagnosis", ()))
        return Truth(
            values=values,
            superclass=superclass_of(diagnosis) if isinstance(diagnosis, str) else None,
            superclasses=named or coded.superclasses,
            accepted=kept | {axis: frozenset(label) for axis, label in said.items() if len(label) > 1},
            allowed=frozenset() if "other_findings" in said else coded.allowed,
            because={**coded.because, **dict.fromkeys(said, f"the table {self.table.name}")},
            circular=coded.circular - said.keys(),
        )

    def source(self, axis: str, record: Record, numbers: Measurements) -> str:
        """Return who says the truth on one axis: the labels, or whoever measured the rate."""
        return Numbers().source if axis in self.truth(record, numbers).circular else "the labels"

    def check(self) -> Iterator[Problem]:
        """Yield the records whose header or sample file is missing, damaged or of another form."""
        for row in self._rows.values():
            problem = self._problem(row)
            if problem:
                yield Problem("unreadable", str(row.header.relative_to(self.folder)), problem)

    def samples_problem(self, record: Record, fs: int) -> str | None:
        """Return the leads whose samples do not match their header's checksum, None for none."""
        return checksum_problem(read_header(self._row(record.ecg_id).header))

    def _row(self, ecg_id: RecordId) -> _Row:
        row = self._rows.get(str(ecg_id))
        if row is None:
            raise DatasetError(f"{self.table} has no record {ecg_id}")
        return row

    @staticmethod
    def _problem(row: _Row) -> str:
        try:
            header = read_header(row.header)
        except DatasetError as error:
            return str(error)
        is_there = row.header.with_name(header.file).is_file()
        return unusable(header) or ("" if is_there else f"names the file {header.file}, which is not there")

    def _load(self, ecg_id: RecordId, fs: int) -> Signal:
        return window_of(read_header(self._row(ecg_id).header))

    def _read(self) -> dict[RecordId, _Row]:
        rows: dict[RecordId, _Row] = {}
        folds: dict[str, str] = {}
        for number, cells in rows_of(self.table, ("record",)):
            where = f"line {number} of {self.table}"
            if not rows:
                check_columns(self.table, cells, COLUMNS)
            ecg_id = cells.get("id") or cells["record"].removesuffix(".hea")
            if not ecg_id or ecg_id in rows:
                raise DatasetError(f"{where} names {f'record {ecg_id} again' if ecg_id else 'no record'}")
            patient = cells.get("patient") or ecg_id
            header = path_inside(self.folder, cells["record"].removesuffix(".hea") + ".hea")
            dx = cells.get("dx", "")
            fold = _fold(where, cells.get("fold", ""), self.name, patient)
            if folds.setdefault(patient, fold) != fold:
                raise DatasetError(f"{where} has patient {patient} in fold {fold}, who is in {folds[patient]} above")
            rows[ecg_id] = _Row(
                header=header,
                patient=patient,
                age=age_in(where, cells.get("age", "")),
                sex=sex_in(cells.get("sex", "")),
                fold=fold,
                codes=tuple(dict.fromkeys(re.split(r"[;,|\s]+", dx))) if dx else None,
                labels={axis: label_in(where, axis, cells[axis]) for axis in LABELLED if cells.get(axis)},
            )
        if not rows:
            raise DatasetError(f"{self.table} has no line below its columns")
        return dict(sorted(rows.items(), key=lambda item: by_id(item[0])))


def _fold(where: str, written: str, dataset: str, patient: str) -> str:
    if written:
        if written.lower() not in PARTS:
            raise UnknownNameError(f"{where}: {unknown_name('fold', written, PARTS)}")
        return PARTS[written.lower()]
    number = hash_fold(dataset, patient)
    return TRAIN if number in TAUGHT else "test" if number in TESTED else "val"
