"""CODE-15%: 345,779 recordings at 400 Hz in HDF5 files, zeros before and after, with a table of six abnormalities.

Ribeiro et al., doi:10.5281/zenodo.4916206. Recordings of 7 or 10 s lie in the middle of 4,096 samples; values are in
units of 0.1 mV (1e-4 V).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench.dataset.base import TRAIN, Dataset, Split
from bench.dataset.hash_fold import FOLDS, TAUGHT, TESTED, VALIDATED, hash_fold
from bench.dataset.inside import path_inside
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.problem import Problem
from bench.dataset.record import Record, RecordId, Signal
from bench.dataset.table_file import rows_of
from bench.dataset.window import SHORTEST_S, WINDOW_S
from measurements import Measurements
from taxonomy.distribution import install
from taxonomy.error import DatasetError
from taxonomy.snomed import snomed_truth
from taxonomy.truth import Numbers, Truth

TABLE = "exams.csv"
FS = 400
MILLIVOLTS = 0.1
"""Of one unit."""

CODES = {
    "1dAVb": "270492004",
    "RBBB": "59118001",
    "LBBB": "164909002",
    "SB": "426177001",
    "ST": "427084000",
    "AF": "164889003",
    "normal_ecg": "426783006",
}
"""SNOMED CT codes of the table's columns; a normal ECG is in sinus rhythm."""

_TRUE = frozenset({"true", "1", "1.0"})


@dataclass(frozen=True)
class _Row:
    patient: str
    age: float | None
    sex: Literal["male", "female"] | None
    fold: int
    codes: tuple[str, ...]
    file: str


class Code15(Dataset):
    """A folder of CODE-15%, complete or partly downloaded.

    Parameters
    ----------
    folder : str
        Holds ``exams.csv`` and some or all of ``exams_part0.hdf5`` to ``exams_part17.hdf5``.

    Raises
    ------
    taxonomy.error.DatasetError
        When the table is missing or cannot be understood, or h5py is not installed.
    """

    name = "code15"
    version = "1.0.0"
    title = "CODE-15%"
    citation = "Ribeiro et al. 2021, CODE-15%, doi:10.5281/zenodo.4916206"
    licence = "CC BY 4.0"
    ids_are_numbers = True
    splits: Mapping[str, Split] = {
        TRAIN: Split(TRAIN, TAUGHT, "folds 1 to 8"),
        "val": Split("val", VALIDATED, "fold 9"),
        "test": Split("test", TESTED, "fold 10"),
        "all": Split("all", tuple(range(1, FOLDS + 1)), "folds 1 to 10"),
    }

    def __init__(self, folder: str) -> None:
        _require_h5py()
        self.folder = Path(folder)
        self._rows = dict(sorted(_rows(self.folder / TABLE), key=lambda item: item[0]))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Record]:
        return map(self.record, self._rows)

    def record(self, ecg_id: RecordId) -> Record:
        """Return one record; raises :class:`DatasetError` for an unknown id."""
        row = self._row(ecg_id)
        rates = (FS,) if ecg_id in self._places else ()
        return Record(ecg_id, row.patient, row.age, row.sex, row.fold, self.name, rates, self._load)

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return what the table says of a record, and the rate measured where it says none."""
        own = Numbers(numbers.heart_rate.printed, numbers.second_rate.value, numbers.qrs_axis.printed)
        return snomed_truth(self._row(record.ecg_id).codes, self.name, own)

    def source(self, axis: str, record: Record, numbers: Measurements) -> str:
        """Return who says the truth on one axis: the labels, or whoever measured the rate."""
        return Numbers().source if axis in self.truth(record, numbers).circular else "the labels"

    def check(self) -> Iterator[Problem]:
        """Yield the HDF5 files that the table names and the folder has not."""
        for name in sorted({row.file for row in self._rows.values()}):
            if not path_inside(self.folder, name).is_file():
                yield Problem("missing", name, "is not there")

    def _row(self, ecg_id: RecordId) -> _Row:
        if ecg_id not in self._rows:
            raise DatasetError(f"{self.title} has no record {ecg_id}")
        return self._rows[int(ecg_id)]

    @cached_property
    def _places(self) -> Mapping[RecordId, tuple[str, int]]:
        """The file of each record and its row there."""
        named = sorted({row.file for row in self._rows.values()})
        present = [name for name in named if path_inside(self.folder, name).is_file()]
        return {
            exam: (name, row)
            for name in present
            for row, exam in enumerate(self._read(name, "exam_id").tolist())
            if exam in self._rows
        }

    def _read(self, name: str, part: str, row: int | None = None) -> NDArray[Any]:
        """Return an array of a file, or one row of it; the file is closed again, so that processes may share it."""
        import h5py

        path = path_inside(self.folder, name)
        try:
            with h5py.File(path, "r") as file:
                return np.asarray(file[part][...] if row is None else file[part][row])
        except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
            raise DatasetError(f"{path} is no HDF5 file of CODE-15% with {part!r}: {error}") from error

    def _load(self, ecg_id: RecordId, fs: int) -> Signal:
        name, row = self._places[ecg_id]
        tracing = self._read(name, "tracings", row).astype(np.float32)
        if tracing.ndim != 2 or tracing.shape[1] != 12:
            raise DatasetError(f"record {ecg_id} in {self.folder / name} is {tracing.shape}, not (samples, 12)")
        kept = without_padding(tracing)
        if len(kept) < SHORTEST_S * FS:
            # The table does not tell it, and a run of all others must not end here: its zeros are part of it.
            kept = tracing
        kept = kept[: WINDOW_S * FS]
        return Signal(np.ascontiguousarray(kept.T) * np.float32(MILLIVOLTS), FS)


def without_padding(tracing: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a tracing (samples, leads) without the samples before and after it that are zero in every lead."""
    told = np.flatnonzero(tracing.any(axis=1))
    return tracing[told[0] : told[-1] + 1] if told.size else tracing[:0]


def _require_h5py() -> None:
    try:
        import h5py  # noqa: F401
    except ImportError:
        raise DatasetError(f"CODE-15% is in HDF5 files, which need h5py: {install('code15')}") from None


def _rows(path: Path) -> Iterator[tuple[RecordId, _Row]]:
    needed = ("exam_id", "patient_id", "age", "is_male", "trace_file", *CODES)
    seen = set()
    for number, cells in rows_of(path, needed):
        try:
            exam, age = int(cells["exam_id"]), float(cells["age"] or "nan")
        except ValueError as error:
            raise DatasetError(f"line {number} of {path} cannot be understood: {error}") from error
        if exam in seen:
            raise DatasetError(f"line {number} of {path} names exam {exam} again")
        seen.add(exam)
        yield (
            exam,
            _Row(
                patient=cells["patient_id"],
                age=age if 0 <= age <= 130 else None,
                sex="male" if cells["is_male"].lower() in _TRUE else "female" if cells["is_male"] else None,
                fold=hash_fold("code15", cells["patient_id"]),
                codes=tuple(code for name, code in CODES.items() if cells[name].lower() in _TRUE),
                file=cells["trace_file"],
            ),
        )
