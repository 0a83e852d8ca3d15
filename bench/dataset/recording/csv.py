"""CSV files: a header of lead names, a row for each sample."""

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.recording.told import Told
from bench.dataset.recording.traces import Traces, channels
from bench.dataset.recording.unit import is_unit, millivolts
from taxonomy.error import DatasetError
from taxonomy.outside import outside_bytes

LARGEST = 256 << 20
"""Bytes of a file: half an hour of twelve leads at 1000 Hz, six letters a sample, are 150 MB."""

LONGEST_HEADER, MOST_COLUMNS = 10_000, 256

_NAMED = re.compile(r"(.*?)\s*[\[(/]\s*([^\])]+?)\s*[\])]?")
"""A column with its unit: ``V1 [uV]``, ``V1 (mV)``, ``V1/mV``."""

_TIME = {"time", "t", "zeit", "seconds", "second", "sec", "timestamp", "milliseconds", "ms"}
_RATE = {"fs", "hz", "samplingrate", "samplingfrequency", "samplerate", "sfreq"}
_SECONDS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "\N{MICRO SIGN}s": 1e-6}
_STEPS = ((1.0, 2.5e-4, 0.02), (1e-3, 0.25, 20.0), (1e-6, 250.0, 20_000.0))
"""Units of a time that names none, in seconds, told by its step: rates from 50 to 4000 Hz overlap in none of them."""


@dataclass(frozen=True)
class _Table:
    """A file, how its letters are written, what parts its cells, and the names of its columns."""

    path: Path
    data: bytes
    encoding: str
    separator: str
    names: tuple[str, ...]


def read_csv(path: Path, told: Told) -> Traces:
    """Read a CSV file.

    Columns are parted by commas, semicolons (decimals may then have commas) or tabs. Units stand in the header
    (``V1 [uV]``) or are told; the rate is told, follows from a column of times, or stands in a column ``fs``. An empty
    cell is a sample without a value.

    Raises
    ------
    DatasetError
        When it has no header of lead names, a cell is no number, or neither rate nor unit is known.
    """
    data = outside_bytes(path, DatasetError, LARGEST)
    table = _table(path, data)
    plain, units = zip(*map(_parted, table.names), strict=True)
    found = channels(plain, path)
    if not found.places:
        raise DatasetError(
            f"{path} names no lead in its first line: it must be a header, such as I,II,V1,V2,V3,V4,V5,V6"
        )
    clock = next((place for place, name in enumerate(plain) if _key(name) in _TIME | _RATE), None)
    wanted = [*found.places.values()] + ([clock] if clock is not None else [])
    columns = _numbers(table, wanted)
    fs = _rate(path, plain, units, clock, columns, told)
    factor = _factors(path, {lead: units[place] for lead, place in found.places.items()}, told)
    leads = {lead: (columns[place] * factor[lead]).astype(np.float32) for lead, place in found.places.items()}
    notes = found.notes if len(table.names) - len(found.places) - (clock is not None) else ()
    return Traces(leads, fs, notes, found.others)


def _encoding(data: bytes) -> str:
    """Return how a file is written: UTF-8, UTF-16 with its mark, or as Windows writes it, where a micro sign is B5."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        data[:LONGEST_HEADER].partition(b"\n")[0].decode("utf-8-sig")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _table(path: Path, data: bytes) -> _Table:
    encoding = _encoding(data)
    first = data[:LONGEST_HEADER].decode(encoding, "replace").split("\n", 1)[0].split("\r", 1)[0]
    if "\0" in first:
        raise DatasetError(f"{path} is no CSV file: its first line is no text")
    separator = max(",;\t", key=first.count)
    names = tuple(name.strip().strip('"').strip() for name in first.split(separator))
    if len(names) > MOST_COLUMNS:
        raise DatasetError(f"{path} has {len(names)} columns: {MOST_COLUMNS} at most are read")
    return _Table(path, data, encoding, separator, names)


def _parted(name: str) -> tuple[str, str]:
    """Return the name of a column and its unit, ``""`` where it has none."""
    parts = _NAMED.fullmatch(name)
    if parts and (is_unit(parts.group(2)) or parts.group(2).lower() in _SECONDS):
        return parts.group(1), parts.group(2)
    before, _, last = name.rpartition("_")
    has_unit = (is_unit(last) and last.lower() != "v") or last.lower() in _SECONDS
    return (before, last) if before and has_unit else (name, "")


def _key(name: str) -> str:
    return re.sub(r"[\s_.-]", "", name.lower())


def _numbers(table: _Table, wanted: Sequence[int]) -> Mapping[int, NDArray[np.float64]]:
    import pandas

    _check_rows(table)
    below = table.data[:LONGEST_HEADER].decode(table.encoding, "replace").partition("\n")[2]
    try:
        cells = pandas.read_csv(
            io.BytesIO(table.data),
            sep=table.separator,
            decimal="," if table.separator == ";" and "," in below else ".",
            header=None,
            skiprows=1,
            names=range(len(table.names)),
            usecols=sorted(wanted),
            index_col=False,
            dtype="float64",
            skipinitialspace=True,
            encoding=table.encoding,
            encoding_errors="replace",
        )
    except (ValueError, OverflowError, MemoryError) as error:
        raise DatasetError(f"{table.path} cannot be read as CSV: {_first_line(error)}") from None
    return {place: cells[place].to_numpy() for place in wanted}


def _check_rows(table: _Table) -> None:
    """Refuse rows of more cells than the header has names, as decimal commas between commas or numbered rows have them.

    Pandas would drop the last cells, and each lead would stand in the place of another.
    """
    most = len(table.names) - 1
    first = table.data[:LONGEST_HEADER].decode(table.encoding, "replace").splitlines()[1:]
    for number, cells in enumerate(csv.reader(first, delimiter=table.separator), start=2):
        if any(cell.strip() for cell in cells[most + 1 :]):
            raise DatasetError(
                f"line {number} of {table.path} has more cells than its header has names: each needs one, and decimal "
                "commas need semicolons between the cells"
            )
    lines = max(table.data.count(b"\n"), table.data.count(b"\r")) + 1
    is_quoted = b'"' in table.data
    if not is_quoted and table.data.count(table.separator.encode()) > lines * (most + 1):
        raise DatasetError(f"{table.path} has rows of more cells than its header has names")


def _first_line(error: Exception) -> str:
    """Return what pandas found, without the cell that it found: that may be a name."""
    said = str(error)
    if "could not convert" in said or "Unable to parse" in said:
        return "a cell below a lead's name is no number"
    line = re.search(r"line (\d+)", said)
    return f"line {line.group(1)} has more cells than the header" if line else "its rows are no numbers"


def _rate(  # noqa: PLR0913  # a column, and where it stands
    path: Path,
    names: Sequence[str],
    units: Sequence[str],
    clock: int | None,
    columns: Mapping[int, NDArray[np.float64]],
    told: Told,
) -> float:
    """Return the sampling rate in Hz: that of the file, else what is told; both must agree."""
    if clock is None:
        return told.rate(path)
    if _key(names[clock]) in _RATE:
        fs = _constant(path, columns[clock])
    else:
        unit = _SECONDS.get(units[clock].lower()) if units[clock] else None
        if unit is None and _key(names[clock]) in ("ms", "milliseconds"):
            unit = 1e-3
        fs = _by_time(path, columns[clock], unit)
    if told.fs is not None and abs(told.fs - fs) > 0.01 * fs:
        raise DatasetError(f"--fs {told.fs:g} contradicts {path}, which is sampled at {fs:g} Hz by its own column")
    return fs


def _constant(path: Path, column: NDArray[np.float64]) -> float:
    known = np.unique(column[np.isfinite(column)])
    if len(known) != 1 or not known[0] > 0:
        raise DatasetError(f"{path} has a column of sampling rates that does not hold one rate in Hz")
    return float(known[0])


def _by_time(path: Path, times: NDArray[np.float64], unit: float | None) -> float:
    steps = np.diff(times)
    if len(steps) < 1 or not np.isfinite(steps).all():
        raise DatasetError(f"{path} has a column of times with cells that are no number")
    step = float((times[-1] - times[0]) / len(steps))
    if not step > 0 or np.abs(steps - step).max() > 0.5 * step:
        raise DatasetError(f"{path} is not sampled evenly by its column of times: a recording at one rate is needed")
    if unit is None:
        unit = next((one for one, low, high in _STEPS if low <= step <= high), None)
    if unit is None:
        raise DatasetError(f"{path} has a column of times with steps of {step:g}: name its unit, such as 'time [s]'")
    fs = 1 / (step * unit)
    return float(round(fs)) if abs(fs - round(fs)) < 2e-3 * fs else fs


def _factors(path: Path, units: Mapping[str, str], told: Told) -> Mapping[str, float]:
    """Return how many mV a unit of each lead is: as its column says, else as told; both must agree."""
    said = {lead: millivolts(unit, path) for lead, unit in units.items() if unit}
    if not said:
        return dict.fromkeys(units, told.factor(path))
    if len(said) < len(units):
        lead = next(lead for lead in units if lead not in said)
        raise DatasetError(f"{path} gives a unit for some leads and none for {lead}")
    if told.unit is not None and {told.factor(path)} != set(said.values()):
        raise DatasetError(f"--unit {told.unit} contradicts the header of {path}")
    return said
