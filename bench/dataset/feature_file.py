"""Measurements read from a PTB-XL+ features file, 12SL (GE) or UniG (Glasgow), in place of our own.

Files ``features/12sl_features.csv`` and ``features/unig_features.csv`` of PTB-XL+ 1.0.1 (Strodthoff et al. 2023,
Scientific Data 10:279). Intervals are in ms, angles in degrees: -90 to 270 in 12SL, -180 to 180 in UniG. The column
names are taken from public analyses of both files; no original was available when this was written.
"""

import csv
import math
import zlib
from collections.abc import Mapping
from pathlib import Path

from bench.dataset.record import RecordId
from measurements import Measurement, Measurements
from taxonomy.error import FileError
from taxonomy.outside import MEBIBYTE, outside_lines

LARGEST = 1024 * MEBIBYTE
"""Bytes of a features file at most."""

PROGRAMS: Mapping[str, str] = {"12sl_features.csv": "12SL", "unig_features.csv": "UniG"}
"""Program by file of PTB-XL+, in order of preference."""

RATE_COLUMNS = ("HR__Global", "HR_Ventr_Global", "RR_Mean_Global")
"""Alternatives: beats per minute, ventricular beats per minute, or the mean RR interval in ms."""

AXIS_COLUMNS = ("R_AxisFrontal_Global", "QRS_AxisFront_Global")
"""Alternatives for the QRS axis: 12SL's and UniG's."""

FEATURE_COLUMNS = {
    "pr": "PR_Int_Global",
    "qrs": "QRS_Dur_Global",
    "qt": "QT_Int_Global",
    "p_axis": "P_AxisFront_Global",
    "t_axis": "T_AxisFront_Global",
}

EMPTY = "the features file has no value"


def read_features(path: Path) -> dict[RecordId, Measurements]:
    """Read a features file.

    Returns
    -------
    dict of int to Measurements
        By ``ecg_id``; an empty cell is 'not measurable'. QTc is computed from QT and rate, as in our own measurements.

    Raises
    ------
    FileError
        When the file cannot be read, lacks a column, or a cell is not a number.
    """
    measurements: dict[RecordId, Measurements] = {}
    try:
        with outside_lines(path, size=LARGEST, what="the features file") as table:
            reader = csv.DictReader(table)
            header = tuple(reader.fieldnames or ())
            rate, axis = _present(path, header, RATE_COLUMNS), _present(path, header, AXIS_COLUMNS)
            for column in ("ecg_id", *FEATURE_COLUMNS.values()):
                _present(path, header, (column,))
            for line, row in enumerate(reader, start=2):
                cells = _Cells(path, line, row)
                ecg_id = int(cells.number("ecg_id") or 0)
                if ecg_id in measurements:
                    raise FileError(f"line {line} of {path} holds record {ecg_id} a second time")
                measurements[ecg_id] = cells.measurements(rate, axis)
    except FileNotFoundError:
        raise FileError(f"the features file {path} does not exist; --measurements takes 'waveform' or a file") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise FileError(
            f"the features file {path} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    return measurements


def _present(path: Path, header: tuple[str, ...], names: tuple[str, ...]) -> str:
    for name in names:
        if name in header:
            return name
    raise FileError(f"the features file {path} has no column {' or '.join(names)}")


class _Cells:
    """One line of the file, its cells parsed as numbers."""

    def __init__(self, path: Path, line: int, row: Mapping[str, str]) -> None:
        self._path, self._line, self._row = path, line, row

    def number(self, column: str) -> float | None:
        """Return the number in a cell, None when it is empty or 'nan'."""
        written = (self._row[column] or "").strip()
        try:
            value = float(written or "nan")
        except ValueError:
            raise FileError(f"line {self._line} of {self._path}: {column} is {written!r}, not a number") from None
        return value if math.isfinite(value) else None

    def measurements(self, rate_column: str, axis_column: str) -> Measurements:
        """Return the line's measurements."""
        rate = self.number(rate_column)
        if rate_column == "RR_Mean_Global" and rate:
            rate = 60_000 / rate
        values = {name: self.number(column) for name, column in FEATURE_COLUMNS.items()}
        values |= {"heart_rate": rate, "qrs_axis": self.number(axis_column)}
        values |= {name: _turned(values[name]) for name in ("p_axis", "qrs_axis", "t_axis")}
        for name, power in (("qtc_bazett", 1 / 2), ("qtc_fridericia", 1 / 3)):
            values[name] = values["qt"] / (60 / rate) ** power if values["qt"] is not None and rate else None
        return Measurements(**{name: _measurement(value) for name, value in values.items()})


def _turned(angle: float | None) -> float | None:
    """Return an angle between -180 (excluded) and 180 degrees."""
    return None if angle is None else 180 - (180 - angle) % 360


def _measurement(value: float | None) -> Measurement:
    return Measurement(reason=EMPTY) if value is None else Measurement(value)
